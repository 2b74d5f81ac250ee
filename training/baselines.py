"""Cheap arms that could win. They stand in every table, so that a model has to earn its place.

Each is a scikit-learn pipeline over transcripts: ``fit(calls, labels)``, then ``predict_proba(calls)[:, 1]``.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from salescoach.model.text_arm import turn_terms
from salescoach.speech.call_metrics import call_metrics
from salescoach.types import Transcript
from training.worded_metrics import worded_metrics

MAX_TERMS = 50_000


def prior() -> Pipeline:
    """The share of converted calls in training, for every call."""
    return make_pipeline(FunctionTransformer(_sizes), DummyClassifier(strategy="prior"))


def length() -> Pipeline:
    """Logistic regression on the numbers of turns and words: what a shortcut would reach."""
    return make_pipeline(FunctionTransformer(_sizes), StandardScaler(), LogisticRegression())


def metrics() -> Pipeline:
    """Logistic regression on the call metrics, such as talk ratio and questions; a missing one is the median.

    What rests on moves is told by wording here: a baseline that needs the move reader would not be cheap.
    """
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(FunctionTransformer(_metrics), imputer, StandardScaler(), LogisticRegression(C=0.1))


def tfidf() -> Pipeline:
    """Words and word pairs, each marked with its side, in a logistic regression: strong wherever wording repeats."""
    vectorizer = TfidfVectorizer(analyzer=role_terms, sublinear_tf=True, min_df=2, max_features=MAX_TERMS)
    return make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=2000))


BASELINES: dict[str, Callable[[], Pipeline]] = {
    "prior": prior,
    "length": length,
    "call_metrics": metrics,
    "tfidf": tfidf,
}


def converted(model: BaseEstimator, calls: Sequence[Transcript]) -> np.ndarray:
    """The probability that each call converts: shape (n_calls,)."""
    return np.asarray(model.predict_proba(list(calls))[:, 1])


def role_terms(call: Transcript) -> list[str]:
    """The terms of all turns; a pair never spans two turns."""
    return [term for turn in call.turns for term in turn_terms(turn)]


def _sizes(calls: Sequence[Transcript]) -> np.ndarray:
    return np.array([[len(call), sum(len(turn.text.split()) for turn in call.turns)] for call in calls], dtype=float)


def _metrics(calls: Sequence[Transcript]) -> np.ndarray:
    return np.array([_metrics_of(call) for call in calls], dtype=float)


@lru_cache(maxsize=20_000)  # a call is looked at once for each fold that it helps to fit, and when it is judged
def _metrics_of(call: Transcript) -> tuple[float, ...]:
    values = {**call_metrics(call, None), **worded_metrics(call)}
    return tuple(np.nan if value is None else value for value in values.values())
