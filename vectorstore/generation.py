"""Generations of the index on disk: a new one is built beside the old one and swapped in when it is whole.

index/current.json      which generation is in use, by which model, and how much is in it
index/<generation>/     a Chroma store; two collections (calls, moments) for each outcome
"""

import contextlib
import os
import shutil
import uuid
from pathlib import Path

import chromadb
import chromadb.config
from chromadb.api import ClientAPI
from pydantic import ValidationError

from salescoach.errors import UnavailableError
from salescoach.types import Frozen, Outcome

CURRENT = "current.json"
REBUILD = "run `coach index` on your calls, or `coach setup`, to build it again"


class Generation(Frozen):
    """One build of the index. ``fingerprint`` is the id of the model whose vectors are in it."""

    name: str
    fingerprint: str
    n_calls: dict[Outcome, int]


def collection_name(kind: str, outcome: Outcome, fingerprint: str) -> str:
    """The collection of ``kind`` ("calls" or "moments"): one per outcome, because a filter costs far more."""
    return f"{kind}-{outcome}-{fingerprint[-12:]}"


def open_client(folder: Path) -> ClientAPI:
    """Chroma on a folder, embedded, without telemetry."""
    return chromadb.PersistentClient(path=str(folder), settings=chromadb.config.Settings(anonymized_telemetry=False))


def current_generation(index_dir: Path, fingerprint: str) -> Generation:
    """The generation in use.

    Raises:
        UnavailableError: there is none, it can't be read, or another model made its vectors.
    """
    try:
        generation = Generation.model_validate_json((index_dir / CURRENT).read_bytes())
    except FileNotFoundError:
        raise UnavailableError(f"There is no index of past calls yet; {REBUILD}.") from None
    except ValidationError:
        raise UnavailableError(f"The index of past calls is damaged; {REBUILD}.") from None
    if generation.fingerprint != fingerprint:
        raise UnavailableError(
            f"The index of past calls was made with the model {generation.fingerprint}, and {fingerprint} is in use; "
            f"{REBUILD}."
        )
    if not (index_dir / generation.name).is_dir():
        raise UnavailableError(f"The index of past calls is damaged; {REBUILD}.")
    return generation


def swap_in(index_dir: Path, generation: Generation) -> None:
    """Makes a whole generation the one in use, and removes all but it and the one before (a chat may still read it)."""
    before = None
    with contextlib.suppress(FileNotFoundError, ValidationError):
        before = Generation.model_validate_json((index_dir / CURRENT).read_bytes()).name
    temporary = index_dir / f"{CURRENT}.{uuid.uuid4().hex}"
    temporary.write_text(generation.model_dump_json(), encoding="utf-8")
    os.replace(temporary, index_dir / CURRENT)
    for folder in index_dir.iterdir():
        if folder.is_dir() and folder.name not in {generation.name, before}:
            shutil.rmtree(folder, ignore_errors=True)
