"""The tool ``look_up_metrics``: the call's metrics beside those of past won and lost calls."""

from collections.abc import Mapping
from typing import Final

from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.speech.call_metrics import next_step_of
from salescoach.speech.readings import Whose, choose_peers, metric_readings
from salescoach.types import Frozen, LabelledCall, MetricReading, NextStep
from tools.document import AnswerDocument, AnswerLine, Listing, document, line, listed
from tools.parts import Parts, QuotedTurn, moves_of, quoted_turn, reader_of
from tools.phrases import cite, count, said
from tools.spec import CallArguments, Detail, ToolSpec

N_READINGS: Final[Mapping[Detail, int]] = {"short": 5, "full": 12}  # all that a call shows would be a wall


OBJECTIONS_READ: Final = "**Objections, as the move reader hears them**"


class ShownObjection(QuotedTurn):
    """A concern of the customer's. ``answer``: the rep's turn that took it up, None where none was found.

    How well it was met is left out: that is read too poorly yet (docs/moves.md).
    """

    kind: ObjectionKind
    answer: QuotedTurn | None


class MetricsResult(Frozen):
    """Readings of a call, and the past calls behind the quartiles: how many, whose, and of what kind (None: all).

    ``objections``: the concerns that the move reader found.
    """

    call_id: str
    n_won: int
    n_lost: int
    metrics: tuple[MetricReading, ...]
    whose: Whose = "own"
    industry: str | None = None
    call_type: str | None = None
    next_step: NextStep | None = None
    objections: tuple[ShownObjection, ...] = ()


def look_up_metrics(parts: Parts, call_id: str) -> MetricsResult:
    """Measures a call of the library and sets it beside the others.

    Raises:
        InputError: there is no such call.
    """
    call = parts.library.get(call_id)
    moves = moves_of(parts, call)
    peers = choose_peers(
        parts.library.summaries(),
        reader=reader_of(parts),
        industry=call.metadata.get("industry"),
        call_type=call.metadata.get("call_type"),
        without=call.call_id,
    )
    return MetricsResult(
        call_id=call_id,
        n_won=len(peers.won),
        n_lost=len(peers.lost),
        metrics=metric_readings(call.transcript, moves, peers),
        whose=peers.whose,
        industry=peers.industry,
        call_type=peers.call_type,
        next_step=None if moves is None else next_step_of(moves),
        objections=objections_in(call, moves),
    )


def objections_in(call: LabelledCall, moves: CallMoves | None) -> tuple[ShownObjection, ...]:
    """The concerns that were read of a call, in their order, each with what was said to it."""
    return tuple(
        ShownObjection(
            **quoted_turn(call, one.turn).model_dump(),
            kind=one.kind,
            answer=None if one.handled_at is None else quoted_turn(call, one.handled_at),
        )
        for one in (() if moves is None else moves.objections)
    )


def listed_objections(result: MetricsResult, title: str = OBJECTIONS_READ) -> Listing | None:
    """The concerns with the answers that were found to them; None where there are none."""
    return listed(title, (_objection(result.call_id, one) for one in result.objections))


def _objection(call_id: str, one: ShownObjection) -> AnswerLine:
    heard = line(said(call_id, one), f" ({one.kind}; ")
    if one.answer is None:
        return line(heard, "no answer was found)")
    return line(heard, "answered at ", cite(call_id, one.answer.turn, one.answer.quote), ")")


def _words(result: MetricsResult, detail: Detail) -> AnswerDocument:
    shown = [reading.reading for reading in result.metrics if reading.value is not None]
    if not shown:
        return document("This call shows none of the metrics: they need words of the rep and of the customer.")
    beside = f", beside {result.n_won} won and {result.n_lost} lost calls" if result.n_won or result.n_lost else ""
    numbers = listed(f"**In numbers**{beside}", shown[: N_READINGS[detail]])
    return document(numbers, listed_objections(result) if detail == "full" else None)


def _found(result: MetricsResult) -> str:
    n_measured = sum(reading.value is not None for reading in result.metrics)
    if not result.n_won and not result.n_lost:
        return f"Measured {count(n_measured, 'metric')} of the call"
    return f"Compared {count(n_measured, 'metric')} with {result.n_won} won and {count(result.n_lost, 'lost call')}"


def _details(result: MetricsResult) -> list[str]:
    return [reading.reading for reading in result.metrics if reading.value is not None]


SPEC = ToolSpec(
    function=look_up_metrics,
    result=MetricsResult,
    arguments=CallArguments,
    description=(
        "Talk ratio, questions, monologues, next step and more of a call, beside the team's won and lost calls."
    ),
    intents={"metrics": "What are the metrics of this call, such as talk ratio and questions?"},
    words=_words,
    doing="Measuring the call",
    found=_found,
    details=_details,
)
