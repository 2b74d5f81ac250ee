"""Trackers beside TF-IDF with the same examples, and how long ten of them take over a whole library.

    python benchmarks/trackers.py quality --judges w33 w34 … [--reader DIR]
    OMP_NUM_THREADS=1 python benchmarks/trackers.py speed --calls 10000

Quality: ten moves of the authored calls taken for trackers, five draws of eight examples each, judged on writers who
gave no example. TF-IDF is a logistic regression over words and characters of the same examples and the same background.
For F1, each half of the writers is read with the threshold that is best on the other half, for both alike; F1 at the
tracker's own threshold, estimated precision and recall and the real ones stand beside it. The bundled reader has
learned these moves from other writers, so the figure flatters: ``--reader`` takes one that was taught without them.

Speed: CPU seconds of counting ten trackers over calls whose feature vectors are cached, beside those of reading the
calls anew, as measured on a few of them.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_union

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.library import Library
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import turn_text
from salescoach.model.loading import load_reader
from salescoach.model.vector_cache import FileCache
from salescoach.moves.reader import BUNDLED_READER, EncoderReader, reader_id
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.trackers.background import background, bundled
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.moves.trackers.fitted import fit
from salescoach.moves.trackers.kept import KeptTrackers
from salescoach.moves.trackers.learning import scores
from salescoach.moves.trackers.tracker import Tracker
from salescoach.moves.windows import window_keys
from salescoach.types import LabelledCall, Turn
from training.authored.corpus import read_calls
from training.authored.labelled import labels_by
from training.moves.as_trackers import HELD_OUT, MIN_JUDGED, JudgedTurns, drawn_trackers
from training.moves.calibrate import f1, halves
from training.moves.run import writer_of

AUTHORED = Path(__file__).resolve().parent.parent / "training" / "authored"
N_EXAMPLES, N_DRAWS = 8, 5
N_TRACKERS = 10
N_READ = 4  # calls that are read anew


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("quality")
    one.add_argument("--judges", nargs="+", required=True, help="writers whom the reader never saw")
    one.add_argument("--reader", type=Path, default=BUNDLED_READER)
    one.add_argument("--moves", nargs="+", default=HELD_OUT)
    other = commands.add_parser("speed")
    other.add_argument("--calls", type=int, default=10_000)
    args = parser.parse_args()
    if args.what == "quality":
        quality(set(args.judges), args.reader, args.moves)
    else:
        speed(args.calls)


def quality(judges: set[str], folder: Path, moves: list[str]) -> None:
    """Prints a line for each move and the means."""
    calls = read_calls(AUTHORED / "calls")
    labels = labels_by("settled", calls)
    teachers = {writer_of(one) for one in labels} - judges
    cache = FileCache(Settings.load().cache_dir / f"{reader_id(folder)}-benchmark.sqlite")
    reader = EncoderReader.load(folder, Path(resolve_base_model(BUNDLED_BASE_MODEL)), cache=cache)
    turns = JudgedTurns.of(calls, labels, reader, judges)
    usual = {side: background(reader, side, None) for side in ("customer", "rep")}
    said = {side: [turn for piece in bundled() for turn in piece if turn.role == side] for side in ("customer", "rep")}
    found: dict[str, list[dict[str, float]]] = {}
    for move, tracker in drawn_trackers(calls, labels, teachers, moves, N_EXAMPLES, N_DRAWS):
        judged = turns.of_side(tracker.side)
        does = judged.does[:, MOVES.index(move)]
        if does.sum() < MIN_JUDGED:
            continue
        ready = fit(tracker, reader, usual[tracker.side])
        z = scores([ready.learned], ready.usual, judged.features)[:, 0]
        hits = ready.found(judged.turns, z)
        cheap = by_words(tracker, said[tracker.side], judged.turns)
        precision, recall, own = f1(hits, does)
        told = ready.estimate
        found.setdefault(move, []).append(
            {
                "n": does.sum(),
                "F1": best_f1(z, does, judged.writers),
                "words": best_f1(cheap, does, judged.writers),
                "AP": average_precision_score(does, z),
                "words AP": average_precision_score(does, cheap),
                "own F1": own,
                "precision": precision,
                "told": told.precision,
                "inside": told.precision_interval[0] <= precision <= told.precision_interval[1],
                "recall": recall,
                "told ": told.recall,
                "inside ": told.recall_interval[0] <= recall <= told.recall_interval[1],
            }
        )
    means = {
        move: {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} for move, rows in found.items()
    }
    names = list(next(iter(means.values())))
    print(f"{'':18}" + "".join(f"{name.strip():>10}" for name in names))
    means["mean"] = {name: float(np.mean([row[name] for row in means.values()])) for name in names}
    for move, row in means.items():
        print(f"{move:18}" + "".join(f"{row[name]:10.0f}" if name == "n" else f"{row[name]:10.3f}" for name in names))


def by_words(tracker: Tracker, usual: list[Turn], judged: tuple[Turn, ...]) -> np.ndarray:
    """Scores of turns by TF-IDF over words and characters: shape (n_judged,)."""
    vectors = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
    )
    table = vectors.fit_transform([*(one.text for one in tracker.examples), *(turn.text for turn in usual)])
    model = LogisticRegression(C=10, max_iter=500, class_weight="balanced", solver="liblinear")
    model.fit(table, np.arange(table.shape[0]) < len(tracker.examples))
    return np.asarray(model.decision_function(vectors.transform([turn.text for turn in judged])))


def best_f1(score: np.ndarray, does: np.ndarray, writers: np.ndarray) -> float:
    """F1 where each half of the writers is read with the threshold that is best on the other half."""
    found = np.zeros(len(does), dtype=bool)
    for chosen_on, judged in halves(list(writers)):
        some, others = np.isin(writers, sorted(chosen_on)), np.isin(writers, sorted(judged))
        found[others] = score[others] >= cut(score[some], does[some])
    return f1(found, does)[2]


def cut(score: np.ndarray, does: np.ndarray) -> float:
    """The score that gives the best F1."""
    order = np.argsort(-score, kind="stable")
    found = 2 * np.cumsum(does[order]) / (np.arange(1, len(does) + 1) + does.sum())
    return float(score[order[found.argmax()]])


def speed(n_calls: int) -> None:
    """Prints CPU seconds; the calls are the authored ones, repeated, with vectors under keys of their own."""
    authored = list(read_calls(AUTHORED / "calls").values())
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(home=Path(folder))
        reader = load_reader(settings)
        begun = time.process_time()
        n_read = sum(len(reader.features(call.turns)) for call in authored[:N_READ])
        each = (time.process_time() - begun) / n_read
        with Library(settings.library_file) as library:
            calls = [labelled(authored[row % len(authored)].turns, row) for row in range(n_calls)]
            library.add(calls)
            n_turns = sum(len(call.transcript) for call in calls)
            dimension = reader.features(authored[0].turns).shape[1]
            cache = FileCache(next(settings.cache_dir.glob("*.sqlite")))
            for call in calls:
                keys = window_keys([turn_text(turn) for turn in call.transcript.turns])
                cache.put(dict(zip(keys, rng.normal(size=(len(keys), dimension)).astype(np.float32), strict=True)))
            desk: Any = TrackerDesk(KeptTrackers(settings.trackers_file), lambda: load_reader(settings), library)
            trackers = [tracker_of(number) for number in range(N_TRACKERS)]
            for one in trackers:
                desk.fitted(one)
            begun, wall = time.process_time(), time.perf_counter()
            desk.in_library(trackers)
            took, waited = time.process_time() - begun, time.perf_counter() - wall
    print(
        f"{N_TRACKERS} trackers over {n_calls:,} calls ({n_turns:,} turns): {took:.1f} s of CPU in {waited:.1f} s; "
        f"reading them anew would take {each * n_turns:,.0f} s, {each * n_turns / took:.0f} times as long"
    )


def labelled(turns: tuple[Turn, ...], number: int) -> LabelledCall:
    """A call of its own: its first turn tells it from others with the same words."""
    from salescoach.types import Transcript

    own = Turn(speaker="Rep", role="rep", text=f"This is call number {number}.")
    rest = tuple(turn.model_copy(update={"text": f"{turn.text} ({number})"}) for turn in turns)
    return LabelledCall(
        transcript=Transcript(turns=(own, *rest)),
        call_id=f"call-{number}",
        outcome=("converted", "lost", None)[number % 3],
        account_id=f"account-{number // 3}",
        metadata={"industry": ("insurance", "real_estate")[number % 2]},
    )


def tracker_of(number: int) -> Tracker:
    """A tracker with eight examples."""
    said = (
        "could you do better on the price",
        "is that your best offer",
        "what would two years cost",
        "we need it lower",
    )
    texts = [f"{one}, case {number}{which}" for one in said for which in ("", " please")]
    return Tracker.model_validate({"name": f"tracker {number}", "side": "customer", "examples": texts})


if __name__ == "__main__":
    main()
