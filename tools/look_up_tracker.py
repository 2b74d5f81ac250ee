"""The tool ``look_up_tracker``: where the user's trackers hit in a call.

Adding a tracker, and judging its hits, is no tool's: whatever writes is the user's own doing.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from salescoach.moves.trackers.results import TrackerInCall
from salescoach.moves.trackers.tracker import MAX_NAME
from salescoach.redact.our_words import Ours
from salescoach.types import Frozen, Role
from tools.document import AnswerDocument, AnswerLine, document, line, listed
from tools.parts import Parts, percent, turn_marker
from tools.phrases import caveat, cite, count, quote, who
from tools.spec import CallArguments, Detail, ToolSpec

MAX_HITS: Final = 8  # of a tracker that are shown, the surest
NONE_YET: Final = (
    "There are no trackers yet. A tracker finds what you describe by a few examples; add one with `coach tracker add`."
)
NO_HITS: Final = "Your trackers find nothing in this call."
ESTIMATED: Final = (
    "How many hits are right is estimated from a tracker's examples; judge hits with `coach tracker thumbs` to make "
    "both better."
)


class TrackerArguments(CallArguments):
    """Which call, and which tracker."""

    name: str | None = Field(
        None, min_length=1, max_length=MAX_NAME, description="one of the user's trackers; without it, all of them"
    )


class FoundTurn(Frozen):
    """A hit. ``right_percent``: the estimated share of such hits that are right."""

    marker: str
    turn: int
    speaker: str
    role: Role
    quote: str
    right_percent: int


class FoundByTracker(Frozen):
    """The surest hits of a tracker, in order. ``precision_percent``: of all hits, those that are right."""

    name: str
    n_hits: int
    precision_percent: int
    hits: tuple[FoundTurn, ...]


class TrackerResult(Frozen):
    """What the user's trackers find in a call; those without a hit are only counted."""

    call_id: str
    n_trackers: int
    trackers: tuple[FoundByTracker, ...]
    reading: Ours[str]


def look_up_tracker(parts: Parts, call_id: str, name: str | None = None) -> TrackerResult:
    """Finds what the user's trackers are for in a call.

    Args:
        parts: the trackers.
        call_id: the call.
        name: of one tracker; without it, all.

    Raises:
        InputError: there is no such call, or no such tracker.
    """
    call = parts.library.get(call_id)
    if parts.trackers is None:
        return TrackerResult(call_id=call_id, n_trackers=0, trackers=(), reading=NONE_YET)
    chosen = parts.trackers.kept.all() if name is None else (parts.trackers.kept.get(name),)
    found = tuple(_shown(one) for one in parts.trackers.in_call(call.transcript, chosen) if one.hits)
    return TrackerResult(
        call_id=call_id,
        n_trackers=len(chosen),
        trackers=found,
        reading=NONE_YET if not chosen else ESTIMATED if found else NO_HITS,
    )


def _shown(found: TrackerInCall) -> FoundByTracker:
    surest = sorted(found.hits, key=lambda hit: -hit.confidence)[:MAX_HITS]
    return FoundByTracker(
        name=found.tracker.name,
        n_hits=len(found.hits),
        precision_percent=percent(found.tracker.estimate.precision),
        hits=tuple(
            FoundTurn(
                marker=turn_marker(hit.turn),
                turn=hit.turn,
                speaker=hit.speaker,
                role=hit.role,
                quote=hit.quote,
                right_percent=percent(hit.confidence),
            )
            for hit in sorted(surest, key=lambda hit: hit.turn)
        ),
    )


def _words(result: TrackerResult, detail: Detail) -> AnswerDocument:
    if not result.trackers:
        return document(result.reading)
    found = [
        listed(
            line("**Tracker** ", quote(one.name), f": {count(one.n_hits, 'hit')}"),
            (_hit(result.call_id, hit) for hit in one.hits),
        )
        for one in result.trackers
    ]
    return document(*found, caveat(result.reading, detail))


def _hit(call_id: str, hit: FoundTurn) -> AnswerLine:
    place, share = cite(call_id, hit.turn, hit.quote), f" ({hit.right_percent} % of such hits are right)"
    return line(place, f" {who(hit)}: ", quote(hit.quote), share)


def _found(result: TrackerResult) -> str:
    n = sum(one.n_hits for one in result.trackers)
    return f"Found {count(n, 'hit')} of {count(result.n_trackers, 'tracker')}"


def _details(result: TrackerResult) -> Sequence[str]:
    return [f"{one.name}: {count(one.n_hits, 'hit')}" for one in result.trackers]


SPEC = ToolSpec(
    function=look_up_tracker,
    result=TrackerResult,
    arguments=TrackerArguments,
    description="Where the user's own trackers, each made of a few examples, find something in a call.",
    intents={"tracker": "What do my trackers find in this call?"},
    words=_words,
    doing="Looking for what is tracked",
    found=_found,
    details=_details,
)
