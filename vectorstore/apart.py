"""Writes Chroma's store in a process of its own.

Chroma holds the interpreter for as long as it writes, which is seconds where all is built anew. Beside an event loop
nobody would be answered meanwhile.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock

from vectorstore.chroma import StoreBefore, write_store
from vectorstore.database import OWNER, UnsoundStoreError
from vectorstore.shelf import KINDS, Shelf

ROWS_HERE: Final = 200  # starting a process takes longer than writing these
# What anything else prints, native code and imports included, goes to stderr and not to the parent.
_PROGRAM: Final = (
    "import os, sys; told = os.dup(1); os.dup2(2, 1); sys.path[:] = {path!r}; "
    "from vectorstore.apart import serve_parent; serve_parent(told)"
)
_FAILED: Final = "failed "


def is_better_apart(shelves: Sequence[Shelf], n_kept: int) -> bool:
    """Whether others would wait: this is a thread, as a server's work is, and of many rows.

    ``n_kept``: rows that are in a store before, which is taken over.
    """
    n = sum(len(shelf.vectors[kind]) for shelf in shelves for kind in KINDS)
    return threading.current_thread() is not threading.main_thread() and n - n_kept > ROWS_HERE


def write_store_apart(
    folder: Path, shelves: Sequence[Shelf], fingerprint: str, progress: Callable[[int], None],
    before: StoreBefore | None = None,
) -> None:  # fmt: skip
    """As ``write_store``, of shelves that stand in ``folder``.

    Raises:
        UnsoundStoreError: as ``write_store`` raises any of its errors.
    """
    asked = {
        "folder": str(folder.absolute()),
        "outcomes": [shelf.outcome for shelf in shelves],
        "fingerprint": fingerprint,
        "before": before and [str(before.folder.absolute()), before.database],
    }
    command = [sys.executable, "-c", _PROGRAM.format(path=sys.path), json.dumps(asked)]
    failed = None
    # Its stdin ends with this process, and so does it.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(_FAILED):
                    failed = line.removeprefix(_FAILED).strip()
                else:
                    progress(_n_rows(line))
        except BaseException:  # nobody wants it any more
            process.kill()
            raise
    if failed is not None or process.returncode:
        raise UnsoundStoreError(failed or f"the process that wrote it ended with {process.returncode}")


def _n_rows(line: str) -> int:
    try:
        return int(line)
    except ValueError:
        raise UnsoundStoreError("the process that wrote it said something else than how many rows it adds") from None


def serve_parent(told: int) -> None:
    """What the process does: writes what its argument names, and says how many rows it adds.

    ``told``: file descriptor of the parent's pipe, which stays open until the process has ended.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asked = json.loads(sys.argv[1])
    folder, before = Path(asked["folder"]), asked["before"]
    try:
        with FileLock(folder / OWNER, timeout=0):  # so that nobody removes the folder meanwhile
            write_store(
                folder,
                [Shelf.open(folder, outcome) for outcome in asked["outcomes"]],
                asked["fingerprint"],
                lambda n: _tell(told, str(n)),
                before and StoreBefore(Path(before[0]), before[1]),
            )
    except Exception as error:
        _tell(told, _FAILED + str(error).replace("\n", " "))


def _tell(told: int, line: str) -> None:
    os.write(told, f"{line}\n".encode())


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing ever comes but the end
    os._exit(1)
