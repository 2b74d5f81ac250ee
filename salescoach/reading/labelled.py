"""Labelled calls from a CSV, JSONL or Parquet file, each row checked before anything is done with any of them."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from salescoach.dates import check_date
from salescoach.errors import DataError, InputError
from salescoach.reading.team import NOBODY_SAVED, Team
from salescoach.reading.transcripts import parse_transcript
from salescoach.types import Frozen, LabelledCall, Outcome, Provenance

TEXT, LABEL = "call_transcript", "conversion_label"
KNOWN = (TEXT, LABEL, "call_id", "account_id", "rep_id", "started_at", "outcome_at", "split")
MAX_CELL = 2_000_000
DELIMITERS = ",;\t|"
LABELS: dict[str, Outcome] = {"1": "converted", "1.0": "converted", "0": "lost", "0.0": "lost"}
# Other usual names of the column with the transcripts, in small letters.
TEXT_NAMES = ("transcript", "transcription", "conversation", "dialogue", "dialog", "call_text", "text", "call", "chat")
MAX_ROWS = 1_000  # of a table to choose a call from; reading them takes seconds
MAX_COLUMNS = 12  # named in one message
_NO_LETTERS = re.compile(r"[^a-z]+")
MAX_SHOWN = 3  # bad rows named in one message

Row = dict[str, str]


def read_calls(
    file: Path, *, need_labels: bool = True, provenance: Provenance = "own", team: Team = NOBODY_SAVED
) -> list[LabelledCall]:
    """All calls of a file, in its order.

    Args:
        file: ``.csv``, ``.jsonl`` or ``.parquet`` with the columns ``call_transcript`` and ``conversion_label``.
        need_labels: whether a row without a label is refused; else its outcome is None.
        provenance: where the calls come from.
        team: names on our side, who need not all speak in each call.

    Raises:
        DataError: the file can't be read, a column is missing, or rows break a rule; names the first bad rows.
    """
    if not file.is_file():
        raise DataError(f"There is no file {file}; give a CSV, JSONL or Parquet file of calls.")
    needed = (TEXT, LABEL) if need_labels else (TEXT,)
    with file.open("rb") as stream:
        calls, problems = _sorted_out(
            _rows(stream, file.name, needed), need_labels=need_labels, provenance=provenance, team=team
        )
    if problems:
        more = f" … and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
        shown = "; ".join(problems[:MAX_SHOWN])
        raise DataError(f"{file.name} can't be used: {shown}{more}. Nothing was changed; mend these rows.")
    if not calls:
        raise DataError(f"{file.name} holds no calls; it needs {_columns(needed)} and one row per call.")
    return calls


class CallTable(Frozen):
    """A table to choose a call from: the calls that can be read, and why each of the other rows can't."""

    calls: tuple[LabelledCall, ...]
    problems: tuple[str, ...]


def read_table(content: bytes, name: str, team: Team = NOBODY_SAVED) -> CallTable:
    """The calls of an uploaded table, labelled or not, in its order; a row that can't be read is left out and named.

    The transcript may also stand in a column of another usual name (``TEXT_NAMES``), where there is exactly one such.

    Args:
        content: of the file.
        name: of the file, whose ending says what it is: ``.csv``, ``.jsonl`` or ``.parquet``.
        team: names on our side, who need not all speak in each call.

    Raises:
        DataError: it is no table, has no column of transcripts, holds no call that can be read, or more than
            ``MAX_ROWS`` rows.
    """
    name = Path(name).name
    rows: list[tuple[int, Row]] = []
    for number, row in _rows(io.BytesIO(content), name, (), TEXT_NAMES):
        if len(rows) == MAX_ROWS:
            raise DataError(
                f"{name} has more than {MAX_ROWS:,} calls, too many to choose one from; give a part of it, or add all "
                f"of them with `coach index`."
            )
        rows.append((number, row))
    calls, problems = _sorted_out(rows, need_labels=False, provenance="own", team=team)
    if not calls:
        why = f": {'; '.join(problems[:MAX_SHOWN])}" if problems else ""
        raise DataError(f"{name} holds no call that can be read{why}; it needs {_columns((TEXT,))} and a row per call.")
    return CallTable(calls=tuple(calls), problems=tuple(problems))


def _sorted_out(
    rows: Iterable[tuple[int, Row]], *, need_labels: bool, provenance: Provenance, team: Team
) -> tuple[list[LabelledCall], list[str]]:
    """The calls of some rows, each once, and what is wrong with the others."""
    problems: list[str] = []
    calls: list[LabelledCall] = []
    first_row: dict[str, tuple[int, str, Outcome | None]] = {}  # call_id -> row, content, outcome
    by_content: dict[str, tuple[int, Outcome | None]] = {}
    for number, row in rows:
        try:
            call = _call(row, need_labels, provenance, team)
        except InputError as error:
            problems.append(f"row {number}: {error}")
            continue
        content = call.transcript.content_hash
        if call.call_id in first_row and first_row[call.call_id][1:] != (content, call.outcome):
            first = first_row[call.call_id][0]
            problems.append(f"rows {first} and {number} share the call_id {call.call_id} but differ")
        elif content in by_content and by_content[content][1] != call.outcome:
            problems.append(f"rows {by_content[content][0]} and {number} are the same call with different labels")
        elif content not in by_content:
            calls.append(call)
        first_row.setdefault(call.call_id, (number, content, call.outcome))
        by_content.setdefault(content, (number, call.outcome))
    return calls, problems


