"""Exchange time as text."""

from hypothesis import given
from hypothesis import strategies as st

from common.market.indian_time import at, iso


@given(st.integers(min_value=0, max_value=4 * 10**18), st.sampled_from([1, 1_000, 1_000_000, 10**9, 60 * 10**9]))
def test_iso_is_what_the_aware_datetime_says(ts: int, unit: int) -> None:
    """For whole minutes and seconds, and for what lies between."""
    whole = ts // unit * unit
    assert iso(whole) == at(whole).isoformat()
