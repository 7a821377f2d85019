"""What every model of the API has in common."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Whole: a field that is missing, or one more, is an error."""

    model_config = ConfigDict(extra="forbid")
