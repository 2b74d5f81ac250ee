"""Pooling: a variant of a call is pooled as the shorter call would be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.model.pooling import MAX_GROWTH, N_BLOCKS, SIDES, Pooling, each_prefix, relative_positions, without_each
from salescoach.types import Role
from training.fit_pooling import QUERY_SCALE, CallVectors, pool

DIMENSION = 5
ROLES = st.lists(st.sampled_from(["rep", "customer", "unknown"]), min_size=1, max_size=12)


def unit_vectors(rng: np.random.Generator, n_turns: int) -> np.ndarray:
    vectors = rng.normal(size=(n_turns, DIMENSION)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def some_pooling(rng: np.random.Generator) -> Pooling:
    query = (QUERY_SCALE * rng.normal(size=(2, DIMENSION))).astype(np.float32)
    return Pooling(query, rng.normal(size=(2, 2)).astype(np.float32), usual_turns=float(rng.uniform(0.5, 8)))


@settings(deadline=None)
@given(roles=ROLES, seed=st.integers(0, 2**32 - 1))
def test_deleting_a_turn_is_pooling_the_shorter_call(roles: list[Role], seed: int) -> None:
    rng = np.random.default_rng(seed)
    pooling, vectors = some_pooling(rng), unit_vectors(rng, len(roles))
    pooled = pooling.pool(vectors, roles, without_each(len(roles)))
    for turn in range(len(roles)):
        rest = [row for row in range(len(roles)) if row != turn]
        shorter = (
            pooling.pool(vectors[rest], [roles[row] for row in rest])[0] if rest else np.zeros(N_BLOCKS * DIMENSION)
        )
        np.testing.assert_allclose(pooled[turn], shorter, atol=1e-5)


@settings(deadline=None)
@given(roles=ROLES, seed=st.integers(0, 2**32 - 1))
def test_a_prefix_is_pooled_as_if_nothing_followed(roles: list[Role], seed: int) -> None:
    rng = np.random.default_rng(seed)
    pooling, vectors = some_pooling(rng), unit_vectors(rng, len(roles))
    pooled = pooling.pool(vectors, roles, each_prefix(len(roles)))
    for n_turns in range(1, len(roles) + 1):
        np.testing.assert_allclose(pooled[n_turns - 1], pooling.pool(vectors[:n_turns], roles[:n_turns])[0], atol=1e-5)
    np.testing.assert_allclose(pooled[-1], pooling.pool(vectors, roles)[0], atol=1e-6)


@settings(deadline=None)
@given(roles=ROLES, seed=st.integers(0, 2**32 - 1))
def test_products_are_those_of_the_call_vectors(roles: list[Role], seed: int) -> None:
    rng = np.random.default_rng(seed)
    pooling, vectors = some_pooling(rng), unit_vectors(rng, len(roles))
    weights = rng.normal(size=N_BLOCKS * DIMENSION)
    keep = np.concatenate([without_each(len(roles)), each_prefix(len(roles))])
    expected = pooling.pool(vectors, roles, keep) @ weights
    np.testing.assert_allclose(pooling.products(vectors, roles, keep, weights), expected, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(calls=st.lists(ROLES, min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_the_pooling_that_is_trained_is_the_pooling_that_scores(calls: list[list[Role]], seed: int) -> None:
    import torch

    rng = np.random.default_rng(seed)
    pooling = some_pooling(rng)
    encoded = [CallVectors(unit_vectors(rng, len(roles)), tuple(roles)) for roles in calls]
    longest = max(len(call.roles) for call in encoded)
    vectors = torch.zeros(len(encoded), longest, encoded[0].vectors.shape[1])
    masks = torch.zeros(len(encoded), len(SIDES), longest, dtype=torch.bool)
    positions = torch.zeros(len(encoded), longest)
    for row, call in enumerate(encoded):
        n_turns = len(call.roles)
        vectors[row, :n_turns] = torch.from_numpy(call.vectors)
        masks[row, :, :n_turns] = torch.tensor([[own == side for own in call.roles] for side in SIDES])
        positions[row, :n_turns] = torch.from_numpy(relative_positions(np.ones((1, n_turns), dtype=bool))[0])
    query, position = torch.tensor(pooling.query), torch.tensor(pooling.position)
    trained = pool(vectors, masks, positions, query, position, pooling.usual_turns).numpy()
    scored = np.concatenate([pooling.pool(call.vectors, call.roles) for call in encoded])
    np.testing.assert_allclose(trained, scored, atol=1e-4)


def test_by_hand() -> None:
    vectors = np.eye(3, dtype=np.float32)
    # The rep's two turns differ by log 3 in the query, so they weigh 1/4 and 3/4; the customer speaks once.
    query = np.array([[0, 0, np.log(3)], [0, 0, 0]], dtype=np.float32)
    pooling = Pooling(query, np.zeros((2, 2), dtype=np.float32), usual_turns=1.0)
    pooled = pooling.pool(vectors, ["rep", "customer", "rep"])[0]
    attention = [1 / 4, 0, 3 / 4, 0, 1, 0]
    mean = [np.sqrt(2) / 2, 0, np.sqrt(2) / 2, 0, 1, 0]  # twice as many turns of the rep as usual
    end = [1 / 26, 0, 25 / 26, 0, 1, 0]  # at 1/6 and 5/6 of the call
    np.testing.assert_allclose(pooled, attention + mean + end, atol=1e-6)
    assert pooled.dtype == np.float32
    assert pooling.dimension == 18


def test_a_very_long_call_does_not_drown_in_its_length() -> None:
    vectors = unit_vectors(np.random.default_rng(2), 1)
    pooling = Pooling(np.zeros((2, DIMENSION), dtype=np.float32), np.zeros((2, 2), dtype=np.float32), usual_turns=3.0)
    for n_turns, growth in ((3, 1.0), (12, MAX_GROWTH), (1200, MAX_GROWTH)):
        mean_rep = pooling.pool(np.repeat(vectors, n_turns, axis=0), ["rep"] * n_turns)[0].reshape(N_BLOCKS, DIMENSION)[
            2
        ]
        np.testing.assert_allclose(mean_rep, growth * vectors[0], rtol=1e-4)


def test_position_counts_in_the_kept_call() -> None:
    keep = np.array([[True, True, True, True], [False, True, False, True]])
    positions = relative_positions(keep)
    np.testing.assert_allclose(positions[0], [1 / 8, 3 / 8, 5 / 8, 7 / 8])
    np.testing.assert_allclose(positions[1][keep[1]], [1 / 4, 3 / 4])


def test_order_and_role_matter() -> None:
    rng = np.random.default_rng(3)
    vectors = unit_vectors(rng, 6)
    position = np.array([[2.0, 0.0], [0.0, -2.0]], dtype=np.float32)
    pooling = Pooling(np.zeros((2, DIMENSION), dtype=np.float32), position, 1.0)
    roles: list[Role] = ["rep", "customer"] * 3
    swapped: list[Role] = ["customer", "rep"] * 3
    there = pooling.pool(vectors, roles)
    assert np.abs(there - pooling.pool(vectors[::-1], roles[::-1])).max() > 0.01
    assert np.abs(there - pooling.pool(vectors, swapped)).max() > 0.01


def test_a_side_that_doesnt_speak_is_zero_and_huge_logits_stay_finite() -> None:
    vectors = unit_vectors(np.random.default_rng(1), 4)
    pooling = Pooling(np.full((2, DIMENSION), 1e6, dtype=np.float32), np.zeros((2, 2), dtype=np.float32), 1.0)
    pooled = pooling.pool(vectors, ["rep"] * 4)[0].reshape(N_BLOCKS, DIMENSION)
    assert np.isfinite(pooled).all()
    assert pooled[0::2].any(axis=1).all()
    assert not pooled[1::2].any()
    assert not pooling.pool(vectors, ["unknown"] * 4).any()


def test_long_calls_are_pooled_in_chunks_without_a_seam() -> None:
    rng = np.random.default_rng(5)
    n_turns = 700  # more variants than fit into one chunk
    pooling, vectors = some_pooling(rng), unit_vectors(rng, n_turns)
    roles: list[Role] = ["rep" if spoken else "customer" for spoken in rng.random(n_turns) < 0.5]
    pooled = pooling.pool(vectors, roles, each_prefix(n_turns))
    assert pooled.shape == (n_turns, N_BLOCKS * DIMENSION)
    for row in (510, 511, 512, 513, 699):
        np.testing.assert_allclose(pooled[row], pooling.pool(vectors[: row + 1], roles[: row + 1])[0], atol=1e-5)
