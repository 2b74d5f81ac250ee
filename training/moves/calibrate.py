"""What is fitted on writers that the layers never saw: probabilities, thresholds, and how concerns are met."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge

from salescoach.errors import DataError
from salescoach.model.head import logit, sigmoid
from salescoach.moves.heads import N_OUTPUTS, MoveHeads
from salescoach.moves.objections import N_MET, HandlingModel, link_features, met_features, rep_turns_after, taken_up
from salescoach.moves.profile import CallProfile
from salescoach.types import Transcript
from training.authored.corpus import Labels

PRIOR = 4.0  # how firmly calibration keeps to what training would give: the weight of slope and offset, in turns
MIN_SLOPE = 0.05
USUAL_SLOPES = (0.7, 0.5)  # of the encoder's logit and of the words'
GRID = np.linspace(0.05, 0.9, 86)
FEW = 8  # turns that carry a move; fewer don't choose a threshold
USUAL_THRESHOLD = 0.35
NEVER = -30.0  # the bias of what never occurs
LINK_STRENGTH = 1.0  # scikit-learn's C, the inverse of the penalty
MET_STRENGTH = 0.01  # the same, of features in units of their spread
LINK_GRID = np.linspace(0.1, 0.7, 61)
RIDGE = 30.0  # of the weights of a call's figures, each in units of its spread
MIN_SCALE = 1e-6  # of a figure that is the same in all calls


def calibrated(
    heads: MoveHeads,
    features: np.ndarray,
    words: np.ndarray,
    labels: np.ndarray,
    known: np.ndarray,
    rare: np.ndarray,
) -> MoveHeads:
    """The heads with slopes, offset and threshold of each output.

    Args:
        heads: as they were trained.
        features: of turns that they never saw, shape (n_turns, dimension).
        words: logits of their words, shape (n_turns, n_outputs).
        labels: what those turns do, of the same shape.
        known: which of the labels teach anything, of their shape, bool.
        rare: the weights of positive turns in training, shape (n_outputs,): they shift the logits by their log.
    """
    seen = np.stack([heads.logits(features), words], axis=2)
    fitted = [
        fitted_logit(seen[known[:, k], k], labels[known[:, k], k], (*USUAL_SLOPES, -np.log(rare[k])))
        for k in range(N_OUTPUTS)
    ]
    slopes, offset = np.array([one[:2] for one in fitted]), np.array([one[2] for one in fitted])
    p = sigmoid((slopes * seen).sum(axis=2) + offset)
    threshold = np.array([best_threshold(p[known[:, k], k], labels[known[:, k], k] > 0) for k in range(N_OUTPUTS)])
    return MoveHeads(heads.weight, heads.bias, slopes[:, 0], slopes[:, 1], offset, threshold)


def platt(logits: np.ndarray, labels: np.ndarray, offset: float) -> tuple[float, float]:
    """Slope and offset of the likeliest sigmoid (Platt, 1999), held near 1 and ``offset`` where there are few turns."""
    slope, found = fitted_logit(logits[:, None], labels, (1.0, offset))
    return float(slope), float(found)


def fitted_logit(seen: np.ndarray, labels: np.ndarray, usual: Sequence[float]) -> np.ndarray:
    """Slopes and offset of the likeliest sigmoid of several logits, held near the usual ones where there are few rows.

    Args:
        seen: shape (n, n_logits).
        labels: what they should say, shape (n,), in [0, 1].
        usual: slopes and offset, n_logits + 1.
    """
    start = np.array(usual, dtype=np.float64)

    def loss(free: np.ndarray) -> float:
        z = seen @ free[:-1] + free[-1]
        nll = float(np.logaddexp(0, z).sum() - (labels * z).sum())
        return nll + PRIOR * float(((free - start) ** 2).sum())

    bounds = [*[(MIN_SLOPE, 5.0)] * seen.shape[1], (-10.0, 10.0)]
    return np.asarray(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)


def best_threshold(p: np.ndarray, true: np.ndarray) -> float:
    """The threshold of the best F1; of few turns, the usual one."""
    if true.sum() < FEW:
        return USUAL_THRESHOLD
    return float(max(GRID, key=lambda at: f1(p >= at, true)[2]))


def f1(found: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 of two bool arrays."""
    hits = float((found & true).sum())
    return hits / max(found.sum(), 1), hits / max(true.sum(), 1), 2 * hits / max(found.sum() + true.sum(), 1)


