"""Labelled calls from a table of any usual form, each row checked before anything is done with any of them."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from salescoach.dates import check_date
from salescoach.errors import DataError, InputError
from salescoach.reading.finish import to_transcript
from salescoach.reading.many_objects import many_objects_made
from salescoach.reading.tables.calls import OpenTable, TableCall
from salescoach.reading.tables.sheets import is_table_name
from salescoach.reading.team import NOBODY_SAVED, Team
from salescoach.reading.texts import in_number, listed
from salescoach.types import Frozen, LabelledCall, Outcome, Provenance

MAX_ROWS: Final = 1_000  # of a table to choose a call from; reading them takes seconds
MAX_SHOWN: Final = 3  # bad rows named in one message

_OWN: Final = ("started_at", "outcome_at")  # dates in columns of these names must be dates


def read_calls(
    file: Path,
    *,
    need_labels: bool = True,
    provenance: Provenance = "own",
    team: Team = NOBODY_SAVED,
    tell: Callable[[str], object] = lambda _: None,
) -> list[LabelledCall]:
    """All calls of a file, in its order, but for those whose cell was cut: nobody should learn from half a call.

    Args:
        file: a table, CSV, TSV, XLSX, ODS, JSON lines or Parquet, whose rows are calls or utterances.
        need_labels: whether a row without a label is refused; else its outcome is None.
        provenance: where the calls come from.
        team: names on our side, who need not all speak in each call.
        tell: is given each sentence on what was assumed or left out.

    Raises:
        DataError: the file can't be read, a column is missing, or rows break a rule; names the first bad rows.
    """
    if not file.is_file():
        raise DataError(f"There is no file {file}; give a table of calls, such as a CSV or XLSX.")
    with file.open("rb") as stream, many_objects_made():
        table = OpenTable(stream, file.name, need_outcome=need_labels, reps=team)
        sorted_out = _SortedOut(need_labels, provenance, team, is_for_reading=False)
        sorted_out.take(table.calls())
    problems = sorted_out.problems
    if problems:
        more = f" … and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
        shown = "; ".join(problems[:MAX_SHOWN])
        raise DataError(f"{file.name} can't be used: {shown}{more}. Nothing was changed; mend these rows.")
    if not sorted_out.calls:
        needed = (
            "the columns call_transcript and conversion_label (1 or 0)" if need_labels else "a column call_transcript"
        )
        cut = f" that can be learned from ({' '.join(sorted_out.notes)})" if sorted_out.notes else ""
        raise DataError(f"{file.name} holds no calls{cut}; it needs {needed} and one row per call.")
    _check_turns(sorted_out, file.name)
    for note in (*table.notes, *sorted_out.notes):
        tell(note)
    return sorted_out.calls


class CallTable(Frozen):
    """A table to choose a call from: its calls, why other rows can't be read, and what was assumed of the table."""

    calls: tuple[LabelledCall, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_table(content: bytes, name: str, team: Team = NOBODY_SAVED, max_calls: int | None = MAX_ROWS) -> CallTable:
    """The calls of an uploaded table, labelled or not, in its order; a row that can't be read is left out and named.

    Args:
        content: of the file.
        name: of the file, whose ending may help to tell what it is.
        team: names on our side, who need not all speak in each call.
        max_calls: more are refused; None for any number.

    Raises:
        DataError: it is no table, has no column of transcripts, holds no call that can be read, or too many.
    """
    name = Path(name).name
    table = OpenTable(io.BytesIO(content), name, need_outcome=False, reps=team)
    sorted_out = _SortedOut(False, "own", team, is_for_reading=True)
    calls = table.calls()
    with many_objects_made():
        sorted_out.take(islice(calls, max_calls))
    if max_calls is not None and next(calls, None) is not None:
        raise DataError(
            f"{name} has more than {max_calls:,} calls, too many to choose one from; give a part of it, or add all "
            f"of them with `coach index`."
        )
    if not sorted_out.calls:
        problems = sorted_out.problems
        why = f": {'; '.join(problems[:MAX_SHOWN])}" if problems else ""
        raise DataError(
            f"{name} holds no call that can be read{why}; it needs a column call_transcript and a row per call."
        )
    return CallTable(
        calls=tuple(sorted_out.calls),
        problems=tuple(sorted_out.problems),
        notes=(*table.notes, *sorted_out.notes),
    )


def is_table(file: Path) -> bool:
    """Whether a file name says that it holds a table of calls rather than one call."""
    return is_table_name(file.name)


class _SortedOut:
    """The calls of some rows, and what is wrong with the others.

    ``is_for_reading``: a call that is there twice is kept twice, as the user sees all of them.
    """

    def __init__(self, need_labels: bool, provenance: Provenance, team: Team, *, is_for_reading: bool) -> None:
        self._need_labels, self._provenance, self._team = need_labels, provenance, team
        self._is_for_reading = is_for_reading
        self.calls: list[LabelledCall] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.one_turn: list[str] = []  # rows whose cell holds one turn
        self._twice: list[str] = []
        self._first: dict[str, tuple[str, str, Outcome | None]] = {}  # call_id -> row, content, outcome
        self._by_content: dict[str, tuple[str, Outcome | None]] = {}

    def take(self, rows: Iterable[TableCall]) -> None:
        """Sorts out rows as they come."""
        cut: list[str] = []
        for row in rows:
            if row.cut_at is not None and not self._is_for_reading:
                cut.append(f"{row.where} ({row.cut_at:,} characters)")
                continue
            try:
                self._take(row, self._call(row))
            except InputError as error:
                self.problems.append(f"{row.where}: {error}")
        if cut:
            were = in_number(len(cut), "is cut and was", "are cut and were")
            self.notes.append(f"The transcript in {listed(cut)} {were} left out; export it again in another form.")
        if self._twice:
            are = in_number(len(self._twice), "is a call", "are calls")
            again = f"{listed(self._twice)} {are} that the file has already; each call was taken once."
            self.notes.append(again[0].upper() + again[1:])
        if self.one_turn:
            hold = in_number(len(self.one_turn), "holds one turn only", "hold one turn only each")
            lost = f"{listed(self.one_turn)} {hold}; were line breaks or speakers lost?"
            self.notes.append(lost[0].upper() + lost[1:])

    def _take(self, row: TableCall, call: LabelledCall) -> None:
        where, content = row.where, call.transcript.content_hash
        if row.is_one_turn:
            self.one_turn.append(where)
        first = self._first.get(call.call_id)
        same = self._by_content.get(content)
        if first is not None and first[1:] != (content, call.outcome):
            self.problems.append(f"{_both(first[0], where)} share the call_id {call.call_id} but differ")
        elif same is not None and same[1] != call.outcome:
            self.problems.append(f"{_both(same[0], where)} are the same call with different labels")
        elif same is None or self._is_for_reading:
            self.calls.append(call)
        else:
            self._twice.append(where)
        self._first.setdefault(call.call_id, (where, content, call.outcome))
        self._by_content.setdefault(content, (where, call.outcome))

    def _call(self, row: TableCall) -> LabelledCall:
        if row.call is None:
            raise DataError(row.problem)
        outcome = row.outcomes.read(row.row, is_needed=self._need_labels)
        transcript = to_transcript(row.call, rep=self._team)
        columns, used = row.columns, {row.columns.outcome, row.columns.call_id, row.columns.row_or_call_id}
        dates = {name: self._time(row, name) for name in _OWN}
        used |= {column for name in _OWN if dates[name] and (column := getattr(columns, name))}
        facts = {}
        for name in ("account_id", "rep_id"):
            column = getattr(columns, name)
            facts[name] = row.row.get(column, "").strip() or None if column else None
            used.add(column)
        split = columns.named("split")
        call_id = row.call_id or f"call-{transcript.content_hash[:10]}"
        return LabelledCall(
            transcript=transcript.model_copy(update={"call_id": call_id}),
            call_id=call_id,
            outcome=outcome,
            **facts,
            **dates,
            split=row.row.get(split, "").strip() or None if split else None,
            provenance=self._provenance,
            metadata={name: value for name, value in row.row.items() if name not in used | {split} and value.strip()},
        )

    def _time(self, row: TableCall, name: str) -> datetime | None:
        """A date; one in a column of another name that isn't written as ISO says is left among the other values."""
        column = getattr(row.columns, name)
        value = row.row.get(column, "").strip() if column else ""
        try:
            when = datetime.fromisoformat(value) if value else None
        except ValueError:
            if column != name:
                return None
            raise DataError(f"{name} must be an ISO date such as 2026-03-31T14:00, not {value!r}") from None
        try:
            check_date(when, name, may_be_ahead=self._provenance == "sample")
        except DataError:
            if column != name:
                return None
            raise
        return when


def _both(first: str, second: str) -> str:
    """Two rows of a file: "rows 1 and 2"."""
    if first.startswith("row ") and second.startswith("row "):
        return f"rows {first[4:]} and {second[4:]}"
    return f"{first} and {second}"


def _check_turns(found: _SortedOut, name: str) -> None:
    """Refuses to learn from a table most of whose calls are one turn: its line breaks are lost."""
    n = len(found.one_turn)
    if 2 * n > len(found.calls):
        raise DataError(
            f"{name} can't be used: {n} of its {len(found.calls)} calls are one turn each, such as that in "
            f"{found.one_turn[0]}, so line breaks or speakers are lost. Nothing was changed; export it with a line "
            "or a row for each turn, each with its speaker."
        )
