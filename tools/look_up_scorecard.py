"""The tool ``look_up_scorecard``: how far a call meets MEDDICC, BANT or SPIN, criterion by criterion."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from salescoach.errors import UnavailableError
from salescoach.redact.our_words import OURS, Ours
from salescoach.scorecards.playbook import bundled_playbook
from salescoach.scorecards.results import JudgedCriterion, Met
from salescoach.types import Frozen, LabelledCall
from tools.document import AnswerDocument, AnswerLine, document, line, listed
from tools.parts import Parts, QuotedTurn, percent, quoted_turn
from tools.phrases import caveat, said
from tools.spec import CallArguments, Detail, ToolSpec

OFTEN_WRONG: Final = "Single criteria are often judged wrongly; this describes the call, never a person."
MAX_SHORT: Final = 3  # criteria of a kind that a short answer names

BundledName = Literal["meddicc", "bant", "spin"]


class ScorecardArguments(CallArguments):
    """Which call, and by which playbook."""

    playbook: BundledName = Field("meddicc", description="which playbook")


class ShownCriterion(Frozen):
    """A criterion, and the turn that shows it, None where it isn't met."""

    name: Ours[str]
    met: Annotated[Met, OURS]
    shown: QuotedTurn | None


class ScorecardResult(Frozen):
    """All criteria of a playbook. ``met_percent``: of those that apply, partly counting half; None of none."""

    call_id: str
    playbook: Annotated[BundledName, OURS]
    met_percent: int | None
    criteria: tuple[ShownCriterion, ...]
    reading: Ours[str]


def look_up_scorecard(parts: Parts, call_id: str, playbook: BundledName = "meddicc") -> ScorecardResult:
    """Judges a call by a bundled playbook.

    Args:
        parts: the scorecards.
        call_id: the call.
        playbook: which.

    Raises:
        InputError: there is no such call.
        UnavailableError: these parts make no scorecards.
    """
    if parts.scorecards is None:
        raise UnavailableError("No scorecards are made here; ask for one with `coach scorecard FILE`.")
    call = parts.library.get(call_id)
    found = parts.scorecards.score(call.transcript, bundled_playbook(playbook))
    return ScorecardResult(
        call_id=call_id,
        playbook=playbook,
        met_percent=None if found.score is None else percent(found.score),
        criteria=tuple(_shown(call, one) for one in found.criteria),
        reading=OFTEN_WRONG,
    )


def _shown(call: LabelledCall, one: JudgedCriterion) -> ShownCriterion:
    return ShownCriterion(name=one.name, met=one.met, shown=None if one.turn is None else quoted_turn(call, one.turn))


def _words(result: ScorecardResult, detail: Detail) -> AnswerDocument:
    most = MAX_SHORT if detail == "short" else len(result.criteria)
    share = "none of it applies" if result.met_percent is None else f"{result.met_percent} % met"
    missing = [one.name for one in result.criteria if one.met == "no"]
    return document(
        f"**{result.playbook.upper()}**: {share}.",
        listed("**Met**", _quoted(result, "yes")[:most]),
        listed("**Partly met**", _quoted(result, "partly")[:most]),
        f"Not met: {', '.join(missing)}." if missing else None,
        caveat(result.reading, detail),
    )


def _quoted(result: ScorecardResult, met: Met) -> list[AnswerLine]:
    return [
        line(f"{one.name}: ", said(result.call_id, one.shown))
        for one in result.criteria
        if one.met == met and one.shown is not None
    ]


def _found(result: ScorecardResult) -> str:
    n = sum(one.met in ("yes", "partly") for one in result.criteria)
    return f"Met {n} of {len(result.criteria)} criteria, at least partly"


def _details(result: ScorecardResult) -> Sequence[str]:
    return [f"{one.name}: {one.met}" for one in result.criteria]


SPEC = ToolSpec(
    function=look_up_scorecard,
    result=ScorecardResult,
    arguments=ScorecardArguments,
    description="How far a call meets a sales playbook (MEDDICC, BANT or SPIN), each criterion with its quote.",
    intents={"scorecard": "How far does this call meet a sales playbook?"},
    words=_words,
    doing="Filling in the scorecard",
    found=_found,
    details=_details,
)
