"""How long reading takes: a table of 20,000 calls beside parsing its CSV alone, and long lines that mean to take long.

    .venv/bin/python benchmarks/reading.py

prints process CPU time of one thread, and the most memory that was held.
"""

import csv
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from salescoach.errors import InputError
from salescoach.reading.labelled import read_calls
from salescoach.reading.transcripts import read_calls_of

N_ROWS = 20_000
SAID = """Rep: Did the quote reach you?
Customer: It did, on Monday.
Rep: And the colours?
Customer: Grey is fine.
Rep: Who else looks at it?
Customer: My brother, he signs.
Rep: Shall I call him?
Customer: Thursday, yes."""
PIECES = (
    "Rep: ",
    "(:",
    "0:",
    "[00:01] ",
    "<b>",
    "a | ",
    "\\n",
    "Ana  0:12\n",
    "00:00:01,000 --> ",
    "“",
    "&lt;",
    '{"a":',
)
MEGABYTE = 999_000


def write_table(file: Path) -> None:
    """Calls of eight turns, each with a turn of its own."""
    with file.open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(["call_id", "call_transcript", "conversion_label"])
        for row in range(N_ROWS):
            table.writerow([row, f"{SAID}\nRep: That is number {row}, then.", row % 2])


def seconds(work: Callable[[], object]) -> float:
    """CPU time of one run."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def parse(file: Path) -> int:
    """The number of rows, by the csv module alone."""
    with file.open(newline="", encoding="utf-8") as handle:
        return sum(1 for _ in csv.reader(handle))


def slowest() -> tuple[float, str]:
    """The piece of which a megabyte takes longest, on one line and on lines of 10,000 characters."""
    found = []
    for piece, text in long_texts():
        begun = time.process_time()
        refused_or_read(text)
        found.append((time.process_time() - begun, piece))
    return max(found)


def long_texts() -> Iterator[tuple[str, str]]:
    """Each piece, repeated to a megabyte."""
    for piece in PIECES:
        line = piece * (10_000 // len(piece))
        yield piece, (piece * (MEGABYTE // len(piece)))
        yield piece, "\n".join([line] * (MEGABYTE // (len(line) + 1)))


def refused_or_read(text: str) -> None:
    """Reads a text, or finds that it can't be read."""
    with suppress(InputError):
        read_calls_of(text.encode())


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calls.csv"
        write_table(file)
        alone = seconds(lambda: parse(file))
        whole = seconds(lambda: read_calls(file))
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{N_ROWS:,} calls: {whole:.2f} s, {whole / alone:.0f} times the CSV alone, {held:.0f} MiB at most")
    worst, piece = slowest()
    print(f"a megabyte of {piece!r} takes longest: {worst:.2f} s")


if __name__ == "__main__":
    main()
