"""Broken recordings of every kind: each is refused, naming file, row, symbol, reason and remedy."""

import json
from pathlib import Path

import pytest

from common.research.data_report import check
from common.research.faults import MAX_FAULTS
from common.research.recorded import DataError, read

HEADER = "ts,symbol,exchange,open,high,low,close,volume,oi"
CONTRACT_HEADER = HEADER + ",underlying,expiry,strike,type,lot"
ROW = "2026-11-02T09:15:00+05:30,SBIN,NSE,800,801,799,800.5,100,0"
NEXT = ROW.replace("09:15", "09:16")
OPTION = "2026-11-02T09:15:00+05:30,NIFTY26N0326000CE,NFO,100,101,99,100,65,0,NIFTY,2026-11-03,26000,CE,65"
OPTION_NEXT = OPTION.replace("09:15", "09:16")

BROKEN = {
    "naive time": ([HEADER, ROW, NEXT.replace("+05:30", "")], 2, "has no time zone"),
    "UTC": ([HEADER, ROW.replace("+05:30", "Z")], 1, "is not at +05:30"),
    "other zone": ([HEADER, ROW.replace("+05:30", "+09:00")], 1, "is not at +05:30"),
    "no time": ([HEADER, ROW.replace("2026-11-02T09:15:00+05:30", "yesterday")], 1, "is not a timestamp"),
    "impossible date": ([HEADER, ROW.replace("2026-11-02", "2026-02-30")], 1, "does not exist"),
    "impossible hour": ([HEADER, ROW.replace("T09", "T25")], 1, "does not exist"),
    "duplicate": ([HEADER, ROW, NEXT, NEXT], 3, "2026-11-02 09:16:00 stands twice, first in row 2"),
    "unordered": ([HEADER, NEXT, ROW], 2, "09:15:00 stands after 2026-11-02 09:16:00 (row 1)"),
    "high below low": ([HEADER, ROW.replace("801", "798")], 1, "high 798.00 is below low 799.00"),
    "close outside": ([HEADER, ROW.replace("800.5", "900")], 1, "close 900.00 lies outside of low 799.00"),
    "open outside": ([HEADER, ROW.replace("800,", "700,")], 1, "open 700.00 lies outside of low 799.00"),
    "negative volume": ([HEADER, ROW.replace(",100,0", ",-100,0")], 1, "volume -100 is negative"),
    "negative interest": ([HEADER, ROW.replace(",100,0", ",100,-1")], 1, "oi -1 is negative"),
    "negative price": ([HEADER, ROW.replace(",799,", ",-799,")], 1, "low -799.00 is not above zero"),
    "zero price": ([HEADER, ROW.replace(",799,", ",0,")], 1, "low 0.00 is not above zero"),
    "negative bid": ([HEADER + ",bid", ROW + ",-1"], 1, "bid -1.00 is negative"),
    "not a number": ([HEADER, ROW.replace("801", "nan")], 1, "high nan is not a finite number"),
    "infinite": ([HEADER, ROW.replace("801", "inf")], 1, "high inf is not a finite number"),
    "text for a price": ([HEADER, ROW.replace("801", "n/a")], 1, "high n/a is not a finite number"),
    "huge": ([HEADER, ROW.replace("801", "1e300")], 1, "high 1e300 is not a finite number"),
    "missing price": ([HEADER, ROW.replace("801", "")], 1, "high is missing"),
    "missing volume": ([HEADER, ROW.replace(",100,0", ",,0")], 1, "volume is missing"),
    "part of a share": ([HEADER, ROW.replace(",100,0", ",100.5,0")], 1, "volume 100.5 is not a whole number"),
    "missing symbol": ([HEADER, ROW.replace("SBIN", "")], 1, "symbol is missing"),
    "too few fields": ([HEADER, ROW, "2026-11-02T09:16:00+05:30,SBIN"], 2, "has 2 fields where the header has 9"),
    "too many fields": ([HEADER, ROW, NEXT + ",1"], 2, "has 10 fields where the header has 9"),
    "empty line": ([HEADER, ROW, "", NEXT], 2, "ts is missing, or the line is empty"),
    "unknown type": ([CONTRACT_HEADER, OPTION.replace(",CE,", ",XX,")], 1, "type 'XX' is unknown"),
    "no type": ([CONTRACT_HEADER, OPTION.replace(",CE,", ",,")], 1, "strike 26,000.00 without type"),
    "no expiry": ([CONTRACT_HEADER, OPTION.replace("2026-11-03", "")], 1, "CE row without expiry"),
    "no underlying": ([CONTRACT_HEADER, OPTION.replace(",NIFTY,", ",,")], 1, "CE row without underlying"),
    "no strike": ([CONTRACT_HEADER, OPTION.replace(",26000,", ",,")], 1, "CE row without strike"),
    "no lot": ([CONTRACT_HEADER, OPTION.removesuffix("65")], 1, "CE row without lot"),
    "lot of zero": ([CONTRACT_HEADER, OPTION.removesuffix("65") + "0"], 1, "lot 0 is not above zero"),
    "broken expiry": ([CONTRACT_HEADER, OPTION.replace("2026-11-03", "3 Nov")], 1, "expiry 3 Nov is not a date"),
    "changing lot": ([CONTRACT_HEADER, OPTION, OPTION_NEXT.removesuffix("65") + "75"], 2, "lot is 75, unlike in row 1"),
    "no contract columns": ([HEADER, ROW, ",".join(OPTION.split(",")[:9])], 2, "lacks the columns underlying"),
    "unknown lot": ([HEADER, ROW.replace("SBIN,NSE", "FOO26NOVFUT,NFO")], 1, "its lot is not known"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_is_refused(tmp_path: Path, case: str) -> None:
    """`read` raises and `check` lists the same fault, with file, row and line, and something to do."""
    lines, row, what = BROKEN[case]
    path = tmp_path / "broken.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError) as raised:
        read([path])
    fault = raised.value.fault
    assert what in fault.what
    assert (fault.file, fault.row, fault.line) == (str(path), row, row + 1)
    assert str(path) in str(raised.value)
    assert f"data row {row} (line {row + 1})" in str(raised.value)
    assert len(fault.remedy) > 10
    report = check(path)
    assert not report.ok
    assert report.errors[0] == fault


def test_missing_columns_are_named_together_with_those_that_are_there(tmp_path: Path) -> None:
    """A file of something else says what it has and what bars need."""
    path = tmp_path / "other.csv"
    path.write_text("ts,symbol,last_price\n1,2,3\n", encoding="utf-8")
    with pytest.raises(DataError, match="lacks the columns exchange, open, high, low, close, volume, oi") as raised:
        read([path])
    assert "it has ts, symbol, last_price" in str(raised.value)


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Which of two columns is meant is not guessed."""
    path = tmp_path / "twice.csv"
    path.write_text(f"{HEADER},open\n{ROW},1\n", encoding="utf-8")
    with pytest.raises(DataError, match="has the column open more than once"):
        read([path])


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", HEADER.encode(), "has no rows"),
        ("bytes.csv", b"\xff\xfe\x00\x01\n\x00", "cannot be read as CSV"),
        ("bars.txt", b"hello", "has the ending '.txt'"),
        ("text.parquet", b"hello there", "is not Parquet although it is named so"),
        ("torn.parquet", b"PAR1 and no footer", "cannot be read as Parquet"),
        ("parquet.csv", b"PAR1 and no footer", "is Parquet although it is named .csv"),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    """Files that are no bars at all are told apart, by reading and by checking."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=what):
        read([path])
    assert what in check(path).errors[0].what


def test_absent_files_and_directories_are_refused(tmp_path: Path) -> None:
    """A wrong path is said plainly."""
    with pytest.raises(DataError, match="does not exist"):
        read([tmp_path / "absent.csv"])
    with pytest.raises(DataError, match="is a directory"):
        read([tmp_path])


def test_check_keeps_the_first_faults_and_counts_them_all(tmp_path: Path) -> None:
    """A file broken throughout gives a report of bounded length, and JSON of it."""
    path = tmp_path / "many.csv"
    path.write_text("\n".join([HEADER, *[ROW] * 60]), encoding="utf-8")
    report = check(path)
    assert (len(report.errors), report.error_count) == (MAX_FAULTS, 59)
    parsed = json.loads(json.dumps(report.to_json()))
    assert (parsed["ok"], parsed["rows"], parsed["error_count"]) == (False, 60, 59)
    assert parsed["errors"][0]["row"] == 2
    assert "error: 39 more" in str(report)
    with pytest.raises(DataError, match="58 more: `tron data check` lists them"):
        read([path])


def test_check_of_a_good_file_reports_what_is_in_it(tmp_path: Path) -> None:
    """Rows, symbols, dates, kinds and warnings of a usable file."""
    path = tmp_path / "good.csv"
    path.write_text("\n".join([HEADER, ROW, NEXT]), encoding="utf-8")
    report = check(path)
    assert report.ok
    assert (report.rows, report.symbols, report.kinds) == (2, ("SBIN",), {"EQ": 1})
    assert report.to_json()["dates"] == ["2026-11-02"]
    assert [(one.kind, one.count) for one in report.warnings] == [("bars missing inside of sessions", 358)]
