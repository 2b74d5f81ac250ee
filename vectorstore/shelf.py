"""A shelf: the past calls of one outcome as files of vectors, and what decides whether a call may be shown.

The vectors are mapped, not read, so opening costs little. Exact search over a shelf is the oracle that Chroma is
measured against, and answers wherever Chroma can't.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Self

import numpy as np

from salescoach.dates import naive_utc
from salescoach.types import LabelledCall, Outcome
from vectorstore.duplicates import shingles
from vectorstore.moments import Moment

Kind = Literal["calls", "moments"]
KINDS: tuple[Kind, Kind] = ("calls", "moments")

PLACE = ("call", "start", "end", "anchor", "reply")  # a moment's place: row of its call, turns, the reply's or 0


@dataclass(frozen=True)
class CallFacts:
    """What is known of an indexed call without its text.

    ``moments``: its first row among the moments, and the last + 1; ``shingles`` likewise. ``started_at`` is UTC.
    """

    call_id: str
    content_hash: str
    account_id: str | None
    started_at: str | None
    moments: tuple[int, int]
    shingles: tuple[int, int]


class ShelfWriter:
    """Writes a shelf call by call; it is whole when the context ends without an error.

    ``before``: a shelf whose calls come first, as they are; with ``facts``, what is known of them by now.
    """

    def __init__(
        self, folder: Path, outcome: Outcome, before: "Shelf | None" = None, facts: Sequence[CallFacts] = ()
    ) -> None:
        self._facts_file = _facts_file(folder, outcome)
        self._files: dict[str, BinaryIO] = {
            name: _array_file(folder, outcome, name).open("wb") for name in ("calls", "moments", "places", "shingles")
        }
        self._facts: list[CallFacts] = list(facts)
        if before is not None:
            self._write("calls", before.vectors["calls"])
            self._write("moments", before.vectors["moments"])
            self._write("places", before.places)
            self._write("shingles", before.shingles)

    def add(self, call: LabelledCall, call_vector: np.ndarray, moments: Sequence[Moment], vectors: np.ndarray) -> None:
        """Adds a call: its vector, shape (call_dimension,), and those of its moments, (n_moments, dimension)."""
        first_moment = self._facts[-1].moments[1] if self._facts else 0
        first_shingle = self._facts[-1].shingles[1] if self._facts else 0
        runs = shingles(call.transcript)
        places = [(len(self._facts), one.start, one.end, one.anchor, one.reply or 0) for one in moments]
        self._write("calls", call_vector.astype("<f4"))
        self._write("moments", vectors.astype("<f4"))
        self._write("places", np.array(places, dtype="<i4"))
        self._write("shingles", runs.astype("<u4"))
        self._facts.append(
            CallFacts(
                call_id=call.call_id,
                content_hash=call.transcript.content_hash,
                account_id=call.account_id,
                started_at=since(call.started_at),
                moments=(first_moment, first_moment + len(moments)),
                shingles=(first_shingle, first_shingle + len(runs)),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        for file in self._files.values():
            file.close()
        if error is None:
            self._facts_file.write_text(json.dumps([asdict(facts) for facts in self._facts]), encoding="utf-8")

    def _write(self, name: str, array: np.ndarray) -> None:
        self._files[name].write(np.ascontiguousarray(array).tobytes())


@dataclass(frozen=True)
class Shelf:
    """An opened shelf.

    Attributes:
        outcome: of all its calls.
        calls: what is known of each call.
        vectors: "calls" -> shape (n_calls, call_dimension), "moments" -> (n_moments, dimension); float32, unit length.
        places: of each moment, with the columns ``PLACE``: shape (n_moments, 5), int32.
        shingles: of all calls, one after the other: shape (n_shingles,), uint32.
    """

    outcome: Outcome
    calls: Sequence[CallFacts]
    vectors: dict[Kind, np.ndarray]
    places: np.ndarray
    shingles: np.ndarray
    _accounts: np.ndarray
    _contents: np.ndarray
    _ids: np.ndarray
    _started: np.ndarray

    @classmethod
    def open(cls, folder: Path, outcome: Outcome) -> Self:
        """Maps the files that a ``ShelfWriter`` wrote.

        Raises:
            OSError: a file is missing or can't be read.
            ValueError: the files don't fit each other.
        """
        facts = [
            CallFacts(**{**entry, "moments": tuple(entry["moments"]), "shingles": tuple(entry["shingles"])})
            for entry in json.loads(_facts_file(folder, outcome).read_text(encoding="utf-8"))
        ]
        n_moments, n_shingles = (facts[-1].moments[1], facts[-1].shingles[1]) if facts else (0, 0)

        def array(name: str, dtype: str, n_rows: int) -> np.ndarray:
            file = _array_file(folder, outcome, name)
            if not n_rows:
                return np.zeros((0, 1), dtype=dtype)
            return np.memmap(file, dtype=dtype, mode="r").reshape(n_rows, -1)

        return cls(
            outcome=outcome,
            calls=facts,
            vectors={"calls": array("calls", "<f4", len(facts)), "moments": array("moments", "<f4", n_moments)},
            places=array("places", "<i4", n_moments).reshape(n_moments, len(PLACE)),
            shingles=array("shingles", "<u4", n_shingles).reshape(n_shingles),
            _accounts=np.array([call.account_id for call in facts], dtype=object),
            _contents=np.array([call.content_hash for call in facts], dtype=object),
            _ids=np.array([call.call_id for call in facts], dtype=object),
            _started=np.array([call.started_at or "NaT" for call in facts], dtype="datetime64[us]"),
        )

    def others(
        self,
        *,
        call_id: str | None,
        content_hash: str,
        account_id: str | None,
        started_at: datetime | None,
        among: frozenset[str] | None = None,
    ) -> np.ndarray:
        """Which calls aren't the call itself, nor its account's, nor known to be later: shape (n_calls,), bool.

        ``among``: only calls of these ids.
        """
        may = np.asarray((self._ids != call_id) & (self._contents != content_hash), dtype=bool)
        if account_id:
            may &= np.asarray(self._accounts != account_id, dtype=bool)
        if started_at:
            may &= ~(self._started > np.datetime64(naive_utc(started_at), "us"))  # no date is not later
        if among is not None:
            may &= np.array([call_id in among for call_id in self._ids], dtype=bool)
        return may

    def moment_rows(self, call: int) -> slice:
        """The moments of the call in row ``call``."""
        return slice(*self.calls[call].moments)

    def shingles_of(self, call: int) -> np.ndarray:
        """The shingles of the call in row ``call``."""
        return self.shingles[slice(*self.calls[call].shingles)]


def exact_nearest(vectors: np.ndarray, query: np.ndarray, k: int, allowed: np.ndarray) -> np.ndarray:
    """Rows of the ``k`` allowed vectors of highest cosine, highest first.

    Args:
        vectors: shape (n, dimension), unit length.
        query: shape (dimension,), unit length.
        k: how many at most.
        allowed: shape (n,), bool.
    """
    rows = np.flatnonzero(allowed)
    if not len(rows):
        return rows
    similarity = (vectors @ query)[rows]
    if k < len(rows):
        nearest = np.argpartition(-similarity, k)[:k]
        rows, similarity = rows[nearest], similarity[nearest]
    return np.asarray(rows[np.lexsort((rows, -similarity))])


def since(when: datetime | None) -> str | None:
    """The date of a call as a shelf keeps it."""
    return naive_utc(when).isoformat() if when else None


def _array_file(folder: Path, outcome: Outcome, name: str) -> Path:
    return folder / f"{name}-{outcome}.bin"


def _facts_file(folder: Path, outcome: Outcome) -> Path:
    return folder / f"calls-{outcome}.json"
