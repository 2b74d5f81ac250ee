"""The work itself: an Arrow batch of rows that nobody has read -> an Arrow batch of scores.

A pure function: what comes out of a row depends on this row, the model and the names on our side alone, so every engine
may cut the rows as it likes and run any of them again.
"""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from salescoach.errors import CoachError, InputError
from salescoach.reading.finish import to_transcript
from salescoach.reading.tables.calls import UnreadCall
from salescoach.reading.tables.cells import CELL_LIMITS
from salescoach.reading.tables.columns import TableColumns, columns_of
from salescoach.reading.tables.outcomes import OutcomeReader
from salescoach.reading.team import Team
from salescoach.reading.transcripts import read_calls_of
from salescoach.speech.shape import CallShape, shape_of
from salescoach.types import Score, Transcript

if TYPE_CHECKING:
    import pyarrow

    from salescoach.model.scoring import Scorer
    from salescoach.moves.results import CallMoves

Row = dict[str, Any]
_KEYS: Final = ("shard", "row", "of", "source", "where")


def score_schema() -> "pyarrow.Schema":
    """The columns of a shard of scores."""
    import pyarrow as pa

    texts = pa.list_(pa.string())
    moves = pa.list_(pa.struct([("name", pa.string()), ("turns", pa.list_(pa.int32()))]))
    objections = pa.list_(
        pa.struct([("turn", pa.int32()), ("kind", pa.string()), ("handled", pa.string()), ("handled_at", pa.int32())])
    )
    shape = pa.struct(
        [(name, pa.int32() if name.startswith("n_") else pa.float64()) for name in CallShape.model_fields]
    )
    next_step = pa.struct([("turn", pa.int32()), ("who", pa.string()), ("committed", pa.bool_())])
    return pa.schema(
        [
            ("source", pa.string()), ("where", pa.string()), ("call_id", pa.string()), ("content_hash", pa.string()),
            ("n_turns", pa.int32()), ("probability", pa.float64()), ("interval_low", pa.float64()),
            ("interval_high", pa.float64()), ("interval_level", pa.float64()), ("prediction_set", texts),
            ("abstained", pa.bool_()), ("reasons", texts), ("warnings", texts), ("unlikeness", pa.float64()),
            ("shape", shape), ("moves", moves),
            ("objections", objections), ("next_step", next_step), ("model_id", pa.string()), ("scorer", pa.string()),
            ("reader", pa.string()),
        ]
    )  # fmt: skip


def failure_schema() -> "pyarrow.Schema":
    """The columns of a shard of rows that couldn't be scored."""
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("source", "where", "call_id", "reason", "model_id")])


def result_schema() -> "pyarrow.Schema":
    """What comes out of a row: as in either kind of shard, with the row that it came out of."""
    import pyarrow as pa

    numbers = [pa.field(name, pa.int32()) for name in ("shard", "row", "of")]
    return pa.schema([*numbers, *score_schema(), pa.field("reason", pa.string())])


def score_batch(batch: "pyarrow.RecordBatch", scorer: "Scorer", team: Team) -> "pyarrow.RecordBatch":
    """Scores what is in some rows, without evidence and trajectory; as ``coach score`` does, to the last digit.

    Args:
        batch: rows, as ``serving.batch.rows.row_schema`` has them.
        scorer: of a model folder.
        team: who is on our side.

    Returns:
        A row for each call, at least one for each row that was given, of ``result_schema``; ``reason`` is null, or why
        there is no score.
    """
    return results_of([one for row in batch.to_pylist() for one in _scored(row, scorer, team)])


def results_of(rows: Sequence[Row]) -> "pyarrow.RecordBatch":
    """Rows of ``result_schema``; what one doesn't have is null."""
    import pyarrow

    return pyarrow.RecordBatch.from_pylist(list(rows), schema=result_schema())


def failure_of(row: Row, reason: str, model_id: str) -> Row:
    """What comes out of a row that can't be scored."""
    known = {name: row[name] for name in _KEYS}
    return {**known, "call_id": row["call_id"] or None, "reason": reason, "model_id": model_id}


def _scored(row: Row, scorer: "Scorer", team: Team) -> Iterator[Row]:
    model_id = scorer.manifest.model_id
    try:
        calls = _calls_of(row, team)
    except Exception as error:
        yield failure_of(row, _said(error), model_id)
        return
    for call_id, call in calls:
        try:
            transcript = call if isinstance(call, Transcript) else to_transcript(call, rep=team)
            known = call_id or f"call-{transcript.content_hash[:10]}"
            score = scorer.score(transcript.model_copy(update={"call_id": known}), n_evidence=0)
            read = None if score.abstained or scorer.reader is None else scorer.reader.read(transcript)
            yield {**{name: row[name] for name in _KEYS}, **_columns(score, transcript), **_profile(read)}
        except Exception as error:
            yield failure_of({**row, "call_id": call_id}, _said(error), model_id)


def _calls_of(row: Row, team: Team) -> list[tuple[str | None, Any]]:
    """The calls in a row, each with its id: transcripts, or as they were read."""
    form, data = row["form"], row["data"]
    if form == "unreadable":
        raise InputError(data.decode())
    if form == "call":
        return [(row["call_id"], Transcript.model_validate_json(data))]
    if form == "file":
        return [(call.call_id, call) for call in read_calls_of(data, row["source"].rpartition("/")[2], rep=team)]
    header, cells = json.loads(data)
    columns, outcomes = _table(tuple(header))
    found = UnreadCall(row["where"], cells, columns, outcomes).read(team)
    if found.call is None:
        raise InputError(found.problem)
    if found.cut_at is not None:  # a number for half a call would be taken for one of the call
        raise InputError(
            f"The transcript was cut at {found.cut_at:,} characters, the most that {CELL_LIMITS[found.cut_at]} holds; "
            "export it again in another form, such as JSON lines."
        )
    return [(row["call_id"], found.call)]


@lru_cache(maxsize=64)
def _table(header: tuple[str, ...]) -> tuple[TableColumns, OutcomeReader]:
    columns = columns_of(header)
    return columns, OutcomeReader(columns)


def _said(error: Exception) -> str:
    """Why a row has no score; of what wasn't foreseen only the kind, as its words might be the call's."""
    if isinstance(error, CoachError):
        return str(error)
    return f"The program failed on this row ({type(error).__name__}); please report it with the row's form."


def _columns(score: Score, transcript: Transcript) -> Row:
    low, high = score.interval or (None, None)
    names = (
        "call_id", "n_turns", "probability", "interval_level", "prediction_set", "abstained", "reasons", "warnings",
        "model_id", "scorer", "unlikeness",
    )  # fmt: skip
    found = {name: getattr(score, name) for name in names}
    found |= {"content_hash": transcript.content_hash, "shape": shape_of(transcript).model_dump()}
    return {**found, "interval_low": low, "interval_high": high}


def _profile(read: "CallMoves | None") -> Row:
    """Which moves at which turns, how concerns were handled, and the next step; no word of the call."""
    if read is None:
        return {}
    turns: dict[str, list[int]] = {}
    for turn in read.turns:
        for move in turn.moves:
            turns.setdefault(move.name, []).append(turn.turn)
    step = read.next_step
    return {
        "moves": [{"name": name, "turns": turns[name]} for name in sorted(turns)],
        "objections": [
            {"turn": one.turn, "kind": one.kind, "handled": one.handled, "handled_at": one.handled_at}
            for one in read.objections
        ],
        "next_step": None if step is None else {"turn": step.turn, "who": step.who, "committed": step.committed},
        "reader": read.model_id,
    }
