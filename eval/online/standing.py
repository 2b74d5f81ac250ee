"""How it stands just now, in the few numbers that a monitoring system asks for every minute."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from eval.online.first_scores import first_scores
from salescoach.library.scored_calls import ScoredLog

N_ROLLING: Final = 200  # calls whose deals ended last


@dataclass(frozen=True)
class LogStanding:
    """``brier``: of the calls whose deals ended last, at most 200 of them; nan where none has ended."""

    pending: int
    judged: int
    brier: float


def standing(log: ScoredLog) -> LogStanding:
    """Of the scores that are in the log."""
    first = first_scores(log)
    latest = first.judged.take(np.argsort(first.judged.ended, kind="stable")[-N_ROLLING:])
    errors = (latest.probability - latest.outcome) ** 2
    return LogStanding(
        pending=len(first.pending),
        judged=len(first.judged),
        brier=float(errors.mean()) if len(errors) else float("nan"),
    )
