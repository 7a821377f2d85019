"""A sweep in parts: each part its own file, named by what it was made from; together they are merged, in any order."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from common.research.provenance import fingerprint
from common.research.whole_files import replace_whole, write_whole


class ShardsMissing(ValueError):
    """The sweep is not whole; the text names the parts and how to make them."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` (from 0) of `count`: every `count`-th set."""

    index: int = 0
    count: int = 1

    def of(self, sets: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
        """Its sets by number."""
        return {number: sets[number] for number in range(self.index, len(sets), self.count)}


def shard_path(directory: Path, inputs: Mapping[str, Any], shard: Shard) -> Path:
    """Where a part of the sweep with these inputs stands."""
    return directory / "shards" / f"{fingerprint(inputs)[:16]}-{shard.index:05d}-of-{shard.count:05d}.json"


def is_done(path: Path, inputs: Mapping[str, Any]) -> bool:
    """Whether the part is there, whole, and made from the same."""
    found = _read(path)
    return found is not None and found["inputs"] == json.loads(json.dumps(inputs))


def write_shard(path: Path, inputs: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """There whole or not at all; written again, it is the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"inputs": inputs, "rows": rows}, separators=(",", ":")).encode())


def merge(directory: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Inputs and rows by number of the sweep whose parts are below `directory`. Raises ShardsMissing."""
    parts = {path: part for path in sorted((directory / "shards").glob("*.json")) if (part := _read(path)) is not None}
    kinds = {fingerprint(part["inputs"]) for part in parts.values()}
    if not kinds:
        raise ShardsMissing(f"{directory} holds no parts of a sweep: run `tron sweep ... --out {directory}` first")
    if len(kinds) > 1:
        raise ShardsMissing(f"{directory} holds parts of {len(kinds)} different sweeps: give each an --out of its own")
    whole = [list(same) for _, same in _by_count(parts) if len(same) == same[0][1]]
    if not whole:
        raise ShardsMissing("; ".join(_missing(directory, same) for _, same in _by_count(parts)))
    chosen = [parts[path] for path, _, _ in whole[0]]
    rows = [row for part in chosen for row in part["rows"]]
    return chosen[0]["inputs"], sorted(rows, key=lambda row: row["number"])


def write_merged(directory: Path, inputs: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Path:
    """sweep.parquet, one row a set; however often and from however many parts it is merged, the same bytes."""
    metadata = {"tron.schema": "sweep", "tron.schema_version": "1"}
    metadata |= {f"tron.{name}": inputs[name] for name in ("code_hash", "data_hash", "strategy")}
    columns = {
        "number": pa.int64(), "parameters": pa.string(), "trades": pa.int64(), "wins": pa.int64(),
        "gross_paise": pa.int64(), "charges_paise": pa.int64(), "net_paise": pa.int64(), "failed_days": pa.int64(),
        "sharpe": pa.float64(), "order_hash": pa.string(), "daily_net_paise": pa.list_(pa.int64()),
    }
    flat = [
        {**row, "parameters": json.dumps(row["parameters"], sort_keys=True),
         "daily_net_paise": [net for _, net, _ in row["daily"]]} for row in rows
    ]
    table = pa.Table.from_pylist(flat, pa.schema(columns.items(), metadata))
    replace_whole(directory / "sweep.parquet", lambda path: parquet.write_table(table, path, compression="zstd"))
    return directory / "sweep.parquet"


def _by_count(parts: Mapping[Path, Any]) -> Iterator[tuple[int, list[tuple[Path, int, int]]]]:
    """(count, [(path, count, index)]), the finest division last."""
    found: dict[int, list[tuple[Path, int, int]]] = {}
    for path in parts:
        index, count = (int(number) for number in path.stem.split("-", 1)[1].split("-of-"))
        found.setdefault(count, []).append((path, count, index))
    return iter(sorted(found.items()))


def _missing(directory: Path, same: Sequence[tuple[Path, int, int]]) -> str:
    count = same[0][1]
    there = {index for _, _, index in same}
    names = ", ".join(f"{index}/{count}" for index in range(count) if index not in there)
    return f"{directory} lacks the parts {names}: run the same command with --shard for each of them"


def _read(path: Path) -> Any:
    """None where it is not there or not whole JSON."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) and {"inputs", "rows"} <= found.keys() else None
