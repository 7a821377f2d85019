"""Whatever bytes come on the stream: ticks or counted complaints, never an exception, never a byte read twice."""

import struct

from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.adapters.kite.decoder import MODES
from tests.fuzz.kite_inputs import read_frame
from tests.unit.kite_frames import frame

SIZES = st.sampled_from([*MODES, 0, 1, 4, 5, 43, 45, 183, 185, 500])
BODIES = SIZES.flatmap(lambda size: st.binary(min_size=size, max_size=size))
FRAMES = st.lists(BODIES, max_size=8).map(frame)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame with a few bytes changed, cut or added."""
    data = bytearray(draw(FRAMES))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(data)))
    return bytes(data[:cut] if draw(st.booleans()) else data) + draw(st.binary(max_size=6))


@given(st.binary(max_size=1000))
@example(b"\xff\xff\x00\xb8")
@example(struct.pack(">HH", 1, 65_535))
@settings(max_examples=500, deadline=None)
def test_any_bytes(data: bytes) -> None:
    """No input raises, and no more comes out than went in."""
    read_frame(data)


@given(damaged())
@settings(max_examples=500, deadline=None)
def test_damaged_frames(data: bytes) -> None:
    """Frames that were good once come nearer to the edges than noise does."""
    read_frame(data)


@given(st.lists(BODIES, max_size=8))
@settings(max_examples=300, deadline=None)
def test_whole_frames_are_accounted_for(bodies: list[bytes]) -> None:
    """Each packet of a whole frame is a tick, a heartbeat or an unknown size: nothing vanishes."""
    data = frame(bodies)
    counts = read_frame(data)
    if len(data) > 4:
        assert counts.ticks + counts.heartbeats + counts.unknown == len(bodies)
    assert (counts.truncated, counts.surplus) == (0, 0)
