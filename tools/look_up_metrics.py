"""The tool ``look_up_metrics``: the call's metrics beside those of past won and lost calls."""

from collections.abc import Mapping
from typing import Final

from salescoach.speech.next_step import find_next_step
from salescoach.speech.readings import Whose, choose_peers, metric_readings
from salescoach.types import Frozen, MetricReading, NextStep
from tools.parts import Parts, QuotedTurn, quoted_turn
from tools.phrases import count, listed, said
from tools.spec import CallArguments, Detail, ToolSpec

N_READINGS: Final[Mapping[Detail, int]] = {"short": 5, "full": 12}  # all that a call shows would be a wall


class MetricsResult(Frozen):
    """Readings of a call, and the past calls behind the quartiles: how many, whose, and of what kind (None: all).

    ``objections``: the customer's turns that are worded as one.
    """

    call_id: str
    n_won: int
    n_lost: int
    metrics: tuple[MetricReading, ...]
    whose: Whose = "own"
    industry: str | None = None
    call_type: str | None = None
    next_step: NextStep | None = None
    objections: tuple[QuotedTurn, ...] = ()


def look_up_metrics(parts: Parts, call_id: str) -> MetricsResult:
    """Measures a call of the library and sets it beside the others.

    Raises:
        InputError: there is no such call.
    """
    call = parts.library.get(call_id)
    peers = choose_peers(
        parts.library.summaries(),
        industry=call.metadata.get("industry"),
        call_type=call.metadata.get("call_type"),
        without=call.call_id,
    )
    readings = metric_readings(call.transcript, peers)
    return MetricsResult(
        call_id=call_id,
        n_won=len(peers.won),
        n_lost=len(peers.lost),
        metrics=readings,
        whose=peers.whose,
        industry=peers.industry,
        call_type=peers.call_type,
        next_step=find_next_step(call.transcript),
        objections=tuple(quoted_turn(call, turn) for one in readings if one.name == "objections" for turn in one.turns),
    )


def _words(result: MetricsResult, detail: Detail) -> str:
    shown = [reading.reading for reading in result.metrics if reading.value is not None]
    if not shown:
        return "This call shows none of the metrics: they need words of the rep and of the customer."
    beside = f", beside {result.n_won} won and {result.n_lost} lost calls" if result.n_won or result.n_lost else ""
    numbers = listed(f"**In numbers**{beside}", shown[: N_READINGS[detail]])
    objections = listed("**Objections, told by their wording**", map(said, result.objections))
    if detail == "short":
        return numbers
    return "\n\n".join(part for part in (numbers, objections) if part)


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
