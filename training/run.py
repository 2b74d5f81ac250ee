"""The recipe: labelled calls -> a model folder, read from top to bottom."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.covariance import LedoitWolf

from salescoach.abstention import reasons_not_to_judge, unlikeness
from salescoach.artifact import CARD, ENCODER, Manifest, folder_fingerprint, seal, whole_folder
from salescoach.base_model import resolve_base_model
from salescoach.config import Settings
from salescoach.encoder import TurnEncoder, encode_turns
from salescoach.errors import DataError
from salescoach.head import conformal_quantile, nonconformity, sigmoid
from salescoach.measures import Judged, Measure, Thresholds, choose_thresholds, measure_all
from salescoach.scoring import PROBES, Arm, installed_versions, load_encoder
from salescoach.splits import CALIBRATION, TEST, TRAIN, group_of, split_hash, split_names
from salescoach.types import LabelledCall
from training.arms import TrainingCalls, fit_baseline
from training.baselines import BASELINES
from training.card import model_card
from training.head import cross_calibrated, cross_fit, fit_head
from training.pooling import CallVectors, fit_pooling, pool_calls

MIN_CALLS_PER_CLASS = 10
UNLIKENESS_TAIL = 0.01  # of held-out calls that may lie beyond the bound before the slack
UNLIKENESS_SLACK = (
    2.05  # other people's sales calls lie further off than held-out ones, talk of other things further still
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Part:
    """The calls of one split, encoded."""

    calls: list[LabelledCall]
    vectors: list[CallVectors]

    @property
    def labels(self) -> np.ndarray:
        """Shape (n_calls,), 1 converted, 0 lost."""
        return np.array([int(call.outcome == "converted") for call in self.calls])

    @property
    def groups(self) -> list[str]:
        """The account of each call."""
        return [group_of(call) for call in self.calls]


def train(
    calls: Sequence[LabelledCall],
    out: Path,
    settings: Settings,
    *,
    name: str,
    data: str,
    progress: Progress = lambda stage, done, total: None,
) -> Manifest:
    """Trains pooling, head and calibrator on the generic encoder and writes a model folder to ``out``.

    Args:
        calls: labelled calls; those without an outcome (open deals) are left out.
        out: the folder to make; an older one there is replaced when the new one is whole.
        settings: base model, threads, seed and ``COACH_HOME`` for the cache of vectors.
        name: begins the model id and says what the model is, such as ``starter``.
        data: what it is trained on, in words that fit into a sentence.
        progress: called with the stage, what is done and what there is to do.

    Raises:
        DataError: too few calls of one class, or a split that can't be made.
    """
    calls = [call for call in calls if call.outcome is not None]
    _require_both_classes(calls)
    names = split_names(calls, settings.seed)
    rng = np.random.default_rng(settings.seed)

    with whole_folder(out) as folder:
        encoder = _copy_encoder(settings, folder / ENCODER)
        parts = {part: _encode(calls, names, part, encoder, progress) for part in (TRAIN, CALIBRATION, TEST)}
        fitted, held_out, test = parts[TRAIN], parts[CALIBRATION], parts[TEST]
        for part in (fitted, held_out):
            _require_both_classes(part.calls, at_least=2)

        progress("fitting", 0, 3)
        crossed = cross_fit(fitted.vectors, fitted.labels, fitted.groups, settings.seed)
        progress("fitting", 1, 3)
        pooling = fit_pooling(fitted.vectors, fitted.labels, settings.seed)
        progress("fitting", 2, 3)
        pooled, pooled_held_out = pool_calls(pooling, fitted.vectors), pool_calls(pooling, held_out.vectors)
        head = fit_head(
            pooled, fitted.labels, fitted.groups, pooled_held_out, held_out.labels, held_out.groups, crossed, rng
        )
        spread = LedoitWolf().fit(_mean_turns(fitted))
        arm = Arm(pooling, head, pooled.mean(axis=0), spread.location_, spread.precision_, encoder.encode(PROBES))
        arm.save(folder / "generic.safetensors")
        progress("fitting", 3, 3)

        logits = pooled_held_out @ head.weights[0] + head.bias[0]
        recalibrated = cross_calibrated(logits, held_out.labels, held_out.groups, rng)
        thresholds = choose_thresholds(held_out.labels, recalibrated)
        measures = {}
        if len(set(test.labels)) == 2:
            generic = head.probabilities(pool_calls(pooling, test.vectors))
            measures = _measure((fitted, held_out), test, generic, thresholds, settings)
        facts = {
            "name": name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "scorer": "generic",
            "base_model": settings.base_model,
            "engine": encoder.engine,
            "encoder_fingerprint": folder_fingerprint(folder / ENCODER),
            "versions": installed_versions(),
            "data": data,
            "data_hash": split_hash(calls, ["" for _ in calls]),
            "split_hash": split_hash(calls, names),
            "seed": settings.seed,
            "n_train": len(fitted.calls),
            "n_calibration": len(held_out.calls),
            "n_test": len(test.calls),
            "base_rate": round(float(np.concatenate([fitted.labels, held_out.labels]).mean()), 4),
            "conformal_quantile": round(conformal_quantile(nonconformity(recalibrated, held_out.labels)), 6),
            "thresholds": thresholds,
            "max_unlikeness": round(_unlikeness_bound(held_out, spread.location_, spread.precision_), 4),
            "training_calls": sorted(call.transcript.content_hash for call in fitted.calls + held_out.calls),
            "measures": measures,
        }
        (folder / CARD).write_text(model_card(facts), encoding="utf-8")
        return seal(folder, **facts)


def _copy_encoder(settings: Settings, target: Path) -> TurnEncoder:
    """Puts the base encoder into the model folder and loads it from there."""
    source = Path(resolve_base_model(settings.base_model))
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("README.md", ".git*", "data_config.json"))
    else:
        TurnEncoder.load(settings.base_model, fingerprint="hub", engine="torch-fp32").save(target)
    return load_encoder(target, folder_fingerprint(target), settings)


def _encode(
    calls: Sequence[LabelledCall], names: Sequence[str], part: str, encoder: TurnEncoder, progress: Progress
) -> Part:
    mine = [call for call, name in zip(calls, names, strict=True) if name == part]
    vectors = []
    for done, call in enumerate(mine):
        progress(f"encoding {part} calls", done, len(mine))
        turns = call.transcript.turns
        vectors.append(CallVectors(encode_turns(encoder, turns), tuple(turn.role for turn in turns)))
    progress(f"encoding {part} calls", len(mine), len(mine))
    return Part(mine, vectors)


def _measure(
    seen: Sequence[Part], test: Part, generic: np.ndarray, thresholds: Thresholds, settings: Settings
) -> dict[str, dict[str, Measure]]:
    """Every arm on the test calls, which no fit has seen. ``generic``: its probabilities, shape (n_test,)."""
    train = TrainingCalls(
        [call.transcript for part in seen for call in part.calls],
        np.concatenate([part.labels for part in seen]),
        [group for part in seen for group in part.groups],
        np.concatenate([np.full(len(part.calls), part is not seen[0]) for part in seen]),
        settings.seed,
    )
    after = [call.transcript for call in test.calls]
    judged = {}
    for name, make in BASELINES.items():
        arm = fit_baseline(make, train)
        judged[name] = Judged(test.labels, sigmoid(arm.logits(after)), test.groups, arm.thresholds(train.labels))
    judged["generic"] = Judged(test.labels, generic, test.groups, thresholds)
    return {name: measure_all([one], np.random.default_rng(settings.seed)) for name, one in judged.items()}


def _mean_turns(part: Part) -> np.ndarray:
    """Shape (n_calls, dimension)."""
    return np.stack([call.vectors.mean(axis=0) for call in part.vectors])


def _unlikeness_bound(held_out: Part, mean: np.ndarray, precision: np.ndarray) -> float:
    """Beyond this a call is unlike the training calls. Held-out calls too short to judge anyway don't count."""
    judged = [not reasons_not_to_judge(call.transcript) for call in held_out.calls]
    calls = [call for call, counts in zip(held_out.vectors, judged, strict=True) if counts] or held_out.vectors
    distances = [unlikeness(call.vectors, mean, precision) for call in calls]
    return UNLIKENESS_SLACK * float(np.quantile(distances, 1 - UNLIKENESS_TAIL))


def _require_both_classes(calls: Sequence[LabelledCall], at_least: int = MIN_CALLS_PER_CLASS) -> None:
    n_converted = sum(call.outcome == "converted" for call in calls)
    n_lost = len(calls) - n_converted
    if min(n_converted, n_lost) < at_least:
        raise DataError(
            f"Training needs at least {at_least} converted and {at_least} lost calls in each part; "
            f"there are {n_converted} and {n_lost}. Add labelled calls."
        )
