"""The mandate: what a person writes is either exactly understood or refused with what to do."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import AssetClass
from common.planning.document import InvalidDocument
from common.planning.mandate import Mandate, default_mandate_text, parse_mandate, share_of


def test_the_shipped_mandate_is_the_default() -> None:
    """An empty file, the shipped file and the shipped file's values are one mandate, on paper."""
    assert parse_mandate("") == parse_mandate(default_mandate_text())
    assert parse_mandate("").mode == "paper"


def test_every_key_of_the_shipped_mandate_has_a_comment() -> None:
    """The person reads why a number is what it is: a comment stands above every key, the repeated names included."""
    lines = default_mandate_text().splitlines()
    keys = [number for number, line in enumerate(lines) if line and not line.startswith(("#", "["))]
    assert len(keys) > 40
    assert [lines[number] for number in keys if not lines[number - 1].startswith("#")] == []


def test_derived_money_of_the_default() -> None:
    """The amounts that the comments promise, in paise."""
    mandate = parse_mandate("")
    assert mandate.capital_paise == 15_00_000_00
    assert mandate.daily_loss_paise == 30_000_00
    assert mandate.class_capital_paise(AssetClass.FUTURES) == 6_00_000_00
    assert mandate.class_loss_paise(AssetClass.STOCK) == 7_500_00
    assert mandate.class_loss_paise(AssetClass.OPTIONS) == 12_000_00
    assert mandate.risk_per_trade_paise(AssetClass.STOCK) == 3_750_00
    assert mandate.risk_per_trade_paise(AssetClass.FUTURES) == 5_250_00


def test_one_nifty_lot_and_not_two_fits_the_default() -> None:
    """The margin of a lot of 75 at 24,600 is inside the futures order limit and the class's capital."""
    mandate = parse_mandate("")
    margin = 24_600_00 * 75 * mandate.futures.margin_percent // 100
    assert margin <= mandate.futures.max_order_value_paise <= mandate.class_capital_paise(AssetClass.FUTURES)
    assert 2 * margin > mandate.futures.max_order_value_paise


@pytest.mark.parametrize(("text", "parts"), [
    ("capitl_rupees = 5", ("capitl_rupees", "did you mean capital_rupees?")),
    ("[stock]\nmax_trade = 3", ("stock.max_trade", "did you mean max_trades?")),
    ("[optoins]\nenabled = false", ("optoins", "did you mean options?")),
    ("daily_loss_percent = nan", ("daily_loss_percent = nan", "finite", "write a number")),
    ("daily_loss_percent = inf", ("daily_loss_percent = inf", "finite")),
    ("daily_loss_percent = true", ("daily_loss_percent = True", "without quotes")),
    ("daily_loss_percent = 0", ("daily_loss_percent = 0", "greater than 0")),
    ("daily_loss_percent = -2", ("daily_loss_percent = -2", "greater than 0")),
    ("capital_rupees = 1e6", ("capital_rupees = 1000000.0", "whole digits")),
    ("capital_rupees = '1500000'", ("capital_rupees", "without a decimal point or quotes")),
    ("mode = 'LIVE'", ("mode = 'LIVE'", "'paper' or 'live'")),
    ("[stock]\nenabled = 1", ("stock.enabled = 1", "true or false")),
    ("[stock]\nuniverse = []", ("stock.universe", "name at least one")),
    ("[stock]\nentry_from = 09:30:00", ("stock.entry_from", "in quotes")),
    ("[stock]\nentry_from = '9:30'", ("stock.entry_from", "pattern")),
    ("[stock]\nentry_from = '25:30'", ("stock.entry_from", "pattern")),
    ("[stock]\nentry_from = '15:00'\nentry_cutoff = '14:00'", ("stock", "entry_cutoff", "in that order")),
    ("stock = 3", ("stock = 3", "section")),
    ("[stock]\ncapital_share_percent = 41", ("capital_share_percent", "101", "100 or less")),
    ("[stock]\nloss_share_percent = 26", ("loss_share_percent", "101", "100 or less")),
    ("[order_rate]\nworkload_per_second = 2.5", ("order_rate adds to 11.5", "broker allows 10")),
    ("[futures]\nmax_order_value_rupees = 6_00_001", ("futures.max_order_value_rupees", "600000", "lower it")),
    ("[futures]\nloss_share_percent = 0", ("futures", "without a share", "enabled = false")),
    ("risk_per_trade_percent = 2.5", ("risk_per_trade_percent", "daily_loss_percent", "lower it")),
    ("[options]\nmax_symbols = 2", ("options.max_symbols = 2", "less than or equal to 1")),
    ("x = [\ny", ("not valid TOML", "line 2")),
])
def test_a_bad_mandate_is_refused_with_key_fault_and_remedy(text: str, parts: tuple[str, ...]) -> None:
    """Each message names the key, what is wrong and what to do; nothing is guessed or coerced."""
    with pytest.raises(InvalidDocument) as refused:
        parse_mandate(text)
    for part in ("mandate: ", *parts):
        assert part in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    """A person corrects a page in one go."""
    with pytest.raises(InvalidDocument) as refused:
        parse_mandate("mode = 'x'\ncapital_rupees = 'y'\nz = 1")
    assert len(str(refused.value).splitlines()) == 3


