"""Embeddings: few calls are learned from twice, and what calibrates is said by one that has not seen them."""

from dataclasses import replace

import numpy as np
import pytest

from salescoach.stats.splits import group_of, labels_of
from salescoach.testing import WordHashEncoder, make_calls
from training.arms import embedding_arms
from training.calls import TrainingCalls
from training.embedding import Trained, fit_generic
from training.fit_head import Classifier, fit_calibrator, fit_head
from training.options import FinetuneOptions

ENCODER = WordHashEncoder(16)
QUICK = FinetuneOptions(head_epochs=2)


def seen(n: int = 80, held_out_every: int = 5) -> TrainingCalls:
    calls = make_calls(n)
    held_out = np.arange(n) // 2 % held_out_every == 0  # by pairs, so that both outcomes are held out
    return TrainingCalls(
        [c.transcript for c in calls], labels_of(calls), [group_of(c) for c in calls], held_out, seed=1
    )


def fit(train: TrainingCalls, options: FinetuneOptions = QUICK) -> Trained:
    return fit_generic(ENCODER, train, options)


def test_few_calls_are_learned_from_once_more_and_many_are_not() -> None:
    few, many = seen(), seen(held_out_every=20)
    assert many.held_out.mean() < QUICK.refit_from <= few.held_out.mean()
    assert fit(few).is_refit
    assert fit(few).pool(few).final.learned.all()
    whole = fit(many)
    assert not whole.is_refit
    pooled = whole.pool(many)
    np.testing.assert_array_equal(pooled.final.learned, ~many.held_out)
    assert pooled.final is pooled.honest


def test_the_second_training_learns_from_the_held_out_calls_and_the_first_does_not() -> None:
    train = seen()
    turned = replace(train, labels=np.where(train.held_out, 1 - train.labels, train.labels))
    trained, other = fit(train), fit(turned)
    np.testing.assert_array_equal(other.honest.weights, trained.honest.weights)
    assert np.abs(other.final.weights - trained.final.weights).max() > 1e-4
    assert np.abs(trained.final.weights - trained.honest.weights).max() > 1e-4


@pytest.mark.parametrize("arm", ["generic", "generic_cosine", "generic_mmr"])
def test_what_is_said_of_held_out_calls_does_not_know_their_outcomes(arm: str) -> None:
    train = seen()
    turned = replace(train, labels=np.where(train.held_out, 1 - train.labels, train.labels))
    said = []
    for one in (train, turned):
        trained = fit(one)
        honest = embedding_arms("generic", trained, one, trained.pool(one))[arm].honest
        assert np.isfinite(honest[one.held_out]).all()
        assert np.isnan(honest[~one.held_out]).all()
        said.append(honest[one.held_out])
    # Calibrators know the labels, and can't turn a ranking.
    np.testing.assert_array_equal(np.argsort(said[0], kind="stable"), np.argsort(said[1], kind="stable"))


def test_a_head_trained_again_is_calibrated_as_the_first_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    vectors = rng.normal(size=(60, 6)) + 0.6 * labels[:, None]
    groups = [str(row // 2) for row in range(60)]
    first = Classifier(rng.normal(size=6) + 1, 0.2, vectors[:40], labels[:40], groups[:40])
    again = Classifier(first.weights * 1.1, 0.1, vectors, labels, groups)
    held_out = (vectors[40:], labels[40:], groups[40:])
    head, said = fit_head(first, *held_out, np.random.default_rng(1), final=again)
    logits = vectors[40:] @ first.weights + first.bias
    slope, offset = fit_calibrator(logits, labels[40:], float(labels.mean()))
    np.testing.assert_allclose(said, slope * logits + offset)
    np.testing.assert_allclose(head.weights[0], slope * again.weights, rtol=1e-6)
    assert head.bias[0] == pytest.approx(slope * again.bias + offset, rel=1e-6)
    without, same = fit_head(first, *held_out, np.random.default_rng(1))
    np.testing.assert_array_equal(same, said)
    np.testing.assert_allclose(without.weights[0], slope * first.weights, rtol=1e-6)
    spread = head.weights[1:].std(axis=0) / without.weights[1:].std(axis=0)
    assert ((spread > 0.4) & (spread < 2.5)).all()  # members differ about as much as before
