"""Tables with one row an utterance: whether a table is one, and its calls."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from salescoach.errors import DataError, InputError, TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.labels import split_label
from salescoach.reading.records.calls import calls_in_records
from salescoach.reading.records.fields import folded
from salescoach.reading.records.names import END_UNITS, START_UNITS
from salescoach.reading.roles import side_of
from salescoach.reading.tables.cells import read_cell
from salescoach.reading.tables.columns import TableColumns
from salescoach.reading.tables.records import NumberedRow, Row
from salescoach.reading.texts import in_number, listed

_MAX_JUDGED: Final = 40
_FRAMES: Final = re.compile(r"\d\d(?:[:;]\d\d){3}")  # a time code such as 00:00:03:12


@dataclass
class RowsOfCall:
    """The rows of one call: their numbers, what they say, and the cells that all of them share."""

    numbers: list[int] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    shared: Row = field(default_factory=dict)
    contradicted: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class UtteranceColumns:
    """Which columns of a table of utterances hold what is said, by whom, when and in which call."""

    text: str
    speaker: str | None
    side: str | None
    start: str | None
    end: str | None
    call_id: str | None
    order: str | None

    @property
    def start_key(self) -> str:
        """The name that a start has in a record: the column's own where it tells the unit."""
        return self.start if self.start and folded(self.start) in START_UNITS else "start"

    @property
    def end_key(self) -> str:
        """The name that an end has in a record."""
        return self.end if self.end and folded(self.end) in END_UNITS else "end"


def utterance_columns(columns: TableColumns, sample: Sequence[NumberedRow]) -> UtteranceColumns | None:
    """The columns of a table whose rows are utterances; None for one whose rows are calls.

    Judged by the columns and by some rows: where most cells hold a conversation, each row is a call.
    """
    text = columns.transcript
    if text is None or not sample:
        return None
    judged = [row for _, row in sample[:_MAX_JUDGED] if row.get(text, "").strip()]
    if 2 * sum(_is_conversation(row.get(text, "")) for row in judged) > len(judged):
        return None
    call_id = columns.call_id or next((one for one in columns.perhaps_call_ids if _recurs(one, judged)), None)
    recurs = _recurs(call_id, judged)
    speaker = columns.speaker
    if speaker is None and (recurs or (call_id is None and columns.outcome is None)):
        speaker = columns.perhaps_speaker if _names_speakers(columns.perhaps_speaker, judged) else None
    is_one_call = call_id is None and columns.outcome is None and columns.account_id is None
    labelled = sum(split_label(row[text].strip())[0] is not None for row in judged)
    if speaker is None and not (
        recurs or (is_one_call and (columns.start or (len(judged) > 1 and 2 * labelled > len(judged))))
    ):
        return None
    sides = [side for side in columns.sides if side != speaker]
    return UtteranceColumns(
        text, speaker, sides[0] if sides and speaker else None, columns.start, columns.end, call_id, columns.order
    )


def calls_of_utterances(
    rows: Iterator[NumberedRow], columns: UtteranceColumns, max_rows: int | None = None
) -> Iterator[tuple[RowsOfCall, ReadCall | str]]:
    """The calls of a table of utterances, in the order of their first rows, each read or with the reason why not.

    Raises:
        DataError: there are more than ``max_rows``, all of which are held until the last one was seen.
    """
    calls: dict[str, RowsOfCall] = {}
    for n_rows, (number, row) in enumerate(rows):
        if max_rows is not None and n_rows >= max_rows:
            raise DataError(
                f"the table has more than {max_rows:,} utterances, which would all have to be held in memory; "
                "split it by calls, or give a row for each call"
            )
        call_id = row.get(columns.call_id, "").strip() if columns.call_id else ""
        call = calls.setdefault(call_id, RowsOfCall())
        call.numbers.append(number)
        call.records.append(_record(row, columns))
        _share(call, row)
    for call in calls.values():
        try:
            yield call, _read(call, columns)
        except InputError as error:
            yield call, str(error)


def _read(rows: RowsOfCall, columns: UtteranceColumns) -> ReadCall:
    records, notes = _in_order(rows.records)
    calls = calls_in_records([{name: value for name, value in one.items() if name != "order"} for one in records])
    if not calls:
        raise TranscriptError("no row holds words that somebody says")
    call = calls[0]
    call.metadata, call.call_id, call.title, call.account, call.outcome = {}, None, None, None, None
    call.warnings[:0] = notes
    if columns.speaker and (
        nobody := [n for n, one in zip(rows.numbers, rows.records, strict=True) if not one["speaker"]]
    ):
        one = f"Row {listed(nobody)} names no speaker and counts for neither side."
        many = f"Rows {listed(nobody)} name no speaker and count for neither side."
        call.warnings.append(in_number(len(nobody), one, many))
    return call


def _record(row: Mapping[str, str], columns: UtteranceColumns) -> dict[str, Any]:
    record: dict[str, Any] = {"text": " ".join(row.get(columns.text, "").split())}
    if columns.speaker:
        record["speaker"] = row.get(columns.speaker, "").strip()
    for name, key in (("side", "role"), ("start", columns.start_key), ("end", columns.end_key), ("order", "order")):
        column = getattr(columns, name)
        if column is not None and (value := row.get(column, "").strip()):
            record[key] = _number(value)
    return record


def _number(value: str) -> float | str:
    """A number as one, in the notation of either half of the world; a stamp without brackets and an editor's frames."""
    value = value.strip("[]() ")
    if _FRAMES.fullmatch(value):
        return value[: -len(":00")].replace(";", ":")
    try:
        return float(value.replace(",", ".") if value.count(",") == 1 else value)
    except ValueError:
        return value


def _in_order(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a call by their numbers, where each has one of its own and they were not in order."""
    order = [one.get("order") for one in records]
    if not all(isinstance(one, float) for one in order) or len(set(order)) < len(order) or order == sorted(order):  # type: ignore[type-var]
        return records, []
    return sorted(records, key=lambda one: one["order"]), [
        "The rows were not in the order of their numbers and were sorted."
    ]


def _share(call: RowsOfCall, row: Row) -> None:
    for name, value in row.items():
        said = value.strip()
        if said and name not in call.contradicted and call.shared.setdefault(name, said) != said:
            call.contradicted.add(name)
            del call.shared[name]


def _recurs(column: str | None, rows: Sequence[Row]) -> bool:
    values = [row.get(column, "").strip() for row in rows] if column else []
    return bool(values) and len(set(values)) < len(values)


def _names_speakers(column: str | None, rows: Sequence[Row]) -> bool:
    """Whether a column that may hold speakers does: few values, and more than one, or words for roles."""
    values = {row.get(column, "").strip().casefold() for row in rows} - {""} if column else set()
    return bool(values) and (any(map(side_of, values)) or 1 < len(values) <= max(2, len(rows) // 2))


def _is_conversation(text: str) -> bool:
    """Whether a cell holds several turns of several speakers, or many lines."""
    try:
        turns = read_cell(text).turns
    except TranscriptError:
        return len(text) > 2_000
    return len({turn.speaker for turn in turns}) > 1 or len(turns) > 3
