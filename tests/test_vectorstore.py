"""The index of past calls, with the real Chroma: diverse, cited, never the call itself, and never a crash."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salescoach.encoder import encode_turns
from salescoach.errors import CoachError, UnavailableError
from salescoach.library import Library
from salescoach.precedents import PrecedentQuery
from salescoach.scoring import Scorer
from salescoach.testing import WordHashEncoder, make_call, make_transcript
from salescoach.types import LabelledCall, Transcript
from vectorstore.build import build_index
from vectorstore.generation import CURRENT, current_generation
from vectorstore.moments import MOMENT_TURNS, moment_around, moment_spans
from vectorstore.search import PastCalls

TOPICS = (
    "price budget discount",
    "security audit data",
    "rollout training weeks",
    "contract clause exit",
    "roof damp cellar",
)
QUERY = make_transcript(
    "Rep: What about the price?", "Customer: The budget is small.", "Rep: A discount, then.", call_id="q"
)


@dataclass
class FakeScorer:
    """A scorer without a model: a call's vector is given, or the mean of its turns."""

    given: dict[str, np.ndarray] = field(default_factory=dict)
    model_id: str = "fake-0123456789ab"
    encoder: WordHashEncoder = field(default_factory=lambda: WordHashEncoder(64))

    @property
    def manifest(self) -> Any:
        return SimpleNamespace(model_id=self.model_id)

    def call_vector(self, transcript: Transcript) -> np.ndarray:
        if transcript.call_id in self.given:
            return self.given[transcript.call_id]
        mean = encode_turns(self.encoder, transcript.turns).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def as_scorer(fake: FakeScorer) -> Scorer:
    return cast("Scorer", fake)


def some_calls() -> list[LabelledCall]:
    """Twenty calls of seven accounts and different lengths, about five topics."""
    return [
        make_call(
            f"c{number:02}",
            *(
                f"{'Rep' if turn % 2 == 0 else 'Customer'}: {TOPICS[(number + turn // 5) % 5]} turn{turn} call{number}"
                for turn in range(number % 4 * 4 + 1)
            ),
            outcome="converted" if number % 2 else "lost",
            account_id=f"acc-{number % 7}",
        )
        for number in range(20)
    ]


@dataclass
class Store:
    library: Library
    scorer: FakeScorer
    index_dir: Path
    past_calls: PastCalls

    def ask(self, transcript: Transcript = QUERY, **fields: Any) -> list[Any]:
        return self.past_calls.similar(PrecedentQuery(transcript=transcript, **fields))

    def rebuild(self) -> None:
        build_index(self.library, as_scorer(self.scorer), self.index_dir)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    library, scorer = Library(tmp_path / "library.sqlite"), FakeScorer()
    library.add(some_calls())
    store = Store(library, scorer, tmp_path / "index", PastCalls(tmp_path / "index", library, as_scorer(scorer)))
    store.rebuild()
    yield store
    library.close()


@pytest.mark.parametrize("outcome", ["converted", "lost", None])
def test_results_are_past_calls_of_the_outcome_once_each_most_similar_first(store: Store, outcome: str | None) -> None:
    found = store.ask(outcome=outcome, n_results=6)
    assert len(found) == 6
    assert len({one.call_id for one in found}) == 6
    for one in found:
        call = store.library.get(one.call_id)
        assert one.outcome == call.outcome
        assert outcome in (None, one.outcome)
    similarities = [one.similarity for one in found]
    assert similarities == sorted(similarities, reverse=True)


def test_a_similarity_is_the_exact_cosine(store: Store) -> None:
    mine = store.scorer.call_vector(QUERY)
    for one in store.ask(n_results=20):
        theirs = store.scorer.call_vector(store.library.get(one.call_id).transcript)
        assert one.similarity == pytest.approx(float(mine @ theirs), abs=2e-4)


@pytest.mark.parametrize("focus", [None, 1, 3])
def test_a_moment_lies_in_its_call_and_its_quote_is_verbatim(store: Store, focus: int | None) -> None:
    for one in store.ask(n_results=20, focus=focus):
        turns = store.library.get(one.call_id).transcript.turns
        assert 1 <= one.turn_start <= one.turn_end <= len(turns)
        assert one.turn_end - one.turn_start < MOMENT_TURNS
        assert one.quote in [turn.text for turn in turns[one.turn_start - 1 : one.turn_end]]


