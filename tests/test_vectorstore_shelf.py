"""A shelf on disk, and the exact search over it that everything else is measured against."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.testing import make_call
from vectorstore.duplicates import shingles
from vectorstore.moments import moments_of
from vectorstore.shelf import Shelf, ShelfWriter, exact_nearest

CALLS = [
    make_call(
        f"c{n}", *(f"Customer: the words of turn {turn} in call {n}" for turn in range(n + 1)), account_id=account
    )
    for n, account in enumerate("abab")
]
DAYS = [None, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2), datetime(2026, 3, 3)]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    with ShelfWriter(tmp_path, "converted") as writer:
        for row, (call, day) in enumerate(zip(CALLS, DAYS, strict=True)):
            moments = moments_of(call.transcript.turns)
            vectors = np.full((len(moments), 3), row, dtype=np.float32)
            writer.add(call.model_copy(update={"started_at": day}), np.full(5, row, dtype=np.float32), moments, vectors)
    return Shelf.open(tmp_path, "converted")


def test_what_was_written_is_read(shelf: Shelf) -> None:
    assert [call.call_id for call in shelf.calls] == ["c0", "c1", "c2", "c3"]
    assert shelf.vectors["calls"].tolist() == [[row] * 5 for row in range(4)]
    for row, call in enumerate(CALLS):
        moments = moments_of(call.transcript.turns)
        assert shelf.vectors["moments"][shelf.moment_rows(row)].tolist() == [[row] * 3] * len(moments)
        places = [[row, one.start, one.end, one.anchor, one.reply or 0] for one in moments]
        assert shelf.places[shelf.moment_rows(row)].tolist() == places
        assert np.array_equal(shelf.shingles_of(row), shingles(call.transcript))


def others(shelf: Shelf, **given: object) -> list[int]:
    fields = {"call_id": None, "content_hash": "", "account_id": None, "started_at": None, **given}
    return np.flatnonzero(shelf.others(**fields)).tolist()  # type: ignore[arg-type]


def test_who_may_be_shown(shelf: Shelf) -> None:
    assert others(shelf) == [0, 1, 2, 3]
    assert others(shelf, call_id="c2") == [0, 1, 3]
    assert others(shelf, content_hash=CALLS[3].transcript.content_hash) == [0, 1, 2]
    assert others(shelf, account_id="a") == [1, 3]
    assert others(shelf, account_id="") == [0, 1, 2, 3]


def test_a_later_call_is_no_precedent_whatever_its_time_zone(shelf: Shelf) -> None:
    assert others(shelf, started_at=datetime(2026, 3, 2)) == [0, 1, 2]  # a call without a date isn't later
    assert others(shelf, started_at=datetime(2026, 3, 2, tzinfo=UTC)) == [0, 1, 2]
    eastern = datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2)))
    assert others(shelf, started_at=eastern) == [0, 1]


def test_an_empty_shelf_has_nothing(tmp_path: Path) -> None:
    with ShelfWriter(tmp_path, "lost"):
        pass
    shelf = Shelf.open(tmp_path, "lost")
    assert (len(shelf.calls), len(shelf.places), others(shelf)) == (0, 0, [])
    assert exact_nearest(shelf.vectors["calls"], np.ones(5), 3, np.ones(0, dtype=bool)).tolist() == []


def test_a_shelf_cut_short_is_no_shelf(shelf: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "moments-converted.bin"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"reshape|size"):
        Shelf.open(tmp_path, "converted")


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 45))
def test_exact_search_is_a_sort(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = np.round(rng.normal(size=(n, 3)), 1).astype(np.float32)  # with ties
    query, allowed = rng.normal(size=3).astype(np.float32), rng.random(n) < 0.7
    found = exact_nearest(vectors, query, k, allowed)
    cosines = vectors @ query
    assert allowed[found].all()
    assert len(set(found.tolist())) == len(found) == min(k, int(allowed.sum()))
    assert cosines[found].tolist() == sorted(cosines[allowed].tolist(), reverse=True)[:k]
