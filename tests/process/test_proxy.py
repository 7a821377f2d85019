"""The proxy's configuration under the real NGINX: where requests go, what is refused, what is said when all is down."""

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from jobs.local.proxy import HOST, PLACES, LocalProxy, Proxy, ProxyFailed, for_place, self_signed
from jobs.local.simulated_kite import free_port
from tests.architecture.source_files import ROOT
from tests.process.waiting import BOUND_SECONDS, alive, until

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here: apt-get install nginx-light")


class Upstream(BaseHTTPRequestHandler):
    """Says what it was asked."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = json.dumps({"path": self.path, "headers": dict(self.headers), "bytes": len(body)}).encode()
        self.send_response(429 if self.path == "/plan/often" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET  # noqa: N815 - the standard library's name

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer((HOST, 0), Upstream)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def proxied(folder: Path, api: str, dashboard: str, **more: Any) -> Iterator[int]:
    port = free_port()
    proxy = LocalProxy(Proxy(f"{HOST}:{port}", api, dashboard, folder / "proxy", workers="1", **more))
    proxy.start()
    try:
        yield port
    finally:
        proxy.stop()


def ask(
    port: int, path: str, method: str = "GET", body: bytes = b"", forwarded: str = "",
) -> tuple[int, dict[str, str], str]:
    """Status, headers, text."""
    connection = http.client.HTTPConnection(HOST, port, timeout=BOUND_SECONDS)
    try:
        connection.request(method, path, body or None, {"X-Forwarded-For": forwarded} if forwarded else {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def test_one_origin(tmp_path: Path) -> None:
    """/api reaches the API without its prefix, all else the dashboard; each is told who asks and under which name."""
    with upstream() as api, upstream() as page, proxied(tmp_path, api, page) as port:
        status, _, text = ask(port, "/api/trades/bars?symbol=TCS", forwarded="203.0.113.9")
        told = json.loads(text)
        assert (status, told["path"]) == (200, "/trades/bars?symbol=TCS")
        assert (told["headers"]["X-Forwarded-For"], told["headers"]["Host"]) == (HOST, f"{HOST}:{port}")
        assert json.loads(ask(port, "/Trades?a=1")[2])["path"] == "/Trades?a=1"
        assert ask(port, "/healthz")[::2] == (200, "ok\n")


@pytest.mark.parametrize("path", [
    "/api/plan_day", "/api/square_off", "/api/health/../plan_day", "/api/health/%2e%2e/close_day", "/api", "/api/",
    "/api//plan_day", "/api/controls", "/api/health%2f..%2fplan_day", "/API/../api/supervise",
])
def test_functions_of_the_day_are_not_reached(tmp_path: Path, path: str) -> None:
    """Only the API's own are at /api, whatever the path is written like; the rest is a 404 problem."""
    with upstream() as api, upstream() as page, proxied(tmp_path, api, page) as port:
        status, headers, text = ask(port, path, "POST", b"{}")
        if status == 200:  # it went on, as a path below a function of the API
            assert json.loads(text)["path"].split("/")[1] == "health", text
        else:
            assert (status, headers["content-type"]) == (404, "application/problem+json")
            assert json.loads(text)["status"] == 404


def test_headers_of_a_page(tmp_path: Path) -> None:
    """The policy that Streamlit runs under, and no frames, no sniffing, no referrer."""
    with upstream() as api, upstream() as page, proxied(tmp_path, api, page) as port:
        headers = ask(port, "/")[1]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert "strict-transport-security" not in headers
        assert "nginx/" not in headers["server"]


def test_bodies_and_rates(tmp_path: Path) -> None:
    """413 and 429 are problems, the latter with when to ask again; the API's own problems pass as they are."""
    with upstream() as api, upstream() as page, proxied(tmp_path, api, page, api_rate=1, api_burst=3) as port:
        status, headers, text = ask(port, "/api/control", "POST", b"x" * 20_000)
        assert (status, headers["content-type"], json.loads(text)["status"]) == (413, "application/problem+json", 413)
        answers = [ask(port, "/api/plan") for _ in range(8)]
        assert [one[0] for one in answers].count(429) >= 3
        status, headers, text = next(one for one in answers if one[0] == 429)
        assert (headers["content-type"], headers["retry-after"]) == ("application/problem+json", "1")
        assert json.loads(text)["status"] == 429
        assert ask(port, "/")[0] == 200
    with upstream() as api, proxied(tmp_path, api, api) as port:
        status, headers, text = ask(port, "/api/plan/often")
        assert (status, json.loads(text)["path"]) == (429, "/plan/often")


def test_what_is_down(tmp_path: Path) -> None:
    """503 with when to ask again: a problem from the API's place, a page from the dashboard's; back when it is back."""
    down = f"{HOST}:{free_port()}"
    with upstream() as page, proxied(tmp_path, down, page) as port:
        status, headers, text = ask(port, "/api/health")
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert (json.loads(text)["status"], headers["retry-after"]) == (503, "5")
        assert ask(port, "/")[0] == 200
        server = ThreadingHTTPServer((HOST, int(down.rpartition(":")[2])), Upstream)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            assert ask(port, "/api/health")[0] == 200
        finally:
            server.shutdown()
            server.server_close()
    with upstream() as api, proxied(tmp_path, api, down) as port:
        status, headers, text = ask(port, "/")
        assert (status, headers["content-type"]) == (503, "text/html")
        assert "Trading does not depend on it" in text


