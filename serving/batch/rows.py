"""What is in the files of a batch, row by row and unread: whoever passes over a row doesn't read the call in it."""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple

from salescoach.errors import InputError
from salescoach.reading.archives import MAX_DOCUMENT_BYTES
from salescoach.reading.finish import to_transcript
from salescoach.reading.limits import MAX_BYTES
from salescoach.reading.tables.calls import OpenTable, TableCall, UnreadCall
from salescoach.reading.tables.sheets import holds_table, tables_in
from salescoach.reading.team import Team
from serving.batch.inputs import BatchFile, content_of, opened

if TYPE_CHECKING:
    import pyarrow

MAX_UTTERANCES: Final = 300_000  # of a table with a row for each: some 300 MB until its last row was seen
MAX_FILE_BYTES: Final = MAX_BYTES + MAX_DOCUMENT_BYTES  # more is not read, and refused by the reader

Form = Literal["row", "file", "call", "unreadable"]


class BatchRow(NamedTuple):
    """A row of a table, or a file with a call.

    Attributes:
        source: the file, below what was given.
        where: its place there, such as "row 3"; empty for a whole file.
        call_id: as a column names it, else empty.
        form: what ``data`` is: the header and cells of a row as JSON, a file's bytes, a call that was read as JSON, or
            the sentence why nothing can be read.
        data: that.
    """

    source: str
    where: str
    call_id: str
    form: Form
    data: bytes


def row_schema() -> "pyarrow.Schema":
    """The columns of a batch that is to be scored. ``shard`` and ``row`` name the row, ``of`` the rows of its shard."""
    import pyarrow

    numbers = [(name, pyarrow.int32()) for name in ("shard", "row", "of")]
    texts = [(name, pyarrow.string()) for name in ("source", "where", "call_id", "form")]
    return pyarrow.schema([*numbers, *texts, ("data", pyarrow.large_binary())])


def batch_of(rows: Sequence[BatchRow], shard: int, first: int, of: int) -> "pyarrow.RecordBatch":
    """Rows of one shard as Arrow.

    Args:
        rows: one after another.
        shard: its number.
        first: the number of the first row within the shard.
        of: how many rows the shard has.
    """
    import pyarrow

    columns = list(zip(*rows, strict=True)) or [()] * len(BatchRow._fields)
    n = len(rows)
    return pyarrow.RecordBatch.from_arrays(
        [
            pyarrow.array(values, field.type)
            for values, field in zip(
                [[shard] * n, range(first, first + n), [of] * n, *columns], row_schema(), strict=True
            )
        ],
        schema=row_schema(),
    )


def rows_of_files(files: Iterable[BatchFile]) -> Iterator[BatchRow]:
    """A row for each file with a call or several."""
    for file in files:
        try:
            yield BatchRow(file.shown, "", "", "file", content_of(file, MAX_FILE_BYTES + 1))
        except InputError as error:
            yield _unreadable(file, error)


def rows_of_table(file: BatchFile, team: Team, notes: list[str] | None = None) -> Generator[BatchRow, None, None]:
    """The rows of a table, as they come; where it can't be read on, the last one says why.

    Args:
        file: the table.
        team: who is on our side.
        notes: is given what was assumed of the table.
    """
    try:
        with opened(file) as stream:
            if holds_answers(stream, file.shown):
                yield BatchRow(file.shown, "", "", "file", stream.read(MAX_FILE_BYTES + 1))
                return
            table = OpenTable(stream, file.shown, need_outcome=False, reps=team, max_utterances=MAX_UTTERANCES)
            with closing(table.rows()) as rows:
                for one in rows:
                    yield _unread(file, one) if isinstance(one, UnreadCall) else _read(file, one, team)
            if notes is not None:
                notes += [f"{file.shown}: {note}" for note in table.notes]
    except InputError as error:
        yield _unreadable(file, error)
    except OSError as error:
        yield _unreadable(file, InputError(f"it can't be read on ({error.strerror or error})"))


def holds_answers(stream: BinaryIO, name: str) -> bool:
    """Whether a file, which is read from its beginning again afterwards, is no table although its name says so.

    JSON lines that aren't rows with a call each are an API's answers, which the readers of transcripts know.
    """
    if not name.lower().endswith((".jsonl", ".ndjson")):
        return False
    is_known = next(tables_in(stream, name)).columns.is_known
    stream.seek(0)
    if is_known:
        return False
    head = stream.read(MAX_FILE_BYTES + 1)
    stream.seek(0)
    return len(head) <= MAX_FILE_BYTES and not holds_table(head, name)


def _unread(file: BatchFile, one: UnreadCall) -> BatchRow:
    cells = json.dumps([one.columns.header, one.row], ensure_ascii=False).encode("utf-8", "replace")
    return BatchRow(file.shown, one.where, one.call_id, "row", cells)


def _read(file: BatchFile, one: TableCall, team: Team) -> BatchRow:
    if one.call is None:
        return BatchRow(file.shown, one.where, one.call_id, "unreadable", one.problem.encode())
    try:
        transcript = to_transcript(one.call, rep=team)
    except InputError as error:
        return BatchRow(file.shown, one.where, one.call_id, "unreadable", str(error).encode())
    return BatchRow(file.shown, one.where, one.call_id, "call", transcript.model_dump_json().encode())


def _unreadable(file: BatchFile, error: InputError) -> BatchRow:
    return BatchRow(file.shown, "", "", "unreadable", str(error).encode("utf-8", "replace"))
