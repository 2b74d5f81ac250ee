"""What the disk does to a command, as one sentence: it is full, can't be written to, or fails.

Only errors that name such a cause are explained; any other error is a bug, and its traceback is wanted.
"""

import errno
import os
import re
import sqlite3

from salescoach.sqlite_files import DISK_REMEDY, is_disk_error

_ADVICE = {
    errno.ENOSPC: "make room, or set COACH_HOME to a folder on another disk",
    errno.EDQUOT: "make room, or set COACH_HOME to a folder on another disk",
    errno.EFBIG: "set COACH_HOME to a folder whose files may be larger",
    errno.EROFS: "make it writable, or set COACH_HOME to a folder of yours",
    errno.EACCES: "make it readable and writable for you, or set COACH_HOME to a folder of yours",
    errno.EPERM: "make it readable and writable for you, or set COACH_HOME to a folder of yours",
    errno.EIO: "the disk itself fails; save what can be read to another one",
}
# How errors of others name a cause: Python within a list of them, and Rust.
_NAMED = re.compile(r"\[Errno (\d+)\]|\(os error (\d+)\)")


def said_of(error: BaseException) -> str | None:
    """One sentence about an error of the disk; None where it is another error."""
    from safetensors import SafetensorError
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError):
        return said_of(error.orig) if error.orig is not None else None
    if isinstance(error, sqlite3.Error):
        return _sentence(str(error), DISK_REMEDY) if is_disk_error(error) else None
    if not isinstance(error, OSError | SafetensorError):
        return None
    code = error.errno if isinstance(error, OSError) else None
    # Where a file is copied, the second name is the one that is written.
    place = (error.filename2 or error.filename) if isinstance(error, OSError) else None
    if code is None and (named := _NAMED.search(str(error))):  # such as shutil.Error, a list of what failed
        code = int(named[1] or named[2])
    if code not in _ADVICE:
        return None
    return _sentence(os.strerror(code) + (f": {place}" if place else ""), _ADVICE[code])


def _sentence(what: str, advice: str) -> str:
    return f"The disk can't be used as needed ({what}); {advice}. What was whole before is as it was."
