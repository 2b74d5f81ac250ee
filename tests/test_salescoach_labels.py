"""What is asked first, how people agree, and Label Studio's JSON both ways."""

import json
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.errors import InputError
from salescoach.labels.answers import LabelQuestion, agreement, by_subject
from salescoach.labels.label_studio import annotations_in, labelling_config, task_of
from salescoach.labels.queue import (
    MAX_OF_A_CALL,
    ScoredOutcome,
    most_surprising,
    most_unsure,
    move_questions,
    unsureness,
)
from salescoach.library.label_log import Answer, GivenLabel
from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import MOVES
from salescoach.testing import make_call, make_moves

CALL = make_call("c1", "Rep: It costs 40 a month.", "Customer: That is too much for us.", "Rep: I see.")


def test_the_least_sure_is_asked_first_and_only_what_a_side_can_do() -> None:
    p = np.full((3, len(MOVES)), 0.01)
    p[1, MOVES.index("objection_price")] = 0.42
    p[0, MOVES.index("price_talk")] = 0.9
    p[0, MOVES.index("objection_price")] = 0.4  # the rep can't make it
    asked = most_unsure(move_questions(CALL, p, np.full(len(MOVES), 0.4), "reader-1"), 2)
    assert [(one.turn, one.subject) for one in asked] == [(2, "objection_price"), (1, "price_talk")]
    assert asked[0].quote == "That is too much for us."
    assert asked[0].before == "It costs 40 a month."
    again = most_unsure(
        move_questions(CALL, p, np.full(len(MOVES), 0.4), "reader-1"),
        1,
        answered=[(CALL.transcript.content_hash, 2, "objection_price")],
    )
    assert again[0].subject == "price_talk"


def question(call: str, p: float) -> LabelQuestion:
    return LabelQuestion(
        call_id=call, content_hash=call, turn=1, subject=f"{p}", asks="?", speaker="A", role="rep", quote="x",
        before=None, probability=p, threshold=0.5, model_id="m",
    )  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=30), st.integers(1, 10))
def test_the_queue_is_ordered_and_no_call_fills_it(rows: list[tuple[str, float]], n: int) -> None:
    asked = most_unsure([question(call, p) for call, p in rows], n)
    unsure = [unsureness(one.probability, one.threshold) for one in asked]
    assert unsure == sorted(unsure, reverse=True)
    assert len(asked) <= n
    assert all(sum(one.call_id == call for one in asked) <= MAX_OF_A_CALL for call in "abc")


def test_outcomes_that_the_score_contradicts_are_asked_about() -> None:
    lost, won = ScoredOutcome("c2", "h2", "lost", 0.93, "m"), ScoredOutcome("c3", "h3", "converted", 0.9, "m")
    asked = most_surprising([lost, won, ScoredOutcome("c1", "h1", "converted", 0.2, "m")], 5)
    assert [one.call_id for one in asked] == ["c2", "c1"]
    assert "kept as lost" in asked[0].asks


def label(turn: int, answer: Answer, rater: str) -> GivenLabel:
    return GivenLabel(
        call_id="c1", content_hash="h", turn=turn, subject="pain", answer=answer, rater=rater, model_id="m",
        probability=0.5, labelled_at=datetime(2026, 3, 2),
    )  # fmt: skip


def test_agreement_is_kappa_over_what_both_answered() -> None:
    labels = [label(turn, "yes" if turn <= 6 else "no", "ada") for turn in range(1, 13)]
    labels += [label(turn, "no" if 6 <= turn <= 11 else "yes", "grace") for turn in range(1, 13)]
    labels += [label(20, "unsure", "grace"), label(20, "yes", "ada"), label(1, "yes", "joan")]
    found = {one.raters: one for one in agreement(labels)}
    assert (found["ada", "grace"].n_shared, found["ada", "grace"].kappa) == (12, 0.667)
    assert found["ada", "joan"].kappa is None  # too few
    [subject] = by_subject(labels)
    assert (subject.n, subject.n_yes, subject.n_no, subject.n_unsure) == (27, 14, 12, 1)


MOVES_READ = make_moves(CALL.transcript, {2: ["objection_price"]}, model_id="reader-1")


def annotated(*regions: tuple[int, str], outcome: str | None = None, rater: Any = 3) -> list[dict[str, Any]]:
    """A task as Label Studio gives it back."""
    task = json.loads(json.dumps(task_of(CALL, MOVES_READ)))
    result: list[dict[str, Any]] = [
        {
            "id": f"x{place}", "from_name": "moves", "to_name": "dialogue", "type": "paragraphlabels",
            "value": {"start": str(place), "end": str(place), "startOffset": 0, "endOffset": 5,
                      "paragraphlabels": [name]},
        }
        for place, name in regions
    ]  # fmt: skip
    if outcome is not None:
        chosen = {"choices": [outcome]}
        result.append({"from_name": "outcome", "to_name": "dialogue", "type": "choices", "value": chosen})
    task["annotations"] = [{"id": 1, "completed_by": rater, "was_cancelled": False, "result": result}]
    return [task]


def test_a_task_says_what_was_read_and_by_which_model() -> None:
    task = task_of(CALL, MOVES_READ)
    assert [one["author"] for one in task["data"]["dialogue"]] == ["Rep", "Customer", "Rep"]
    [prediction] = task["predictions"]
    assert prediction["model_version"] == "reader-1"
    [region] = prediction["result"]
    assert (region["value"]["start"], region["value"]["end"]) == ("1", "1")
    assert region["value"]["paragraphlabels"] == ["objection_price"]
    assert all(f'"{name}"' in labelling_config() for name in MOVES)


def test_what_comes_back_is_yes_no_and_who() -> None:
    [kept] = annotations_in(annotated((1, "objection_price"), (0, "price_talk"), outcome="lost"))
    assert kept.yes == {(2, "objection_price"), (1, "price_talk")}
    assert kept.no == frozenset()
    assert (kept.rater, kept.model_id, kept.outcome) == ("label-studio:3", "reader-1", "lost")
    [other] = annotations_in(annotated((1, "stall"), rater={"email": "ada@firm.example"}))
    assert other.no == {(2, "objection_price")}
    assert other.rater == "ada@firm.example"
    cancelled = annotated((1, "stall"))
    cancelled[0]["annotations"][0]["was_cancelled"] = True
    assert list(annotations_in(cancelled)) == []


WRONG: list[tuple[Any, str]] = [
    ({"tasks": []}, "JSON list"),
    ([{"data": {}}], "names no call"),
    ([{"data": {"call_id": "c1"}}], "holds no turns"),
    (annotated((1, "shouting")), "no move"),
    (annotated((7, "stall")), "paragraph 7"),
    (annotated((0, "stall")), "turn 1"),
    (annotated(outcome="maybe"), "Task 1 has an outcome"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_cannot_be_used_is_named_by_its_task(given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        list(annotations_in(given))


def test_moves_of_a_call_that_says_nothing_are_no_prediction() -> None:
    empty = CallMoves(turns=(), objections=(), next_step=None, reader="encoder", model_id="reader-1")
    assert task_of(make_call("c9", "Rep: Hi."), empty)["predictions"][0]["result"] == []