def test_the_moment_is_the_one_nearest_the_focus(store: Store) -> None:
    lines = [f"{side}: small talk about weather number {n}" for n in range(8) for side in ("Rep", "Customer")]
    lines[11] = "Customer: the quarterly invoice mismatch that finance saw"
    store.library.add([make_call("long", *lines)])
    store.rebuild()
    small_talk = ("Rep: hello", "Customer: hello", "Rep: fine", "Customer: fine", "Rep: x", "Customer: y", "Rep: w")
    query = make_transcript(*small_talk, lines[11], "Rep: z")
    (found,) = [one for one in store.ask(query, n_results=20, focus=8) if one.call_id == "long"]
    assert found.quote == "the quarterly invoice mismatch that finance saw"
    assert found.turn_start <= 12 <= found.turn_end


def test_never_the_call_itself_nor_its_content_nor_its_account(store: Store) -> None:
    call = store.library.get("c03")
    found = store.ask(call.transcript, account_id=call.account_id, n_results=20)
    own = [store.library.get(one.call_id) for one in found]
    assert len(own) == 17  # twenty, less the account's three
    assert all(one.call_id != "c03" and one.account_id != call.account_id for one in own)

    without_account = {one.call_id for one in store.ask(call.transcript, n_results=20)}
    assert "c03" not in without_account
    assert len(without_account) == 19

    renamed = call.transcript.model_copy(update={"call_id": "other"})
    assert "c03" not in {one.call_id for one in store.ask(renamed, n_results=20)}


def test_a_large_account_doesnt_hide_the_other_calls(store: Store) -> None:
    near = [
        make_call(f"n{n}", "Rep: price budget discount", f"Customer: price{n}", account_id="big") for n in range(70)
    ]
    store.library.add(near)
    store.rebuild()
    found = store.ask(make_transcript("Rep: price budget discount"), account_id="big", outcome="converted", n_results=3)
    assert len(found) == 3
    assert all(not one.call_id.startswith("n") for one in found)


def test_pasted_and_open_calls_are_never_found(store: Store) -> None:
    pasted = store.library.add_pasted(make_transcript("Rep: What about the price?", "Customer: The budget is small!"))
    store.library.add([make_call("open", "Rep: What about the price?", "Customer: The budget is tiny.", outcome=None)])
    store.rebuild()
    assert {pasted, "open"}.isdisjoint(one.call_id for one in store.ask(n_results=20))


def test_asking_twice_gives_the_same(store: Store) -> None:
    assert store.ask(n_results=5) == store.ask(n_results=5)
    again = PastCalls(store.index_dir, store.library, as_scorer(store.scorer))
    assert again.similar(PrecedentQuery(transcript=QUERY)) == store.ask()


def reference_mmr(query: np.ndarray, vectors: dict[str, np.ndarray], weight: float, k: int) -> list[str]:
    """MMR as the paper has it, over exact cosines."""
    chosen: list[str] = []
    while len(chosen) < min(k, len(vectors)):
        gains = {
            name: weight * float(query @ vector)
            - (1 - weight) * max((float(vector @ vectors[other]) for other in chosen), default=0.0)
            for name, vector in vectors.items()
            if name not in chosen
        }
        # The first is the nearest, whatever the weight.
        best = max(gains, key=(lambda name: float(query @ vectors[name])) if not chosen else gains.__getitem__)
        chosen.append(best)
    return chosen


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1), n_calls=st.integers(1, 25), weight=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    k=st.integers(1, 8),
)  # fmt: skip
def test_the_choice_is_mmr_over_exact_cosines(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n_calls: int, weight: float, k: int
) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(n_calls + 1, 6)) + 0.7
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    names = [f"m{number}" for number in range(n_calls)]
    scorer = FakeScorer({**dict(zip(names, vectors, strict=False)), "q": vectors[-1]})
    folder = tmp_path_factory.mktemp("mmr")
    library = Library(folder / "library.sqlite")
    try:
        library.add(
            make_call(name, f"Rep: {name}", outcome="lost" if row % 2 else "converted")
            for row, name in enumerate(names)
        )
        build_index(library, as_scorer(scorer), folder / "index")
        query = PrecedentQuery(transcript=QUERY, n_results=k, diversity=weight)
        found = PastCalls(folder / "index", library, as_scorer(scorer)).similar(query)
    finally:
        library.close()
    expected = reference_mmr(vectors[-1], dict(zip(names, vectors, strict=False)), weight, k)
    assert {one.call_id for one in found} == set(expected)


def test_a_rebuilt_index_is_seen_by_who_has_it_open(store: Store) -> None:
    before = {one.call_id for one in store.ask(n_results=20)}
    store.library.add([make_call("new", *[f"{turn.speaker}: {turn.text}" for turn in QUERY.turns], "Customer: price")])
    assert {one.call_id for one in store.ask(n_results=20)} == before  # not yet
    store.rebuild()
    assert store.ask(n_results=20)[0].call_id == "new"
    store.rebuild()
    store.rebuild()
    assert store.ask(n_results=20)[0].call_id == "new"
    generations = [entry for entry in store.index_dir.iterdir() if entry.is_dir()]
    assert len(generations) == 2  # the one in use and the one before


