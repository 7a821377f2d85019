"""What coverage-guided fuzzing has found worth keeping: every input is still taken cleanly, by the same two doors."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.guided import CORPUS
from tests.fuzz.kite_inputs import QUESTIONS, question_of, read_answer, read_frame


def test_kept_frames() -> None:
    """Ticks or counted complaints, and more than one of each kind: the corpus is not noise."""
    found = [read_frame(path.read_bytes()) for path in sorted((CORPUS / "frames").iterdir())]
    assert len(found) > 50
    for name in ("ticks", "heartbeats", "unknown", "truncated", "surplus"):
        assert any(getattr(counts, name) for counts in found)


def test_kept_answers() -> None:
    """Values or the errors that say what the caller does next, whatever was asked."""
    asked = set()
    for path in sorted((CORPUS / "answers").iterdir()):
        data = path.read_bytes()
        read_answer(data)
        asked.add(data[0] % len(QUESTIONS))
    assert len(asked) == len(QUESTIONS)




@given(st.sampled_from(sorted(QUESTIONS)), st.integers(0, 255), st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_answer(question: str, second: int, body: bytes) -> None:
    """Not only what is kept: bytes of any kind, of any status and type."""
    read_answer(bytes([question_of(question), second]) + body)
