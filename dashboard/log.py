"""The dashboard's own records: the one call that it makes of the logs."""

from common.bootstrap import application
from common.ports import Logs


def dashboard_logs() -> Logs:
    """Of this Streamlit process, whatever page asks: structured, redacted, never in the way. Raises SettingsError."""
    return application().logs("dashboard").about()
