"""The stream: who watches which instruments in which mode, and what is sent to whom in which order."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from jobs.kite_server.faults import Fault, Faults
from jobs.kite_server.market import SessionMarket
from jobs.kite_server.packets import HEARTBEAT, MODES, MOST_PACKETS, QUOTE, frame, packet

MOST_INSTRUMENTS: Final = 3000
MOST_SOCKETS: Final = 3
MOST_WAITING: Final = 10_000
"""Messages for one socket; a client that does not read is dropped."""
LONGEST_MESSAGE: Final = 100_000
HEARTBEAT_SECONDS: Final = 1.0


class Watcher:
    """One socket. modes: by token. packets: of the frame that is being filled."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.modes: dict[int, str] = {}
        self.packets: list[bytes] = []
        self.queue: asyncio.Queue[bytes | str] = asyncio.Queue(MOST_WAITING)
        self.sent = 0

    def put(self, message: bytes | str) -> None:
        """Behind what waits. Raises asyncio.QueueFull."""
        self.queue.put_nowait(message)

    def say(self, text: str) -> None:
        """Behind the ticks so far. Raises asyncio.QueueFull."""
        self.flush()
        self.put(text)

    def flush(self) -> None:
        """The packets so far as one frame. Raises asyncio.QueueFull."""
        while self.packets:
            self.put(frame(self.packets[:MOST_PACKETS]))
            del self.packets[:MOST_PACKETS]


class Hub:
    """All sockets. abort: ends the connection of a socket without a word."""

    def __init__(self, market: SessionMarket, faults: Faults, abort: Callable[[WebSocket], None]) -> None:
        self._market = market
        self._faults = faults
        self._abort = abort
        self.watchers: list[Watcher] = []

    @property
    def symbols(self) -> set[str]:
        """Watched by anybody."""
        tokens = {token for watcher in self.watchers for token in watcher.modes}
        return {one.symbol for token in tokens if (one := self._market.book.by_token(token)) is not None}

    def tick(self, symbol: str, ts: int) -> None:
        """The instrument as it is at `ts`, to everybody who watches it."""
        token, series, made = self._market.instruments[symbol].token, self._market.series[symbol], dict[str, bytes]()
        for watcher in self.watchers:
            mode = watcher.modes.get(token)
            if mode is not None:
                if mode not in made:
                    made[mode] = packet(series, series.at(ts), mode)
                watcher.packets.append(made[mode])

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """A text message to everybody, behind the ticks so far."""
        text = json.dumps({"type": kind, "data": data})
        self._to_all(self.watchers, lambda watcher: watcher.say(text))

    def flush(self) -> None:
        """Sends what has been ticked."""
        self._to_all(self.watchers, Watcher.flush)

    async def drained(self, seconds: float = 5.0) -> None:
        """Returns when everything is sent, or after so long: a silent socket sends nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(watcher.queue.join() for watcher in self.watchers))

    def drop(self) -> None:
        """Ends every connection without a word."""
        for watcher in self.watchers:
            self._abort(watcher.socket)

    async def serve(self, socket: WebSocket) -> None:
        """From the handshake to the end of one socket."""
        if len(self.watchers) >= MOST_SOCKETS:
            await socket.close(1008)
            return
        await socket.accept()
        watcher = Watcher(socket)
        self.watchers.append(watcher)
        watcher.put(HEARTBEAT)
        tasks = [asyncio.create_task(self._send(watcher)), asyncio.create_task(self._beat(watcher))]
        try:
            while True:
                self._take(watcher, await socket.receive())
        except (WebSocketDisconnect, asyncio.QueueFull, RuntimeError):
            pass
        finally:
            self.watchers.remove(watcher)
            for task in tasks:
                task.cancel()

    def _take(self, watcher: Watcher, message: Mapping[str, Any]) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(1006)
        text = message.get("text")
        try:
            wanted: Any = json.loads(text) if isinstance(text, str) and len(text) < LONGEST_MESSAGE else None
            self._obey(watcher, wanted["a"], wanted["v"])
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            watcher.put(json.dumps({"type": "error", "data": "Invalid message: expected {\"a\": ..., \"v\": ...}"}))
        watcher.flush()

    def _obey(self, watcher: Watcher, action: object, value: Any) -> None:
        if action == "subscribe":
            self._watch(watcher, value, None)
        elif action == "mode" and value[0] in MODES:
            self._watch(watcher, value[1], value[0])
        elif action == "unsubscribe":
            for token in _tokens(value):
                watcher.modes.pop(token, None)
        else:
            raise ValueError(action)

    def _watch(self, watcher: Watcher, value: Any, mode: str | None) -> None:
        """The last price comes at once, as the broker sends it; what is unknown is passed over."""
        for token in _tokens(value):
            instrument = self._market.book.by_token(token)
            if instrument is None or (token not in watcher.modes and len(watcher.modes) >= MOST_INSTRUMENTS):
                continue
            watcher.modes[token] = mode or watcher.modes.get(token, QUOTE)
            series = self._market.series[instrument.symbol]
            now = series.at(self._market.seen(instrument.symbol))
            watcher.packets.append(packet(series, now, watcher.modes[token]))

    async def _send(self, watcher: Watcher) -> None:
        while True:
            message = await watcher.queue.get()
            if not self._mute:
                with suppress(RuntimeError, WebSocketDisconnect):
                    if isinstance(message, bytes):
                        await watcher.socket.send_bytes(message)
                    else:
                        await watcher.socket.send_text(message)
            watcher.sent += 1
            watcher.queue.task_done()

    async def _beat(self, watcher: Watcher) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if watcher.queue.empty():
                watcher.put(HEARTBEAT)

    @property
    def _mute(self) -> bool:
        return self._faults.lasting(Fault.SILENT_SOCKET) or self._faults.lasting(Fault.HALF_OPEN)

    def _to_all(self, watchers: Iterable[Watcher], do: Callable[[Watcher], None]) -> None:
        for watcher in list(watchers):
            try:
                do(watcher)
            except asyncio.QueueFull:
                self._abort(watcher.socket)


def _tokens(value: Any) -> list[int]:
    tokens = [token for token in value if isinstance(token, int)]
    if not isinstance(value, list) or len(tokens) != len(value) or len(tokens) > MOST_INSTRUMENTS:
        raise ValueError(value)
    return tokens
