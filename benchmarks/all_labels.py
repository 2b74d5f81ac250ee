"""What it is worth that the recipe is fitted once more on every labelled call, after a third of them has judged it.

    python benchmarks/all_labels.py CALLS.csv --seed 3 [--folds 0 1 2 3 4] [--frozen]

Account-grouped five-fold cross-validation. In each fold ``coach train``'s recipe is given the calls of four folds, and
the fifth is scored by what its judging third judged (``judged``), by the arm with the highest AUROC there, as was the
rule before (``highest``), by what is kept (``kept``), and by words learned from all of the four folds (``tfidf``).
Prints Markdown: the mean over folds of AUROC and Brier score, and paired differences with 95 % intervals from
resampling accounts. ``--frozen`` leaves the encoder as it is, which takes a minute in place of an hour.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from salescoach.config import Settings
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import TurnEncoder
from salescoach.model.head import blended, sigmoid
from salescoach.model.vector_cache import MemoryCache
from salescoach.progress import silent
from salescoach.reading.labelled import read_calls
from salescoach.stats.splits import GroupBootstrap, group_of, grouped_folds, labels_of
from salescoach.types import LabelledCall, ScorerName, Transcript
from training.embedding import FineTuning
from training.fitted import fit_arms, fit_embeddings
from training.judge import judge
from training.kept import Kept, as_judged, kept_of_all
from training.options import FinetuneOptions
from training.parts import Split

N_DRAWS = 1000
ARMS = ("judged", "highest", "kept", "tfidf")
PAIRS = (("kept", "highest"), ("kept", "judged"), ("kept", "tfidf"))


def main() -> None:
    """Prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=Path)
    parser.add_argument("--seed", type=int, default=3, help="of the split into folds, and of the training")
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--frozen", action="store_true")
    given = parser.parse_args()
    calls = [call.model_copy(update={"split": None}) for call in read_calls(given.calls) if call.outcome is not None]
    labels, groups = labels_of(calls), [group_of(call) for call in calls]
    fold_of = grouped_folds(labels.tolist(), groups, 5, given.seed)
    settings = Settings.load(seed=given.seed)
    base = resolve_base_model(settings.base_model, settings.encoders_dir)
    encoder = TurnEncoder.load(base, fingerprint="base", cache=MemoryCache())
    said = {arm: np.full(len(calls), np.nan) for arm in ARMS}
    for fold in given.folds:
        test = np.flatnonzero(fold_of == fold)
        learned = [call for call, own in zip(calls, fold_of, strict=True) if own != fold]
        with tempfile.TemporaryDirectory() as place:
            tuning = FineTuning(encoder, FinetuneOptions(), Path(place), settings, cached=False)
            found = one_fold(learned, [calls[row].transcript for row in test], tuning, is_finetuned=not given.frozen)
        for arm, logits in found.items():
            said[arm][test] = sigmoid(logits)
        print(f"fold {fold}:", *(f"{arm} {_auc(labels[test], said[arm][test]):.3f}" for arm in ARMS), flush=True)
    _print_tables(labels, groups, fold_of, given.folds, said)


def one_fold(
    learned: list[LabelledCall], test: list[Transcript], tuning: FineTuning, *, is_finetuned: bool
) -> dict[str, np.ndarray]:
    """Calibrated logits of the test calls by each of ``ARMS``: shape (n_test,)."""
    split = Split.of(learned, tuning.settings.seed, by_time=False)
    arms = fit_arms(split, fit_embeddings(split, tuning, is_finetuned=is_finetuned), None, silent)
    verdict = judge(split.seen, split.test, arms.candidates, silent)
    choices: tuple[ScorerName, ...] = (verdict.embedding, "tfidf", "blend")
    highest = max(choices, key=lambda name: verdict.measures[name]["auc"].value)
    before, kept = as_judged(split, arms, verdict), kept_of_all(split, arms, verdict, tuning)
    for trained in (*arms.embeddings.values(), kept.embedding):
        trained.forget_checkpoints()
    return {
        "judged": _logits(before, verdict.scorer, test),
        "highest": _logits(before, highest, test),
        "kept": _logits(kept, verdict.scorer, test),
        "tfidf": _logits(kept, "tfidf", test),
    }


def _logits(kept: Kept, scorer: ScorerName, calls: list[Transcript]) -> np.ndarray:
    words = np.array([kept.text.logits(call.turns, np.ones((1, len(call)), dtype=bool))[0] for call in calls])
    if scorer == "tfidf":
        return words
    embedding = kept.head.logits(kept.embedding.final.pool(calls))
    return blended([embedding, words], *kept.blend) if scorer == "blend" else embedding


def _print_tables(
    labels: np.ndarray, groups: list[str], fold_of: np.ndarray, folds: list[int], said: dict[str, np.ndarray]
) -> None:
    rng, drawn = np.random.default_rng(0), {arm: [] for arm in ARMS}
    rows = [np.flatnonzero(fold_of == fold) for fold in folds]
    bootstraps = [GroupBootstrap([groups[row] for row in own.tolist()]) for own in rows]
    for _ in range(N_DRAWS):
        picks = [draw.draw(labels[own], rng) for draw, own in zip(bootstraps, rows, strict=True)]
        samples = [own if pick is None else own[pick] for own, pick in zip(rows, picks, strict=True)]
        for arm in ARMS:
            drawn[arm].append(_measures(labels, said[arm], samples))
    whole = {arm: _measures(labels, said[arm], rows) for arm in ARMS}
    print("\n| arm | AUROC | Brier |\n| --- | --- | --- |")
    for arm in ARMS:
        print(f"| {arm} | {whole[arm][0]:.3f} | {whole[arm][1]:.3f} |")
    print("\n| arm | over | AUROC | Brier |\n| --- | --- | --- | --- |")
    for arm, over in PAIRS:
        gaps = np.array(drawn[arm]) - np.array(drawn[over])
        low, high = np.quantile(gaps, (0.025, 0.975), axis=0)
        points = whole[arm] - whole[over]
        print(f"| {arm} | {over} | " + " | ".join(
            f"{point:+.3f} ({a:+.3f} to {b:+.3f})" for point, a, b in zip(points, low, high, strict=True)
        ) + " |")  # fmt: skip


def _measures(labels: np.ndarray, said: np.ndarray, folds: list[np.ndarray]) -> np.ndarray:
    """Means over folds of AUROC and Brier score."""
    return np.mean([(_auc(labels[own], said[own]), np.mean((said[own] - labels[own]) ** 2)) for own in folds], axis=0)


def _auc(labels: np.ndarray, said: np.ndarray) -> float:
    return float(roc_auc_score(labels, said))


if __name__ == "__main__":
    main()
