"""How a deal ended, from the words that tables and CRMs have for it; what is open is never lost."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from salescoach.errors import DataError
from salescoach.reading.tables.columns import TableColumns, plain_name
from salescoach.reading.texts import listed, phrases
from salescoach.types import Outcome

_CONVERTED: Final = phrases(
    """
    1|1.0|true|yes|y|t|won|win|converted|success|successful|sale
    sold|signed|purchased|bought|deal won|positive|ja|wahr|gewonnen|oui|vrai|gagne|gagné|si|sí|ganado|ganada|vinto|sim
    ganho|gewonnen geschlossen
    """
)
_LOST: Final = phrases(
    """
    0|0.0|false|no|n|f|lost|loss|lose|not converted
    unconverted|no sale|not sold|deal lost|negative|unsuccessful|failed|nein|falsch|verloren|non|faux|perdu|perdido
    perdida|perso|não|nao
    """
)
_OPEN: Final = phrases(
    "open|pending|in progress|ongoing|n/a|na|none|null|nan|unknown|tbd|-|?|–|—|undecided|offen|ouvert|abierto"
)
_CLOSED: Final = re.compile(r"\bclosed?[ /:-]{0,3}(?:(?P<won>won)|(?P<lost>lost))\b")  # "6 - Closed Won", "closedlost"
_OWN: Final = "conversion_label"
# Columns that hold a stage: whatever in them is no end is a deal under way.
_STAGES: Final = frozenset(
    {
        "deal_status", "opportunity_status", "deal_stage", "dealstage", "stage", "stage_name", "opportunity_stage",
        "status",
    }
)  # fmt: skip
# "Won: no" means lost or open; another column says which.
_WON_OR_NOT: Final = frozenset({"is_won", "won", "closed_won", "is_closed_won", "hs_is_closed_won", "deal_won"})
_IS_CLOSED: Final = ("is_closed", "hs_is_closed", "closed")
_IS_LOST: Final = ("is_closed_lost", "hs_is_closed_lost", "closed_lost", "is_lost", "lost")
_MAX_WORDS: Final = 1_000  # kept for the sentence about them


class OutcomeReader:
    """Reads the outcomes of a table's rows, and remembers which words it took for what."""

    def __init__(self, columns: TableColumns) -> None:
        self._columns = columns
        self._taken: Counter[tuple[str, Outcome | None]] = Counter()

    def read(self, row: Mapping[str, str], *, is_needed: bool) -> Outcome | None:
        """The outcome of a row, None where the deal is open.

        Raises:
            DataError: its word is none that we know, or there is none and ``is_needed``; fits after "row 3: ".
        """
        column = self._columns.outcome
        if column is None:
            return None
        said = row.get(column, "").strip()
        name = plain_name(column)
        outcome = outcome_of(said)
        if outcome is None and not self._may_be_open(said, name, is_needed):
            raise DataError(f"{column} must be 1 (converted) or 0 (lost), not {said[:80]!r}")
        if outcome == "lost" and name in _WON_OR_NOT and self._is_open(row):
            outcome = None
        if len(self._taken) < _MAX_WORDS:
            self._taken[said, outcome] += 1
        return outcome

    @property
    def notes(self) -> list[str]:
        """Which words were taken for what, unless they are the 1 and 0 of our own column."""
        column = self._columns.outcome
        if column is None or not self._taken:
            return []
        words = {word for word, _ in self._taken}
        if column == _OWN and words <= {"1", "0", "1.0", "0.0", ""}:
            return []
        pairs = [
            f"{f'“{word[:40]}”' if word else 'an empty cell'} as {outcome or 'open'} ({n})"
            for (word, outcome), n in self._taken.most_common()
        ]
        return [f"How the deals ended was read from the column “{column}”: {listed(pairs)}."]

    def _may_be_open(self, said: str, name: str, is_needed: bool) -> bool:
        if name == _OWN:
            return not (is_needed or said)
        return name in _STAGES or not is_needed or said.casefold() in _OPEN | {""}

    def _is_open(self, row: Mapping[str, str]) -> bool:
        lost = self._columns.named(*_IS_LOST)
        if lost is not None:
            return outcome_of(row.get(lost, "")) != "converted"
        closed = self._columns.named(*_IS_CLOSED)
        return closed is not None and outcome_of(row.get(closed, "")) != "converted"


def outcome_of(word: str) -> Outcome | None:
    """The outcome that a word means, such as "Closed Won", "yes" or "0"; None for every other."""
    word = " ".join(word.casefold().replace("_", " ").split())
    if found := _CLOSED.search(word):
        return "converted" if found["won"] else "lost"
    if word in _CONVERTED:
        return "converted"
    return "lost" if word in _LOST else None
