"""`tron simulate`: whole trading days under faults, the very session that trades, checked after every step."""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

from common.bootstrap import simulation_bench
from common.market.indian_time import at
from common.simulation.crashes import Point, crash_day, crash_points
from common.simulation.faults import NAMES, Fault, UnknownFault, parse_faults
from common.simulation.outcome import DayOutcome, day_seed, setting_of, simulate_day
from common.simulation.report import FLOORS, SHORT_FLOORS, Totals, lines
from jobs.commands.output import UserError, print_json, tinted
from jobs.commands.progress import Progress

DAYS_A_TASK: Final = 5
MOST_DAYS: Final = 1_000_000


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("simulate", help="whole days under faults, checked after every step")
    parser.add_argument("--days", type=int, default=100, metavar="N", help="how many (default: 100)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the run (default: 1)")
    parser.add_argument("--faults", default="all", metavar="F",
                        help=f"all, none, or names with commas: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--jobs", type=int, default=1, metavar="K", help="processes (default: 1)")
    parser.add_argument("--day-seed", type=int, metavar="X", help="only this day, as a violation names it")
    parser.add_argument("--trace", action="store_true", help="with --day-seed: say what happens, on standard error")
    parser.add_argument("--crashes", action="store_true",
                        help="one day without other faults, killed at every call of a port, before and after")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: nothing broke. 1: something did, or the days were too empty to say."""
    try:
        wanted = parse_faults(chosen.faults)
    except UnknownFault as error:
        raise UserError(str(error)) from None
    if not 1 <= chosen.days <= MOST_DAYS or chosen.jobs < 1 or chosen.seed < 0:
        raise UserError(f"give --days from 1 to {MOST_DAYS}, --jobs from 1, --seed from 0")
    wanted = frozenset() if chosen.crashes else wanted
    totals, began = Totals(chosen.seed, wanted, SHORT_FLOORS if chosen.crashes else FLOORS), time.monotonic()
    with Progress(quiet=chosen.json) as progress:
        days = _crashes(chosen) if chosen.crashes else _days(chosen, wanted)
        for count, outcome in enumerate(days, start=1):
            totals.add(outcome)
            progress.tell("simulate", min(1.0, count / chosen.days))
    result = totals.result(time.monotonic() - began)
    if chosen.json:
        print_json(result)
    else:
        for line in lines(result):
            print(tinted(line, "red") if "VIOLATION" in line else line)
    return 0 if totals.good else 1


def _days(chosen: argparse.Namespace, wanted: frozenset[Fault]) -> Iterator[DayOutcome]:
    if chosen.day_seed is not None:
        yield _one(chosen.day_seed, wanted, trace=chosen.trace)
        return
    seeds = [day_seed(chosen.seed, number) for number in range(chosen.days)]
    parts = [seeds[first : first + DAYS_A_TASK] for first in range(0, len(seeds), DAYS_A_TASK)]
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for outcomes in pool.map(_simulate, parts, [wanted] * len(parts)):
            yield from outcomes


def _crashes(chosen: argparse.Namespace) -> Iterator[DayOutcome]:
    """The fixed day whole, then killed everywhere."""
    whole, points = crash_points(simulation_bench())
    yield whole
    chosen.days = len(points) + 1
    with ProcessPoolExecutor(chosen.jobs) as pool:
        yield from pool.map(_crash, points, chunksize=DAYS_A_TASK)


def _crash(point: Point) -> DayOutcome:
    """In a process of the pool."""
    return crash_day(point, simulation_bench())


def _simulate(seeds: list[int], wanted: frozenset[Fault]) -> list[DayOutcome]:
    """In a process of the pool."""
    return [_one(seed, wanted) for seed in seeds]


def _one(seed: int, wanted: frozenset[Fault], *, trace: bool = False) -> DayOutcome:
    tell = _tell if trace else None
    return simulate_day(setting_of(seed, wanted, simulation_bench(), tell))


def _tell(ts: int, text: str) -> None:
    print(f"{at(ts):%H:%M:%S.%f} {text}", file=sys.stderr)
