"""What to ask people about first: what the coach is least sure of."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from salescoach.labels.answers import LabelQuestion
from salescoach.moves.taxonomy import MEANINGS, MOVES, moves_of
from salescoach.types import LabelledCall, Outcome

MAX_OF_A_CALL: Final = 3  # questions, so that one odd call doesn't fill the queue
MAX_OF_A_MOVE: Final = 5
LEAST: Final = 1e-6  # probability that is told apart from 0 and 1


class ScoredOutcome(NamedTuple):
    """A call with the outcome that is kept of it, the probability that was given before, and by which model."""

    call_id: str
    content_hash: str
    outcome: Outcome
    probability: float
    model_id: str

    @property
    def surprise(self) -> float:
        """The probability that was given to what didn't happen, in [0, 1]."""
        return 1 - self.probability if self.outcome == "converted" else self.probability


def unsureness(probability: float, threshold: float) -> float:
    """How close to its threshold a probability is, in log-odds: 0 is a toss-up, below it the coach is surer."""
    return -abs(_logit(probability) - _logit(threshold))


def move_questions(
    call: LabelledCall, probabilities: np.ndarray, thresholds: np.ndarray, model_id: str
) -> list[LabelQuestion]:
    """A question for every move that a side can make in a turn.

    Args:
        call: the call.
        probabilities: the reader's, shape (n_turns, n_moves) at least.
        thresholds: from which on a turn makes a move, shape (n_moves,) at least.
        model_id: of the reader.
    """
    turns = call.transcript.turns
    return [
        LabelQuestion(
            call_id=call.call_id,
            content_hash=call.transcript.content_hash,
            turn=number,
            subject=name,
            asks=f"Is this {name.replace('_', ' ')}: {MEANINGS[name]}?",
            speaker=turn.speaker,
            role=turn.role,
            quote=turn.text,
            before=turns[number - 2].text if number > 1 else None,
            probability=round(float(probabilities[number - 1, k]), 4),
            threshold=round(float(thresholds[k]), 4),
            model_id=model_id,
        )
        for number, turn in enumerate(turns, start=1)
        if turn.role != "unknown"
        for k, name in enumerate(MOVES)
        if name in moves_of(turn.role)
    ]


def most_unsure(
    questions: Iterable[LabelQuestion], n: int, *, answered: Iterable[tuple[str, int, str]] = ()
) -> tuple[LabelQuestion, ...]:
    """The questions to ask first, the least sure one first; of one call and of one subject only a few.

    Args:
        questions: all there are.
        n: how many, at most.
        answered: content hash, turn and subject of what this person has answered already.
    """
    known = set(answered)
    left = sorted(
        (one for one in questions if (one.content_hash, one.turn, one.subject) not in known),
        key=lambda one: (-unsureness(one.probability, one.threshold), one.call_id, one.turn, one.subject),
    )
    chosen: list[LabelQuestion] = []
    of_call, of_subject = Counter[str](), Counter[str]()
    for one in left:
        if of_call[one.content_hash] < MAX_OF_A_CALL and of_subject[one.subject] < MAX_OF_A_MOVE:
            of_call[one.content_hash] += 1
            of_subject[one.subject] += 1
            chosen.append(one)
        if len(chosen) == n:
            break
    return tuple(chosen)


def most_surprising(
    calls: Sequence[ScoredOutcome], n: int, *, answered: Iterable[tuple[str, int, str]] = ()
) -> tuple[LabelQuestion, ...]:
    """Calls whose outcome the score contradicts most: where an outcome was entered wrongly, it is among these.

    Args:
        calls: that have an outcome and a score.
        n: how many, at most.
        answered: as for ``most_unsure``.
    """
    known = set(answered)
    asked = [
        LabelQuestion(
            call_id=call.call_id,
            content_hash=call.content_hash,
            turn=0,
            subject="outcome",
            asks=f"It is kept as {call.outcome}, and the score was {call.probability:.0%}. Did this deal convert?",
            speaker=None,
            role=None,
            quote=None,
            before=None,
            probability=round(call.probability, 4),
            threshold=0.5,
            model_id=call.model_id,
        )
        for call in sorted(calls, key=lambda one: (-one.surprise, one.call_id))
        if call.surprise > 0.5 and (call.content_hash, 0, "outcome") not in known
    ]
    return tuple(asked[:n])


def _logit(p: float) -> float:
    p = min(max(p, LEAST), 1 - LEAST)
    return math.log(p / (1 - p))
