"""Checks of behaviour: what they do to a call, what counts as passed, and how they get to card and manifest."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.behaviour import CHECKS, MAX_CHANGE, MIN_CHANGE, N_CALLS, WORDS, Expectation, Variation, check_behaviour
from eval.behaviour import _pass_rate as pass_rate
from salescoach.config import Settings
from salescoach.model.artifact import ModelFolder
from salescoach.model.scoring import CallScorer
from salescoach.testing import make_calls, make_transcript
from salescoach.types import PassRate, Transcript
from serving.usecases.setup import example_calls
from training.options import TrainingOptions
from training.run import train

CALL = make_transcript(
    *(f"{side}: this is what we had to say about point number {n}." for n in range(6) for side in ("Rep", "Customer")),
)


@pytest.fixture
def scorer(settings: Settings) -> CallScorer:
    return CallScorer.load(settings)


def no_pairs(call: Transcript) -> Iterator[tuple[Transcript, Transcript]]:
    return iter(())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_changes_what_it_says_and_nothing_else(check: Variation) -> None:
    pairs = list(check.pairs(CALL))
    assert pairs == list(check.pairs(CALL))  # nothing is drawn anew
    for before, after in pairs:
        assert before != after
        assert abs(len(before) - len(after)) <= 1
        assert all(turn.text for turn in after.turns)
        changed = sum(turn not in before.turns for turn in after.turns)
        if "change places" in check.name:
            assert [turn.text for turn in after.turns] == [turn.text for turn in before.turns]
            assert all(one.role != other.role for one, other in zip(before.turns, after.turns, strict=True))
        elif "recognition" not in check.name:
            assert changed == 1


def test_more_noise_changes_more_words() -> None:
    changed = []
    for check in CHECKS:
        if "recognition" in check.name:
            ((before, after),) = check.pairs(example_calls()[0].transcript)
            words = [turn.text.split() for turn in before.turns], [turn.text.split() for turn in after.turns]
            same = sum(len(set(was) & set(now)) for was, now in zip(*words, strict=True))
            changed.append(1 - same / sum(len(set(was)) for was in words[0]))
    assert changed == sorted(changed)
    assert 0.02 < changed[0] < 0.1
    assert 0.3 < changed[-1] < 0.6


@given(st.lists(st.floats(-1, 1), min_size=1), st.sampled_from(list(WORDS)))
def test_what_counts_as_passed(changes: list[float], expectation: Expectation) -> None:
    found = pass_rate(Variation("a check", expectation, no_pairs), changes)
    wanted = {
        "falls": [change <= -MIN_CHANGE for change in changes],
        "stays": [abs(change) <= MAX_CHANGE for change in changes],
        "moves": [abs(change) >= MIN_CHANGE for change in changes],
    }[expectation]
    assert (found.passed, found.n) == (sum(wanted), len(changes))
    assert found.mean_change == pytest.approx(np.mean(changes), abs=1e-4)


def test_a_model_is_asked_before_and_after_and_the_same_every_time(scorer: CallScorer) -> None:
    calls = [call.transcript for call in example_calls()][:2]
    found = check_behaviour(scorer, calls)
    assert [one.check for one in found] == [check.name for check in CHECKS]
    assert check_behaviour(scorer, calls) == found
    ended = next(one for one in found if "last customer turn" in one.check)
    before, after = next(iter(next(check for check in CHECKS if check.name == ended.check).pairs(calls[0])))
    changes = [scorer.score(call, force=True).trajectory[-1].probability for call in (before, after)]
    assert ended.n == 6
    assert ended.mean_change != 0
    assert changes[0] != changes[1]


def test_of_many_calls_some_are_taken_and_a_check_that_can_not_be_made_is_left_out(scorer: CallScorer) -> None:
    rep_only = make_transcript(*(f"Rep: I go on talking, now about point {n}." for n in range(8)))
    found = check_behaviour(scorer, [rep_only] * (N_CALLS + 5))
    assert "the sides change places" not in [one.check for one in found]
    assert max(one.n for one in found if "recognition" in one.check) == N_CALLS


def test_training_hands_the_model_to_a_judge_and_keeps_what_it_says(tmp_path: Path) -> None:
    calls = make_calls(60)
    asked: list[float] = []

    def judge(scorer: CallScorer) -> list[PassRate]:
        asked.append(scorer.score(calls[0].transcript, force=True).trajectory[-1].probability)
        return [PassRate(check="says no", expected=WORDS["falls"], passed=3, n=4, mean_change=-0.02)]

    settings = Settings.load(home=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.fit_head.N_MEMBERS", 6)
        patch.setattr("training.judge.N_RESAMPLES", 25)
        train(calls, tmp_path / "model", settings, TrainingOptions(name="tiny", data="60 calls"), judge=judge)
    folder = ModelFolder.open(tmp_path / "model")
    assert [(one.passed, one.n) for one in folder.manifest.behaviour] == [(3, 4)]
    assert "| says no | falls by 1 point at least | 3 of 4 |" in (tmp_path / "model" / "MODEL_CARD.md").read_text()
    scorer = CallScorer.load(Settings.load(home=tmp_path, model=tmp_path / "model"))
    assert asked == [scorer.score(calls[0].transcript, force=True).trajectory[-1].probability]
