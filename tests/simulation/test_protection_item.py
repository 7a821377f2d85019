"""How long something has stood unprotected: the oldest unit counts, and cover goes to it first."""

from common.market.instrument import AssetClass
from common.simulation.protection import _Item


def test_the_oldest_unit_counts_and_is_covered_first() -> None:
    """A position that grows each second, and whose stop follows, is not older than its oldest uncovered unit."""
    item = _Item("stands", AssetClass.STOCK, ("AAA",), 6.0)
    item.stand(30)
    for _ in range(20):
        item.able += 1.0
        item.stand(item.missing + 70)
        assert item.oldest == 1.0
        item.stand(70)
        assert item.oldest == 0.0


def test_what_is_never_covered_grows_old() -> None:
    """Less cover than there is: what is left is as old as it is, however much of it is covered."""
    item = _Item("stands", AssetClass.STOCK, ("AAA",), 6.0)
    item.stand(30)
    item.able = 7.0
    item.stand(29)
    assert (item.oldest, item.missing) == (7.0, 29)
