"""Picks who calls the day's steps."""

from common.schedule_ports import Schedule
from common.settings import Settings


def open_schedule(settings: Settings) -> Schedule | None:
    """Cloud Scheduler; None on a machine that calls its steps itself."""
    if settings.local or not settings.project:
        return None
    from common.adapters.scheduler import CloudSchedule

    return CloudSchedule(settings.project, settings.location, settings.scheduler)
