"""What the model makes of edits whose direction any sales manager would name, by somebody who doesn't know it.

    .venv/bin/python benchmarks/known_edits.py [--model DIR]

prints a Markdown table: how many move the probability the right way by a point or more, the wrong way, or by less. The
calls are the examples and authored calls by writers from whom no bundled model learned.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from eval.behaviour import MIN_CHANGE
from salescoach.config import Settings
from salescoach.model.scoring import CallScorer
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Transcript, Turn
from training.authored.corpus import read_calls
from training.authored.labelled import AUTHORED

EDITS = Path(__file__).parent / "known_edits.jsonl"
EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
COLUMNS = ("right", "wrong", "less than a point")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model folder; default: the one that is in use")
    given = parser.parse_args()
    scorer = CallScorer.load(Settings.load(model=given.model))
    calls = read_calls(AUTHORED / "calls") | {file.stem: read_transcript(file) for file in EXAMPLES.glob("*.txt")}
    before: dict[str, float] = {}
    found: dict[tuple[str, str], Counter[str]] = {}
    for text in EDITS.read_text(encoding="utf-8").splitlines():
        edit = json.loads(text)
        call = calls[edit["call"]]
        if edit["call"] not in before:
            before[edit["call"]] = probability(scorer, call)
        change = probability(scorer, edited(call, edit)) - before[edit["call"]]
        towards = change if edit["direction"] == "up" else -change
        verdict = COLUMNS[0] if towards >= MIN_CHANGE else COLUMNS[1] if towards <= -MIN_CHANGE else COLUMNS[2]
        found.setdefault((edit["direction"], edit["kind"]), Counter())[verdict] += 1
    print(f"| direction | edit | {' | '.join(COLUMNS)} |\n| --- | --- | --- | --- | --- |")
    for (direction, kind), verdicts in sorted(found.items()):
        print(f"| {direction} | {kind.replace('_', ' ')} | {' | '.join(str(verdicts[one]) for one in COLUMNS)} |")
    print(f"| both | all | {' | '.join(str(sum(one[name] for one in found.values())) for name in COLUMNS)} |")


def edited(call: Transcript, edit: dict[str, Any]) -> Transcript:
    """The call with other words at a turn, or with a turn more before it."""
    row = edit["turn"] - 1
    if edit["op"] == "replace":
        turn, after = call.turns[row].model_copy(update={"text": edit["text"]}), call.turns[row + 1 :]
    else:
        turn = Turn(speaker=edit["role"].capitalize(), role=edit["role"], text=edit["text"])
        after = call.turns[row:]
    return call.model_copy(update={"turns": (*call.turns[:row], turn, *after)})


def probability(scorer: CallScorer, call: Transcript) -> float:
    """Of a conversion, also where the model would abstain."""
    score = scorer.score(call, force=True, n_evidence=1)
    found = score.uncalibrated_probability if score.probability is None else score.probability
    assert found is not None  # it was asked for
    return found


if __name__ == "__main__":
    main()
