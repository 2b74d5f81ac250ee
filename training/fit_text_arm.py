"""Fits the text arm: the ``tfidf`` baseline, calibrated, with bootstrap members, in the form that scores."""

from collections.abc import Sequence

import numpy as np
from sklearn.base import clone

from salescoach.errors import DataError
from salescoach.model.text_arm import TextArm, term_keys
from salescoach.stats.splits import GroupBootstrap
from salescoach.types import Transcript
from training.arms import cross_logits
from training.baselines import tfidf
from training.fit_head import fit_calibrator

N_MEMBERS = 10  # with 50,000 terms, the most there are, the file has 1.8 MB


def fit_text_arm(
    calls: Sequence[Transcript], labels: np.ndarray, groups: Sequence[str], seed: int, n_members: int = N_MEMBERS
) -> tuple[TextArm, np.ndarray]:
    """A calibrated text arm with its bootstrap members.

    The members are fitted on resampled accounts, each with the calibrator of its own resample; the terms and their idf
    are those of all calls.

    Args:
        calls: all training calls.
        labels: shape (n_calls,), 1 converted, 0 lost; both must occur.
        groups: the account of each call.
        seed: of the resamples.
        n_members: how many, beside the model.

    Returns:
        The arm, and the calibrated logits of the training calls, each from a fit that has not seen its account: shape
        (n_calls,), float64, nan for a call that no fold could judge.

    Raises:
        DataError: no term occurs in two calls.
    """
    vectorizer, regression = tfidf()
    try:
        values = vectorizer.fit_transform(calls)
        crossed = cross_logits(tfidf, calls, labels, groups)
    except ValueError as error:
        raise DataError(f"The calls share too few words to learn from ({error}); add calls.") from None
    keys, first = np.unique(term_keys(vectorizer.get_feature_names_out()), return_index=True)
    values = values[:, first]

    everything, draws, rng = np.arange(len(calls)), GroupBootstrap(groups), np.random.default_rng(seed)
    drawn = [draws.draw(labels, rng) for _ in range(n_members)]
    samples = [everything, *(everything if rows is None else rows for rows in drawn)]
    slopes, offsets = np.array([_calibrator(crossed, labels, rows) for rows in samples]).T
    models = [clone(regression).fit(values[rows], labels[rows]) for rows in samples]
    weights = slopes[:, None] * np.concatenate([model.coef_ for model in models])
    bias = slopes * np.concatenate([model.intercept_ for model in models]) + offsets
    arm = TextArm(
        keys,
        vectorizer.idf_[first].astype(np.float32),
        weights[0].astype(np.float32),
        weights[1:].astype(np.float16),
        bias.astype(np.float32),
    )
    return arm, slopes[0] * crossed + offsets[0]


def _calibrator(logits: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    judged = rows[np.isfinite(logits[rows])]
    return fit_calibrator(logits[judged], labels[judged], float(labels[rows].mean()))
