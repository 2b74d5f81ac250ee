"""What killed programs leave behind, and how to tell it from what a running one is making.

.NAME.KEY.tmp    a folder that is being made, beside the one that it will be
.NAME.KEY.old    the folder before, in the moment in which they change places
.NAME.KEY.lock   held by the program that does it; the system lets go of it when that program ends, however it ends
.KEY.NAME        a file that is being written (``whole_file``), which takes seconds

Older programs left folders among the runs that nothing reads any more; they go with the rest.
"""

import contextlib
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from salescoach.config import Settings

logger = logging.getLogger(__name__)

_FOLDER = re.compile(r"\.(?P<name>.{1,250})\.(?P<key>[0-9a-f]{8})\.(?P<kind>tmp|old)")
_FILE = re.compile(r"\.[0-9a-f]{8}\..+")
_SECONDS_TO_WRITE_A_FILE = 3600.0


@contextmanager
def half_made(target: Path) -> Iterator[tuple[Path, Path]]:
    """Names for a folder that is being made and for the one before, which nobody else removes during the block.

    Neither is made here; the folder they are in has to be there.
    """
    key = uuid.uuid4().hex[:8]
    lock = FileLock(_beside(target, key, "lock"))
    try:
        with lock:
            yield _beside(target, key, "tmp"), _beside(target, key, "old")
    finally:
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)


def remove_leftovers(settings: Settings) -> None:
    """What killed programs left under ``COACH_HOME``, and what older ones kept there in formats that are gone."""
    remove_half_made(settings.models_dir)
    remove_half_made(settings.cache_dir / "models")  # fetched from elsewhere
    remove_half_written(settings.home)
    remove_old_results(settings.runs_dir)


def remove_half_made(folder: Path, name: str | None = None) -> list[Path]:
    """Removes folders that no running program is making; a folder that was just making way comes back.

    Args:
        folder: where they lie.
        name: only those that were to be of this name.

    Returns:
        What was removed.
    """
    removed = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        found = _FOLDER.fullmatch(entry.name)
        if found is None or name not in (None, found["name"]) or not entry.is_dir() or entry.is_symlink():
            continue
        target = folder / found["name"]
        lock = _beside(target, found["key"], "lock")
        try:
            with FileLock(lock, timeout=0):
                if found["kind"] == "old" and not target.exists():
                    os.replace(entry, target)
                else:
                    shutil.rmtree(entry, ignore_errors=True)
                    removed.append(entry)
        except Timeout:
            continue
        lock.unlink(missing_ok=True)
    if removed:
        logger.info("Removed what a killed program left behind: %s.", ", ".join(entry.name for entry in removed))
    return removed


def remove_half_written(folder: Path) -> list[Path]:
    """Removes files under a folder whose writing began so long ago that nobody is at it; returns them."""
    removed = []
    for file in sorted(folder.rglob(".*")) if folder.is_dir() else []:
        # Dates in the future are those of a clock that was set back since.
        if _FILE.fullmatch(file.name) and file.is_file() and not file.is_symlink():
            age = abs(time.time() - file.stat().st_mtime)
            if age > _SECONDS_TO_WRITE_A_FILE:
                file.unlink(missing_ok=True)
                removed.append(file)
    return removed


def remove_old_results(runs: Path) -> list[Path]:
    """Removes results of comparisons and states for fine-tuning that were kept before there was one store for them.

    Those were ``compare/KEY/*.json`` and ``finetune/activations/ENCODER-N/{states.bf16,index.npz}``. Returns the
    folders.
    """
    states = (file.parent for file in runs.glob("finetune/activations/*/states.bf16"))
    old = [folder for folder in (runs / "compare", *states) if folder.is_dir() and not folder.is_symlink()]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return old


def _beside(target: Path, key: str, kind: str) -> Path:
    return target.with_name(f".{target.name}.{key}.{kind}")
