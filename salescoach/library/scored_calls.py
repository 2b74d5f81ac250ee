"""The score log beside what became of its calls, as columns: a hundred thousand lines are read in half a second.

Only the team's own calls have an outcome here; private calls and the example calls count nowhere.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np

from salescoach.library.exposure_log import TREATED
from salescoach.library.score_log import columns_of_log
from salescoach.speech.shape import CallShape
from salescoach.sqlite_files import connect_read_only

SHAPE_COLUMNS: Final = (*CallShape.model_fields, "unlikeness")
_EPOCH: Final = "julianday('1970-01-01')"

FACTS: Final = ("industry", "call_type", "stage_at_call", "stage_probability_at_call")


@dataclass(frozen=True)
class Coded:
    """Texts as numbers: ``codes`` has shape (n,), int; ``names`` the text of each code."""

    codes: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[object]) -> "Coded":
        """Of texts, in which None is the empty one."""
        known: defaultdict[object, int] = defaultdict(count().__next__)
        codes = np.fromiter(map(known.__getitem__, texts), dtype=int, count=len(texts))
        return cls(codes, tuple("" if text is None else str(text) for text in known))

    def take(self, rows: np.ndarray) -> "Coded":
        """Some of them, by number or by a mask of bools."""
        return Coded(self.codes[rows], self.names)

    def where(self, is_meant: Callable[[str], bool]) -> np.ndarray:
        """Which texts are meant: shape (n,), bool."""
        return np.asarray(np.array([is_meant(name) for name in self.names], dtype=bool)[self.codes])


@dataclass(frozen=True)
class ScoredLog:
    """Lines of the score log in the order in which they were written; each array has shape (n_lines,).

    ``key`` and ``account`` number calls and accounts; a call without an account stands alone. ``is_known``: whether the
    call is one of the team's own. ``scored`` and ``ended``: days since 1970, UTC. ``outcome``: 1 converted, 0 lost, nan
    unknown. ``ended``: when the deal ended, or else when a person entered that; nan where neither is known. ``facts``:
    texts, empty where unknown. ``shape``: numbers of the call, nan where they weren't noted.
    """

    key: np.ndarray
    account: np.ndarray
    is_known: np.ndarray
    probability: np.ndarray
    abstained: np.ndarray
    scored: np.ndarray
    outcome: np.ndarray
    ended: np.ndarray
    model: Coded
    scorer: Coded
    reasons: Coded
    facts: dict[str, Coded]
    shape: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: np.ndarray) -> "ScoredLog":
        """Some lines, by number or by a mask of bools."""
        taken: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            of = getattr(self, name)
            if isinstance(of, dict):
                taken[name] = {one: _taken(values, rows) for one, values in of.items()}
            else:
                taken[name] = _taken(of, rows)
        return ScoredLog(**taken)


def read_scored(file: Path) -> ScoredLog:
    """The score log of a library with the outcomes that are known by now.

    Accounts that an experiment has shown something else are left out: what became of them is partly its doing, so they
    alone can't say whether the scores came true.

    Raises:
        sqlite3.Error: there is no such file, or it is damaged.
    """
    with closing(connect_read_only(file)) as database:
        known = columns_of_log(database)
        has_experiments = (
            database.execute("SELECT 1 FROM sqlite_master WHERE name = 'exposures'").fetchone() is not None
        )
        lines = database.execute(_query(known, has_experiments)).fetchall() if known else []
    columns: Iterator[Sequence[Any]] = iter(zip(*lines, strict=True) if lines else [()] * _N_COLUMNS)
    call, content, account = (next(columns) for _ in range(3))
    model, scorer, reasons = (Coded.of(next(columns)) for _ in range(3))
    probability, abstained, scored, outcome, ended = (_numbers(next(columns)) for _ in range(5))
    key = Coded.of([number or text for number, text in zip(call, content, strict=True)]).codes
    of_call = [name or number for name, number in zip(account, key.tolist(), strict=True)]
    return ScoredLog(
        key=key,
        account=Coded.of(of_call).codes,
        is_known=np.array([number is not None for number in call], dtype=bool),
        probability=probability,
        abstained=abstained > 0,
        scored=scored,
        outcome=outcome,
        ended=ended,
        model=model,
        scorer=scorer,
        reasons=reasons,
        facts={name: Coded.of(next(columns)) for name in FACTS},
        shape={name: _numbers(next(columns)) for name in SHAPE_COLUMNS},
    )


_N_COLUMNS: Final = 11 + len(FACTS) + len(SHAPE_COLUMNS)


_UNTREATED: Final = f"WHERE c.account_id IS NULL OR c.account_id NOT IN ({TREATED})"


def _query(known: set[str], has_experiments: bool) -> str:
    """Calls are found by their words; where a call was rewritten or merged since, by the id that it had or has."""
    shape = ", ".join(f"s.{name}" if name in known else "NULL" for name in SHAPE_COLUMNS)
    facts = ", ".join(f"json_extract(c.call_metadata, '$.{name}')" for name in FACTS)
    reasons = "s.reasons" if "reasons" in known else "NULL"
    return f"""
        SELECT c.rowid, CASE WHEN c.rowid IS NULL THEN s.content_hash END, c.account_id, s.model_id, s.scorer,
               {reasons}, s.probability, s.abstained, julianday(s.scored_at) - {_EPOCH},
               CASE c.outcome WHEN 'converted' THEN 1 WHEN 'lost' THEN 0 END,
               julianday(coalesce(c.outcome_at, c.outcome_entered_at)) - {_EPOCH}, {facts}, {shape}
        FROM scores AS s
        LEFT JOIN calls AS w ON w.content_hash = s.content_hash AND w.visibility = 'team'
        LEFT JOIN calls AS c ON c.visibility = 'team' AND c.provenance = 'own' AND c.rowid = coalesce(w.rowid, (
            SELECT rowid FROM calls
            WHERE call_id = coalesce((SELECT call_id FROM aliases WHERE alias = s.call_id), s.call_id)
        ))
        {_UNTREATED if has_experiments else ""}
        ORDER BY s.number
    """


def _numbers(values: Sequence[object]) -> np.ndarray:
    return np.array(values, dtype=float) if values else np.empty(0)


def _taken(values: Any, rows: np.ndarray) -> Any:
    return values.take(rows) if isinstance(values, Coded) else values[rows]
