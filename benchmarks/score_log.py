"""What noting a score in the library's log costs: a connection, one transaction with one line, and its end.

    .venv/bin/python benchmarks/score_log.py [--lines 10000]

Prints milliseconds of wall time for a log that has so many lines already. In the first row another connection is open
meanwhile, as in a chat that runs; in the second, the last connection to close also empties SQLite's write-ahead log.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from salescoach.library import Library, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.sqlite_files import connect_read_only

N_APPENDS = 200


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    n_lines = parser.parse_args().lines
    score = LoggedScore(
        call_id=None, content_hash="0" * 64, model_id="starter-0123456789ab", scorer="finetuned", probability=0.34,
        interval=(0.24, 0.45), abstained=False, scored_at=datetime(2026, 11, 30), door="cli",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "library.sqlite"
        Library(file).close()
        score_log.append(file, [score] * n_lines)
        alone = appends(file, score)
        with closing(connect_read_only(file)) as other:
            other.execute("SELECT count(*) FROM scores").fetchone()
            beside = appends(file, score)
    for name, taken in (("beside a chat that runs", beside), ("alone", alone)):
        ninth = statistics.quantiles(taken, n=10)[-1]
        sys.stdout.write(f"{name}: {statistics.median(taken):.2f} ms an append, nine of ten below {ninth:.2f} ms\n")


def appends(file: Path, score: LoggedScore) -> list[float]:
    """Milliseconds of each append."""
    taken = []
    for _ in range(N_APPENDS):
        begun = time.perf_counter()
        score_log.append(file, [score])
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


if __name__ == "__main__":
    main()
