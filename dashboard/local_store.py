"""What the API would answer, read from this machine's store itself: for when the API is down."""

import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from common.ports import StoreError
from common.settings import SettingsError


def local_read() -> Callable[[str, Mapping[str, str]], tuple[Any, datetime] | None] | None:
    """Of the run in TRON_HOME; None where there is none. It answers None for what the store alone cannot say."""
    if not os.environ.get("TRON_HOME"):
        return None
    from common.bootstrap import application
    from common.day.api.direct import Here, direct
    from common.day.api.problem import Problem
    from common.day.api.standing import Place

    def read(path: str, query: Mapping[str, str]) -> tuple[Any, datetime] | None:
        try:
            app = application()
            now = app.clock.now()
            day = date.fromisoformat(query["date"]) if "date" in query else now.date()
            here = Here(app.store, lambda: app.archive, Place(app.settings.stage, app.settings.broker, now, None))
            found = direct(path, query, day, "", here)
        except (SettingsError, StoreError, OSError, ValueError, KeyError, Problem):
            return None
        return (found.fields, now) if found is not None and found.fields is not None else None

    return read
