"""What fine-tuning is worth on labelled calls, fold by fold; the tables of docs/experiments.md are made with it.

    python benchmarks/finetune.py DATA.csv --repeats 0 --folds 0 1 2 --set learning_rate=1e-4 epochs=4

Account-grouped 5-fold cross-validation; repeat r is split seed r. Designs are chosen on repeats 0 to 2 and reported
once on 3 to 7. Where the calls have a split column, ``train`` trains and ``test`` judges instead. A run never sees what
it is judged by: that is looked at after each epoch, but nothing is chosen by it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import TurnEncoder
from salescoach.model.head import sigmoid
from salescoach.reading.labelled import read_calls
from salescoach.stats.splits import TEST, TRAIN, group_of, grouped_folds, labels_of
from salescoach.types import LabelledCall
from training.baselines import converted, tfidf
from training.call_model import CallModel, CallRows
from training.calls import TrainingCalls
from training.events import Events
from training.finetune import Run, untrained_model
from training.fit_head import fit_calibrator
from training.loop import Loop
from training.options import FinetuneOptions

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2)  # C of the logistic regression that is refitted on call vectors
RUNS = Path(gettempdir()) / "ft_runs"


def main() -> None:
    """One design on some folds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, nargs="*", default=[0])
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--seed", type=int, default=0, help="of the training, not of the split")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--runs", type=Path, default=RUNS, help="cached states and results")
    parser.add_argument("--name", default="", help="results are kept under this name")
    parser.add_argument("--train", type=int, default=0, help="at most so many training calls")
    parser.add_argument("--all-train", action="store_true", help="no sixth of the training accounts chooses the epoch")
    given = parser.parse_args()
    options = FinetuneOptions.model_validate({k: _value(v) for k, v in (pair.split("=") for pair in given.set)})
    calls = read_calls(given.data)
    labels = labels_of(calls)
    groups = [group_of(call) for call in calls]
    print(given.data.name, given.name, *given.set, flush=True)
    lines = []
    transcripts = [call.transcript for call in calls]
    for name, train, test in splits(calls, labels, groups, given.repeats, given.folds):
        start = time.perf_counter()
        some = np.random.default_rng(given.seed).permutation(train)[: given.train] if given.train else train
        held_out = np.zeros(len(calls), dtype=bool)
        if not given.all_train:
            held_out[some[grouped_folds(labels[some].tolist(), [groups[row] for row in some], 6, given.seed) == 0]] = (
                True
            )
        seen = TrainingCalls(transcripts, labels, groups, held_out, given.seed)
        line, arrays = judge(seen, some, test, options, given.runs)
        line |= {"s": time.perf_counter() - start}
        lines.append(line)
        print(name, *(f"{key} {value:.3f}" for key, value in line.items()), flush=True)
        if given.name:
            results = given.runs / "results"
            results.mkdir(parents=True, exist_ok=True)
            np.savez(results / f"{given.data.stem}-{given.name}-{name}.npz", **arrays)
    print("mean", *(f"{key} {np.mean([line[key] for line in lines]):.3f}" for key in lines[0]), flush=True)


def splits(
    calls: list[LabelledCall], labels: np.ndarray, groups: list[str], repeats: list[int], folds: list[int]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, training rows and test rows of each round."""
    parts = np.array([call.split or "" for call in calls])
    if any(parts):
        yield "split", np.flatnonzero(parts == TRAIN), np.flatnonzero(parts == TEST)
        return
    for repeat in repeats:
        fold_of = grouped_folds(labels.tolist(), groups, 5, repeat)
        for fold in folds:
            yield f"r{repeat}f{fold}", np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)


def judge(
    seen: TrainingCalls, train: np.ndarray, test: np.ndarray, options: FinetuneOptions, runs: Path
) -> tuple[dict[str, float], dict[str, Any]]:
    """AUROC on the test calls: of each epoch's classifier, and of other ways to make a score of the chosen epoch.

    Of the training rows, those that ``seen`` holds out choose the epoch.
    """
    calls, labels = list(seen.calls), seen.labels
    data = CallRows.of(calls, labels)
    validating = train[seen.held_out[train]]
    torch.set_num_threads(1)
    torch.manual_seed(seen.seed)
    base = Path(resolve_base_model(BUNDLED_BASE_MODEL))
    encoder = TurnEncoder.load(base, fingerprint="base")
    model = untrained_model(base, encoder, data.texts, options, Run(runs))
    loop = Loop(model, data, train[~seen.held_out[train]], validating, options, seen.seed)
    by_epoch: dict[str, np.ndarray] = {}

    def on_epoch(stage: str, epoch: int, now: CallModel) -> None:
        if stage == "head" and epoch < options.head_epochs:
            return
        pooled = loop.pooled(test, is_fixed=stage == "head")
        by_epoch[f"{stage[0]}{epoch}"] = now.logits(pooled).detach().numpy()

    history, chosen = loop.run(events=Events(runs / "events"), on_epoch=on_epoch)
    if model.layers is not None:
        model.layers.round()
    pooled = loop.pooled(np.arange(len(calls))).numpy()
    logits = model.logits(torch.from_numpy(pooled)).detach().numpy()

    line = {key: auc(labels[test], values) for key, values in by_epoch.items()}
    line["chosen"] = float(chosen)
    line["end"] = auc(labels[test], logits[test])
    line["train"] = auc(labels[train], logits[train])
    line["proto"] = auc(labels[test], prototype_score(pooled, labels, train)[test])
    for strength in STRENGTHS:
        regression = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        regression.fit(pooled[train], labels[train])
        line[f"lr{strength:.0e}"] = auc(labels[test], regression.decision_function(pooled[test]))
    if len(validating):
        slope, offset = fit_calibrator(logits[validating], labels[validating])
        line["slope"] = slope
        line["brier"] = float(np.mean((sigmoid(slope * logits[test] + offset) - labels[test]) ** 2))
    text = converted(tfidf().fit([calls[row] for row in train], labels[train]), [calls[row] for row in test])
    line["tfidf"] = auc(labels[test], text)
    arrays = {"test": test, "train": train, "labels": labels, "logits": logits, "pooled": pooled.astype(np.float16)}
    arrays |= {"tfidf": text, "validating": validating}
    arrays |= {f"epoch_{key}": values for key, values in by_epoch.items()}
    arrays["history"] = np.array(json.dumps([entry.model_dump() for entry in history]))
    return line, arrays


def prototype_score(pooled: np.ndarray, labels: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Cosine to the converted less cosine to the lost prototype; vectors are centered on the training calls."""
    centered = pooled - pooled[train].mean(axis=0)
    unit = centered / np.linalg.norm(centered, axis=1, keepdims=True)
    won, lost = (unit[train][labels[train] == outcome].mean(axis=0) for outcome in (1, 0))
    return np.asarray(unit @ (won / np.linalg.norm(won) - lost / np.linalg.norm(lost)))


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """AUROC."""
    return float(roc_auc_score(labels, scores))


def _value(text: str) -> Any:
    try:
        return json.loads(text.lower())
    except ValueError:
        return text


if __name__ == "__main__":
    main()
