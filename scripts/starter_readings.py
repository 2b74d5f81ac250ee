"""Reads the calls that fill an empty library with the bundled move reader and keeps what it read. Two minutes.

    python scripts/starter_readings.py

Needed anew whenever the reader or the calls change.
"""

from pathlib import Path

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.moves.reader import BUNDLED_READER, EncoderReader
from serving.progress_bar import progress
from serving.usecases.setup import N_STARTER_CALLS, example_calls
from training.authored.readings import FILE, keep_readings
from training.authored.starter import starter_calls


def main() -> None:
    """Reads and keeps."""
    reader = EncoderReader.load(BUNDLED_READER, Path(resolve_base_model(BUNDLED_BASE_MODEL)))
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
