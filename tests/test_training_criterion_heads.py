"""Heads of criteria are fitted on what is unlike the reader's own calls; cuts keep how often a level is labelled."""

from pathlib import Path

import numpy as np
import pytest

from salescoach.errors import DataError
from salescoach.moves.heads import N_OUTPUTS
from salescoach.moves.taxonomy import MOVES
from salescoach.scorecards.heads import learned_criteria
from salescoach.scorecards.judge import HeardCall, judge_call
from salescoach.scorecards.playbook import BUNDLED, bundled_playbook
from salescoach.stats.agreement import weighted_kappa
from salescoach.testing import make_call
from training.authored.corpus import read_calls
from training.authored.labelled import AUTHORED, JUDGES
from training.authored.scorecards import FOLDER, CriterionLabel, read_criterion_labels
from training.criterion_heads import cut_on_unseen, fit_criterion_heads, share_cuts
from training.moves.run import writer_of
from training.moves.unseen import as_if_unseen, folds_of

CALL = make_call("x", "Rep: Who signs?", "Customer: My wife.", "Rep: I see.", "Customer: Yes.", "Rep: Good.").transcript


def test_weighted_kappa_of_a_table_counted_by_hand() -> None:
    first, second = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    # Seen: one step in four pairs. By chance: 14 steps in 16.
    assert weighted_kappa(first, second, 3) == pytest.approx(1 - (1 / 4) / (14 / 16))
    assert weighted_kappa(first, first, 3) == 1
    assert weighted_kappa(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), 2) == pytest.approx(0)
    assert np.isnan(weighted_kappa(np.array([1]), np.array([1]), 3))


def test_cuts_tell_each_level_as_often_as_it_is_labelled() -> None:
    told = np.random.default_rng(0).permutation(30) / 30
    levels = np.repeat([0, 1, 2], [6, 9, 15])
    low, high = share_cuts(told, levels)
    found = (told >= low).astype(int) + (told >= high)
    assert np.abs(np.bincount(found, minlength=3) - [6, 9, 15]).max() <= 1


def test_heads_find_what_they_were_fitted_on_in_other_calls() -> None:
    rng = np.random.default_rng(0)
    moves = [MOVES.index("authority"), MOVES.index("discovery")]  # a customer's and a rep's
    calls, labels, p = {}, [], {}
    for number in range(40):
        one, met = f"w{number % 10:02}-{number:03}", ("no", "yes")[number // 10 % 2]
        sure = rng.uniform(0, 0.1, (len(CALL), N_OUTPUTS))
        if met == "yes":
            sure[1, moves[0]] = sure[2, moves[1]] = 0.9
        calls[one], p[one] = CALL, sure
        for name, criterion in learned_criteria():
            turn = {"rep": 3}.get(criterion.side, 2) if met == "yes" else None
            labels.append(CriterionLabel.model_validate(
                {"call": one, "playbook": name, "criterion": criterion.name, "met": met, "turn": turn}
            ))  # fmt: skip
    heads = fit_criterion_heads(calls, labels, p)
    fresh = rng.uniform(0, 0.1, (len(CALL), N_OUTPUTS))
    for meets in (False, True):
        if meets:
            fresh[1, moves[0]] = fresh[2, moves[1]] = 0.9
        for name in BUNDLED:
            card = judge_call(bundled_playbook(name), HeardCall(CALL, fresh, np.full(N_OUTPUTS, 0.4)), heads)
            assert {one.met for one in card.criteria} == ({"yes"} if meets else {"no"})
            turns = {one.turn for one in card.criteria}
            assert turns == ({3 if name == "spin" else 2} if meets else {None})

    # Where all is heard half as surely, cuts from calls that nobody labelled tell both levels as often as labels do.
    faint = {one: np.sqrt(sure) / 2 for one, sure in p.items()}
    again = cut_on_unseen(heads, calls, faint, labels)
    for name in BUNDLED:
        cards = [
            judge_call(bundled_playbook(name), HeardCall(CALL, sure, np.full(N_OUTPUTS, 0.4)), again)
            for sure in faint.values()
        ]
        for place in range(len(cards[0].criteria)):
            assert sum(card.criteria[place].met == "no" for card in cards) == pytest.approx(20, abs=1)


def test_what_the_reader_has_learned_by_heart_is_made_less_sure() -> None:
    words, reader = np.array([[0.2, 0.0]]), np.array([[0.99, 1.0]])
    ((first, second),) = as_if_unseen(words, reader)
    assert 0.2 < first < 0.6
    assert 0 < second < 0.5
    folds = folds_of(["w02", "w01", "w03", "w01"])
    assert sorted(folds.values()) == [0, 1, 2]


def test_labels_name_turns_of_their_calls_and_judges_teach_nothing() -> None:
    calls = read_calls(AUTHORED / "calls")
    files = {file.name: read_criterion_labels([file]) for file in FOLDER.glob("*.gz")}
    assert set(files) == {"judging.jsonl.gz", "more.jsonl.gz", "teaching.jsonl.gz"}
    for name, labels in files.items():
        for one in labels:
            assert (writer_of(one.call) in JUDGES) == (name == "judging.jsonl.gz")
            assert one.turn is None or 1 <= one.turn <= len(calls[one.call])


def test_a_line_that_is_no_label_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"call": "w01-003", "playbook": "bant"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"labels\.jsonl, line 1"):
        read_criterion_labels([tmp_path / "labels.jsonl"])
