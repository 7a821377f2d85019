"""The part of bootstrap that is about planning: the feeds, and the model with its budget."""

from typing import TYPE_CHECKING, Final

from common.redaction import Secret

if TYPE_CHECKING:
    from common.bootstrap import Application
    from common.day.model_plan import ModelPorts
    from common.planner_ports import Feeds

KEY: Final = "openai-api-key"
"""The one secret that planning asks for; none of the broker's."""


def open_feeds(app: "Application") -> "Feeds | None":
    """None where no feeds are set."""
    planner = app.settings.planner
    if not planner.feeds:
        return None
    from common.adapters.feeds import HttpFeeds

    return HttpFeeds(planner.feeds, allow_loopback=planner.feeds_on_loopback)


def model_ports(app: "Application") -> "ModelPorts | None":
    """None where the rules plan."""
    planner = app.settings.planner
    if planner.kind != "model":
        return None
    from common.adapters.openai_planner import OpenAiPlanner
    from common.day.model_budget import Limits, Prices
    from common.day.model_plan import ModelPorts

    def key() -> Secret | None:
        return app.account.secrets.get(KEY)

    return ModelPorts(
        OpenAiPlanner(planner.base_url, planner.model, key, planner.temperature, needs_key=not planner.is_local),
        planner.model, planner.temperature, Prices(planner.input_price, planner.output_price),
        Limits(planner.tokens_a_day, planner.tokens_a_month, planner.rupees_a_day * 100, planner.rupees_a_month * 100),
        planner.max_output_tokens, planner.deadline_seconds, app.store,
    )
