"""Fits how sure a tracker's hits are, on moves of the authored calls. Minutes; run it when the move reader has changed.

    python scripts/fit_trackers.py

It writes ``salescoach/moves/trackers/calibration.json``. The moves that ``benchmarks/trackers.py`` judges, and the
writers whom it judges on, have no part in it.
"""

import argparse
from importlib import resources
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from salescoach.config import Settings
from salescoach.model.loading import load_reader
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.trackers.background import background
from salescoach.moves.trackers.fitted import rows_of
from salescoach.moves.trackers.learning import CALIBRATION_FILE, OddsOfHits, learn, scores
from salescoach.whole_file import whole_file
from training.authored.corpus import read_calls
from training.authored.labelled import labels_by
from training.moves.as_trackers import HELD_OUT, MIN_JUDGED, JudgedTurns, drawn_trackers, tracked

AUTHORED = Path(__file__).resolve().parent.parent / "training" / "authored"
GIVE_EXAMPLES = {f"w{number:02}" for number in range(1, 25)}  # as the bundled background does
JUDGED_ON = {f"w{number:02}" for number in range(25, 33)}
N_EXAMPLES = (3, 5, 8)
N_DRAWS = 4
MAX_SHARE = 0.1  # of a side's turns that make a move; what people track comes up less often than every tenth time


def main() -> None:
    """Fits and writes."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    calls = read_calls(AUTHORED / "calls")
    labels = labels_by("settled", calls)
    reader = load_reader(Settings.load())
    turns = JudgedTurns.of(calls, labels, reader, JUDGED_ON)
    sides = {"customer": turns.of_side("customer"), "rep": turns.of_side("rep")}
    usual = {side: background(reader, side, None) for side in ("customer", "rep")}
    moves = [move for move in MOVES if tracked(move) and move not in HELD_OUT]
    rows, right = [], []
    for n_examples in N_EXAMPLES:
        for move, tracker in drawn_trackers(calls, labels, GIVE_EXAMPLES, moves, n_examples, N_DRAWS):
            judged = sides[tracker.side]
            does = judged.does[:, MOVES.index(move)]
            if does.sum() < MIN_JUDGED or does.mean() > MAX_SHARE:
                continue
            examples = rows_of(tracker.side, tracker.examples, reader, usual[tracker.side])
            learned = learn(examples, examples[:0], usual[tracker.side])
            z = scores([learned], usual[tracker.side], judged.features)[:, 0]
            rows.append(np.column_stack([z, np.full(len(z), learned.m), learned.m * z]))
            right.append(does)
    x, y = np.concatenate(rows), np.concatenate(right)
    model = LogisticRegression(C=np.inf, max_iter=1000).fit(x, y)
    z_weight, m_weight, zm_weight = (round(float(one), 4) for one in model.coef_[0])
    odds = OddsOfHits(
        intercept=round(float(model.intercept_[0]), 4),
        z_weight=z_weight,
        m_weight=m_weight,
        zm_weight=zm_weight,
        reader=reader.model_id,
    )
    file = Path(str(resources.files("salescoach.moves.trackers"))) / CALIBRATION_FILE
    with whole_file(file) as temporary:
        temporary.write_text(f"{odds.model_dump_json()}\n", encoding="utf-8")
    print(f"{odds}, from {len(rows)} trackers and {len(y):,} turns of which {y.mean():.1%} are right")


if __name__ == "__main__":
    main()
