"""A file that is whole or not there, whatever happens while it is written."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path


@contextmanager
def whole_file(target: Path, *, is_durable: bool = False) -> Iterator[Path]:
    """A new name to write to, renamed to ``target`` when the block ends well and removed when it doesn't.

    An older file of that name is replaced only then; the folder is made where it is missing.

    ``is_durable``: the file is on the disk before it has its name, so that it is whole even after a power cut.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own, so that two programs that write the same file can't mix; it ends as the target does, as some
    # writers choose the format, or add an ending, by it.
    temporary = target.with_name(f".{uuid.uuid4().hex[:8]}.{target.name}")
    try:
        yield temporary
        if is_durable:
            _to_disk(temporary)
        os.replace(temporary, target)
        if is_durable and os.name == "posix":  # elsewhere a folder can't be opened
            _to_disk(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_private(file: Path, text: str, *, is_durable: bool = False) -> None:
    """Writes a text file, whole, that only its owner can read; ``is_durable`` as in ``whole_file``."""
    with whole_file(file, is_durable=is_durable) as temporary:
        temporary.touch(mode=0o600)
        temporary.chmod(0o600)
        temporary.write_text(text, encoding="utf-8")


def _to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def copy_folder(source: Path, target: Path, *ignored: str) -> None:
    """Copies what a folder holds to a new one, but not who may read it; patterns in ``ignored`` name what is left out.

    ``shutil.copytree`` would copy the rights too, such as those of an installed package, which everybody may read.
    """
    target.mkdir(parents=True)
    for entry in sorted(source.iterdir()):
        if any(fnmatch(entry.name, pattern) for pattern in ignored):
            continue
        if entry.is_dir():
            copy_folder(entry, target / entry.name, *ignored)
        else:
            shutil.copyfile(entry, target / entry.name)
