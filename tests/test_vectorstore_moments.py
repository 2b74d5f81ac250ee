"""Moments: what a customer says with what led up to it, by rule for any call."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.testing import make_transcript
from salescoach.types import Turn
from vectorstore.moments import LEAD_WEIGHT, MAX_TURNS, MIN_WORDS, moment_around, moment_vectors, moments_of

TURNS = st.lists(
    st.builds(
        lambda role, n: Turn(speaker="x", role=role, text=" ".join(["word"] * n)),
        st.sampled_from(["rep", "customer", "unknown"]),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=40,
)
CALL = make_transcript(
    "Rep: Hello, is this a good moment?",
    "Customer: Yes.",
    "Rep: How do you plan the shifts today?",
    "Customer: On paper, and it takes me a day.",
    "Rep: Right.",
    "Customer: Your price is far above our budget.",
    "Rep: Mm-hm.",
    "Rep: What does that day cost you each week?",
    "Rep: And who decides about it with you?",
)


def substantial(turn: Turn) -> bool:
    return len(turn.text.split()) >= MIN_WORDS


def test_a_moment_is_a_customers_turn_with_what_led_up_to_it_and_the_reply_after_it() -> None:
    found = [(one.start, one.end, one.anchor, one.lead, one.reply) for one in moments_of(CALL.turns)]
    assert found == [(3, 4, 4, 3, None), (4, 6, 6, 4, 8)]  # the next words after turn 4 are the customer's own


@given(TURNS)
def test_moments_of_any_call(turns: list[Turn]) -> None:
    moments = moments_of(turns)
    assert moments
    anchors = [one.anchor for one in moments]
    assert anchors == sorted(set(anchors))
    customers = [n for n, turn in enumerate(turns, 1) if substantial(turn) and turn.role != "rep"]
    assert not customers or anchors == customers
    for one in moments:
        assert 1 <= one.start <= one.anchor <= one.end <= len(turns)
        assert min(len(turns), 2) <= one.end - one.start + 1 <= MAX_TURNS
        assert one.lead is None or one.lead == one.start
        if one.reply is not None:
            assert one.reply > one.anchor
            assert turns[one.reply - 1].role == "rep"
    for turn in range(1, len(turns) + 1):
        assert moment_around(moments, turn) in moments


@given(TURNS)
def test_an_anchor_is_best_seen_in_its_own_moment(turns: list[Turn]) -> None:
    moments = moments_of(turns)
    for one in moments:
        assert moment_around(moments, one.anchor) == one


def test_a_reps_turn_is_seen_with_what_the_customer_said_to_it() -> None:
    moments = moments_of(CALL.turns)
    assert moment_around(moments, 3).anchor == 4
    assert moment_around(moments, 9).anchor == 6


def test_vectors_are_the_weighted_difference_from_the_average_turn() -> None:
    rng = np.random.default_rng(0)
    turns, mean = rng.normal(size=(len(CALL), 8)).astype(np.float32), rng.normal(size=8).astype(np.float32)
    vectors = moment_vectors(turns, moments_of(CALL.turns), mean)
    expected = (turns[3] - mean) + LEAD_WEIGHT * (turns[2] - mean)
    assert vectors[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors.dtype == np.float32


def test_what_follows_doesnt_change_a_moment() -> None:
    rng = np.random.default_rng(1)
    turns = rng.normal(size=(len(CALL), 8)).astype(np.float32)
    changed = np.concatenate([turns[:6], rng.normal(size=(3, 8)).astype(np.float32)])
    mean = np.zeros(8, dtype=np.float32)
    assert np.array_equal(
        moment_vectors(turns, moments_of(CALL.turns), mean), moment_vectors(changed, moments_of(CALL.turns), mean)
    )