def test_what_the_library_no_longer_says_is_not_shown(store: Store) -> None:
    first, second, third = (one.call_id for one in store.ask(n_results=3, diversity=1))
    store.library.add(
        [
            make_call(first, "Rep: Rewritten.", "Customer: Yes."),
            store.library.get(second).model_copy(update={"call_id": "renamed"}),
            store.library.get(third).model_copy(update={"outcome": None}),
        ]
    )
    assert {first, second, third, "renamed"}.isdisjoint(one.call_id for one in store.ask(n_results=20))


def test_a_second_builder_is_refused(store: Store) -> None:
    before = current_generation(store.index_dir, store.scorer.model_id)
    with FileLock(store.index_dir / ".lock"), pytest.raises(CoachError, match="Another process is building"):
        store.rebuild()
    assert current_generation(store.index_dir, store.scorer.model_id) == before
    store.rebuild()


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_a_build_that_fails_leaves_the_old_index_serving(store: Store, stop: type[BaseException]) -> None:
    before, entries = store.ask(), sorted(store.index_dir.iterdir())

    def fail(done: int, total: int) -> None:
        if done == 10:
            raise stop

    with pytest.raises(stop):
        build_index(store.library, as_scorer(store.scorer), store.index_dir, fail)
    assert sorted(store.index_dir.iterdir()) == entries
    assert store.ask() == before


def test_an_empty_library_finds_nothing(tmp_path: Path) -> None:
    library, scorer = Library(tmp_path / "library.sqlite"), as_scorer(FakeScorer())
    build_index(library, scorer, tmp_path / "index")
    assert PastCalls(tmp_path / "index", library, scorer).similar(PrecedentQuery(transcript=QUERY)) == []
    library.close()


def test_a_vector_that_is_not_finite_is_never_looked_up(store: Store) -> None:
    store.scorer.given["q"] = np.full(64, np.nan, dtype=np.float32)
    with pytest.raises(UnavailableError, match="no usable vector"):
        store.ask()


def generation_folder(store: Store) -> Path:
    return store.index_dir / current_generation(store.index_dir, store.scorer.model_id).name


def remove_index(store: Store) -> None:
    shutil.rmtree(store.index_dir)


def remove_generation(store: Store) -> None:
    shutil.rmtree(generation_folder(store))


def write_garbage_into_current(store: Store) -> None:
    (store.index_dir / CURRENT).write_bytes(b"\xff\x00 garbage")


def empty_sqlite(store: Store) -> None:
    (generation_folder(store) / "chroma.sqlite3").write_bytes(b"")


def remove_sqlite(store: Store) -> None:
    (generation_folder(store) / "chroma.sqlite3").unlink()


def write_garbage_into_sqlite(store: Store) -> None:
    (generation_folder(store) / "chroma.sqlite3").write_bytes(b"garbage " * 4000)


def truncate_sqlite(store: Store) -> None:
    file = generation_folder(store) / "chroma.sqlite3"
    file.write_bytes(file.read_bytes()[:20_000])


def change_model(store: Store) -> None:
    store.scorer.model_id = "other-ba9876543210"


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize(
    "damage",
    [
        remove_index, remove_generation, write_garbage_into_current, empty_sqlite, remove_sqlite,
        write_garbage_into_sqlite, truncate_sqlite, change_model,
    ],
)  # fmt: skip
def test_no_usable_index_is_said_and_a_rebuild_mends_it(
    store: Store, damage: Callable[[Store], None], is_open: bool
) -> None:
    before = store.ask()
    damage(store)
    if not is_open:
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient.clear_system_cache()  # as in a new process
        store.past_calls = PastCalls(store.index_dir, store.library, as_scorer(store.scorer))
    try:
        found = store.ask()  # one that is open may still have everything in memory
        assert is_open
        assert found == before
    except UnavailableError as error:
        assert "coach index" in str(error)
    store.rebuild()
    assert store.ask() == before


def test_an_index_of_another_model_is_refused_with_both_names(store: Store) -> None:
    change_model(store)
    with pytest.raises(UnavailableError, match=r"fake-0123456789ab.*other-ba9876543210.*coach index"):
        store.ask()


@given(st.integers(1, 60))
def test_moments_cover_a_call(n_turns: int) -> None:
    spans = moment_spans(n_turns)
    assert {turn for start, end in spans for turn in range(start, end + 1)} == set(range(1, n_turns + 1))
    assert all(end - start + 1 == min(MOMENT_TURNS, n_turns) for start, end in spans)
    assert len(set(spans)) == len(spans)
    for turn in range(1, n_turns + 1):
        start, end = moment_around(turn, n_turns)
        assert start <= turn <= end
