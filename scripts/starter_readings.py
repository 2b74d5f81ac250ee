"""Reads the calls that fill an empty library with the bundled move reader and keeps what it read. Two minutes.

    python scripts/starter_readings.py

Needed anew whenever the reader or the calls change.
"""

from salescoach.config import Settings
from salescoach.model.loading import load_reader
from serving.progress_bar import progress
from serving.usecases.setup import N_STARTER_CALLS, example_calls
from training.authored.readings import FILE, keep_readings
from training.authored.starter import starter_calls


def main() -> None:
    """Reads and keeps."""
    reader = load_reader(Settings.load(), cached=False)  # as many threads as a door takes: others round otherwise
    calls = [*starter_calls(N_STARTER_CALLS), *example_calls()]
    moves = []
    with progress() as report:
        for done, call in enumerate(calls):
            report("reading calls", done, len(calls))
            moves.append(reader.read(call.transcript))
    keep_readings(calls, moves)
    print(f"{len(calls)} calls, {FILE.stat().st_size:,} bytes in {FILE}")


if __name__ == "__main__":
    main()
