"""Feeds over real HTTP: what is read, and what is not: too large, too slow, elsewhere, on a private address."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore2
import pytest

from common.adapters.feeds import MAX_BYTES, HttpFeeds
from common.adapters.public_network import PrivateAddress, PublicBackend, is_public

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<item><title>Shares &amp;amp; bonds rally</title><pubDate>Wed, 19 Aug 2026 02:00:00 GMT</pubDate></item>
<item><title>Undated</title></item></channel></rss>"""
ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry>
<title>Oil slips</title><updated>2026-08-19T07:00:00+05:30</updated></entry></feed>"""
BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + RSS


@contextmanager
def site() -> Iterator[str]:
    """A web site with feeds of all kinds; its address."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").partition("?")[0]
            page = {"rss": RSS, "atom": ATOM, "bomb": BOMB, "garbage": b"\x00 not XML", "large": b" " * (MAX_BYTES + 1)}
            targets = {"moved": "/rss", "loop": "/loop", "file": "file:///etc/passwd", "inside": "http://10.0.0.1/rss",
                       "user": "http://me:pw@127.0.0.1/rss"}
            if name in targets:
                self.send_response(302)
                self.send_header("Location", targets[name])
            else:
                self.send_response(404 if name == "gone" else 200)
                if name == "packed":
                    self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            try:
                if name == "slow":
                    while not over.wait(0.05):
                        self.wfile.write(b" ")
                self.wfile.write(page.get(name, RSS))
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_rss_and_atom_are_read() -> None:
    """Titles, times with their zones, and the host as the source; an undated one is told as such."""
    with site() as url:
        feeds = HttpFeeds([f"{url}/rss", f"{url}/atom", f"{url}/moved"], allow_loopback=True)
        reading = feeds.read()
    assert (feeds.count, dict(reading.failures)) == (3, {})
    titles = [one.title for one in reading.headlines]
    assert titles == ["Shares &amp; bonds rally", "Undated", "Oil slips", "Shares &amp; bonds rally", "Undated"]
    assert [one.published.isoformat() if one.published else None for one in reading.headlines[:3]] == [
        "2026-08-19T02:00:00+00:00", None, "2026-08-19T01:30:00+00:00",
    ]
    assert {one.source for one in reading.headlines} == {"127.0.0.1"}


@pytest.mark.parametrize(("path", "told"), [
    ("large", "larger than"), ("slow", "took too long"), ("loop", "redirects more than"), ("file", "not plain http"),
    ("inside", "not public"), ("user", "not plain http"), ("gone", "answered 404"), ("bomb", "entities"),
    ("garbage", "neither RSS nor Atom"), ("packed", "compressed"),
])
def test_what_is_not_read_is_named(path: str, told: str) -> None:
    """Each failure has its reason, without the query, in which a key may be; the other feed is read all the same."""
    with site() as url:
        reading = HttpFeeds([f"{url}/{path}?key=secret", f"{url}/atom"], allow_loopback=True, feed_seconds=0.3).read()
    assert [one.title for one in reading.headlines] == ["Oil slips"]
    (name, text), = reading.failures.items()
    assert name == f"127.0.0.1/{path}"
    assert told in text
    assert "secret" not in text


def test_without_the_setting_this_machine_is_private() -> None:
    """The same feed is refused when loopback is not allowed, and nothing is sent there."""
    with site() as url:
        reading = HttpFeeds([f"{url}/rss"]).read()
    assert reading.headlines == ()
    assert "not public" in reading.failures["127.0.0.1/rss"]


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name with a private address among its answers is not connected to, whatever the others are."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(PrivateAddress):
        PublicBackend().connect_tcp("rebind.example", 443)
    assert asked == ["rebind.example"]


def test_what_was_looked_at_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was resolved is handed on, not the name: a second answer of the name server cannot matter."""
    connected: list[str] = []

    def connect(_: object, host: str, *more: Any) -> Any:
        connected.append(host)
        assert more[0] == 443
        raise httpcore2.ConnectError("far enough")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("93.184.216.34", 443))])
    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    with pytest.raises(httpcore2.ConnectError):
        PublicBackend().connect_tcp("news.example", 443)
    assert connected == ["93.184.216.34"]


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.216.34", True), ("2606:2800:220:1:248:1893:25c8:1946", True), ("127.0.0.1", False), ("10.1.2.3", False),
    ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("240.0.0.1", False),
    ("100.64.0.1", False), ("0.1.2.3", False),
    ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1%eth0", False),
    ("fd00::1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False), ("2002:a00:1::", False), ("x", False),
    ("::10.0.0.1", False), ("ff02::1", False),
])
def test_which_addresses_are_public(address: str, public: bool) -> None:
    """Private, link-local, shared, multicast, and IPv6 that stands for IPv4 are not."""
    assert is_public(address) is public
