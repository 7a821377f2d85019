"""Data and code hashes: equal for equal bytes wherever they stand, different for any other byte."""

import shutil
from pathlib import Path

import pytest

import common
from common.research.provenance import code_hash, data_hash
from jobs import templates


def test_equal_bytes_hash_equal_whatever_their_names_and_order(tmp_path: Path) -> None:
    """A copy of the data under other names, given in another order, is the same data."""
    a, b, c, d = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv", "d.csv"))
    for path, text in ((a, "one"), (b, "two"), (c, "two"), (d, "one")):
        path.write_text(text, encoding="utf-8")
    assert data_hash([a, b]) == data_hash([c, d])


def test_one_other_byte_or_one_more_file_is_other_data(tmp_path: Path) -> None:
    """Neither a changed byte, nor a file more, nor bytes moved from one file to the next go unseen."""
    files = {name: tmp_path / name for name in ("ab", "c", "a", "bc", "abd")}
    for name, path in files.items():
        path.write_text(name, encoding="utf-8")
    sets = (["ab", "c"], ["a", "bc"], ["abd", "c"], ["ab"], ["ab", "c", "a"])
    assert len({data_hash([files[name] for name in names]) for names in sets}) == len(sets)


def test_code_hash_follows_sources_and_tables_and_not_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copied package has the same hash; machine code beside it changes nothing, a table or a module's name does."""
    here = code_hash("vwap")
    copy = tmp_path / "elsewhere"
    shutil.copytree(Path(common.__file__).parent, copy, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(common, "__file__", str(copy / "__init__.py"))
    assert code_hash("vwap") == here
    (copy / "trading" / "built.so").write_bytes(b"compiled")
    assert code_hash("vwap") == here
    charges = copy / "trading" / "data" / "charges.toml"
    charges.write_text(charges.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed = code_hash("vwap")
    (copy / "strategies" / "vwap.py").rename(copy / "strategies" / "vwap_two.py")
    assert len({here, changed, code_hash("vwap")}) == 3


def test_a_strategy_of_ones_own_is_part_of_the_code(tmp_path: Path) -> None:
    """Its file counts, by content and not by name."""
    source = (Path(templates.__file__).parent / "one_symbol.py").read_text(encoding="utf-8")
    files = [tmp_path / name for name in ("one.py", "same.py", "other.py")]
    for file in files:
        file.write_text(source + ("# another\n" if file.stem == "other" else ""), encoding="utf-8")
    one, same, other = (code_hash(str(file)) for file in files)
    assert one == same != other
    assert code_hash("vwap") != one
