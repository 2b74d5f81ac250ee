"""The calls of a table, one row a call or one row an utterance, each with what its rows say of it."""

import io
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Final, Self

from salescoach.errors import DataError, InputError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.tables.cells import CELL_LIMITS, cut_at, read_cell, read_record
from salescoach.reading.tables.columns import TableColumns, check_columns
from salescoach.reading.tables.outcomes import OutcomeReader
from salescoach.reading.tables.records import Row
from salescoach.reading.tables.sheets import TableRows, table_of, tables_in
from salescoach.reading.tables.utterances import RowsOfCall, UtteranceColumns, calls_of_utterances, utterance_columns
from salescoach.reading.texts import in_number, listed

_SAMPLE: Final = 40


@dataclass(frozen=True)
class TableCall:
    """A call of a table, or why it can't be read.

    Attributes:
        where: its row or rows, as in "row 3".
        row: its cells, apart from what is said; of a call of several rows those that all of them share.
        columns: of the table.
        outcomes: reads how the deal ended.
        call_id: of the call, empty where no column names it.
        call: as it was read; None where it can't be.
        problem: the reason for that, else empty.
        cut_at: the length at which its text was cut.
        is_one_turn: whether a cell, which should hold a call, holds one turn.
    """

    where: str
    row: Row
    columns: TableColumns
    outcomes: OutcomeReader
    call_id: str
    call: ReadCall | None
    problem: str = ""
    cut_at: int | None = None
    is_one_turn: bool = False


@dataclass(frozen=True)
class UnreadCall:
    """A row that holds a call whose cell nobody has read yet: whoever passes over rows doesn't read what is in them.

    Attributes:
        where: its row, as in "row 3".
        row: its cells.
        columns: of the table.
        outcomes: reads how the deal ended.
    """

    where: str
    row: Row
    columns: TableColumns
    outcomes: OutcomeReader

    @property
    def call_id(self) -> str:
        """Of the call, empty where no column names it."""
        return self.row.get(self.columns.call_id or self.columns.row_or_call_id or "", "").strip()

    def read(self, reps: Sequence[str] = ()) -> TableCall:
        """The call in it, or why there is none. ``reps``: who is on our side, which makes a label a speaker's."""
        where, row, columns = self.where, self.row, self.columns
        text = row.get(columns.transcript or "", "")
        limit = cut_at(text) if len(text) * 2 >= min(CELL_LIMITS) else None
        rest = {name: value for name, value in row.items() if name != columns.transcript}
        try:
            call = (text[:1] in ("[", "{") and read_record(row, reps)) or read_cell(text, reps)
        except InputError as error:
            cut = f" The cell was cut at {limit:,} characters." if limit else ""
            return TableCall(where, rest, columns, self.outcomes, self.call_id, None, f"{error}{cut}", limit)
        if limit:
            call.warnings.append(
                f"The transcript in {where} was cut at {limit:,} characters, the most that {CELL_LIMITS[limit]} holds; "
                "export it again in another form, such as JSON lines."
            )
        is_one_turn = sum(bool(turn.text) for turn in call.turns) == 1
        if is_one_turn:
            call.warnings.append(
                f"The cell in {where} holds one turn; if its line breaks or its speakers are lost, export it with them."
            )
        return TableCall(where, rest, columns, self.outcomes, self.call_id, call, "", limit, is_one_turn)