def test_a_huge_file_is_refused() -> None:
    """The body is bounded before it is parsed."""
    with pytest.raises(InvalidDocument, match="right file"):
        parse_mandate("#" * 100_000)


def test_shares_of_disabled_classes_do_not_count() -> None:
    """Whoever trades stocks alone may give them everything."""
    mandate = parse_mandate(
        "[stock]\ncapital_share_percent = 100\nloss_share_percent = 100\n[futures]\nenabled = false\n"
        "[options]\nenabled = false"
    )
    assert mandate.enabled == (AssetClass.STOCK,)
    assert mandate.class_capital_paise(AssetClass.STOCK) == mandate.capital_paise


def test_the_hash_is_of_the_limits_and_not_of_the_spelling() -> None:
    """Comments and underscores change nothing; a changed limit changes the hash, also on a copy."""
    mandate = parse_mandate("# mine\ncapital_rupees = 1500000")
    assert mandate.hash == parse_mandate("").hash
    assert parse_mandate("full_losses_a_day = 3").hash != mandate.hash
    assert mandate.model_copy(update={"full_losses_a_day": 3}).hash == parse_mandate("full_losses_a_day = 3").hash


def test_round_trip_through_a_document() -> None:
    """Stored and read again it is the same mandate."""
    mandate = parse_mandate("[stock]\nentry_from = '09:45'")
    assert Mandate.from_fields(mandate.to_fields()) == mandate


@given(amount=st.integers(0, 10**14), percent=st.floats(0, 100, allow_nan=False))
def test_a_share_is_never_rounded_up(amount: int, percent: float) -> None:
    """A share of a limit is at most its exact value and less than one paisa below it."""
    exact = Fraction(amount) * Fraction(str(percent)) / 100
    assert 0 <= exact - share_of(amount, percent) < 1


@given(thirds=st.lists(st.floats(0.1, 33.3), min_size=3, max_size=3), capital=st.integers(10_00_000, 10**9))
def test_class_shares_never_add_to_more_than_the_account(thirds: list[float], capital: int) -> None:
    """Whatever the percentages, the classes' capital and losses fit in the account's, to the paisa."""
    text = f"capital_rupees = {capital}\n" + "\n".join(
        f"[{name}]\ncapital_share_percent = {share}\nloss_share_percent = {share}\nmax_order_value_rupees = 1"
        for name, share in zip(("stock", "futures", "options"), thirds, strict=True)
    )
    mandate = parse_mandate(text)
    assert sum(mandate.class_capital_paise(a) for a in AssetClass) <= mandate.capital_paise
    assert sum(mandate.class_loss_paise(a) for a in AssetClass) <= mandate.daily_loss_paise
    for asset_class in AssetClass:
        whole = mandate.risk_per_trade_paise(asset_class) * mandate.full_losses_a_day
        assert whole <= mandate.class_loss_paise(asset_class)
