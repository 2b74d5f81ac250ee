"""Which files under a folder hold any of some words.

The files are looked through by a process of its own: databases that a server has open are among them, and whoever opens
and closes such a file loses the locks that his process has on it.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from salescoach.errors import CoachError

_PIECE: Final = 1 << 20  # bytes that are looked at together
_PROGRAM: Final = (
    "import sys; sys.path[:] = {path!r}; from serving.usecases.words_left import serve_parent; serve_parent()"
)


def files_with(home: Path, words: Sequence[str]) -> tuple[str, ...]:
    """The files that hold any of the words, in order. Weights are left out: they are numbers, and checked to be.

    Raises:
        CoachError: it couldn't be looked through.
    """
    asked = json.dumps([str(home), list(words)])
    command = [sys.executable, "-c", _PROGRAM.format(path=sys.path)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CoachError(f"The call is deleted, but {home} couldn't be searched for files that still hold words of it.")
    return tuple(json.loads(done.stdout))


def serve_parent() -> None:
    """What the process does: reads folder and words from stdin, and writes the files to stdout, as JSON."""
    home, words = json.load(sys.stdin)
    needles = [said.encode() for said in words]
    files = (file for file in sorted(Path(home).rglob("*")) if file.is_file() and file.suffix != ".safetensors")
    json.dump([str(file) for file in files if _holds(file, needles)], sys.stdout)


def _holds(file: Path, needles: Sequence[bytes]) -> bool:
    overlap = max(map(len, needles), default=1) - 1
    before = b""
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                content = before + piece
                if any(needle in content for needle in needles):
                    return True
                before = content[-overlap:] if overlap else b""
    except FileNotFoundError:  # a log that isn't there any more
        pass
    return False
