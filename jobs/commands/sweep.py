"""`tron sweep`: many sets of parameters of one strategy, on all cores, in parts, walked forward."""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from common.bootstrap import load_mandate
from common.market.money import money
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.planning.notices import NoticeError
from common.research.backtest_plan import NothingToTest, Request
from common.research.day_lists import DayLists
from common.research.deflated import deflated_of, sentence, sharpe
from common.research.faults import DataError
from common.research.parameter_sets import NoSets, grid, values_of
from common.research.performance import SESSIONS_A_YEAR
from common.research.pool import ProcessesDied
from common.research.provenance import code_hash, data_hash, fingerprint
from common.research.shards import Shard, ShardsMissing, is_done, merge, shard_path, write_merged, write_shard
from common.research.sweep import sweep
from common.research.walk_forward import Windows, walk_forward
from common.settings import SettingsError
from common.strategies.registry import InvalidParameters, UnknownStrategy
from jobs.commands import arguments
from jobs.commands.output import UserError, print_json, profit
from jobs.commands.progress import Progress

SHOWN: Final = 10


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("sweep", help="many sets of parameters of one strategy")
    parser.add_argument("--strategy", metavar="NAME")
    parser.add_argument("--param", action="append", default=[], metavar="k=a,b,c",
                        help="values, or k=low:high:step; may be given again")
    parser.add_argument("--bars", type=Path, action="extend", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--symbol", action="append", default=[], metavar="S", help="may be given again (default: all)")
    parser.add_argument("--from", dest="first", type=arguments.day, metavar="D", help="YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=arguments.day, metavar="D", help="YYYY-MM-DD")
    parser.add_argument("--seed", type=int, default=0, help="of slippage (default: 0)")
    parser.add_argument("--mandate", type=Path, metavar="FILE", help="your limits as TOML (default: the one shipped)")
    parser.add_argument("--lists", type=Path, metavar="DIR", help="the exchange's lists, as `tron backtest` reads them")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes (default: all cores)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="parts, then sweep.parquet")
    parser.add_argument("--shard", metavar="I/N", help="only part I of N, from 0 (default: the task's own, in a job)")
    parser.add_argument("--shards", type=int, metavar="N", help="parts in all, where the job says only its index")
    parser.add_argument("--merge", type=Path, metavar="DIR", help="only put the parts in DIR together")
    parser.add_argument("--walk-forward", metavar="TRAIN:TEST", help="sessions to choose on, sessions to trade on")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: done. 1: in some set a day ended with something open."""
    try:
        windows = Windows.parse(chosen.walk_forward) if chosen.walk_forward else None
        if chosen.merge is not None:
            inputs, rows = merge(chosen.merge)
            write_merged(chosen.merge, inputs, _rated(rows))
            return _tell(chosen, inputs, rows, windows)
        return _run(chosen, windows)
    except (
        DataError, NothingToTest, NoSets, ShardsMissing, OutsideTable, InvalidParameters, UnknownStrategy,
        InvalidDocument, SettingsError, ProcessesDied, NoticeError,
    ) as error:
        raise UserError(error.args[0] if error.args else str(error)) from None


def _run(chosen: argparse.Namespace, windows: Windows | None) -> int:
    if not (chosen.strategy and chosen.bars):
        raise UserError("tron sweep needs --strategy and --bars (or --merge DIR)")
    shard = choose_shard(chosen.shard, chosen.shards, os.environ)
    if shard.count > 1 and chosen.out is None:
        raise UserError("a part of a sweep needs --out DIR, one that all parts share")
    mandate = load_mandate(chosen.mandate)
    sets, refused = grid(chosen.strategy, _choices(chosen.param))
    if shard.count > len(sets):
        raise UserError(f"{shard.count} parts of {len(sets)} sets: give at most as many parts as sets")
    request = Request(chosen.strategy, tuple(chosen.bars), tuple(chosen.symbol), chosen.first, chosen.last,
                      {}, chosen.seed, DayLists(chosen.lists) if chosen.lists else None)
    inputs = {
        "code_hash": code_hash(chosen.strategy), "data_hash": data_hash(request.paths), "strategy": chosen.strategy,
        "symbols": chosen.symbol, "first": str(chosen.first), "last": str(chosen.last), "seed": chosen.seed,
        "mandate": fingerprint(mandate.model_dump(mode="json")), "sets": sets, "refused": refused,
        **({"lists_hash": request.lists.hash} if request.lists is not None else {}),
    }
    path = shard_path(chosen.out, inputs, shard) if chosen.out else None
    rows: list[dict[str, Any]] = []
    if path is None or not is_done(path, inputs):
        with Progress(quiet=chosen.json) as progress:
            rows = sweep(
                request, shard.of(sets), mandate, chosen.jobs, lambda done: progress.tell("sweep", done),
            )
        if path is not None:
            write_shard(path, inputs, rows)
    if path is not None and shard.count > 1:
        text = f"part {shard.index}/{shard.count} of {len(sets)} sets is in {path}"
        print_json({"shard": shard.index, "shards": shard.count, "file": str(path)}) if chosen.json else print(
            f"{text}; when all are there: tron sweep --merge {chosen.out}"
        )
        return 0
    if path is not None:
        inputs, rows = merge(chosen.out)
        write_merged(chosen.out, inputs, _rated(rows))
    return _tell(chosen, inputs, rows, windows)


def choose_shard(text: str | None, count: int | None, environment: Mapping[str, str]) -> Shard:
    """--shard, else what Cloud Run (CLOUD_RUN_TASK_INDEX and _COUNT) or a Kubernetes Indexed Job says, else the whole.

    Kubernetes gives JOB_COMPLETION_INDEX alone, so that --shards must say how many there are.
    """
    if text is not None:
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if match is None or not int(match[1]) < int(match[2]):
            raise UserError(f"--shard {text}: give part/parts from 0, such as 0/4 to 3/4")
        return Shard(int(match[1]), int(match[2]))
    index = environment.get("CLOUD_RUN_TASK_INDEX") or environment.get("JOB_COMPLETION_INDEX")
    told = count or environment.get("CLOUD_RUN_TASK_COUNT")
    if index is None:
        if count is not None:
            raise UserError("--shards says how many parts there are; which one this is, --shard I/N says, or the job")
        return Shard()
    if told is None:
        raise UserError("JOB_COMPLETION_INDEX is set: say with --shards N how many parts the job has")
    if not (index.isdigit() and str(told).isdigit() and int(index) < int(told)):
        raise UserError(f"the job says part {index} of {told}: parts count from 0")
    return Shard(int(index), int(told))


def _choices(pairs: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name or not text:
            raise UserError(f"--param {pair!r}: give name=a,b,c or name=low:high:step, such as --param fast=5:20:5")
        if name in found:
            raise UserError(f"--param {name} is given twice: put its values into one")
        found[name] = values_of(name, text)
    return found


def _rated(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """With each set's Sharpe ratio, of a year of sessions."""
    return [{**row, "sharpe": _ratio(row) * SESSIONS_A_YEAR**0.5} for row in rows]


def _ratio(row: Mapping[str, Any]) -> float:
    return sharpe([net for _, net, _ in row["daily"]])


def _tell(
    chosen: argparse.Namespace, inputs: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], windows: Windows | None,
) -> int:
    best = sorted(_rated(rows), key=lambda row: (-row["sharpe"], row["number"]))
    first = best[0]
    probability = deflated_of([net for _, net, _ in first["daily"]], [_ratio(row) for row in rows])
    forward = walk_forward(rows, windows) if windows is not None else None
    if chosen.json:
        print_json({
            "strategy": inputs["strategy"], "sets": len(rows), "refused": inputs["refused"],
            "code_hash": inputs["code_hash"], "data_hash": inputs["data_hash"], "deflated_sharpe": probability,
            "rows": best, "walk_forward": forward,
        })
    else:
        print(f"{inputs['strategy']}  {first['daily'][0][0]} to {first['daily'][-1][0]}  {len(rows)} sets"
              + (f", {inputs['refused']} that the strategy refuses left out" if inputs["refused"] else ""))
        for row in best[:SHOWN]:
            values = " ".join(f"{name}={value}" for name, value in row["parameters"].items())
            print(f"  {values}  {row['trades']} trades, net {profit(row['net_paise'])}, Sharpe {row['sharpe']:.2f}")
        print(f"  {sentence(probability, len(rows))}")
        if forward is not None:
            _print_forward(forward)
    return 1 if any(row["failed_days"] for row in rows) else 0


def _print_forward(forward: Mapping[str, Any]) -> None:
    print(f"walk-forward, {len(forward['daily'])} sessions that were not chosen on: net {profit(forward['net_paise'])}")
    for step in forward["steps"]:
        values = " ".join(f"{name}={value}" for name, value in step["parameters"].items())
        nets = f"{money(step['train_net_paise'])} before, {profit(step['test_net_paise'])} after"
        print(f"  {step['test'][0]} to {step['test'][1]}  {values}  {nets}")
