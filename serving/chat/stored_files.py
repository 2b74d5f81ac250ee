"""Files that users uploaded: Chainlit puts them under ``COACH_HOME/chat/<port>/.files/<session>``.

Nothing is removed for what is in it: only what the server noted when it came, or what a session left that is over.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

FOLDER: Final = ".files"
LEFT_AFTER_S: Final = 3_600  # since a session that is over wrote its last file
SWEEP_SECONDS: Final = 600


def is_upload(home: Path, path: Path) -> bool:
    """Whether a path is that of a file in a session's folder."""
    place = path.parent.resolve() / path.name
    chat = home.resolve() / "chat"
    if not place.is_relative_to(chat):
        return False
    inside = place.relative_to(chat).parts  # port, folder, session, name
    return len(inside) == 4 and inside[1] == FOLDER


def remove_uploads(home: Path, paths: Iterable[Path]) -> int:
    """Removes noted files, as far as they are uploads and still there; returns how many."""
    there = [path for path in paths if is_upload(home, path) and path.is_file()]
    for path in there:
        path.unlink(missing_ok=True)
    return len(there)


def sweep(folder: Path, alive: Collection[str], now: float | None = None) -> int:
    """Removes what sessions left that are over, an hour after their last file; returns of how many.

    Args:
        folder: that of all sessions.
        alive: ids of the sessions that are not over.
        now: seconds since 1970; default: the time that it is.
    """
    until = (time.time() if now is None else now) - LEFT_AFTER_S
    left = [session for session in _folders(folder) if session.name not in alive and _newest(session) < until]
    for session in left:
        shutil.rmtree(session, ignore_errors=True)
    return len(left)


async def sweep_regularly(folder: Path, alive: Callable[[], Collection[str]]) -> None:
    """Sweeps now and every ten minutes until it is cancelled: a page that is closed without a word leaves its files."""
    while True:
        try:
            await asyncio.to_thread(sweep, folder, alive())
        except OSError:
            logger.exception("What closed pages left could not be removed.")
        await asyncio.sleep(SWEEP_SECONDS)


def _folders(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.is_dir() and not one.is_symlink()] if folder.is_dir() else []


def _newest(session: Path) -> float:
    return max(one.lstat().st_mtime for one in (session, *session.rglob("*")))
