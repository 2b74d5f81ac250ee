"""JSON lines, packed where nobody reads or changes them by hand."""

import gzip
from collections.abc import Iterator
from pathlib import Path


def json_lines(folder: Path) -> Iterator[str]:
    """The lines of all ``.jsonl`` and ``.jsonl.gz`` files of a folder, in the order of their names."""
    for file in sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]):
        yield from text_lines(file)


def text_lines(file: Path) -> list[str]:
    """The lines of a file, packed or not, that hold anything."""
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    return [line for line in text.splitlines() if line.strip()]