def _columns(needed: Sequence[str]) -> str:
    return f"the columns {TEXT} and {LABEL} (1 or 0)" if LABEL in needed else f"the column {TEXT}"


def is_table(file: Path) -> bool:
    """Whether a file name says that it holds a table of calls rather than one call."""
    return file.suffix.lower() in {".csv", ".jsonl", ".parquet"}


def _call(row: Row, need_labels: bool, provenance: Provenance, team: Team) -> LabelledCall:
    label = row.get(LABEL, "").strip()
    if label not in LABELS and (need_labels or label):
        raise DataError(f"{LABEL} must be 1 (converted) or 0 (lost), not {label!r}")
    transcript = parse_transcript(row.get(TEXT, ""), rep=team)
    call_id = row.get("call_id", "").strip() or f"call-{transcript.content_hash[:10]}"
    return LabelledCall(
        transcript=transcript.model_copy(update={"call_id": call_id}),
        call_id=call_id,
        outcome=LABELS.get(label),
        account_id=row.get("account_id", "").strip() or None,
        rep_id=row.get("rep_id", "").strip() or None,
        started_at=_time(row, "started_at", provenance),
        outcome_at=_time(row, "outcome_at", provenance),
        split=row.get("split", "").strip() or None,
        provenance=provenance,
        metadata={name: value for name, value in row.items() if name not in KNOWN and value.strip()},
    )


def _time(row: Row, name: str, provenance: Provenance) -> datetime | None:
    value = row.get(name, "").strip()
    try:
        when = datetime.fromisoformat(value) if value else None
    except ValueError:
        raise DataError(f"{name} must be an ISO date such as 2026-03-31T14:00, not {value!r}") from None
    check_date(when, name, may_be_ahead=provenance == "sample")
    return when


def _rows(
    stream: BinaryIO, name: str, needed: Sequence[str], text_names: Sequence[str] = ()
) -> Iterator[tuple[int, Row]]:
    """The rows that aren't blank, each with its number; blank ones are counted, so that the number can be found.

    ``text_names``: columns that may hold the transcript in place of ``TEXT``.
    """
    readers = {".jsonl": _jsonl_rows, ".parquet": _parquet_rows}
    reader = readers.get(Path(name).suffix.lower(), _csv_rows)
    text: str | None = None if text_names else TEXT
    try:
        for number, row in reader(stream, name, needed):
            text = text or _text_column(list(row), text_names, name)
            yield number, row if text == TEXT else {TEXT if key == text else key: value for key, value in row.items()}
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _text_column(header: list[str], names: Sequence[str], file: str) -> str:
    """The column with the transcripts."""
    if TEXT in header:
        return TEXT
    found = [column for column in header if _NO_LETTERS.sub("_", column.lower()).strip("_") in names]
    if len(found) == 1:
        return found[0]
    why = f"{' and '.join(found[:2])} could both be it" if found else f"the columns found are: {_shown(header)}"
    raise DataError(f"{file} needs a column {TEXT} with one call in each row; {why}.")


def _csv_rows(stream: BinaryIO, name: str, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAX_CELL)
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as handle:
        head = handle.readline()
        delimiter = max(DELIMITERS, key=head.count)
        handle.seek(0)
        reader = csv.reader(handle, delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_columns(header, needed, name)
            for number, cells in enumerate(reader, start=1):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise DataError(
                        f"{name}, row {number}: {len(cells)} cells where the header has {len(header)}; "
                        "is a quote or a delimiter missing?"
                    )
                yield number, dict(zip(header, cells, strict=True))
        except csv.Error as error:
            raise DataError(f"{name}, line {reader.line_num}: {error}; is a quote left open?") from None


def _jsonl_rows(stream: BinaryIO, name: str, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    is_first = True
    with io.TextIOWrapper(stream, encoding="utf-8-sig") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line, object_pairs_hook=_without_doubles)
            except DataError as error:
                raise DataError(f"{name}, line {number}: {error}.") from None
            except (ValueError, RecursionError):
                raise DataError(f"{name}, line {number}: not a JSON object on one line.") from None
            if not isinstance(values, dict):
                raise DataError(f"{name}, line {number}: expected a JSON object, found {type(values).__name__}.")
            row = {_as_text(key): _as_text(value) for key, value in values.items()}
            if is_first:
                _check_columns(list(row), needed, name)
                is_first = False
            yield number, row


def _parquet_rows(stream: BinaryIO, name: str, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(stream) as table:
            _check_columns(table.schema_arrow.names, needed, name)
            for batch in table.iter_batches(batch_size=512):
                for values in batch.to_pylist():
                    number += 1
                    yield number, {key: _as_text(value) for key, value in values.items()}
    except (pyarrow.ArrowException, OSError):
        raise DataError(f"{name} is no readable Parquet file; write it again.") from None


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text.encode("utf-8", "replace").decode("utf-8")  # JSON can hold half a character, nothing else can


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise DataError(f"{_doubled(name for name, _ in pairs)[0]} is there twice; keep one")
    return values


def _check_columns(header: list[str], needed: Sequence[str], file: str) -> None:
    if not set(needed) <= set(header):
        raise DataError(f"{file} needs {_columns(needed)}; the columns found are: {_shown(header)}.")
    if doubled := _doubled(header):
        raise DataError(f"{file} has the column {min(doubled)} twice; keep one.")


def _doubled(names: Iterable[str]) -> list[str]:
    return [name for name, n in Counter(names).items() if n > 1]


def _shown(header: Sequence[str]) -> str:
    return (", ".join(header[:MAX_COLUMNS]) + (", …" if len(header) > MAX_COLUMNS else "")) or "none"
