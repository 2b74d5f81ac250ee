"""``COACH_HOME`` is its owner's alone: it holds what people said to each other."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

OTHERS = 0o077  # the bits of group and others
_ROOT = Path(__file__).resolve().parents[2]


def hide_new_files() -> None:
    """Whatever this process makes from now on is its user's alone."""
    os.umask(OTHERS)


def keep_private(home: Path) -> str | None:
    """Takes group and others the right to a home and everything in it; links are left alone, and so is what they name.

    Nothing is done on systems without such rights, where there is no home, and with what belongs to somebody else.

    Returns:
        A sentence about what was changed or can't be; None where all is as it should be.
    """
    if os.name != "posix" or not home.is_dir():
        return None
    home = home.resolve()
    if holds_more(home):
        return f"{home} holds more than the coach's files, so it stays as it is; set COACH_HOME to a folder of its own."
    changed = 0
    for entry in (home, *_inside(home)):
        try:
            changed += _take_from_others(entry)
        except OSError:  # such as where nothing can be written; `coach doctor` says what is still open
            continue
    if not changed:
        return None
    return f"Others on this machine could read what is in {home}; it is yours alone now (files and folders: {changed})."


def is_open_to_others(home: Path) -> bool:
    """Whether somebody else on this machine may look into it."""
    return os.name == "posix" and home.is_dir() and bool(home.stat().st_mode & OTHERS)


def holds_more(home: Path) -> bool:
    """Whether it is a folder that others' files are in too: the user's own, the program's, or one above these."""
    home = home.resolve()
    return any(home == place or home in place.parents for place in (_ROOT, Path.home().resolve()))


def _inside(folder: Path) -> Iterator[Path]:
    """From above to below, so that nobody can put a link in the way of what comes next."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from _inside(entry)


def _take_from_others(entry: Path) -> bool:
    found = entry.lstat()
    is_ours = found.st_uid == os.geteuid() and (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode))
    if not is_ours or not found.st_mode & OTHERS:
        return False
    entry.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
    return True
