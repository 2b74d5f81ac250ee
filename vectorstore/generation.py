"""Generations of the index on disk: a new one is built beside the old one and swapped in when it is whole.

index/current.json      the generations in use, newest first: by which model, how much is in them, sha256 of their files
index/<generation>/     for each outcome a shelf: vectors of calls and moments, and facts of the calls
index/<generation>/chroma/   the same vectors in Chroma, two collections for each outcome

The one before stays, so that a chat that runs with the model of before goes on. The library is the truth; all of this
can be thrown away and built again.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from salescoach.errors import CoachError, UnavailableError
from salescoach.types import OUTCOMES, Frozen, Outcome
from salescoach.whole_file import whole_file
from vectorstore.database import DATABASE, OWNER, STORE
from vectorstore.shelf import Shelf

if TYPE_CHECKING:
    from salescoach.model.scoring import Scorer

CURRENT = "current.json"
REBUILD = "run `coach index` on your calls, or `coach setup`, to build it again"


class Generation(Frozen):
    """One build of the index. ``fingerprint`` names the model and engine whose vectors are in it.

    ``files``: sha256 by path inside the generation; Chroma's database isn't among them, as opening it changes it, but
    ``database`` is what ``digest_of_database`` gave. ``library_id`` and ``library_digest``: of the library that it was
    built from. An index of an older program has none of the three.
    """

    name: str = Field(pattern=r"^[\w-]+$")
    fingerprint: str
    model_id: str
    n_calls: dict[Outcome, int]
    n_moments: dict[Outcome, int]
    chroma_version: str
    files: dict[str, str]
    database: str = ""
    library_id: str = ""
    library_digest: str = ""

    @property
    def n(self) -> int:
        """How many calls are in it."""
        return sum(self.n_calls.values())


class _Current(Frozen):
    generations: tuple[Generation, ...] = Field(min_length=1)


def fingerprint_of(scorer: "Scorer") -> str:
    """Names whatever decides what a vector is: the model folder and the engine that computes."""
    model_id = scorer.manifest.model_id
    return f"{model_id}-{hashlib.sha256(f'{model_id} {scorer.encoder.fingerprint}'.encode()).hexdigest()[:12]}"


def generations_in(index_dir: Path) -> tuple[Generation, ...]:
    """The generations in use, newest first.

    Raises:
        UnavailableError: there is none, or it can't be read.
    """
    try:
        return _Current.model_validate_json((index_dir / CURRENT).read_bytes()).generations
    except FileNotFoundError:
        raise UnavailableError(f"There is no index of past calls yet; {REBUILD}.") from None
    except (ValidationError, OSError):
        raise UnavailableError(f"The index of past calls is damaged; {REBUILD}.") from None


def current_generation(index_dir: Path, scorer: "Scorer") -> Generation:
    """The newest generation with this scorer's vectors.

    Raises:
        UnavailableError: there is none, it can't be read, or only another model's are there.
    """
    generations = generations_in(index_dir)
    wanted = fingerprint_of(scorer)
    found = next((one for one in generations if one.fingerprint == wanted), None)
    if found is not None:
        return found
    raise UnavailableError(
        f"The index of past calls was made with the model {', '.join(one.model_id for one in generations)} and cannot "
        f"serve {scorer.manifest.model_id} on this machine; {REBUILD}."
    )


def open_shelves(index_dir: Path, generation: Generation) -> list[Shelf]:
    """The vectors and facts of a generation, compared with their hashes.

    Raises:
        UnavailableError: something is missing or damaged.
    """
    folder = index_dir / generation.name
    try:
        if not changed_files(folder, generation, in_store=False):
            return [Shelf.open(folder, outcome) for outcome in OUTCOMES]
    except (OSError, ValueError, TypeError):
        pass
    raise UnavailableError(f"The index of past calls is damaged; {REBUILD}.")


def changed_files(folder: Path, generation: Generation, *, in_store: bool) -> list[str]:
    """The files that are missing or not as they were written: Chroma's (``in_store``) or the shelves'."""
    wanted = {path: digest for path, digest in generation.files.items() if path.startswith(f"{STORE}/") == in_store}
    return [path for path, digest in wanted.items() if _digest(folder / path) != digest]


def digests(folder: Path) -> dict[str, str]:
    """sha256 of every file of a generation but Chroma's database and locks, by path inside it."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    names = ((file.relative_to(folder).as_posix(), file) for file in files)
    return {name: _digest(file) for name, file in names if Path(name).name not in {DATABASE, OWNER}}


def swap_in(index_dir: Path, generation: Generation, *, keep_previous: bool) -> None:
    """Makes a whole generation the newest, and removes what is no longer used."""
    before: tuple[Generation, ...] = ()
    with contextlib.suppress(UnavailableError):
        before = generations_in(index_dir)
    kept = [generation]
    if keep_previous:
        # The one before may be read at this moment, and a chat may go on with the newest one of another model.
        others = [one for one in before[1:] if one.fingerprint != generation.fingerprint]
        is_other = bool(before) and before[0].fingerprint != generation.fingerprint
        kept += [*before[:1], *([] if is_other else others[:1])]
    with whole_file(index_dir / CURRENT) as temporary:
        temporary.write_text(_Current(generations=tuple(kept)).model_dump_json(), encoding="utf-8")
    remove_unused(index_dir, keep=(one.name for one in kept))


def forget_generations(index_dir: Path) -> None:
    """Throws the index away, as where the library that it was built from is given up.

    Raises:
        CoachError: another process is building it right now.
    """
    if not index_dir.is_dir():
        return
    try:
        with FileLock(index_dir / ".lock", timeout=0):
            (index_dir / CURRENT).unlink(missing_ok=True)
            remove_unused(index_dir, keep=())
    except Timeout:
        raise CoachError("Another process is building the index of past calls; wait until it is done.") from None


def remove_unused(index_dir: Path, keep: Iterable[str]) -> None:
    """Removes generations but those to keep and those that a running chat has open, also what a killed build left."""
    kept = set(keep)
    for file in index_dir.glob(f".*.{CURRENT}"):
        file.unlink(missing_ok=True)
    for folder in (entry for entry in index_dir.iterdir() if entry.is_dir() and entry.name not in kept):
        try:
            with FileLock(folder / OWNER, timeout=0):
                pass
        except Timeout:
            continue  # removed after a later build
        shutil.rmtree(folder, ignore_errors=True)


def _digest(file: Path) -> str:
    """sha256 of a file; empty where it can't be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
