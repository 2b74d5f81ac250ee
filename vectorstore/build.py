"""Builds the index: every past call of the library, as one vector and as moments."""

import contextlib
import logging
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from chromadb.errors import ChromaError
from filelock import FileLock, Timeout

from salescoach.errors import CoachError, UnavailableError
from salescoach.library import Library, digest_of_calls
from salescoach.model.encoder import encode_turns
from salescoach.model.scoring import Scorer
from salescoach.progress import Progress, silent
from salescoach.types import OUTCOMES, Outcome
from vectorstore.apart import is_better_apart, write_store_apart
from vectorstore.chroma import VERSION, StoreBefore, write_store
from vectorstore.database import DATABASE, STORE, UnsoundStoreError, digest_of_database
from vectorstore.generation import (
    Generation,
    changed_files,
    current_generation,
    digests,
    fingerprint_of,
    open_shelves,
    swap_in,
)
from vectorstore.moments import moment_vectors, moments_of
from vectorstore.shelf import KINDS, CallFacts, Shelf, ShelfWriter, since

logger = logging.getLogger(__name__)

MAX_NEW = 0.2  # of the past calls; of more, building all anew takes about as long


def build_index(
    library: Library,
    scorer: Scorer,
    index_dir: Path,
    progress: Progress = silent,
    *,
    keep_previous: bool = True,
    takes_over: bool = False,
    wait_s: float = 0,
) -> Generation:
    """Builds a new generation from the library and swaps it in; the old one serves until then.

    Args:
        library: the past calls.
        scorer: makes the vectors.
        index_dir: where generations are.
        progress: is told the stage, and how much of it is done.
        keep_previous: whether a chat with the model of before may go on; not where a call has to vanish.
        takes_over: whether calls that are indexed already are taken over as they are, where only new ones came to them;
            not where the rules by which vectors and moments are made may have changed.
        wait_s: seconds to wait for another build to end.

    Raises:
        CoachError: another process is building the index right now, or it can't be written. The old one still serves.
    """
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(index_dir / ".lock", timeout=wait_s):
            return _build(library, scorer, index_dir, progress, keep_previous, takes_over)
    except Timeout:
        raise CoachError("Another process is building the index of past calls; wait until it is done.") from None
    except (OSError, ChromaError, UnsoundStoreError) as error:
        raise CoachError(
            f"The index of past calls can't be written to {index_dir} ({error}); the one before is as it was. "
            "Make room or set COACH_HOME, then run `coach index` or `coach setup`."
        ) from None


def _build(
    library: Library, scorer: Scorer, index_dir: Path, progress: Progress, keep_previous: bool, takes_over: bool
) -> Generation:
    fingerprint = fingerprint_of(scorer)
    name = uuid.uuid4().hex[:12]
    folder = index_dir / name
    try:
        folder.mkdir()
        before = _Before.find(library, scorer, index_dir) if takes_over else None
        shelves = _write_shelves(library, scorer, folder, progress, before)
        total = sum(len(shelf.vectors[kind]) for shelf in shelves for kind in KINDS)
        done = 0

        def added(n_rows: int) -> None:
            nonlocal done
            done += n_rows
            progress("indexing moments", done, total)

        _write_store(folder, shelves, fingerprint, added, before)
        generation = Generation(
            name=name,
            fingerprint=fingerprint,
            model_id=scorer.manifest.model_id,
            n_calls={shelf.outcome: len(shelf.calls) for shelf in shelves},
            n_moments={shelf.outcome: len(shelf.places) for shelf in shelves},
            chroma_version=VERSION,
            files=digests(folder),
            database=digest_of_database(folder / STORE / DATABASE),
            library_id=library.library_id,
            library_digest=_digest_of(shelves),
        )
        swap_in(index_dir, generation, keep_previous=keep_previous)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return generation


@dataclass(frozen=True)
class _Before:
    """The generation in use, where past calls only came to those that are in it. ``new``: ids of those."""

    store: StoreBefore
    shelves: list[Shelf]
    facts: dict[Outcome, list[CallFacts]]
    new: list[str]

    @classmethod
    def find(cls, library: Library, scorer: Scorer, index_dir: Path) -> Self | None:
        """None where there is none that could be taken over, or where it wouldn't save much."""
        try:
            generation = current_generation(index_dir, scorer)
            shelves = open_shelves(index_dir, generation)
        except UnavailableError:
            return None
        folder = index_dir / generation.name
        if generation.chroma_version != VERSION or changed_files(folder, generation, in_store=True):
            return None
        past = {summary.call_id: summary for summary in library.summaries()}
        now = library.contents(list(past))
        indexed = {call.call_id: (call.content_hash, shelf.outcome) for shelf in shelves for call in shelf.calls}
        new = sorted(past.keys() - indexed.keys())
        if any(now.get(call_id) != known for call_id, known in indexed.items()) or len(new) > MAX_NEW * len(past):
            return None
        facts = {
            shelf.outcome: [
                replace(call, account_id=past[call.call_id].account_id, started_at=since(past[call.call_id].started_at))
                for call in shelf.calls
            ]
            for shelf in shelves
        }
        return cls(StoreBefore(folder, generation.database), shelves, facts, new)


def _write_shelves(
    library: Library, scorer: Scorer, folder: Path, progress: Progress, before: _Before | None
) -> list[Shelf]:
    calls = library.past_calls() if before is None else map(library.get, before.new)
    total = len(library.summaries()) if before is None else len(before.new)
    with contextlib.ExitStack() as open_files:
        kept = {shelf.outcome: (shelf, before.facts[shelf.outcome]) for shelf in before.shelves} if before else {}
        writers = {
            outcome: open_files.enter_context(ShelfWriter(folder, outcome, *kept.get(outcome, ())))
            for outcome in OUTCOMES
        }
        for done, call in enumerate(calls):
            progress("reading past calls", done, total)
            assert call.outcome is not None  # the library gives calls with an outcome only
            moments = moments_of(call.transcript.turns)
            vectors = moment_vectors(encode_turns(scorer.encoder, call.transcript.turns), moments, scorer.mean_turn)
            writers[call.outcome].add(call, scorer.call_vector(call.transcript), moments, vectors)
        progress("reading past calls", total, total)
    return [Shelf.open(folder, outcome) for outcome in OUTCOMES]


def _write_store(
    folder: Path,
    shelves: Sequence[Shelf],
    fingerprint: str,
    progress: Callable[[int], None],
    before: _Before | None,
) -> None:
    """Chroma's store, from the one of before where that can be taken over, else from nothing."""
    if before is not None:
        n_kept = sum(len(shelf.vectors[kind]) for shelf in before.shelves for kind in KINDS)
        write = write_store_apart if is_better_apart(shelves, n_kept) else write_store
        try:
            write(folder, shelves, fingerprint, progress, before.store)
            return
        except (UnsoundStoreError, ChromaError, sqlite3.DatabaseError, OSError, ValueError) as error:
            logger.warning("%s of the index before can't be taken over (%s); it is built anew.", STORE, error)
            shutil.rmtree(folder / STORE, ignore_errors=True)
    write = write_store_apart if is_better_apart(shelves, 0) else write_store
    write(folder, shelves, fingerprint, progress)


def _digest_of(shelves: Sequence[Shelf]) -> str:
    """What the library said of the calls that were indexed; it may say something else by now."""
    return digest_of_calls(
        (call.call_id, call.content_hash, shelf.outcome, call.account_id, call.started_at)
        for shelf in shelves
        for call in shelf.calls
    )