def test_a_web_socket_passes(tmp_path: Path) -> None:
    """Streamlit's session: upgraded, and both sides are heard."""
    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(f"heard {message!s}")

    with serve(echo, HOST, 0) as page, upstream() as api:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        where = f"{HOST}:{page.socket.getsockname()[1]}"
        with proxied(tmp_path, api, where) as port, connect(f"ws://{HOST}:{port}/_stcore/stream") as socket_:
            socket_.send("hello")
            assert socket_.recv(timeout=BOUND_SECONDS) == "heard hello"
        page.shutdown()


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
                                   b"POST /api/control HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"])
def test_who_sends_slowly_is_let_go(tmp_path: Path, begun: bytes) -> None:
    """A header, or a body, that does not end: the connection is closed within the time-out, others are answered."""
    with upstream() as api, upstream() as page, proxied(tmp_path, api, page, client_seconds=1) as port:
        with socket.create_connection((HOST, port), timeout=BOUND_SECONDS) as slow:
            slow.sendall(begun)
            assert ask(port, "/healthz")[0] == 200
            heard = b""
            with suppress(ConnectionResetError):
                while part := slow.recv(4096):
                    heard += part
        assert heard == b"" or b" 408 " in heard.split(b"\r\n")[0]


def test_tls_is_of_today(tmp_path: Path) -> None:
    """1.2 and 1.3 are spoken and nothing older; then browsers are told to keep to TLS; its key is its owner's alone."""
    certificate, key = self_signed(tmp_path / "tls")
    assert key.stat().st_mode & 0o077 == 0
    with upstream() as api, upstream() as page, proxied(tmp_path, api, page, certificate=certificate, key=key) as port:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=str(certificate))
            context.minimum_version = context.maximum_version = version
            connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=BOUND_SECONDS)
            connection.request("GET", "/api/health")
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Strict-Transport-Security")) == (200, "max-age=31536000")
            connection.close()
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection((HOST, port)) as plain:
            old.wrap_socket(plain)


@pytest.mark.parametrize("place", [place for place in PLACES if place != "laptop"])
def test_the_clouds_configurations_are_taken(tmp_path: Path, place: str) -> None:
    """NGINX reads what is rendered for Cloud Run and GKE, but for the places of files in their containers."""
    import subprocess

    certificate, key = self_signed(tmp_path / "tls")
    text = for_place(place, "9090").render()
    assert ("listen 0.0.0.0:9090;" in text) == (place == "cloud_run")
    for there, here in (("/etc/nginx/tron/", f"{Path(__file__).parents[2]}/gke/base/nginx/"), ("/tmp/", f"{tmp_path}/"),
                        ("server api:", "server 127.0.0.1:"), ("server dashboard:", "server 127.0.0.1:"),
                        ("/etc/nginx/tls/tls.crt", str(certificate)), ("/etc/nginx/tls/tls.key", str(key))):
        text = text.replace(there, here)
    (tmp_path / "nginx.conf").write_text(text)
    command = ["nginx", "-t", "-e", str(tmp_path / "log"), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_a_value_is_no_directive(tmp_path: Path) -> None:
    """An address that would be read as more than an address is refused before NGINX sees it."""
    with pytest.raises(ProxyFailed, match="api"):
        Proxy("127.0.0.1:1", "127.0.0.1:2; } http {", "127.0.0.1:3", tmp_path).render()


def test_it_comes_back(tmp_path: Path) -> None:
    """Killed, it is gone whole and starts again at its place, as `tron up` keeps it; a place that is taken is said."""
    with upstream() as api:
        proxy = LocalProxy(Proxy(f"{HOST}:{free_port()}", api, api, tmp_path / "proxy", workers="1"))
        proxy.start()
        try:
            assert proxy._child is not None
            proxy._child.kill()
            until(lambda: not proxy.running)
            port = int(proxy.proxy.listen.rpartition(":")[2])
            with pytest.raises(ConnectionRefusedError):
                ask(port, "/healthz")
            proxy.start()
            assert ask(port, "/healthz")[0] == 200
            with pytest.raises(ProxyFailed, match="another program listens"):
                LocalProxy(proxy.proxy).start()
        finally:
            proxy.stop()


ORPHAN = """
import sys, time
from pathlib import Path
from jobs.local.proxy import LocalProxy, Proxy
proxy = LocalProxy(Proxy(sys.argv[1], sys.argv[1], sys.argv[1], Path(sys.argv[2]), workers="1"))
proxy.start()
print(proxy._child.pid, proxy._watch.pid, flush=True)
time.sleep(600)
"""


def test_it_falls_with_who_started_it(tmp_path: Path) -> None:
    """A parent that is killed leaves neither NGINX nor its watch behind, and the port is free for the next."""
    listen = f"{HOST}:{free_port()}"
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, listen, str(tmp_path / "proxy")], env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(alive(pid) for pid in pids)
    finally:
        parent.kill()
        parent.communicate()
    until(lambda: not any(alive(pid) for pid in pids))
    with upstream() as api:
        again = LocalProxy(Proxy(listen, api, api, tmp_path / "proxy", workers="1"))
        again.start()
        again.stop()
    for process in (again._child, again._watch):
        assert process is not None
        assert process.poll() is not None, "stopped in order, nothing is left either"


def test_its_watch_ends_with_it(tmp_path: Path) -> None:
    """NGINX that died alone leaves nobody who would kill whatever has its number later."""
    with upstream() as api:
        proxy = LocalProxy(Proxy(f"{HOST}:{free_port()}", api, api, tmp_path / "proxy", workers="1"))
        proxy.start()
        try:
            assert proxy._child is not None
            assert proxy._watch is not None
            proxy._child.kill()
            until(lambda: not proxy.running)
            assert proxy._watch.wait(BOUND_SECONDS) == 0
        finally:
            proxy.stop()
