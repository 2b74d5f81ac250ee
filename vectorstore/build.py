"""Builds the index: every past call of the library, as one vector and as moments."""

import contextlib
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from chromadb.errors import ChromaError
from filelock import FileLock, Timeout

from salescoach.encoder import encode_turns
from salescoach.errors import CoachError
from salescoach.library import Library
from salescoach.progress import Progress, silent
from salescoach.scoring import Scorer
from salescoach.types import OUTCOMES
from vectorstore.chroma import VERSION, fill
from vectorstore.generation import Generation, digests, fingerprint_of, swap_in
from vectorstore.moments import moment_vectors, moments_of
from vectorstore.shelf import KINDS, Kind, Shelf, ShelfWriter


def build_index(
    library: Library,
    scorer: Scorer,
    index_dir: Path,
    progress: Progress = silent,
    *,
    keep_previous: bool = True,
    wait_s: float = 0,
) -> Generation:
    """Builds a new generation from the library and swaps it in; the old one serves until then.

    Args:
        library: the past calls.
        scorer: makes the vectors.
        index_dir: where generations are.
        progress: is told the stage, and how much of it is done.
        keep_previous: whether a chat with the model of before may go on; not where a call has to vanish.
        wait_s: seconds to wait for another build to end.

    Raises:
        CoachError: another process is building the index right now, or it can't be written. The old one still serves.
    """
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(index_dir / ".lock", timeout=wait_s):
            return _build(library, scorer, index_dir, progress, keep_previous)
    except Timeout:
        raise CoachError("Another process is building the index of past calls; wait until it is done.") from None
    except (OSError, ChromaError) as error:
        raise CoachError(
            f"The index of past calls can't be written to {index_dir} ({error}); the one before is as it was. "
            "Make room or set COACH_HOME, then run `coach index` or `coach setup`."
        ) from None


def _build(library: Library, scorer: Scorer, index_dir: Path, progress: Progress, keep_previous: bool) -> Generation:
    fingerprint = fingerprint_of(scorer)
    name = uuid.uuid4().hex[:12]
    folder = index_dir / name
    try:
        folder.mkdir()
        shelves = _write_shelves(library, scorer, folder, progress)
        total = sum(len(shelf.vectors[kind]) for shelf in shelves for kind in KINDS)
        done = 0

        def added(n_rows: int) -> None:
            nonlocal done
            done += n_rows
            progress("indexing moments", done, total)

        fill(folder, shelves, _ids, fingerprint, added)
        generation = Generation(
            name=name,
            fingerprint=fingerprint,
            model_id=scorer.manifest.model_id,
            n_calls={shelf.outcome: len(shelf.calls) for shelf in shelves},
            n_moments={shelf.outcome: len(shelf.places) for shelf in shelves},
            chroma_version=VERSION,
            files=digests(folder),
        )
        swap_in(index_dir, generation, keep_previous=keep_previous)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return generation


def _write_shelves(library: Library, scorer: Scorer, folder: Path, progress: Progress) -> list[Shelf]:
    total = len(library.summaries())
    with contextlib.ExitStack() as open_files:
        writers = {outcome: open_files.enter_context(ShelfWriter(folder, outcome)) for outcome in OUTCOMES}
        for done, call in enumerate(library.past_calls()):
            progress("reading past calls", done, total)
            assert call.outcome is not None  # the library gives calls with an outcome only
            moments = moments_of(call.transcript.turns)
            vectors = moment_vectors(encode_turns(scorer.encoder, call.transcript.turns), moments, scorer.mean_turn)
            writers[call.outcome].add(call, scorer.call_vector(call.transcript), moments, vectors)
        progress("reading past calls", total, total)
    return [Shelf.open(folder, outcome) for outcome in OUTCOMES]


def _ids(shelf: Shelf, kind: Kind) -> Sequence[str]:
    """Ids that follow from what was said: the call's content, and for a moment its anchor."""
    if kind == "calls":
        return [call.content_hash for call in shelf.calls]
    return [f"{shelf.calls[call].content_hash}:{anchor}" for call, _, _, anchor, _ in shelf.places.tolist()]
