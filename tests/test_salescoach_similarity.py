"""The four similarity scores: what they say by hand, MMR against brute force, and no call speaks for itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from salescoach.model.similarity import METHODS, ReferenceCalls, maximal_marginal_relevance

EAST, NORTH, WEST = np.array([1.0, 0]), np.array([0, 1.0]), np.array([-1.0, 0])


def unit(rng: np.random.Generator, n: int, dimension: int = 5) -> np.ndarray:
    vectors = rng.normal(size=(n, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_by_hand() -> None:
    past = ReferenceCalls.unscaled(np.array([EAST, WEST]), np.array([1, 0]))
    scores = past.scores(np.array([EAST, NORTH, WEST]))
    assert scores.keys() == set(METHODS)
    assert scores["cosine"].tolist() == [2, 0, -2]
    assert scores["euclidean"].tolist() == [2, 0, -2]
    assert scores["mmr"].tolist() == [2, 0, -2]
    assert scores["hybrid"].tolist() == [2, 0, -2]
    halved = replace(past, spread=(2.0, 4.0, 1.0)).scores(np.array([EAST]))
    assert [float(halved[name][0]) for name in METHODS] == pytest.approx([1, 0.5, 2, 3.5 / 3])


def test_every_method_finds_the_nearer_outcome() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 2
    vectors = unit(rng, 60) + np.where(labels == 1, 1, -1)[:, None] * np.eye(5)[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    past = ReferenceCalls.of(vectors[:40], labels[:40])
    for name, scores in past.scores(vectors[40:]).items():
        assert scores[labels[40:] == 1].min() > scores[labels[40:] == 0].max() - 1.5, name
        assert scores[labels[40:] == 1].mean() > 0 > scores[labels[40:] == 0].mean(), name
    assert np.std(past.own_scores()["mmr"]) == pytest.approx(1)


@hypothesis_settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 11))
def test_no_call_speaks_for_itself(seed: int, row: int) -> None:
    """A training call's own score is the one it would get from the others."""
    vectors, labels = unit(np.random.default_rng(seed), 12), np.arange(12) % 2
    own = ReferenceCalls.unscaled(vectors, labels).own_scores()
    others = np.arange(12) != row
    by_others = ReferenceCalls.unscaled(vectors[others], labels[others]).scores(vectors[[row]])
    for name in METHODS:
        assert own[name][row] == pytest.approx(by_others[name][0]), name


@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 10), st.floats(0, 1))
def test_mmr_is_what_its_formula_says(seed: int, n: int, k: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    vectors, query = unit(rng, n), unit(rng, 1)[0]
    relevance, likeness = vectors @ query, vectors @ vectors.T
    chosen = maximal_marginal_relevance(relevance, likeness, k, weight)
    assert len(chosen) == len(set(chosen)) == min(k, n)
    expected: list[int] = []
    while len(expected) < min(k, n):
        left = [row for row in range(n) if row not in expected]
        value = {
            row: weight * relevance[row] - (1 - weight) * max(likeness[row][other] for other in expected)
            if expected
            else relevance[row]
            for row in left
        }
        expected.append(max(left, key=lambda row: value[row]))
    assert chosen == expected
