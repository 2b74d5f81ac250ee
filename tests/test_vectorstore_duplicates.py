"""Nearly the same call: found through changed words and cuts, and never where two calls merely sound alike."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.testing import make_transcript
from salescoach.types import Transcript
from vectorstore.duplicates import MIN_SHINGLES, nearly_same, shingles

WORDS = [f"{first}{second}" for first in "bdfgklmn" for second in ("ale", "ore", "ine", "ude", "ash", "ent", "ock")]


def call(seed: int, n_turns: int = 20) -> Transcript:
    draw = random.Random(seed)
    return make_transcript(
        *(f"{('Rep', 'Customer')[turn % 2]}: {' '.join(draw.choices(WORDS, k=12))}" for turn in range(n_turns))
    )


def misheard(transcript: Transcript, share: float) -> Transcript:
    draw = random.Random(1)
    turns = [
        turn.model_copy(
            update={"text": " ".join("uh" if draw.random() < share else word for word in turn.text.split())}
        )
        for turn in transcript.turns
    ]
    return Transcript(turns=tuple(turns))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (misheard(call(0), 0.08), True),
        (call(0).prefix(8), True),
        (call(0).without(3), True),
        (misheard(call(0), 0.5), False),
        (call(1), False),
    ],
    ids=["misheard", "cut short", "one turn out", "half changed", "another"],
)
def test_what_is_nearly_the_same_call(other: Transcript, same: bool) -> None:
    found = nearly_same([shingles(call(0)), shingles(other)])
    assert found.tolist() == [[False, same], [same, False]]


def test_a_call_of_a_few_words_is_no_copy_of_another() -> None:
    short = make_transcript("Rep: hello how are you today", "Customer: fine thank you and how are you")
    assert 0 < len(shingles(short)) < MIN_SHINGLES
    assert not nearly_same([shingles(short), shingles(short)]).any()


@given(st.lists(st.lists(st.integers(0, 60), max_size=50, unique=True), min_size=1, max_size=8))
def test_containment_is_counted_exactly(sets: list[list[int]]) -> None:
    found = nearly_same([np.array(sorted(one), dtype=np.uint32) for one in sets])
    for row, mine in enumerate(sets):
        for column, theirs in enumerate(sets):
            judged = row != column and min(len(mine), len(theirs)) >= MIN_SHINGLES
            share = len(set(mine) & set(theirs)) / max(min(len(mine), len(theirs)), 1)
            assert found[row, column] == (judged and share >= 0.45)
