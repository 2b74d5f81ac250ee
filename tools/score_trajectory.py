"""The tool ``score_trajectory``: the score as the call went on, and where it changed most."""

from collections.abc import Sequence
from itertools import pairwise

from salescoach.model.abstention import reasons_not_to_judge
from salescoach.redact.our_words import Ours
from salescoach.types import Frozen, Role, TrajectoryPoint, Transcript
from tools.document import AnswerDocument, document, line, listed
from tools.parts import Direction, Parts, direction, percent, points, scored_by, turn_marker
from tools.phrases import caveat, cite, count, quote, say, who
from tools.spec import CallArguments, Detail, ToolSpec

N_CHANGES = 4
N_CHANGES_SHORT = 2
ONLY_SHOWN = (
    "Each of these is the score of the call up to that turn, as if it had ended there; nothing else depends on them. "
    "A change shows where the score moved, not why the call went as it did."
)


class ShownPoint(Frozen):
    """The score of the call up to ``turn``."""

    turn: int
    probability_percent: int


class ShownChange(Frozen):
    """A turn with which the score changed: from that of the call before it to that of the call up to it."""

    marker: str
    turn: int
    speaker: str
    role: Role
    quote: str
    before_percent: int
    after_percent: int
    change_points: float
    direction: Direction


class TrajectoryResult(Frozen):
    """The score after each turn, from the first turn on with which there is enough to judge.

    ``changes``: the largest ones, in the order of the call. Where the coach gives no score there are reasons only.
    """

    call_id: str
    n_turns: int
    probability_percent: int | None = None
    reasons: Ours[tuple[str, ...]] = ()
    points_of_call: tuple[ShownPoint, ...] = ()
    changes: tuple[ShownChange, ...] = ()
    lowest_turn: int | None = None
    highest_turn: int | None = None
    reading: Ours[str] = ONLY_SHOWN
    scored_by: Ours[str | None] = None


def score_trajectory(parts: Parts, call_id: str) -> TrajectoryResult:
    """How the score of a call moved.

    Raises:
        InputError: there is no such call.
    """
    transcript = parts.library.get(call_id).transcript
    score = parts.scorer.score(transcript)
    if score.probability is None:
        return TrajectoryResult(call_id=call_id, n_turns=score.n_turns, reasons=score.reasons)
    judged = score.trajectory[first_judged(transcript) - 1 :]
    pairs = sorted(pairwise(judged), key=lambda pair: -abs(_change(pair)))[:N_CHANGES]
    return TrajectoryResult(
        call_id=call_id,
        n_turns=score.n_turns,
        probability_percent=percent(score.probability),
        points_of_call=tuple(
            ShownPoint(turn=point.turn, probability_percent=percent(point.probability)) for point in judged
        ),
        changes=tuple(
            _shown(transcript, *pair)
            for pair in sorted(pairs, key=lambda pair: pair[1].turn)
            if direction(_change(pair)) != "did not move"
        ),
        lowest_turn=min(judged, key=lambda point: point.probability).turn,
        highest_turn=max(judged, key=lambda point: point.probability).turn,
        scored_by=scored_by(parts.scorer),
    )


def first_judged(transcript: Transcript) -> int:
    """The first turn up to which the call could be judged had it ended there; its last turn at the latest."""
    n_turns = len(transcript)
    return next((turn for turn in range(1, n_turns) if not reasons_not_to_judge(transcript.prefix(turn))), n_turns)


def _change(pair: tuple[TrajectoryPoint, TrajectoryPoint]) -> float:
    return pair[1].probability - pair[0].probability


def _shown(transcript: Transcript, before: TrajectoryPoint, after: TrajectoryPoint) -> ShownChange:
    turn = transcript.turns[after.turn - 1]
    change = _change((before, after))
    return ShownChange(
        marker=turn_marker(after.turn),
        turn=after.turn,
        speaker=turn.speaker,
        role=turn.role,
        quote=turn.text,
        before_percent=percent(before.probability),
        after_percent=percent(after.probability),
        change_points=points(change),
        direction=direction(change),
    )


def _words(result: TrajectoryResult, detail: Detail) -> AnswerDocument:
    if not result.points_of_call:
        return document(
            listed("**I can't give a score for this call**, so I can't say when it turned.", result.reasons)
        )
    first, last = result.points_of_call[0], result.points_of_call[-1]
    course = (
        f"After turn {first.turn} the call stood at {first.probability_percent} %, at its end at "
        f"{last.probability_percent} %; it was lowest after turn {result.lowest_turn} and highest after turn "
        f"{result.highest_turn}."
    )
    changes = [
        line(
            cite(result.call_id, one.turn, one.quote),
            f" {who(one)}: ",
            quote(one.quote),
            f" ({one.direction} it by {say(one.change_points)} points, from {one.before_percent} % to "
            f"{one.after_percent} %)",
        )
        for one in _largest(result, detail)
    ]
    return document(course, listed("**Where it changed most**", changes), caveat(result.reading, detail))


def _largest(result: TrajectoryResult, detail: Detail) -> Sequence[ShownChange]:
    """The changes to show, in the order of the call."""
    if detail == "full":
        return result.changes
    largest = sorted(result.changes, key=lambda change: -change.change_points)[:N_CHANGES_SHORT]
    return [change for change in result.changes if change in largest]


def _found(result: TrajectoryResult) -> str:
    if not result.points_of_call:
        return "Followed the score: none"
    return f"Followed the score over {count(len(result.points_of_call), 'turn')}"


SPEC = ToolSpec(
    function=score_trajectory,
    result=TrajectoryResult,
    arguments=CallArguments,
    description="When a call turned: the score after each turn, and the quoted turns with which it changed most.",
    intents={"trajectory": "When did the call turn?"},
    words=_words,
    doing="Following the score",
    found=_found,
)
