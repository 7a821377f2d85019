"""What belongs to one account, joined: the stream's login and news of orders, its refusals, and `tron data fetch`."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from time import sleep

from common.adapters.clock import SystemClock
from common.adapters.directory import DirectoryArchive
from common.adapters.kite.parts import KiteParts
from common.adapters.kite.stream_state import State
from common.adapters.kite.token import Token, read_token, write_token
from common.adapters.secrets.directory import DirectorySecrets
from common.market.bar import Bar
from common.market.instrument import Instrument, Kind
from common.market.instruments import write_dump
from common.redaction import Secret
from common.research.market import RecordedMarket
from common.trading.orders import Status
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import KEY, TAG, SmallKite, body, data, error, row, secrets, small_kite
from tests.unit.stream_case import ACCESS, QUICK, until, wire
from tests.unit.trading_case import DAY, share

ROOT = Path(__file__).resolve().parents[2]
LISTED = [
    Instrument("SBIN", "NSE", Kind.EQUITY, 5, 1, 3045 << 8 | 1),
    Instrument("TCS", "NSE", Kind.EQUITY, 5, 1, 11536 << 8 | 1),
]


def parts(kite: SmallKite, stream_url: str, folder: Path, token: str) -> KiteParts:
    """With a login of its own."""
    kept = secrets()
    standing = read_token(kept)
    assert standing is not None
    write_token(kept, Token(Secret(token), standing.user, standing.at))
    made = KiteParts(
        kept, lambda: DirectoryArchive(folder), SystemClock(), KeptLogs(), kite.url, 5.0, stream_url=stream_url,
        is_simulated=True,
    )
    made.stream._timing = QUICK
    return made


def test_order_updates_of_the_stream_are_news_of_the_broker(tmp_path: Path) -> None:
    """With the account's own token on the socket, an update as Kite sends it is drained as an order's."""
    with small_kite() as kite, wire() as server:
        account = parts(kite, server.url, tmp_path, ACCESS)
        broker = account.broker(DAY, [share("AAA")])
        account.stream.on_order = broker.hear
        account.stream.start()
        until(lambda: account.stream.counts.connections, "the connection")
        assert server.addresses == [f"/?api_key={KEY}&access_token={ACCESS}"]
        server.send(json.dumps({"type": "order", "data": row(status="COMPLETE", filled_quantity=100)}))
        until(lambda: broker.observe(Bar(0, "AAA", 1, 1, 1, 1)), "the news")
        (update,) = broker.drain()
        assert (update.tag, update.status, update.filled) == (TAG, Status.COMPLETE, 100)
        account.stream.close()


def test_a_403_is_confirmed_by_the_profile(tmp_path: Path) -> None:
    """The profile is refused too: the stream stops; where REST only fails, or takes the token, it goes on trying."""
    for answer, ends in (
        (error(403, "TokenException"), True), (error(502, "GeneralException"), False),
        (data({"user_id": "AB1234"}), False),
    ):
        with small_kite() as kite, wire() as server:
            kite.standing["GET /user/profile"] = answer
            account = parts(kite, server.url, tmp_path, "NotTheDaysToken")
            account.stream.start()
            if ends:
                until(lambda: account.stream.state is State.REFUSED, "the end")  # noqa: B023 - called at once
                sleep(5 * QUICK.login)
                assert len(server.addresses) == 1
            else:
                until(lambda: len(server.addresses) >= 2, "another attempt")
            account.stream.close()


def test_data_fetch_from_the_command_line(tmp_path: Path) -> None:
    """The real command, the real client, a server: instruments of today, candles, a file that replays read."""
    today = SystemClock().now().date()
    day = date(2025, 8, 29)
    with small_kite() as kite:
        kite.standing["GET /instruments"] = body(write_dump(LISTED).encode(), kind="text/csv")
        candles = [[f"{day}T09:{15 + n}:00+0530", 100.05, 101, 99.5, 100, 10, 0] for n in range(3)]
        for one in LISTED:
            kite.standing[f"GET /instruments/historical/{one.token}/minute"] = data({"candles": candles})
        home = tmp_path / "home"
        kept = DirectorySecrets(home / "secrets", {})
        for name, value in secrets().values.items():
            kept.put(name, value)
        out = tmp_path / "bars.parquet"
        command = [sys.executable, "-m", "jobs.cli", "data", "fetch", "SBIN", "NSE:TCS", "--from", str(day)]
        environment = {**os.environ, "TRON_HOME": str(home), "TRON_KITE_URL": kite.url, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*command, "--to", str(day), "--out", str(out)], env=environment, capture_output=True, text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "6 bars, 2 calls" in done.stdout
        assert [bar.symbol for bar in RecordedMarket([out]).feed(day, ["SBIN", "TCS"])] == ["SBIN", "TCS"] * 3
        early = subprocess.run(
            [*command, "--to", str(today), "--out", str(tmp_path / "no.parquet")], env=environment,
            capture_output=True, text=True, check=False,
        )
        assert early.returncode == 2
        assert "today is not over" in early.stderr
