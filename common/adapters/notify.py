"""Notifications by apprise: Telegram, e-mail, webhooks and others, each by one URL that is a secret."""

import time
from collections.abc import Sequence
from threading import Thread
from typing import TYPE_CHECKING, Final

from common.log_record import ALERT
from common.ports import Logs

if TYPE_CHECKING:
    from apprise import Apprise

BOUND_SECONDS: Final = 5.0
"""Of one message to all receivers: what has not answered by then counts as failed."""
SOCKET_SECONDS: Final = 3.0


class LoggedNotifier:
    """Where no receiver is named: a log record and nothing else."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
        """Always taken."""
        self._logs.write("INFO", f"{title}: {text}", {"category": ALERT, "urgent": urgent})
        return True


class _Try:
    """One receiver's, in a thread of its own, so that none waits for another. outcome: '' when taken."""

    def __init__(self, receiver: "Apprise | None") -> None:
        self.outcome = "no answer in time" if receiver else "no URL that apprise knows: correct it"
        self._receiver = receiver
        self._thread: Thread | None = None

    def start(self, title: str, text: str, kind: str) -> None:
        if self._receiver is not None:
            self._thread = Thread(target=self._run, args=(self._receiver, title, text, kind), daemon=True)
            self._thread.start()

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    def _run(self, receiver: "Apprise", title: str, text: str, kind: str) -> None:
        """Errors of a plug-in are named by their type alone: their text may quote the URL."""
        try:
            self.outcome = "" if receiver.notify(text, title, kind, "text") else "refused it, or does not answer"
        except Exception as error:
            self.outcome = type(error).__name__


class AppriseNotifier:
    """urls: as apprise reads them; they never leave this object. Who fails is logged by number, from 1."""

    def __init__(self, urls: Sequence[str], logs: Logs, *, bound_seconds: float = BOUND_SECONDS) -> None:
        self._urls = tuple(urls)
        self._logs = logs
        self._bound = bound_seconds

    def __repr__(self) -> str:
        return f"AppriseNotifier({len(self._urls)} receivers)"

    def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
        """To all at once."""
        failures = send_to_all(self._urls, title, text, urgent=urgent, bound_seconds=self._bound)
        for failure in failures:
            self._logs.write("ERROR", failure, {"category": ALERT})
        return len(failures) < len(self._urls)


def send_to_all(
    urls: Sequence[str], title: str, text: str, *, urgent: bool = False, bound_seconds: float = BOUND_SECONDS,
) -> list[str]:
    """What went wrong, within the bound: one line for each receiver that has not taken it, by its number, from 1."""
    until = time.monotonic() + bound_seconds
    tries = [_Try(_receiver(url)) for url in urls]
    for one in tries:
        one.start(title, text, "warning" if urgent else "info")
    for one in tries:
        one.join(until - time.monotonic())
    numbered = enumerate([one.outcome for one in tries], start=1)
    return [f"receiver {number} of TRON_NOTIFY_URLS: {outcome}" for number, outcome in numbered if outcome]


def _receiver(url: str) -> "Apprise | None":
    """None where the URL is none. Imported late: it costs a quarter of a second, and most steps send nothing."""
    import logging

    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    # Its log lines quote hosts and answers: what matters is said here.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    asset = AppriseAsset(app_id="Tron", storage_mode=PersistentStoreMode.MEMORY, async_mode=False)
    receiver = Apprise(asset=asset)
    try:
        if not receiver.add(url):
            return None
    except Exception:  # a plug-in that chokes on its URL
        return None
    for server in receiver:
        server.socket_connect_timeout = server.socket_read_timeout = SOCKET_SECONDS
    return receiver
