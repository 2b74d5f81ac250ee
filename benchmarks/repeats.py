"""Arms compared over several repeats of the cross-validation, so that the luck of one repeat's splits counts for less.

    python benchmarks/repeats.py CALLS.csv --seeds 4 5 6 7

Each repeat is what ``COACH_SEED=4 coach compare CALLS.csv`` does, and takes as long; what that has finished is taken
from ``COACH_HOME``. Prints Markdown: means over repeats, with 95 % intervals from resampling accounts, once for all.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from eval.compare import CompareOptions, compare
from salescoach.config import Settings
from salescoach.reading.labelled import read_calls
from salescoach.stats.measures import METRICS, Judged, Measure, averaged, interval, paired_gap
from serving.progress_bar import progress

ARMS = ("length", "tfidf", "generic", "generic_cosine", "finetuned", "finetuned_cosine", "blend")
PAIRS = (
    ("finetuned", "generic"),
    ("finetuned", "tfidf"),
    ("finetuned_cosine", "generic_cosine"),
    ("blend", "generic"),
    ("blend", "tfidf"),
)
N_RESAMPLES = 1000
N_RESAMPLES_OF_ONE = 2  # of each repeat by itself, which isn't looked at


def main() -> None:
    """Prints two tables: arms, and pairs of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    given = parser.parse_args()
    calls = read_calls(given.calls)
    judged: dict[str, list[Judged]] = {arm: [] for arm in ARMS}
    by_seed = []
    for seed in given.seeds:
        with progress() as report:
            found = compare(calls, Settings.load(seed=seed), CompareOptions(n_resamples=N_RESAMPLES_OF_ONE), report)
        for arm in ARMS:
            judged[arm] += found.judgements.judged(arm)
        by_seed.append({line.name: line.auc for line in found.comparison.arms})

    accounts = sorted({account for fold in judged[ARMS[0]] for account in fold.groups})
    rng = np.random.default_rng(0)
    draws = [
        dict(zip(accounts, rng.multinomial(len(accounts), [1 / len(accounts)] * len(accounts)), strict=True))
        for _ in range(N_RESAMPLES)
    ]
    auc = {arm: averaged(judged[arm], METRICS["auc"]) for arm in ARMS}
    samples = {arm: np.array([mean_auc(judged[arm], draw) for draw in draws]) for arm in ARMS}

    print(f"{given.calls.name}, split seeds {', '.join(map(str, given.seeds))}\n")
    print("| arm | AUROC | by seed | Brier |\n| --- | --- | --- | --- |")
    for arm in ARMS:
        whole = Measure(value=auc[arm], ci=interval(samples[arm]))
        own = ", ".join(f"{one[arm]:.3f}" for one in by_seed)
        print(f"| {arm} | {whole} | {own} | {averaged(judged[arm], METRICS['brier']):.3f} |")
    print("\n| arm | over | AUROC, paired | relative |\n| --- | --- | --- | --- |")
    for arm, over in PAIRS:
        gap = paired_gap(samples[arm], samples[over], auc[arm] - auc[over])
        print(f"| {arm} | {over} | {gap} | {auc[arm] / auc[over] - 1:+.1%} |")


def mean_auc(folds: list[Judged], times: dict[str, int]) -> float:
    """The mean over folds of the AUROC in which each account counts so many times."""
    found = []
    for fold in folds:
        weights = [times[account] for account in fold.groups]
        found.append(roc_auc_score(fold.labels, fold.probabilities, sample_weight=weights))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
