"""Postbacks: order news by HTTP to the person's own address, signed, sent once and in order."""

import asyncio
import json
import urllib.request
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final

TIMEOUT_SECONDS: Final = 5.0
MOST_WAITING: Final = 1000
APP: Final = 1234


def postback_of(row: dict[str, Any], person: str, api_secret: str) -> dict[str, Any]:
    """The row of the order book as the broker posts it, and as it comes on the stream."""
    signed = f"{row['order_id']}{row['order_timestamp']}{api_secret}"
    left_out = ("account_id", "validity_ttl", "modified")
    return {
        "user_id": person, "unfilled_quantity": row["pending_quantity"], "app_id": APP,
        "checksum": sha256(signed.encode()).hexdigest(),
        **{name: value for name, value in row.items() if name not in left_out},
    }


class Postbacks:
    """url: '' for none."""

    def __init__(self, url: str) -> None:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is no address: give http://HOST:PORT/PATH")
        self._url = url
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def put(self, body: dict[str, Any]) -> None:
        """To be sent; where too many wait, it is lost, as it may be at the broker."""
        if self._url and self._queue.qsize() < MOST_WAITING:
            self._queue.put_nowait(body)

    async def run(self) -> None:
        """For ever."""
        while True:
            body = await self._queue.get()
            with suppress(OSError):
                await asyncio.to_thread(self._send, json.dumps(body).encode())
            self._queue.task_done()

    async def drained(self) -> None:
        """Returns when everything is sent or lost."""
        await self._queue.join()

    def _send(self, body: bytes) -> None:
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            answer.read(1000)
