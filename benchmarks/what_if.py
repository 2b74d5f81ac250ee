"""What `what_if` refuses: of sentences that a rep might have said, and of texts that no call holds.

    .venv/bin/python benchmarks/what_if.py [CALLS.csv ...]

prints a Markdown table: the share refused, with a 95 % Wilson interval over texts. Each text is put into several calls
of the library under `COACH_HOME`; a row for each CSV puts turns of its calls into other calls of it. The first half of
the texts was at hand when the rule was chosen, the second half was written afterwards.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.labelled import read_calls
from salescoach.library import Library
from salescoach.lookups import wilson
from salescoach.scoring import CallScorer
from salescoach.splits import evenly
from tools.parts import Parts
from tools.what_if import MAX_CHARS, Edit, what_if
from vectorstore.search import PastCalls

TEXTS = Path(__file__).parent / "what_if_texts.json"
N_CALLS = 2  # that each text is put into
N_TURNS = 60  # of a CSV


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", nargs="*", type=Path, help="labelled calls of your own")
    args = parser.parse_args()
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
            print(row(kind, part, np.mean(refused, axis=1)))
    for file in args.csv:
        print(row(f"turns of {file.name}", "", turns_refused(parts, file)))
    print(f"\n{1000 * float(np.median(took)):.0f} ms each")
    library.close()


def is_refused(parts: Parts, call_id: str, text: str) -> float:
    """1.0 where the text can't be scored when the rep says it in the middle of a call."""
    middle = len(parts.library.get(call_id).transcript) // 2
    edit = Edit(action="insert", turn=middle, text=text[:MAX_CHARS])
    return float(what_if(parts, call_id, [edit]).unavailable is not None)


def turns_refused(parts: Parts, file: Path) -> list[float]:
    """Whether each of the rep's turns of a file is refused in another call of it; those calls aren't past calls."""
    transcripts = [call.transcript for call in read_calls(file)]
    some = [transcripts[number] for number in evenly(len(transcripts), N_TURNS)]
    found = []
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library.sqlite") as library:
        library.add(list(parts.library.past_calls()))
        there = Parts(library, parts.scorer, parts.index)
        for number, transcript in enumerate(some):
            said = [turn.text for turn in some[number - 1].turns if turn.role == "rep"]
            call_id = library.add_pasted(transcript)
            if parts.scorer.score(transcript).probability is not None and said:
                found.append(is_refused(there, call_id, said[len(said) // 2]))
    return found


def row(kind: str, part: str, shares: Sequence[float]) -> str:
    """A line of the table; ``shares``: of each text, in how many calls it was refused."""
    share = float(np.mean(shares))
    low, high = wilson(share, len(shares))
    return f"| {kind} | {part} | {len(shares)} | {share:.1%} ({low:.0%} to {high:.0%}) |"


if __name__ == "__main__":
    main()
