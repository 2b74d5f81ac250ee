"""The map of a call: its picture is made of past calls alone, its neighbours by everything the model sees."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery, Surroundings
from salescoach.testing import make_call, make_transcript
from tools.map_call import MAX_DRAWN, MIN_CALLS, N_NEAREST, map_call, project
from tools.parts import Parts, percent
from vectorstore.build import build_index
from vectorstore.search import PastCalls

CALL = "ex-01"


class KnownCalls:
    """An index that has the given surroundings."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def surroundings(self, query: PrecedentQuery) -> Surroundings:
        return self._around


def some(n: int, n_won: int, seed: int = 0, n_near: int = 5) -> Surroundings:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 16))
    vectors[:, 0] *= 4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Surroundings(
        vector=vectors[0].astype(np.float32),
        call_ids=[f"c{row}" for row in range(n)],
        outcomes=["converted"] * n_won + ["lost"] * (n - n_won),
        vectors=vectors.astype(np.float32),
        nearest=list(range(n - n_near, n)),
    )


def among(parts: Parts, around: Surroundings) -> Parts:
    return Parts(parts.library, parts.scorer, KnownCalls(around))  # type: ignore[arg-type]


def test_past_calls_are_drawn_and_this_call_is_not_one_of_them(parts: Parts) -> None:
    result = map_call(parts, CALL)
    call = parts.library.get(CALL)
    drawn = [dot.call_id for dot in result.dots]
    assert result.unavailable is None
    assert len(drawn) == len(set(drawn)) == result.n_calls
    assert CALL not in drawn
    for dot in result.dots:
        past = parts.library.get(dot.call_id)
        assert past.outcome == dot.outcome
        assert call.account_id is None or past.account_id != call.account_id
    won = sum(dot.outcome == "converted" for dot in result.dots)
    assert result.base_percent == percent(won / result.n_calls)
    near = [dot for dot in result.dots if dot.is_near]
    assert len(near) == result.n_near == N_NEAREST
    assert sum(dot.outcome == "converted" for dot in near) == result.n_near_won
    assert result.near_percent == percent(result.n_near_won / result.n_near)


def test_the_nearest_are_those_of_the_whole_vectors(parts: Parts) -> None:
    call = parts.library.get(CALL)
    vector = parts.scorer.call_vector(call.transcript)
    result = map_call(parts, CALL)
    likeness = {
        dot.call_id: float(parts.scorer.call_vector(parts.library.get(dot.call_id).transcript) @ vector)
        for dot in result.dots
    }
    farthest_near = min(likeness[dot.call_id] for dot in result.dots if dot.is_near)
    nearer = [name for name, value in likeness.items() if value > farthest_near + 1e-6]
    assert len(nearer) <= N_NEAREST  # near-duplicates of a nearest call may be left out


