"""Triplets: mined from labelled calls, guarded against false negatives, never across parts."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from salescoach.errors import DataError
from salescoach.testing import WordHashEncoder, make_call
from salescoach.types import LabelledCall, Outcome
from training import triplets
from training.triplets import TRAIN_FILE, VALIDATION_FILE, Triplet, mine_triplets, write_triplets

TOPICS = ("the price of the yearly plan", "the security review of your platform", "the move from our old system")
ANSWERS = {
    "converted": "that sounds good so let us put a date for the start into the calendar",
    "lost": "that does not convince us and we would rather stay with what we have",
}


def some_calls(n: int, prefix: str = "c") -> list[LabelledCall]:
    calls = []
    for row in range(n):
        outcome: Outcome = "converted" if row % 2 else "lost"
        lines = []
        for turn in range(4):
            topic = TOPICS[(row // 2 + turn) % len(TOPICS)]
            lines += [
                f"Rep: Shall we speak about {topic} number{row}{turn}",
                f"Customer: {ANSWERS[outcome]} as{turn}{row}",
            ]
        calls.append(make_call(f"{prefix}{row}", *lines, outcome=outcome, account_id=f"{prefix}-acc-{row}"))
    return calls


def call_of(text: str, calls: Sequence[LabelledCall]) -> LabelledCall:
    return next(call for call in calls if text.splitlines()[0].partition(": ")[2] in call.transcript.text())


def test_a_triplet_is_what_it_says() -> None:
    calls = some_calls(12)
    encoder = WordHashEncoder(dimension=64)
    mined = mine_triplets(calls, encoder, seed=1)
    assert len(mined) >= 12
    for triplet in mined:
        anchor, positive, negative = (
            call_of(text, calls) for text in (triplet.anchor, triplet.positive, triplet.negative)
        )
        assert anchor.outcome == positive.outcome != negative.outcome
        assert len({anchor.account_id, positive.account_id, negative.account_id}) == 3
        for call in (anchor, positive, negative):
            assert call.call_id in triplet.why
    assert {call_of(triplet.anchor, calls).outcome for triplet in mined} == {"converted", "lost"}


def test_a_negative_is_clearly_further_off_than_the_positive() -> None:
    calls = some_calls(12)
    encoder = WordHashEncoder(dimension=64)

    def vector(text: str) -> np.ndarray:
        mean = encoder.encode(text.splitlines()).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    for triplet in mine_triplets(calls, encoder, seed=1):
        anchor = vector(triplet.anchor)
        positive, negative = anchor @ vector(triplet.positive), anchor @ vector(triplet.negative)
        assert negative <= triplets.MAX_NEGATIVE_SHARE * positive + 1e-6


def test_what_is_said_in_won_and_lost_calls_alike_is_left_out() -> None:
    calls = some_calls(12)
    opening = ("Rep: good morning and thank you for taking the time for this talk today", "Customer: of course hello")
    both = [
        make_call(call.call_id, *opening, *opening, *call.transcript.text().splitlines(), outcome=call.outcome)
        for call in calls
    ]
    for triplet in mine_triplets(both, WordHashEncoder(), seed=1):
        for text in (triplet.anchor, triplet.positive, triplet.negative):
            assert "good morning" not in text


def test_calls_that_only_differ_in_outcome_teach_nothing() -> None:
    lines = ("Rep: " + " ".join(["word"] * 15), "Customer: " + " ".join(["answer"] * 15))
    calls = [make_call(f"c{row}", *lines, outcome="lost" if row % 2 else "converted") for row in range(6)]
    assert mine_triplets(calls, WordHashEncoder(), seed=0) == []


@pytest.mark.parametrize("calls", [[], some_calls(1), [make_call("open", "Rep: " + "word " * 20, outcome=None)]])
def test_too_little_gives_none(calls: list[LabelledCall]) -> None:
    assert mine_triplets(calls, WordHashEncoder(), seed=0) == []


def test_the_same_seed_mines_the_same_and_long_calls_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = some_calls(12)
    first, again, other = (mine_triplets(calls, WordHashEncoder(64), seed) for seed in (1, 1, 2))
    assert first == again != other
    monkeypatch.setattr(triplets, "MAX_PER_CALL", 1)
    few = mine_triplets(calls, WordHashEncoder(64), seed=1)
    anchors = [call_of(triplet.anchor, calls).call_id for triplet in few]
    assert len(anchors) == len(set(anchors))
    assert len(mine_triplets(calls, WordHashEncoder(64), seed=1, max_triplets=4)) <= 4


def test_the_files_keep_their_parts_apart(tmp_path: Path) -> None:
    train, validation = some_calls(12), some_calls(8, "v")
    files = write_triplets(train, validation, WordHashEncoder(64), tmp_path / "runs", seed=1)
    assert [file.name for file in files] == [TRAIN_FILE, VALIDATION_FILE]
    for file, own in zip(files, (train, validation), strict=True):
        mined = [Triplet.model_validate(row) for row in json.loads(file.read_text(encoding="utf-8"))]
        assert mined
        said = "\n".join(call.transcript.text() for call in own)
        for triplet in mined:
            for text in (triplet.anchor, triplet.positive, triplet.negative):
                assert all(line.partition(": ")[2] in said for line in text.splitlines())


def test_an_account_in_both_parts_is_refused(tmp_path: Path) -> None:
    calls = some_calls(12)
    with pytest.raises(DataError, match=r"accounts, such as c-acc-5, are in both parts"):
        write_triplets(calls[:6], calls[5:], WordHashEncoder(), tmp_path, seed=1)
    assert not list(tmp_path.iterdir())
