"""Fits what words say of moves: logistic regression on tf-idf, output by output."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from salescoach.model.text_arm import term_keys
from salescoach.moves.heads import N_OUTPUTS
from salescoach.moves.lexical import BEFORE, LexicalMoves, before_terms, own_terms

MIN_TURNS: Final = 5  # that hold a term
PENALTY: Final = 3.0  # the inverse of its strength, scikit-learn's C
NEVER: Final = -12.0  # the logit of what never occurs


def fit_lexical(seen: Sequence[tuple[str, str]], labels: np.ndarray, known: np.ndarray) -> LexicalMoves:
    """The model of each output, fitted on the turns whose side can do it.

    Args:
        seen: of each turn, the text of the one before it and its own.
        labels: what those do, shape (n_turns, n_outputs).
        known: which of the labels teach anything, of their shape, bool.
    """
    parts = [
        TfidfVectorizer(analyzer=terms_of, min_df=MIN_TURNS, sublinear_tf=True, lowercase=False)
        for terms_of in (before_terms, own_terms)
    ]
    before, own = (part.fit_transform([pair[side] for pair in seen]) for side, part in enumerate(parts))
    rows = hstack([BEFORE * before, own]).tocsr()
    names = [name for part in parts for name in part.get_feature_names_out()]
    keys, first = np.unique(term_keys(names), return_index=True)
    weights, bias = np.zeros((len(names), N_OUTPUTS)), np.full(N_OUTPUTS, NEVER)
    for output in range(N_OUTPUTS):
        on = known[:, output]
        does = labels[on, output] > 0
        if does.any() and not does.all():
            fitted = LogisticRegression(C=PENALTY, solver="liblinear", max_iter=1_000).fit(rows[on], does)
            weights[:, output], bias[output] = fitted.coef_[0], fitted.intercept_[0]
    idf = np.concatenate([part.idf_ for part in parts])
    return LexicalMoves(keys, idf[first].astype(np.float32), weights[first].astype(np.float16), bias.astype(np.float32))