def test_it_is_the_exact_pca_and_the_call_is_projected(parts: Parts) -> None:
    around = some(300, 120)
    places, own, share = project(around.vectors, around.vector)
    centred = around.vectors.astype(np.float64) - around.vectors.mean(axis=0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    assert share == pytest.approx(float((spread[:2] ** 2).sum() / (spread**2).sum()), rel=1e-3)
    exact = centred @ axes[:2].T
    assert np.abs(np.corrcoef(places[:, 0], exact[:, 0])[0, 1]) > 0.999
    np.testing.assert_allclose(
        own, places[0], atol=1e-5
    )  # the same vector, fitted or projected, lies at the same place
    result = map_call(among(parts, around), CALL)
    assert (result.x, result.y) == (pytest.approx(own[0], abs=1e-3), pytest.approx(own[1], abs=1e-3))
    assert result.variance_percent == percent(share)
    assert map_call(among(parts, around), CALL) == result


@hypothesis_settings(deadline=None, max_examples=25)
@given(n=st.integers(MIN_CALLS, 4_000), share=st.floats(0, 1), n_near=st.integers(0, 15), seed=st.integers(0, 99))
def test_many_calls_are_thinned_evenly(n: int, share: float, n_near: int, seed: int) -> None:
    around = some(n, round(share * n), seed, n_near)
    result = map_call(_Fixed.parts(around), CALL)
    assert len(result.dots) == min(n, MAX_DRAWN)
    assert {dot.call_id for dot in result.dots if dot.is_near} == {f"c{row}" for row in around.nearest}
    won = sum(dot.outcome == "converted" for dot in result.dots) / len(result.dots)
    assert won == pytest.approx(round(share * n) / n, abs=0.03)


class _Fixed:
    """Parts without files, for what depends on the index alone."""

    @staticmethod
    def parts(around: Surroundings) -> Parts:
        class One:
            def get(self, call_id: str) -> object:
                return make_call(call_id, "Rep: Hello.", "Customer: Hi.")

        return Parts(One(), None, KnownCalls(around))  # type: ignore[arg-type]


def test_later_calls_are_left_out(parts: Parts, tmp_path: Path) -> None:
    """On an index of its own, as the example calls have no dates."""
    calls = [parts.library.get(one.call_id) for one in parts.library.summaries()[: MIN_CALLS + 6]]
    dated = [call.model_copy(update={"started_at": datetime(2026, 3, day)}) for day, call in enumerate(calls, start=1)]
    with Library(tmp_path / "library.sqlite") as library:
        library.add([*dated[:-1], dated[-1].model_copy(update={"started_at": None})])
        build_index(library, parts.scorer, tmp_path / "index")
        seen = Parts(library, parts.scorer, PastCalls(tmp_path / "index", library, parts.scorer))
        drawn = {dot.call_id for dot in map_call(seen, dated[-4].call_id).dots}
    assert drawn == {call.call_id for call in (*dated[:-4], dated[-1])}


def test_calls_that_are_gone_since_are_left_out(parts: Parts) -> None:
    before = map_call(parts, CALL)
    gone = before.dots[0].call_id
    parts.library.delete(gone)
    after = map_call(parts, CALL)
    assert gone not in {dot.call_id for dot in after.dots}
    assert after.n_calls == before.n_calls - 1


def test_without_an_index_or_with_few_calls_it_says_so(parts: Parts, tmp_path: Path) -> None:
    bare = Parts(parts.library, parts.scorer, PastCalls(tmp_path / "none", parts.library, parts.scorer))
    result = map_call(bare, CALL)
    assert (result.x, result.dots) == (None, ())
    assert "no index" in (result.unavailable or "")
    few = map_call(among(parts, some(MIN_CALLS - 1, 3)), CALL)
    assert few.x is None
    assert f"{MIN_CALLS} are needed, there are {MIN_CALLS - 1}" in (few.unavailable or "")
    with pytest.raises(InputError):
        map_call(parts, "nobody")


def test_calls_that_are_all_the_same_still_give_a_picture(parts: Parts) -> None:
    one = np.zeros(8, dtype=np.float32)
    one[0] = 1
    around = Surroundings(one, [str(row) for row in range(30)], ["lost"] * 30, np.tile(one, (30, 1)), [0])
    result = map_call(among(parts, around), CALL)
    assert result.variance_percent == 0
    assert {(dot.x, dot.y) for dot in result.dots} == {(0.0, 0.0)}


def test_the_reading_says_what_the_picture_can_not(parts: Parts) -> None:
    reading = map_call(parts, CALL).reading
    assert "may be far apart" in reading
    assert "the score doesn't come from it" in reading


def test_a_pasted_call_is_placed_too(parts: Parts) -> None:
    lines = [line for row in range(6) for line in (f"Rep: How about point {row}?", f"Customer: Let me think of {row}.")]
    call_id = parts.library.add_pasted(make_transcript(*lines))
    assert map_call(parts, call_id).x is not None
