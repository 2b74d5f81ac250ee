"""Questions to a library of many calls, beside measuring its calls anew for each question.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/library.py --calls 10000

prints a Markdown table; seconds are process CPU time, medians of five. Calls are those of the sample corpus, repeated
with one turn of their own each.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from salescoach.library import Library
from salescoach.reading.transcripts import parse_transcript
from salescoach.speech.call_metrics import call_metrics
from salescoach.speech.readings import choose_peers, metric_readings
from salescoach.types import LabelledCall, Turn
from tools.look_up_library import look_up_library
from tools.parts import Parts
from tools.won_and_lost import won_and_lost
from training.sample.corpus import generate_calls

N_DIFFERENT = 300
N_MEASURED = 300  # of which the time of all is computed


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    args = parser.parse_args()
    calls = make_calls(args.calls)
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library.sqlite") as library:
        adding_s = seconds(lambda: library.add(calls), n=1)
        unread: Any = SimpleNamespace(reader=None)  # look-ups read the library alone
        parts = Parts(library, unread, unread)
        transcript = calls[0].transcript
        anew_s = seconds(lambda: [call_metrics(call.transcript, None) for call in calls[:N_MEASURED]], n=3)
        anew_s *= args.calls / len(calls[:N_MEASURED])
        rows = {
            "win rate by industry": seconds(lambda: look_up_library(parts, by="industry")),
            "talk ratio by quarter": seconds(lambda: look_up_library(parts, "talk_ratio_words", by="quarter")),
            "what tells won from lost calls": seconds(lambda: won_and_lost(parts)),
            "all metrics of a call beside all calls": seconds(
                lambda: metric_readings(transcript, None, choose_peers(library.summaries(), reader=None))
            ),
        }
        deleting_s = seconds(lambda: library.delete(calls[0].call_id), n=1)
    sys.stdout.write(f"{args.calls:,} calls; adding them {adding_s:.1f} s, deleting one {deleting_s:.2f} s\n\n")
    sys.stdout.write("| question | s | part of measuring all calls anew |\n| --- | --- | --- |\n")
    for name, took_s in rows.items():
        sys.stdout.write(f"| {name} | {took_s:.3f} | 1/{anew_s / took_s:.0f} |\n")


def make_calls(n: int) -> list[LabelledCall]:
    """Calls with a turn of their own, so that no two are the same."""
    made = [(call, parse_transcript(call.transcript())) for call in generate_calls(min(n, N_DIFFERENT))]
    calls = []
    for row in range(n):
        sample, transcript = made[row % len(made)]
        own = Turn(speaker="Rep", role="rep", text=f"That was call number {row}.")
        calls.append(
            LabelledCall(
                transcript=transcript.model_copy(update={"turns": (*transcript.turns, own)}),
                call_id=f"call-{row}",
                outcome="converted" if sample.converted else "lost",
                account_id=f"account-{row // 3}",
                started_at=sample.started_at,
                metadata={"industry": sample.account.industry, "call_type": sample.call_type},
            )
        )
    return calls


def seconds(work: Callable[[], object], n: int = 5) -> float:
    """Median CPU seconds of some work."""
    taken = []
    for _ in range(n):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
