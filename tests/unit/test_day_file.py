"""The file of a day: the same bytes for the same day, and nothing but a whole file is taken."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.day import day_file
from common.day.day_file import MANIFEST, DayFileRefused, pack, unpack

DAY = date(2025, 8, 29)
PARTS = {"documents/orders.ndjson": b'{"id":1}\n' * 40, "archive/empty": b"", "archive/x/y.bin": bytes(range(256)) * 9}
WHOLE = pack(DAY, PARTS)


def zipped(parts: dict[str, bytes], **options: Any) -> bytes:
    """As anybody would write it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **options) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return content.getvalue()


def with_manifest(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The whole file with another manifest."""
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(parts[MANIFEST])
    change(manifest)
    return zipped({**parts, MANIFEST: json.dumps(manifest).encode()})


@given(st.dictionaries(st.from_regex(r"(archive|documents)/[a-z]{1,8}", fullmatch=True), st.binary(max_size=200)))
def test_what_is_packed_comes_back(parts: dict[str, bytes]) -> None:
    """Whatever the parts, in whatever order; equal parts make equal bytes."""
    content = pack(DAY, parts)
    assert unpack(content) == (DAY, parts)
    assert pack(DAY, dict(reversed(parts.items()))) == content


@pytest.mark.parametrize("length", [0, 1, 21, 22, 100, len(WHOLE) // 2, len(WHOLE) - 1])
def test_a_file_that_is_cut_off(length: int) -> None:
    """Wherever it ends too soon."""
    with pytest.raises(DayFileRefused):
        unpack(WHOLE[:length])


@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
@example(place=0, byte=0)
def test_a_damaged_byte(place: int, byte: int) -> None:
    """It is refused, or was one that says nothing: what comes back is what was packed, never something else."""
    damaged = WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    try:
        found = unpack(damaged)
    except DayFileRefused:
        return
    assert found == (DAY, PARTS)


NO_DAY: dict[str, tuple[bytes, str]] = {
    "no manifest": (zipped({"a": b"1"}), "no manifest.json"),
    "half a manifest": (zipped({MANIFEST: b"{"}), "is not one of"),
    "a manifest without an end": (zipped({MANIFEST: b"[" * 100_000}), "is not one of"),
    "a list": (zipped({MANIFEST: b"[]"}), "is not one of"),
    "no text": (zipped({MANIFEST: b"\xff"}), "is not one of"),
    "packed otherwise": (zipped({MANIFEST: b"{}"}, compression=zipfile.ZIP_LZMA), "packed in another way"),
    "another version": (with_manifest(lambda one: one.update(version=2)), "version 2 .* update Tron"),
    "no date": (with_manifest(lambda one: one.update(date="soon")), "the date 'soon'"),
    "a part missing": (with_manifest(lambda one: one["parts"].update({"archive/z": {}})), "not those of its manifest"),
    "a part too many": (with_manifest(lambda one: one["parts"].pop("archive/empty")), "not those of its manifest"),
    "another size": (with_manifest(lambda one: one["parts"]["archive/empty"].update(bytes=1)), "its hash is another"),
    "another hash": (with_manifest(lambda one: one["parts"]["archive/empty"].update(sha256="")), "its hash is another"),
    "no hash": (with_manifest(lambda one: one["parts"].update({"archive/empty": 3})), "its hash is another"),
    "an empty file of its kind": (b"PK\x05\x06" + bytes(18), "no manifest.json"),
    "another kind": (b"no file at all", "cut off, damaged or no file"),
}


@pytest.mark.parametrize("what", NO_DAY)
def test_files_that_are_no_day(what: str) -> None:
    """Each is named for what it is."""
    content, said = NO_DAY[what]
    with pytest.raises(DayFileRefused, match=said):
        unpack(content)


def test_two_parts_of_one_name() -> None:
    """Which of them would count is nobody's guess."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a", b"2")
    with pytest.raises(DayFileRefused, match="one name"):
        unpack(content.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the sizes that it names itself; one that lies about them is read no further than it says."""
    bomb = zipped({MANIFEST: b"{}", "archive/zeros": bytes(3_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 10_000
    monkeypatch.setattr(day_file, "MAX_BYTES", 2_000_000)
    with pytest.raises(DayFileRefused, match="no day is that large"):
        unpack(bomb)
    with pytest.raises(DayFileRefused, match="does not fit"):
        pack(DAY, {"archive/zeros": bytes(3_000_000)})
    assert bomb.count((3_000_000).to_bytes(4, "little")) == 2
    lying = bomb.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(DayFileRefused):
        unpack(lying)


def test_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list without end is refused too."""
    monkeypatch.setattr(day_file, "MAX_PARTS", 2)
    with pytest.raises(DayFileRefused, match="no day is that large"):
        unpack(WHOLE)
