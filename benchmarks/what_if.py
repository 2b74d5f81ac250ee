"""What `what_if` refuses: of sentences that a rep might have said, and of texts that no call holds.

    .venv/bin/python benchmarks/what_if.py

prints a Markdown table: the share refused, with a 95 % Wilson interval over texts. Each text is put into several calls
of the library under `COACH_HOME`. One part of the texts was at hand when the rule was chosen, the other was written
afterwards.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.library import Library
from salescoach.library.lookups import wilson
from salescoach.model.scoring import CallScorer
from salescoach.stats.splits import evenly
from tools.parts import Parts
from tools.what_if import MAX_CHARS, Edit, what_if
from vectorstore.search import PastCalls

TEXTS = Path(__file__).parent / "what_if_texts.json"
N_CALLS = 2  # that each text is put into


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    settings = Settings.load()
    library, scorer = Library(settings.library_file), CallScorer.load(settings)
    parts = Parts(library, scorer, PastCalls(settings.index_dir, library, scorer))
    past = [summary.call_id for summary in library.summaries()]
    calls = [past[row] for row in evenly(len(past), N_CALLS)]
    texts: dict[str, dict[str, list[str]]] = json.loads(TEXTS.read_text(encoding="utf-8"))

    print("| texts | part | n | refused |\n| --- | --- | --- | --- |")
    took = []
    for part, kinds in texts.items():
        for kind, lines in kinds.items():
            start = time.perf_counter()
            refused = [[is_refused(parts, call, line) for call in calls] for line in lines]
            took.append((time.perf_counter() - start) / (len(lines) * len(calls)))
            print(row(kind, part, np.mean(refused, axis=1)), flush=True)
    print(f"\n{1000 * float(np.median(took)):.0f} ms each")
    library.close()


def is_refused(parts: Parts, call_id: str, text: str) -> float:
    """1.0 where the text can't be scored when the rep says it in the middle of a call."""
    middle = len(parts.library.get(call_id).transcript) // 2
    edit = Edit(action="insert", turn=middle, text=text[:MAX_CHARS])
    return float(what_if(parts, call_id, [edit]).unavailable is not None)


def row(kind: str, part: str, shares: Sequence[float]) -> str:
    """A line of the table; ``shares``: of each text, in how many calls it was refused."""
    share = float(np.mean(shares))
    low, high = wilson(share, len(shares))
    return f"| {kind} | {part} | {len(shares)} | {share:.1%} ({low:.0%} to {high:.0%}) |"


if __name__ == "__main__":
    main()
