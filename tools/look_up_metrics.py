"""The tool ``look_up_metrics``: the call's metrics beside those of the library's won and lost calls."""

from salescoach.call_metrics import metric_readings
from salescoach.types import Frozen, MetricReading
from tools.parts import Parts


class MetricsResult(Frozen):
    """Readings of a call, and how many past calls stand behind the quartiles."""

    call_id: str
    n_won: int
    n_lost: int
    metrics: tuple[MetricReading, ...]


def look_up_metrics(parts: Parts, call_id: str) -> MetricsResult:
    """Measures a call of the library and sets it beside the others.

    Raises:
        InputError: there is no such call.
    """
    call = parts.library.get(call_id)
    won = [past.metrics for past in parts.library.summaries("converted") if past.call_id != call.call_id]
    lost = [past.metrics for past in parts.library.summaries("lost") if past.call_id != call.call_id]
    return MetricsResult(
        call_id=call_id, n_won=len(won), n_lost=len(lost), metrics=metric_readings(call.transcript, won, lost)
    )
