"""The tool ``look_up_metrics``: the call's metrics beside those of past won and lost calls."""

from salescoach.call_metrics import find_next_step
from salescoach.readings import Whose, choose_peers, metric_readings
from salescoach.types import Frozen, MetricReading, NextStep
from tools.parts import Parts, QuotedTurn, quoted_turn


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
