"""Cheap arms that could win. They stand in every table, so that a model has to earn its place.

Each takes training calls and labels, and gives probabilities for other calls: shape (n_calls,), in [0, 1].
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from salescoach.encoder import turn_text
from salescoach.types import Transcript

Baseline = Callable[[Sequence[Transcript], np.ndarray, Sequence[Transcript]], np.ndarray]


def prior(train: Sequence[Transcript], labels: np.ndarray, test: Sequence[Transcript]) -> np.ndarray:
    """The share of converted calls in training, for every call."""
    return np.full(len(test), labels.mean())


def length(train: Sequence[Transcript], labels: np.ndarray, test: Sequence[Transcript]) -> np.ndarray:
    """Logistic regression on the numbers of turns and words: what a shortcut would reach."""
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(_sizes(train), labels)
    return np.asarray(model.predict_proba(_sizes(test))[:, 1])


def tfidf(train: Sequence[Transcript], labels: np.ndarray, test: Sequence[Transcript]) -> np.ndarray:
    """Words and word pairs, each marked with its side, in a logistic regression: strong wherever wording repeats."""
    vectorizer = TfidfVectorizer(analyzer=_role_terms, sublinear_tf=True, min_df=2, max_features=50_000)
    model = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=2000))
    model.fit(list(train), labels)
    return np.asarray(model.predict_proba(list(test))[:, 1])


BASELINES: dict[str, Baseline] = {"prior": prior, "length": length, "tfidf": tfidf}


def _sizes(calls: Sequence[Transcript]) -> np.ndarray:
    return np.array([[len(call), sum(len(turn.text.split()) for turn in call.turns)] for call in calls], dtype=float)


def _role_terms(call: Transcript) -> list[str]:
    terms = []
    for turn in call.turns:
        label, _, text = turn_text(turn).lower().partition(": ")
        words = text.split()
        terms += [f"{label}:{word}" for word in words]
        terms += [f"{label}:{first} {second}" for first, second in pairwise(words)]
    return terms
