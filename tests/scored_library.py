"""A library with a score log, written row by row: many calls in little time, with outcomes as a test wants them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from salescoach.library import Library, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.speech.shape import CallShape
from salescoach.types import Outcome

START = datetime(2026, 1, 1)


@dataclass(frozen=True)
class ScoredCall:
    """A call with its scores: (day, probability or None, model). Days count from ``START``."""

    name: str
    scores: Sequence[tuple[float, float | None, str]]
    outcome: Outcome | None = None
    ended: float | None = None
    account: str | None = None
    provenance: str = "own"
    is_added: bool = True
    reasons: tuple[str, ...] = ()
    scorer: str = "moves"
    shape: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


def day(n: float) -> datetime:
    """A moment so many days after the start."""
    return START + timedelta(days=n)


def write_library(file: Path, calls: Iterable[ScoredCall]) -> Path:
    """A library with these calls and their scores, in the order of the days."""
    calls = list(calls)
    Library(file).close()
    database = sqlite3.connect(file)
    accounts = sorted({call.account for call in calls if call.account})
    database.executemany("INSERT INTO accounts VALUES (?)", [(name,) for name in accounts])
    database.executemany(
        "INSERT INTO calls (call_id, content_hash, account_id, visibility, outcome, outcome_at, provenance, added_at, "
        "metrics, metrics_version, call_metadata, warnings) VALUES (?, ?, ?, 'team', ?, ?, ?, ?, '{}', 1, ?, '{}')",
        [
            (
                call.name, hash_of(call.name), call.account, call.outcome,
                None if call.ended is None else day(call.ended).isoformat(" "), call.provenance, START.isoformat(" "),
                json.dumps(call.metadata),
            )
            for call in calls
            if call.is_added
        ],
    )  # fmt: skip
    database.commit()
    database.close()
    lines = [(at, _logged(call, at, p, model)) for call in calls for at, p, model in call.scores]
    score_log.append(file, [line for _, line in sorted(lines, key=lambda one: one[0])])
    return file


def hash_of(name: str) -> str:
    """The content hash of a call of this name."""
    return name.encode().hex().ljust(64, "0")


def steady_calls(n: int, *, seed: int = 1, n_before: int | None = None, after: float = 1.0) -> list[ScoredCall]:
    """One calibrated score a day and account; each deal ends a day later. From ``n_before`` on a call converts
    ``after`` times as often as was said."""
    rng = np.random.default_rng(seed)
    calls = []
    for row in range(n):
        p = float(np.round(rng.beta(2, 4.5), 4))
        rate = p * (after if n_before is not None and row >= n_before else 1.0)
        shape = {"n_turns": int(rng.integers(30, 90)), "customer_share": float(rng.beta(8, 9))}
        calls.append(
            ScoredCall(
                f"c{row}", [(row, p, "m-1")], "converted" if rng.random() < rate else "lost", row + 1.0, f"a{row}",
                shape=shape, metadata={"industry": ("energy", "software")[row % 2], "call_type": "demo"},
            )
        )  # fmt: skip
    return calls


def _logged(call: ScoredCall, at: float, probability: float | None, model: str) -> LoggedScore:
    known = {
        "n_turns": 40, "n_words": 600, "customer_share": 0.45, "unknown_share": 0.0, "timed_share": 1.0,
        "marks_per_word": 0.15,
    }  # fmt: skip
    return LoggedScore(
        call_id=call.name if call.is_added else None,
        content_hash=hash_of(call.name),
        model_id=model,
        scorer=call.scorer,
        probability=probability,
        interval=None,
        abstained=probability is None,
        scored_at=day(at),
        door="api",
        shape=CallShape(**{**known, **call.shape}),
        unlikeness=0.7,
        reasons=call.reasons,
    )
