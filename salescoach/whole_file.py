"""A file that is whole or not there, whatever happens while it is written."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A new name to write to, renamed to ``target`` when the block ends well and removed when it doesn't.

    An older file of that name is replaced only then; the folder is made where it is missing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own, so that two programs that write the same file can't mix; it ends as the target does, as some
    # writers choose the format, or add an ending, by it.
    temporary = target.with_name(f".{uuid.uuid4().hex[:8]}.{target.name}")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
