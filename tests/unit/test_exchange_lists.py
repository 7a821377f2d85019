"""The exchange's lists over HTTP: what is published becomes what the day reads; what is doubtful is not used."""

import socket
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from common.adapters.directory import DirectoryArchive
from common.adapters.exchange_lists import MAX_BYTES, PATHS, ExchangeLists
from common.day.lists import fetch_lists, needed, read_lists
from common.planning.mandate import parse_mandate
from common.ports import ListUnavailable

DAY = date(2026, 9, 2)
TITLE = "Securities in Ban For Trade Date 02-SEP-2026:"
SHARES = "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING\n" + "".join(
    f"S{n},Company {n},{'BE' if n == 7 else 'EQ'},06-OCT-2008\n" for n in range(120)
)
STOCK_FUTURES = '[futures]\nuniverse = ["SBIN"]\n'


class Exchange:
    """Answers by path; everything else is not found."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                body = outer.bodies.get(self.path)
                if body is None:
                    self.send_error(404)
                elif body.startswith(b"->"):
                    self.send_response(302)
                    self.send_header("Location", body[2:].decode())
                    self.end_headers()
                else:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """A server on this machine."""
    made = Exchange()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize(("text", "csv"), [
    (f"{TITLE}\n1,SBIN\n2,M&M\n", "symbol\nSBIN\nM&M\n"), (TITLE, "symbol\n"), (f"{TITLE} NIL\r\n", "symbol\n"),
    (f"{TITLE}\nNIL\n", "symbol\n"),
])
def test_the_ban_list_as_it_is_published(exchange: Exchange, text: str, csv: str) -> None:
    """A sentence with its date, then numbered symbols; on most days nobody is banned."""
    exchange.bodies[PATHS["ban"]] = text.encode()
    assert ExchangeLists(exchange.url).fetch("ban", DAY).decode() == csv


def test_series_of_all_shares(exchange: Exchange) -> None:
    """Columns by their names, which have spaces before them."""
    exchange.bodies[PATHS["series"]] = SHARES.encode()
    lines = ExchangeLists(exchange.url).fetch("series", DAY).decode().splitlines()
    assert lines[0] == "symbol,series"
    assert (lines[8], len(lines)) == ("S7,BE", 121)


@pytest.mark.parametrize(("name", "body", "says"), [
    ("ban", TITLE.replace("02-SEP", "01-SEP"), "it is of 2026-09-01, not of 2026-09-02"),
    ("ban", "<html>Access denied</html>", "does not begin with"), ("ban", "", "does not begin with"),
    ("ban", f"{TITLE}\n1,SBIN\n<br>\n", "is no number and symbol"), ("ban", f"{TITLE} see below", "goes on with"),
    ("ban", f"{TITLE}\n1,SBIN\nNIL\n", "is no number and symbol"),
    ("ban", "x" * (MAX_BYTES + 1), "larger than"), ("ban", "->http://127.0.0.1:1/", "answers 302"),
    ("ban", None, "answers 404"), ("series", "A,B\n1,2\n", "no columns SYMBOL and SERIES"),
    ("series", "\n".join(SHARES.splitlines()[:20]), "not all of them"), ("surveillance", "", "has no known address"),
])
def test_what_is_doubtful_is_not_used(exchange: Exchange, name: str, body: str | None, says: str) -> None:
    """Another day's, a notice, a cut or endless answer, a redirect: an error that says what to do."""
    if body is not None:
        exchange.bodies[PATHS.get(name, "/")] = body.encode()
    with pytest.raises(ListUnavailable, match=says):
        ExchangeLists(exchange.url).fetch(name, DAY)


def test_an_exchange_that_is_silent_or_gone() -> None:
    """Neither holds the morning up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ListUnavailable, match="timed out"):
            ExchangeLists(f"http://127.0.0.1:{port}", seconds=0.2).fetch("ban", DAY)
    with pytest.raises(ListUnavailable, match="go without it"):
        ExchangeLists(f"http://127.0.0.1:{port}").fetch("ban", DAY)


def test_what_is_needed_is_fetched_once_and_what_is_there_is_kept(exchange: Exchange, tmp_path: Path) -> None:
    """Into the day's archive, by what the mandate trades; a list that the person has put there is not replaced."""
    mandate, archive, source = parse_mandate(STOCK_FUTURES), DirectoryArchive(tmp_path), ExchangeLists(exchange.url)
    assert list(needed(mandate)) == ["series", "ban"]
    assert list(needed(parse_mandate(""))) == ["series"]
    exchange.bodies[PATHS["ban"]] = f"{TITLE}\n1,SBIN\n".encode()
    archive.put(DAY, "lists/series.csv", b"symbol,series\nSBIN,EQ\n")
    assert fetch_lists(DAY, archive, source, mandate) == []
    assert fetch_lists(DAY, archive, source, mandate) == []
    assert exchange.asked == [PATHS["ban"]]
    notices, faults = read_lists(DAY, archive)
    assert (notices.banned, notices.series, faults) == (("SBIN",), {"SBIN": ("EQ",)}, [])


def test_a_list_that_does_not_come_is_missing_and_said(exchange: Exchange, tmp_path: Path) -> None:
    """The gate names it; nothing is put there, so that nobody takes it for an empty list."""
    archive = DirectoryArchive(tmp_path)
    faults = fetch_lists(DAY, archive, ExchangeLists(exchange.url), parse_mandate(STOCK_FUTURES))
    assert [(fault.name, fault.verdict) for fault in faults] == [("list_series", "amber"), ("list_ban", "amber")]
    assert read_lists(DAY, archive)[0].banned is None
    assert fetch_lists(DAY, archive, None, parse_mandate("")) == []
