"""Label Studio's JSON both ways: tasks with what the coach read as predictions, and annotations back as labels.

A task is a call: its turns as the paragraphs of a ``Paragraphs`` tag, a move as a region of ``ParagraphLabels`` over a
whole turn, and the outcome as a choice. ``LABELLING_CONFIG`` is the project's setup that fits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from salescoach.errors import InputError
from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import MOVES, moves_of
from salescoach.types import LabelledCall

OUTCOMES: Final = ("converted", "lost", "open")
MOVES_TAG: Final = "moves"
OUTCOME_TAG: Final = "outcome"
TEXT_TAG: Final = "dialogue"


def labelling_config() -> str:
    """The labelling interface that fits the tasks, to paste into a project's settings."""
    labels = "\n".join(f'    <Label value="{name}"/>' for name in MOVES)
    choices = "\n".join(f'    <Choice value="{name}"/>' for name in OUTCOMES)
    return (
        f'<View>\n  <ParagraphLabels name="{MOVES_TAG}" toName="{TEXT_TAG}" choice="multiple">\n{labels}\n'
        f'  </ParagraphLabels>\n  <Paragraphs name="{TEXT_TAG}" value="${TEXT_TAG}" layout="dialogue"/>\n'
        f'  <Choices name="{OUTCOME_TAG}" toName="{TEXT_TAG}">\n{choices}\n  </Choices>\n</View>\n'
    )


def task_of(call: LabelledCall, moves: CallMoves) -> dict[str, Any]:
    """A call as a task, with what was read as a prediction that names its model."""
    turns = call.transcript.turns
    regions = [
        _region(one.turn, turns[one.turn - 1].text, move.name, move.probability)
        for one in moves.turns
        for move in one.moves
    ]
    found = [region["score"] for region in regions]
    return {
        "data": {
            "call_id": call.call_id,
            "content_hash": call.transcript.content_hash,
            TEXT_TAG: [{"author": turn.speaker, "text": turn.text, "role": turn.role} for turn in turns],
        },
        "predictions": [
            {
                "model_version": moves.model_id,
                "score": round(sum(found) / len(found), 4) if found else 0.0,
                "result": regions,
            }
        ],
    }


@dataclass(frozen=True)
class AnnotatedTask:
    """What one person said of a call: the moves of turns, the predicted moves they left out, and the outcome."""

    number: int
    call_id: str
    content_hash: str
    rater: str
    model_id: str
    yes: frozenset[tuple[int, str]]
    no: frozenset[tuple[int, str]]
    outcome: str | None


def annotations_in(given: Any) -> Iterator[AnnotatedTask]:
    """The annotations in an export of Label Studio.

    Args:
        given: the JSON: a list of tasks.

    Raises:
        InputError: it is none, or an annotation can't be used; names the task by its place, from 1.
    """
    if not isinstance(given, list) or not all(isinstance(task, dict) for task in given):
        raise InputError("This is no export of Label Studio: it should be a JSON list of tasks; export it as JSON.")
    for number, task in enumerate(given, start=1):
        data = task.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("call_id"), str):
            raise InputError(f"Task {number} names no call; give tasks that `coach label export` wrote.")
        turns = data.get(TEXT_TAG)
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            raise InputError(f"Task {number} holds no turns; give tasks that `coach label export` wrote.")
        predicted, model_id = _predicted(task, number, turns)
        for annotation in task.get("annotations") or []:
            if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
                continue
            results = _results(annotation, number)
            yes = frozenset(_moves(results, number, turns))
            yield AnnotatedTask(
                number=number,
                call_id=data["call_id"],
                content_hash=str(data.get("content_hash")),
                rater=_rater(annotation.get("completed_by")),
                model_id=model_id,
                yes=yes,
                no=frozenset(predicted - yes),
                outcome=_outcome(results, number),
            )


def _region(turn: int, text: str, move: str, probability: float) -> dict[str, Any]:
    at = str(turn - 1)
    return {
        "id": f"t{turn}-{move}",
        "from_name": MOVES_TAG,
        "to_name": TEXT_TAG,
        "type": "paragraphlabels",
        "score": probability,
        "value": {
            "start": at, "end": at, "startOffset": 0, "endOffset": len(text), "text": text, "paragraphlabels": [move]
        },
    }  # fmt: skip


def _predicted(task: Mapping[str, Any], number: int, turns: Sequence[Any]) -> tuple[set[tuple[int, str]], str]:
    predictions = [one for one in task.get("predictions") or [] if isinstance(one, dict)]
    if not predictions:
        return set(), "unknown"
    return set(_moves(_results(predictions[0], number), number, turns)), str(predictions[0].get("model_version"))


def _results(annotation: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise InputError(f"Task {number} has an annotation without a result; export the project as JSON.")
    return results


def _moves(results: Sequence[Mapping[str, Any]], number: int, turns: Sequence[Any]) -> Iterator[tuple[int, str]]:
    for one in results:
        if one.get("type") != "paragraphlabels":
            continue
        value = one.get("value")
        try:
            start, end = int(value["start"]), int(value["end"])  # type: ignore[index]
            names = [str(name) for name in value["paragraphlabels"]]  # type: ignore[index]
        except (TypeError, KeyError, ValueError):
            raise InputError(f"Task {number} has a region without a place or a label.") from None
        if not 0 <= start <= end < len(turns):
            raise InputError(f"Task {number} has a region in paragraph {start}, and {len(turns)} paragraphs from 0 on.")
        for place in range(start, end + 1):
            for name in names:
                if name not in MOVES:
                    raise InputError(
                        f"Task {number} has the label {name!r}, which is no move; docs/moves.md lists them."
                    )
                role = turns[place].get("role", "unknown")
                if role != "unknown" and name not in moves_of(role):
                    raise InputError(
                        f"Task {number} gives turn {place + 1}, the {role}'s, the move {name}, which is the other's."
                    )
                yield place + 1, name


def _outcome(results: Sequence[Mapping[str, Any]], number: int) -> str | None:
    for one in results:
        if one.get("type") == "choices" and one.get("from_name") == OUTCOME_TAG:
            value = one.get("value")
            chosen = value.get("choices") if isinstance(value, dict) else None
            if not isinstance(chosen, list) or len(chosen) != 1 or chosen[0] not in OUTCOMES:
                raise InputError(f"Task {number} has an outcome that is none of {', '.join(OUTCOMES)}.")
            return str(chosen[0])
    return None


def _rater(given: Any) -> str:
    """Who annotated: an e-mail address, or the number that Label Studio gives people."""
    if isinstance(given, dict):
        given = given.get("email") or given.get("id")
    return f"label-studio:{given}" if isinstance(given, int) else str(given or "label-studio")
