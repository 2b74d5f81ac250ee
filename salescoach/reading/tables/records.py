"""Tables whose rows name their cells: JSON lines and Parquet."""

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

from salescoach.errors import DataError
from salescoach.reading.tables.encodings import encoding_of

Row = dict[str, str]
NumberedRow = tuple[int, Row]


def read_json_lines(stream: BinaryIO, name: str) -> tuple[Iterator[NumberedRow], tuple[str, ...]]:
    """The rows of a file with one JSON object a line, and what is to be said of the file.

    Raises:
        DataError: a line is none; raised while rows are taken.
    """
    encoding = encoding_of(stream)
    return _json_rows(encoding.text_of(stream), name), encoding.notes


def read_parquet(stream: BinaryIO, name: str) -> tuple[list[str], Iterator[NumberedRow]]:
    """The columns of a Parquet file and its rows.

    Raises:
        DataError: it is none; partly raised while rows are taken.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(stream)
        return list(table.schema_arrow.names), _parquet_rows(table, name)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        raise _no_parquet(name) from None


def doubled(names: Iterable[str]) -> list[str]:
    """Those names that are there more than once."""
    return [name for name, n in Counter(names).items() if n > 1]


def _json_rows(handle: io.TextIOWrapper, name: str) -> Iterator[NumberedRow]:
    try:
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
            yield number, {_whole(key): _as_text(value) for key, value in values.items()}
    finally:
        if not handle.closed:  # by whoever has seen enough of the rows
            handle.detach()


def _parquet_rows(table: Any, name: str) -> Iterator[NumberedRow]:
    import pyarrow

    number = 0
    try:
        with table:
            for batch in table.iter_batches(batch_size=512):
                for values in batch.to_pylist():
                    number += 1
                    yield number, {key: _as_text(value) for key, value in values.items()}
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        raise _no_parquet(name) from None


def _no_parquet(name: str) -> DataError:
    return DataError(f"{name} is no readable Parquet file; write it again.")


def _as_text(value: Any) -> str:
    """A value as a cell holds it: lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list | tuple | dict):
        return _whole(json.dumps(value, ensure_ascii=False, default=str))
    return _whole(value.isoformat() if isinstance(value, datetime | date | time) else str(value))


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # JSON can hold half a character, nothing else can


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise DataError(f"{doubled(name for name, _ in pairs)[0]} is there twice; keep one")
    return values
