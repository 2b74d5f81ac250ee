"""Writes Chroma's store in a process of its own.

Chroma holds the interpreter for as long as it writes, which is seconds where all is built anew. Beside an event loop
nobody would be answered meanwhile.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from vectorstore.chroma import StoreBefore, write_store
from vectorstore.database import UnsoundStoreError
from vectorstore.shelf import KINDS, Shelf

ROWS_HERE: Final = 200  # starting a process takes longer than writing these
_PROGRAM: Final = "import sys; sys.path[:] = {path!r}; from vectorstore.apart import serve_parent; serve_parent()"
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
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(_FAILED):
                    failed = line.removeprefix(_FAILED).strip()
                else:
                    progress(int(line))
        except BaseException:  # nobody wants it any more
            process.kill()
            raise
    if failed is not None or process.returncode:
        raise UnsoundStoreError(failed or f"the process that wrote it ended with {process.returncode}")


def serve_parent() -> None:
    """What the process does: writes what its argument names, and says on stdout how many rows it adds."""
    asked = json.loads(sys.argv[1])
    folder, before = Path(asked["folder"]), asked["before"]
    told, sys.stdout = sys.stdout, sys.stderr
    try:
        write_store(
            folder,
            [Shelf.open(folder, outcome) for outcome in asked["outcomes"]],
            asked["fingerprint"],
            lambda n: print(n, file=told, flush=True),
            before and StoreBefore(Path(before[0]), before[1]),
        )
    except Exception as error:
        print(_FAILED + str(error).replace("\n", " "), file=told, flush=True)