def fit_handling(
    calls: Mapping[str, Transcript],
    labels: Mapping[str, Labels],
    p: Mapping[str, np.ndarray],
    outlooks: Mapping[str, float],
) -> HandlingModel:
    """How concerns are linked to what the rep said, and how that was met.

    Args:
        calls: by id.
        labels: of the calls to learn from.
        p: the reader's probabilities of their turns, shape (n_turns, n_outputs) each, by writers it never saw.
        outlooks: the logit of what is likely to come of each call.

    Raises:
        DataError: no concern was taken up in them.
    """
    concerns = [
        (one, calls[call_id].turns, p[call_id], outlooks[call_id], candidates)
        for call_id, own in labels.items()
        for one in own.objections
        if (candidates := rep_turns_after(calls[call_id].turns, one.turn - 1))
    ]
    if not any(one.handled_at is not None for one, *_ in concerns):
        raise DataError("The calls to calibrate on hold no concern that was taken up; label more of them.")
    is_link = [np.array([place + 1 == one.handled_at for place in candidates]) for one, *_, candidates in concerns]
    links = [link_features(known, one.turn - 1, candidates) for one, _, known, _, candidates in concerns]
    link = _logistic(np.concatenate(links), np.concatenate(is_link), strength=LINK_STRENGTH)

    taken = [taken_up(link, known, one.turn - 1, candidates) for one, _, known, _, candidates in concerns]
    rows = np.array(
        [
            met_features(turns, known, one.turn - 1, candidates[int(np.argmax(own))], float(own.max()), outlook)
            for (one, turns, known, outlook, candidates), own in zip(concerns, taken, strict=True)
        ]
    )
    handled = np.array([one.handled for one, *_ in concerns])
    is_met = np.isin(handled, ("well", "partly"))
    return HandlingModel(
        link,
        np.array([best_balance(np.array([own.max() for own in taken]), np.array([own.any() for own in is_link]))]),
        _balanced(rows, is_met),
        _balanced(rows[is_met], handled[is_met] == "well"),
    )


def fit_profile(rows: np.ndarray, forecasts: np.ndarray, chances: np.ndarray, writers: Sequence[str]) -> CallProfile:
    """Weights of a call's figures: ridge regression of what people who read the call expected of it.

    They expect too much of good calls and too little of bad ones, so the logits are then calibrated on the chances that
    outcomes were drawn with, and the error is what it is for a writer who was not learned from.

    Args:
        rows: the figures of calls, shape (n_calls, n_figures).
        forecasts: probabilities of a conversion from the text alone, shape (n_calls,).
        chances: those that outcomes were drawn with, of the same shape.
        writers: who wrote each call; where all are one's, each call stands for itself.

    Raises:
        DataError: there are fewer than two calls.
    """
    if len(rows) < 2:
        raise DataError("At least two calls must judge in each half; label more of them.")
    read, by = logit(forecasts), np.array(writers if len(set(writers)) > 1 else range(len(rows)))
    scale = np.maximum(rows.std(axis=0), MIN_SCALE)
    ridge = Ridge(alpha=RIDGE)
    unseen = np.empty(len(rows))
    for one in np.unique(by):
        own = by == one
        unseen[own] = ridge.fit(rows[~own] / scale, read[~own]).predict(rows[own] / scale)
    slope, offset = platt(unseen, chances, 0.0)
    error = float(np.sqrt(np.mean((slope * unseen + offset - read) ** 2)))
    ridge.fit(rows / scale, read)
    profile = CallProfile(ridge.coef_ / scale, np.array([float(ridge.intercept_)]), np.array([error]))
    return profile.calibrated(slope, offset)


def _balanced(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights and bias that take both answers for equally likely; strongly held, as there are many features."""
    scale = np.maximum(rows.std(axis=0), MIN_SCALE) if len(rows) else np.ones(N_MET)
    fitted = _logistic(rows / scale, labels, strength=MET_STRENGTH, class_weight="balanced")
    return np.append(fitted[:-1] / scale, fitted[-1])


def _logistic(rows: np.ndarray, labels: np.ndarray, strength: float, **options: Any) -> np.ndarray:
    """Weights and bias of a logistic regression, shape (n_features + 1,). What never varies is foreseen."""
    if labels.all() or not labels.any():
        return np.append(np.zeros(rows.shape[1]), -NEVER if len(labels) and labels.all() else NEVER)
    fitted = LogisticRegression(C=strength, max_iter=5_000, **options).fit(rows, labels)
    return np.append(fitted.coef_[0], fitted.intercept_[0])


def best_balance(scores: np.ndarray, true: np.ndarray) -> float:
    """The threshold of the best balanced accuracy."""
    if true.all() or not true.any():
        return float(LINK_GRID[0])
    return float(max(LINK_GRID, key=lambda at: (scores >= at)[true].mean() + (scores < at)[~true].mean()))


def halves(names: Sequence[str]) -> list[tuple[set[str], set[str]]]:
    """Writers in two halves, each of which is fitted on once and judged once: (fitted on, judged)."""
    ordered = sorted(set(names))
    even, odd = set(ordered[::2]), set(ordered[1::2])
    return [(even, odd), (odd, even)]
