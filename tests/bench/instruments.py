"""The morning's dump: 100,000 rows of CSV, as the broker sends them, to a checked table and to instruments."""

from datetime import date
from statistics import median
from time import process_time

from common.adapters.kite.dump import parse_dump
from common.market.instruments import COLUMNS

ROWS = 100_000
SHARES = 1_000
ROUNDS = 5
DAY = date(2026, 11, 20)
EXPIRIES = (("2026-11-24", "26N24"), ("2026-12-29", "26DEC"))


def dump() -> bytes:
    """Options of 198 underlyings and a thousand shares."""
    rows = [
        f'{(n << 8) | 1},{n},S{n},"S{n} LIMITED",0,,0,0.05,1,EQ,NSE,NSE' for n in range(1, SHARES + 1)
    ]
    for number in range(SHARES + 1, ROWS + 1):
        underlying, rest = divmod(number, 500)
        strike, (expiry, code), kind = 1_000 + 50 * (rest // 4), EXPIRIES[rest % 2], ("CE", "PE")[rest // 2 % 2]
        rows.append(
            f'{(number << 8) | 2},{number},U{underlying}{code}{strike}{kind},"U{underlying}",0,{expiry},{strike},0.05,'
            f"75,{kind},NFO-OPT,NFO"
        )
    return "\n".join([",".join(COLUMNS), *rows, ""]).encode()


def main() -> None:
    """Seconds of CPU, of all threads."""
    import pyarrow.compute
    import pyarrow.csv  # noqa: F401 - what comes with the first use is not the dump's

    data, parsed, made, looked = dump(), list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        begun = process_time()
        found = parse_dump(data, DAY)
        table = process_time()
        listed = found.instruments()
        objects = process_time()
        assert found.by_token(SHARES << 8 | 1) is not None
        looked.append(process_time() - objects)
        parsed.append(table - begun)
        made.append(objects - table)
        assert len(listed) == ROWS
    print(f"instruments: {ROWS:,} rows, median of {ROUNDS} (most), CPU seconds: parsed {median(parsed):.3f} "
          f"({max(parsed):.3f}), as instruments {median(made):.3f} ({max(made):.3f}), a look-up {median(looked):.4f}")


if __name__ == "__main__":
    main()
