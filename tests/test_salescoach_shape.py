"""The shape of a call: numbers that change when a feed breaks, and no word of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.model.abstention import code_of, reasons_not_to_judge, unlike_what_was_learned
from salescoach.speech.shape import shape_of
from salescoach.testing import make_transcript
from salescoach.types import Role, Transcript, Turn

ROLES: tuple[Role, ...] = ("rep", "customer", "unknown")
TURNS = st.lists(
    st.builds(
        Turn,
        speaker=st.just("A"),
        role=st.sampled_from(ROLES),
        text=st.text(alphabet="ab .,?!", max_size=12),
        start_s=st.none() | st.floats(0, 100),
    ),
    max_size=8,
).map(lambda turns: Transcript(turns=tuple(turns)))


def swapped(call: Transcript) -> Transcript:
    other: dict[Role, Role] = {"rep": "customer", "customer": "rep", "unknown": "unknown"}
    return call.model_copy(
        update={"turns": tuple(turn.model_copy(update={"role": other[turn.role]}) for turn in call.turns)}
    )


def test_of_a_small_call() -> None:
    shape = shape_of(make_transcript("Rep: Shall we start, then?", "Customer: Yes."))
    assert shape.model_dump() == {
        "n_turns": 2, "n_words": 5, "customer_share": 0.2, "unknown_share": 0, "timed_share": 0, "marks_per_word": 0.6,
    }  # fmt: skip


@given(TURNS)
def test_shares_are_shares_and_swapped_sides_swap_them(call: Transcript) -> None:
    shape, other = shape_of(call), shape_of(swapped(call))
    assert 0 <= shape.unknown_share <= 1
    assert 0 <= shape.timed_share <= 1
    assert (shape.n_turns, shape.n_words) == (other.n_turns, other.n_words)
    if shape.customer_share is None:
        assert other.customer_share is None
    else:
        assert other.customer_share == pytest.approx(1 - shape.customer_share)


def test_every_reason_has_its_code() -> None:
    short = reasons_not_to_judge(make_transcript("Rep: Hi.", "?: Bye."))
    german = reasons_not_to_judge(make_transcript(*("Rep: Das ist doch schon wieder ein langer deutscher Satz.",) * 8))
    assert [code_of(reason) for reason in short] == ["too_short", "sides_unknown"]
    assert [code_of(reason) for reason in german] == ["sides_unknown", "not_english"]
    assert code_of(unlike_what_was_learned("600 calls")) == "unlike"
    assert code_of("Something else.") == "other"
