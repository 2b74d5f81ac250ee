"""Labelled calls from a CSV, JSONL or Parquet file, each row checked before anything is done with any of them."""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from salescoach.errors import DataError, InputError
from salescoach.transcripts import parse_transcript
from salescoach.types import LabelledCall, Outcome, Provenance

TEXT, LABEL = "call_transcript", "conversion_label"
KNOWN = (TEXT, LABEL, "call_id", "account_id", "rep_id", "started_at", "outcome_at", "split")
MAX_CELL = 2_000_000
DELIMITERS = ",;\t|"
LABELS: dict[str, Outcome] = {"1": "converted", "1.0": "converted", "0": "lost", "0.0": "lost"}
MAX_SHOWN = 3  # bad rows named in one message

Row = dict[str, str]


def read_calls(file: Path, *, need_labels: bool = True, provenance: Provenance = "own") -> list[LabelledCall]:
    """All calls of a file, in its order.

    Args:
        file: ``.csv``, ``.jsonl`` or ``.parquet`` with the columns ``call_transcript`` and ``conversion_label``.
        need_labels: whether a row without a label is refused; else its outcome is None.
        provenance: where the calls come from.

    Raises:
        DataError: the file can't be read, a column is missing, or rows break a rule; names the first bad rows.
    """
    problems: list[str] = []
    calls: list[LabelledCall] = []
    first_row: dict[str, tuple[int, str, Outcome | None]] = {}  # call_id -> row, content, outcome
    by_content: dict[str, tuple[int, Outcome | None]] = {}
    for number, row in _rows(file, (TEXT, LABEL) if need_labels else (TEXT,)):
        try:
            call = _call(row, need_labels, provenance)
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
    if problems:
        more = f" … and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
        shown = "; ".join(problems[:MAX_SHOWN])
        raise DataError(f"{file.name} can't be used: {shown}{more}. Nothing was changed; mend these rows.")
    if not calls:
        raise DataError(f"{file.name} holds no calls; it needs the columns {TEXT} and {LABEL} and one row per call.")
    return calls


def is_table(file: Path) -> bool:
    """Whether a file name says that it holds a table of calls rather than one call."""
    return file.suffix.lower() in {".csv", ".jsonl", ".parquet"}


def _call(row: Row, need_labels: bool, provenance: Provenance) -> LabelledCall:
    label = row.get(LABEL, "").strip()
    if label not in LABELS and (need_labels or label):
        raise DataError(f"{LABEL} must be 1 (converted) or 0 (lost), not {label!r}")
    transcript = parse_transcript(row.get(TEXT, ""))
    call_id = row.get("call_id", "").strip() or f"call-{transcript.content_hash[:10]}"
    return LabelledCall(
        transcript=transcript.model_copy(update={"call_id": call_id}),
        call_id=call_id,
        outcome=LABELS.get(label),
        account_id=row.get("account_id", "").strip() or None,
        rep_id=row.get("rep_id", "").strip() or None,
        started_at=_time(row, "started_at"),
        outcome_at=_time(row, "outcome_at"),
        split=row.get("split", "").strip() or None,
        provenance=provenance,
        metadata={name: value for name, value in row.items() if name not in KNOWN and value.strip()},
    )


def _time(row: Row, name: str) -> datetime | None:
    value = row.get(name, "").strip()
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError:
        raise DataError(f"{name} must be an ISO date such as 2026-03-31T14:00, not {value!r}") from None


def _rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """The rows that aren't blank, each with its number; blank ones are counted, so that the number can be found."""
    if not file.is_file():
        raise DataError(f"There is no file {file}; give a CSV, JSONL or Parquet file of calls.")
    readers = {".jsonl": _jsonl_rows, ".parquet": _parquet_rows}
    reader = readers.get(file.suffix.lower(), _csv_rows)
    try:
        yield from reader(file, needed)
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _csv_rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAX_CELL)
    with file.open(encoding="utf-8-sig", newline="") as handle:
        head = handle.readline()
        delimiter = max(DELIMITERS, key=head.count)
        handle.seek(0)
        reader = csv.reader(handle, delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_columns(header, needed, file)
            for number, cells in enumerate(reader, start=1):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise DataError(
                        f"{file.name}, row {number}: {len(cells)} cells where the header has {len(header)}; "
                        "is a quote or a delimiter missing?"
                    )
                yield number, dict(zip(header, cells, strict=True))
        except csv.Error as error:
            raise DataError(f"{file.name}, line {reader.line_num}: {error}; is a quote left open?") from None


def _jsonl_rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    is_first = True
    with file.open(encoding="utf-8-sig") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line, object_pairs_hook=_without_doubles)
            except DataError as error:
                raise DataError(f"{file.name}, line {number}: {error}.") from None
            except (ValueError, RecursionError):
                raise DataError(f"{file.name}, line {number}: not a JSON object on one line.") from None
            if not isinstance(values, dict):
                raise DataError(f"{file.name}, line {number}: expected a JSON object, found {type(values).__name__}.")
            row = {_as_text(name): _as_text(value) for name, value in values.items()}
            if is_first:
                _check_columns(list(row), needed, file)
                is_first = False
            yield number, row


def _parquet_rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            _check_columns(table.schema_arrow.names, needed, file)
            for batch in table.iter_batches(batch_size=512):
                for values in batch.to_pylist():
                    number += 1
                    yield number, {name: _as_text(value) for name, value in values.items()}
    except (pyarrow.ArrowException, OSError):
        raise DataError(f"{file.name} is no readable Parquet file; write it again.") from None


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
        names = [name for name, _ in pairs]
        raise DataError(f"{next(name for name in names if names.count(name) > 1)} is there twice; keep one")
    return values


def _check_columns(header: list[str], needed: Sequence[str], file: Path) -> None:
    if not set(needed) <= set(header):
        found = ", ".join(header) or "none"
        raise DataError(f"{file.name} needs the columns {TEXT} and {LABEL} (1 or 0); the columns found are: {found}.")
    doubled = {name for name in header if header.count(name) > 1}
    if doubled:
        raise DataError(f"{file.name} has the column {sorted(doubled)[0]} twice; keep one.")
