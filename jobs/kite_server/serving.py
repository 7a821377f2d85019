"""Serves the simulation on a port of this machine: HTTP and WebSocket on the same one."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from starlette.requests import HTTPConnection

from jobs.kite_server.app import Simulation

if TYPE_CHECKING:
    import uvicorn

HOST: Final = "127.0.0.1"
READY_SECONDS: Final = 20.0


class KiteServer:
    """A context manager, or start() and stop(); it serves from a thread of its own.

    Stopped and started again on its port, the account is what it was: a front end that restarts.
    """

    def __init__(self, simulation: Simulation, port: int = 0) -> None:
        self.simulation = simulation
        self.port = port
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        simulation.abort = self._abort
        simulation.freeze = self._freeze

    @property
    def url(self) -> str:
        """Of HTTP."""
        return f"http://{HOST}:{self.port}"

    @property
    def stream_url(self) -> str:
        """Of the WebSocket."""
        return f"ws://{HOST}:{self.port}"

    def start(self) -> None:
        """Returns when it answers. Raises OSError where the port is taken."""
        listener = _listener(self.port)
        self.port = listener.getsockname()[1]
        ready = Event()
        self._thread = Thread(target=self._run, args=(listener, ready), name="kite-server", daemon=True)
        self._thread.start()
        if not ready.wait(READY_SECONDS):
            raise OSError(f"the simulated Kite did not begin to serve on {self.url}")

    def stop(self) -> None:
        """Ends every connection. Safe to call twice."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._abort_all)
        self._thread.join(READY_SECONDS)
        self._server = self._thread = None

    def wait(self) -> None:
        """Until it ends."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, listener: socket.socket, ready: Event) -> None:
        import uvicorn

        config = uvicorn.Config(
            self.simulation.app(), log_level="error", access_log=False, http="h11", ws="websockets-sansio",
            ws_max_size=256 * 1024, ws_ping_interval=None, ws_per_message_deflate=False, timeout_graceful_shutdown=1,
            lifespan="on", server_header=False, date_header=False,
        )
        self._server = server = uvicorn.Server(config)
        with suppress(asyncio.CancelledError):
            asyncio.run(self._serve(server, listener, ready))
        listener.close()

    async def _serve(self, server: "uvicorn.Server", listener: socket.socket, ready: Event) -> None:
        self._loop = asyncio.get_running_loop()
        task = asyncio.create_task(server.serve([listener]))
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        ready.set()
        await task

    def _abort_all(self) -> None:
        for protocol in list(self._server.server_state.connections) if self._server is not None else ():
            transport = getattr(protocol, "transport", None)
            if transport is not None:
                transport.abort()

    def _abort(self, connection: HTTPConnection) -> None:
        self._on_transport(connection, lambda transport: transport.abort())

    def _freeze(self, connection: HTTPConnection) -> None:
        self._on_transport(connection, lambda transport: transport.pause_reading())

    def _on_transport(self, connection: HTTPConnection, do: Callable[[Any], None]) -> None:
        """On the connection of that client: of all, the one with its address."""
        if self._server is None or connection.client is None:
            return
        for protocol in list(self._server.server_state.connections):
            transport = getattr(protocol, "transport", None)
            if transport is not None and transport.get_extra_info("peername") == tuple(connection.client):
                do(transport)


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise OSError(f"{HOST}:{port} cannot be served: {error.strerror}; give another --port") from None
    return listener
