"""Coverage-guided fuzzing of what Kite sends: `python -m tests.fuzz.guided frames|answers [libFuzzer's options]`.

It needs atheris, which is not among the locked packages: docs/kite.md says how.
"""

import sys
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"


def main() -> None:
    """Until libFuzzer's own limit (-max_total_time=600), or the first input that is not taken cleanly."""
    import atheris  # type: ignore[import-untyped]

    kind = sys.argv.pop(1)
    with atheris.instrument_imports(include=["common", "kiteconnect", "json"]):
        from tests.fuzz import kite_inputs
    target = {"frames": kite_inputs.read_frame, "answers": kite_inputs.read_answer}[kind]

    def one(data: bytes) -> None:
        target(data)

    atheris.Setup([*sys.argv, str(CORPUS / kind)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
