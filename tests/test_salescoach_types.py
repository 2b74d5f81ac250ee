"""The vocabulary: frozen, complete, and unable to look ahead."""

from typing import Any

import pytest
from pydantic import ValidationError

from salescoach.testing import make_call, make_transcript
from salescoach.types import Score, Transcript, Turn

LINES = ("Rep: Hello.", "Customer: Hi.", "Rep: Shall we start?", "Customer: Go on.")


def score(**fields: Any) -> Score:
    usual = {
        "call_id": None,
        "probability": 0.4,
        "interval": (0.3, 0.5),
        "prediction_set": ("lost",),
        "abstained": False,
        "model_id": "starter-1",
        "scorer": "generic",
        "n_turns": 4,
        "latency_ms": 1.0,
    }
    return Score.model_validate(usual | fields)


def test_a_prefix_is_the_beginning_and_nothing_else() -> None:
    call = make_transcript(*LINES, call_id="c")
    assert call.prefix(2).turns == call.turns[:2]
    assert call.prefix(2) == make_transcript(*LINES[:2], call_id="c")
    assert len(call.prefix(0)) == 0
    assert len(call) == 4  # the call itself is as it was


def test_without_takes_out_one_turn_counted_from_1() -> None:
    call = make_transcript(*LINES)
    assert call.without(2).turns == (call.turns[0], *call.turns[2:])
    for turn in (0, 5, -1):
        with pytest.raises(IndexError, match=str(turn)):
            call.without(turn)


def test_a_part_of_a_call_has_its_own_content_hash() -> None:
    call = make_transcript(*LINES)
    assert call.content_hash  # computed before the parts are made
    parts = [call.prefix(3), call.without(1), call.without(4)]
    assert [part.content_hash for part in parts] == [Transcript(turns=part.turns).content_hash for part in parts]
    assert len({call.content_hash, *(part.content_hash for part in parts)}) == 3  # prefix(3) is without(4)


def test_a_copy_with_other_turns_has_another_content_hash() -> None:
    call = make_transcript(*LINES)
    before = call.content_hash
    assert call.model_copy(update={"turns": call.turns[:1]}).content_hash != before
    assert call.model_copy(update={"call_id": "named"}).content_hash == before


def test_the_content_is_roles_and_texts() -> None:
    turn = Turn(speaker="Dana", role="rep", text="Hello.")
    same = Turn(speaker="Rep", role="rep", text="Hello.", start_s=3.0, end_s=4.0)
    other_role = Turn(speaker="Dana", role="customer", text="Hello.")
    hashes = [Transcript(turns=(one,)).content_hash for one in (turn, same, other_role)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_types_are_frozen_and_know_their_fields() -> None:
    call = make_call("c", *LINES)
    with pytest.raises(ValidationError):
        call.outcome = "lost"
    with pytest.raises(ValidationError):
        Turn.model_validate({"speaker": "A", "role": "rep", "text": "x", "mood": "angry"})
    with pytest.raises(ValidationError):
        Turn.model_validate({"speaker": "A", "role": "boss", "text": "x"})


@pytest.mark.parametrize(
    "fields",
    [
        {"abstained": True},
        {"probability": None, "interval": None},
        {"probability": None, "interval": None, "abstained": True},
        {"reasons": ("too short",)},
        {"abstained": True, "reasons": ("too short",)},
    ],
)
def test_a_score_has_a_number_or_a_reason_never_both_or_neither(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="a probability, or it abstains"):
        score(**fields)


def test_both_kinds_of_score_are_possible() -> None:
    assert score().probability == 0.4
    assert score(probability=None, interval=None, abstained=True, reasons=("too short",)).abstained
