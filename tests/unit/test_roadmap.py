"""The roadmap for Task Master: whole, without circles, with statuses that the tool knows."""

import json
from pathlib import Path
from typing import Any, Final

TASKS: Final = Path(__file__).parents[2] / ".taskmaster" / "tasks" / "tasks.json"
STATUSES: Final = {"pending", "in-progress", "review", "done", "deferred", "cancelled", "blocked"}


def test_the_roadmap_can_be_followed() -> None:
    """Each task follows only tasks before it, and is done only when its parts are."""
    tasks: list[dict[str, Any]] = json.loads(TASKS.read_text(encoding="utf-8"))["master"]["tasks"]
    seen: set[int] = set()
    for task in tasks:
        assert set(task["dependencies"]) <= seen
        assert task["id"] not in seen
        seen.add(task["id"])
        parts = task["subtasks"]
        assert {task["status"], *(part["status"] for part in parts)} <= STATUSES
        if task["status"] == "done":
            assert all(part["status"] == "done" for part in parts)
        assert task["testStrategy"]
