"""A stored day, and the functions of the API over it: each under the functions framework, asked in this process."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import functions_framework
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common.adapters.sqlite import SqliteStore
from common.bootstrap import Application, application
from common.day.api.keys import SECRET, Role, made, to_secret
from common.day.api.routes import Route
from common.day.workloads import State, launched_fields, workload_fields, workload_id
from common.log_record import LOGS, constant_part, document, line
from common.market.indian_time import INDIA
from common.market.instrument import AssetClass
from common.ports import Create, DocumentStore
from common.trading.charges import Charges
from common.trading.trades import Trade, trade_fields
from tests.unit.workload_case import plan as paper_plan

FOLDER: Final = Path(__file__).parents[2] / "functions"
DAY: Final = date(2026, 11, 20)
OPENS: Final = datetime(2026, 11, 20, 9, 15, tzinfo=INDIA)
CHANCE: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


class Api:
    """ask: a function at its own root, as it is deployed. key: sent unless another is given."""

    def __init__(self, app: Application, key: str = "") -> None:
        self.app = app
        self.key = key
        self._clients: dict[str, FlaskClient] = {}

    def client(self, name: str) -> FlaskClient:
        """Of one function."""
        if name not in self._clients:
            framework: Any = functions_framework
            self._clients[name] = framework.create_app(name, str(FOLDER / f"{name}.py")).test_client()
            for variable in ("FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"):
                os.environ.pop(variable, None)
        return self._clients[name]

    def ask(self, path: str, method: str = "GET", key: str | None = None, **more: Any) -> TestResponse:
        """path: such as /trades/bars?date=..."""
        name, _, rest = path.lstrip("/").partition("/")
        name, question, query = name.partition("?")
        presented = self.key if key is None else key
        headers = {**({"X-API-Key": presented} if presented else {}), **dict(more.pop("headers", {}))}
        return self.client(name).open(f"/{rest}{question}{query}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> dict[str, Any]:
        """The JSON of an answer that must be 200."""
        answer = self.ask(path, **more)
        assert answer.status_code == 200, (path, answer.status_code, answer.get_data(as_text=True)[:500])
        found: dict[str, Any] = json.loads(answer.data)
        return found


@contextmanager
def served(home: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Iterator[Api]:
    """Over the store in `home`; variables: of the environment."""
    for name in [name for name in os.environ if name.startswith("TRON_")]:
        monkeypatch.delenv(name)
    for name, value in {"TRON_HOME": str(home), "TRON_API_RATE": "100000", **variables}.items():
        monkeypatch.setenv(name, value)
    application.cache_clear()
    try:
        yield Api(application())
    finally:
        application().store.close()
        application.cache_clear()


def keys(app: Application, *roles: Role) -> list[str]:
    """Keys of these roles, stored in the place of those before; as they are presented."""
    pairs = [made(f"id{n}", f"{CHANCE}{n}", role, "", OPENS) for n, role in enumerate(roles)]
    app.account.secrets.put(SECRET, to_secret(key for key, _ in pairs))
    return [text.reveal() for _, text in pairs]


def store_day(store: DocumentStore, trades: int = 12, *, records: int = 5) -> None:
    """A plan, three workloads, trades of stocks, loud records: as the day's own code writes them."""
    plan = paper_plan(("TCS",)).to_fields()
    store.commit([
        Create("gpt_runner_daily_plan", DAY.isoformat(), {**plan, "date": DAY.isoformat()}),
        Create("evidence", DAY.isoformat(), {"gate": {"verdict": "amber", "reasons": [
            {"name": "lists", "verdict": "amber", "text": "no list of surveillance today"}]}}),
    ])
    for asset_class in AssetClass:
        fields = launched_fields(DAY, asset_class, OPENS)
        count = trades if asset_class is AssetClass.STOCK else 0
        fields = workload_fields(fields, State.RUNNING, OPENS, OPENS, summary(count))
        store.commit([
            Create("workloads", workload_id(DAY, asset_class), fields),
            Create("leases", workload_id(DAY, asset_class),
                   {"holder": "pod-1:7:abc", "epoch": 1, "expires": OPENS.isoformat(), "ttl_seconds": 30.0}),
        ])
    add_trades(store, range(trades))
    store.commit([Create(LOGS, *record(number)) for number in range(records)])


def summary(trades: int) -> dict[str, Any]:
    """As a workload says it."""
    return {
        "trades": trades, "net_paise": 100 * trades, "gross_paise": 150 * trades, "charges_paise": 50 * trades,
        "orders": 2 * trades, "fills": 2 * trades, "open_positions": 1, "halted": "", "denied": {"capital": 1},
        "positions": [{"symbol": "TCS", "quantity": -10, "mark_paise": 300_000, "average_paise": 301_000,
                       "stop_paise": 305_000, "leaving": "", "basket": ""}],
        "limits": [{"name": "daily loss", "used": 0, "limit": 750_000, "unit": "paise"}], "alarms": [],
        "margin_paise": 3_010_000, "greeks": {"delta_paise": -30_000, "gamma_paise": 0, "vega_paise": 0},
    }


def trade(number: int, strategy: str = "vwap") -> dict[str, Any]:
    """The fields of one."""
    left = int((OPENS + timedelta(seconds=number % 20_000)).timestamp()) * 10**9 + number
    charges = Charges(2000, 0, 10, 1, 20, 5, 300)
    made = Trade(number, strategy, "TCS", 1, 10, left - 10**9, 300_000.0, "in", left, 301_000.0, "target", 299_000,
                 301_000, 10_000, charges, {"stretch": 2.5})
    return {"date": DAY.isoformat(), **trade_fields(made, AssetClass.STOCK)}


def add_trades(store: DocumentStore, numbers: range) -> None:
    """Every third is of another strategy."""
    writes = [Create("trades", f"{DAY}-stock-{number:07d}", trade(number, "vwap" if number % 3 else "scalp"))
              for number in numbers]
    for begin in range(0, len(writes), 500):
        store.commit(writes[begin:begin + 500])


def record(number: int) -> tuple[str, Mapping[str, Any]]:
    """Id and fields of a log record."""
    severity = ("WARNING", "ERROR", "CRITICAL")[number % 3]
    labels = constant_part({"date": DAY.isoformat(), "asset_class": "stock", "environment": "local"})
    time = (OPENS + timedelta(seconds=number)).isoformat(timespec="microseconds")
    return document(line(f"r-{number:05d}", time, severity, f"record {number}", {"tag": f"T{number}"}, labels), {})


def opened(home: Path) -> SqliteStore:
    """The store that `served` will find."""
    home.mkdir(parents=True, exist_ok=True)
    return SqliteStore(home / "store.sqlite")


@contextmanager
def running_day(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A stored day with a result of a backtest; the person at the machine asks."""
    store = opened(home)
    store_day(store)
    store.close()
    (home / "results" / "one").mkdir(parents=True)
    (home / "results" / "one" / "report.json").write_text(
        json.dumps({"strategy": "vwap", "daily": [["2026-11-19", 5]], "totals": {"net_paise": 5}}))
    (home / "results" / "one" / "report.html").write_text("<p>one</p>")
    with served(home, monkeypatch, TRON_LOCAL="1", TRON_BACKTESTS=str(home / "results")) as found:
        yield found


def address(route: Route) -> str:
    """With what the route needs."""
    values = {"date": DAY.isoformat(), "symbol": "TCS", "name": "one"}
    asked = "&".join(f"{one.name}={values[one.name]}" for one in route.parameters if one.name in values)
    return f"{route.full_path}{'?' if asked else ''}{asked}"