class OpenTable:
    """A file's tables: ``calls`` and ``rows`` stream, and afterwards ``notes`` says what was assumed about the file."""

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        *,
        need_outcome: bool,
        reps: Sequence[str] = (),
        max_utterances: int | None = None,
    ) -> None:
        """``max_utterances``: a table with a row for each utterance has more only on an error."""
        self._tables: Iterable[TableRows] = tables_in(stream, name)
        self._max_utterances = max_utterances
        self._name, self._reps, self._need_outcome = name, tuple(reps), need_outcome
        self.notes: list[str] = []

    @classmethod
    def of(cls, table: TableRows, reps: Sequence[str]) -> Self:
        """One table that is open already."""
        opened = cls(io.BytesIO(), "The table", need_outcome=False, reps=reps)
        opened._tables = (table,)
        return opened

    def calls(self) -> Iterator[TableCall]:
        """The calls of all tables of the file that hold some, in their order.

        Raises:
            DataError: it is no table, or none of its tables has the columns that are needed.
        """
        return (one.read(self._reps) if isinstance(one, UnreadCall) else one for one in self.rows())

    def rows(self) -> Generator[UnreadCall | TableCall, None, None]:
        """As ``calls``, but those of which each has a row of its own aren't read yet."""
        unknown: list[TableRows] = []
        n_read = 0
        for table in self._tables:
            if not table.columns.is_known or (self._need_outcome and not table.columns.outcome):
                unknown.append(table)
                continue
            n_read += 1
            check_columns(table.columns, self._name, need_outcome=self._need_outcome)
            yield from self._calls_of(table)
        if not n_read:
            columns = unknown[0].columns if unknown else TableColumns(())
            check_columns(columns, self._name, need_outcome=self._need_outcome)
        if n_read and unknown:
            sheets = listed(f"“{table.name}”" for table in unknown)
            hold = in_number(len(unknown), f"The sheet {sheets} holds", f"The sheets {sheets} hold")
            self.notes.append(
                f"{hold} no calls and was left out.".replace("hold no calls and was", "hold no calls and were")
            )

    def _calls_of(self, table: TableRows) -> Iterator[UnreadCall | TableCall]:
        self.notes += table.notes
        sample = list(islice(table.rows, _SAMPLE))
        rows = chain(sample, table.rows)
        outcomes = OutcomeReader(table.columns)
        where = f"sheet “{table.name}”, " if table.name else ""
        utterances = utterance_columns(table.columns, sample)
        if utterances is None:
            self._say_column(table.columns)
            for number, row in rows:
                yield UnreadCall(f"{where}row {number}", row, table.columns, outcomes)
        else:
            self._say_utterances(utterances)
            for found, call in calls_of_utterances(rows, utterances, self._max_utterances):
                yield _call_of_rows(where, found, call, table, utterances, outcomes)
        self.notes += outcomes.notes

    def _say_column(self, columns: TableColumns) -> None:
        if columns.transcript not in {None, "call_transcript"}:
            self.notes.append(f"The transcripts were read from the column “{columns.transcript}”.")

    def _say_utterances(self, columns: UtteranceColumns) -> None:
        by = f" and who says it from “{columns.speaker}”" if columns.speaker else ""
        of = f"; rows with the same “{columns.call_id}” are one call" if columns.call_id else "; all rows are one call"
        self.notes.append(f"Each row was read as an utterance: what is said from the column “{columns.text}”{by}{of}.")


def _call_of_rows(
    where: str,
    found: RowsOfCall,
    call: ReadCall | str,
    table: TableRows,
    used: UtteranceColumns,
    outcomes: OutcomeReader,
) -> TableCall:
    first, last = found.numbers[0], found.numbers[-1]
    place = f"{where}row {first}" if first == last else f"{where}rows {first} to {last}"
    not_kept = {used.text, used.speaker, used.side, used.start, used.end, used.order}
    row = {name: value for name, value in found.shared.items() if name not in not_kept}
    call_id = found.shared.get(used.call_id or "", "")
    if isinstance(call, str):
        return TableCall(place, row, table.columns, outcomes, call_id, None, call)
    label = table.columns.outcome
    if label in found.contradicted:
        return TableCall(place, row, table.columns, outcomes, call_id, None, f"the rows of one call differ in {label}")
    return TableCall(place, row, table.columns, outcomes, call_id, call)


def calls_of_table(data: bytes, name: str, reps: Sequence[str] = ()) -> list[ReadCall]:
    """The calls in the bytes of a table.

    Raises:
        DataError: it is no table, or a row can't be read.
    """
    return _calls_of(OpenTable(io.BytesIO(data), name, need_outcome=False, reps=reps))


def calls_of_grid(rows: Sequence[Sequence[str]], reps: Sequence[str] = ()) -> list[ReadCall]:
    """The calls of a table within a document; none where it has no column for what is said.

    Raises:
        DataError: two columns could hold it, or one is there twice.
    """
    table = table_of(enumerate([list(row) for row in rows], start=1), "The table")
    if table is None or not table.columns.is_known:
        return []
    return _calls_of(OpenTable.of(table, reps))


def _calls_of(opened: OpenTable) -> list[ReadCall]:
    calls: list[ReadCall] = []
    for found in opened.calls():
        if found.call is None:
            raise DataError(f"{found.where}: {found.problem}")
        found.call.call_id = found.call.call_id or found.call_id or None
        found.call.metadata = {**found.row, **found.call.metadata}
        calls.append(found.call)
    if calls:
        calls[0].warnings[:0] = opened.notes
    return calls
