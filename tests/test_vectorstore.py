"""The index of past calls, with the real Chroma: diverse, cited, never the call itself, and never a crash."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import chromadb
import chromadb.config
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from salescoach.errors import CoachError, UnavailableError
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery
from salescoach.model.encoder import encode_turns
from salescoach.model.scoring import Scorer
from salescoach.testing import WordHashEncoder, make_call, make_transcript
from salescoach.types import OUTCOMES, LabelledCall, Transcript
from vectorstore import apart
from vectorstore.build import build_index
from vectorstore.database import STORE
from vectorstore.generation import current_generation
from vectorstore.moments import MAX_TURNS
from vectorstore.opened import is_sound
from vectorstore.search import PastCalls
from vectorstore.shelf import KINDS, Shelf

TOPICS = (
    "price budget discount",
    "security audit data",
    "rollout training weeks",
    "contract clause exit",
    "roof damp cellar",
)
SIDES = ("Rep", "Customer")
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

    @property
    def mean_turn(self) -> np.ndarray:
        return np.zeros(self.encoder.dimension, dtype=np.float32)

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

    def replies(self, transcript: Transcript = QUERY, **fields: Any) -> list[Any]:
        return self.past_calls.replies(PrecedentQuery(transcript=transcript, **fields))

    def rebuild(self, **options: Any) -> None:
        build_index(self.library, as_scorer(self.scorer), self.index_dir, **options)

    def restart(self) -> None:
        """As in a new process."""
        self.past_calls.close()
        self.past_calls = PastCalls(self.index_dir, self.library, as_scorer(self.scorer), exact_below=0)

    @property
    def folder(self) -> Path:
        return self.index_dir / current_generation(self.index_dir, as_scorer(self.scorer)).name


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    library, scorer = Library(tmp_path / "library.sqlite"), FakeScorer()
    library.add(some_calls())
    store = Store(
        library, scorer, tmp_path / "index", PastCalls(tmp_path / "index", library, as_scorer(scorer), exact_below=0)
    )
    store.rebuild()
    yield store
    store.past_calls.close()
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
        assert one.turn_end - one.turn_start < MAX_TURNS
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
    before = store.ask()
    store.restart()
    assert store.ask() == before


def test_near_duplicates_are_shown_once_and_never_of_the_call_itself(store: Store) -> None:
    lines = [f"{side}: {TOPICS[n % 5]} and what we said about it in week {n}" for n in range(9) for side in SIDES]
    copies = [
        make_call("first", *lines),
        make_call("second", *lines[:-3], "Rep: goodbye then"),
        make_call("third", "Rep: hello again", *lines, outcome="lost"),
    ]
    store.library.add(copies)
    store.rebuild()
    found = [one.call_id for one in store.ask(n_results=20)]
    assert len({"first", "second", "third"} & set(found)) == 1
    assert len(found) == 20

    mine = make_transcript(*lines[:-5], "Customer: let me think about it")
    assert {"first", "second", "third"}.isdisjoint(one.call_id for one in store.ask(mine, n_results=20))
    assert {"first", "second", "third"}.isdisjoint(one.call_id for one in store.replies(mine, n_results=20, focus=2))


def test_a_later_call_is_no_precedent(store: Store) -> None:
    days = [datetime(2026, 5, day, tzinfo=UTC) for day in range(1, 21)]
    dated = [call.model_copy(update={"started_at": day}) for call, day in zip(some_calls(), days, strict=True)]
    store.library.add(dated)
    store.rebuild()
    expected = {call.call_id for call in dated[:7]}
    assert {one.call_id for one in store.ask(n_results=20, started_at=days[6])} == expected
    replies = store.replies(n_results=20, started_at=days[6], focus=2)
    assert {one.call_id for one in replies} <= expected
    assert len(store.ask(n_results=20)) == 20


def test_replies_follow_the_nearest_moments_and_are_the_reps(store: Store) -> None:
    def said(number: int, objection: str, reply: str) -> list[str]:
        talk = [f"{side}: {TOPICS[1]} small matter {n} of call {number}" for n in range(3) for side in SIDES]
        return [*talk, f"Customer: {objection}", "Rep: Right.", f"Rep: {reply}", "Customer: we shall see about that"]

    objection = "the quarterly invoice"
    store.library.add(
        [
            make_call("won", *said(1, f"{objection} is too high", "what does it cost you to wait"), account_id="x"),
            make_call("lost", *said(2, f"{objection} seems too high", "then take nine percent off"), outcome="lost"),
            make_call("mute", *said(3, f"{objection} looks too high", "ok"), account_id="y"),
        ]
    )
    store.rebuild()
    query = make_transcript("Rep: shall we talk about money now", "Customer: the quarterly invoice is far too high")
    (first, *_), (second, *_) = (
        store.replies(query, focus=2, outcome=outcome, n_results=3) for outcome in ("converted", "lost")
    )
    assert (first.call_id, first.quote, first.reply) == (
        "won", "the quarterly invoice is too high", "what does it cost you to wait",
    )  # fmt: skip
    assert (second.call_id, second.reply) == ("lost", "then take nine percent off")
    assert (first.turn_start, first.turn_end, first.reply_turn) == (6, 9, 9)
    every = store.replies(query, focus=2, n_results=20)
    assert "the quarterly invoice looks too high" not in {one.quote for one in every}  # nobody replied
    assert len({one.call_id for one in every}) == len(every) == len({one.reply for one in every})
    for one in every:
        turns = store.library.get(one.call_id).transcript.turns
        assert turns[one.reply_turn - 1].role == "rep"
        assert turns[one.reply_turn - 1].text == one.reply
        assert one.quote in [turn.text for turn in turns[one.turn_start - 1 : one.turn_end]]
    assert [one.similarity for one in every] == sorted((one.similarity for one in every), reverse=True)
    assert "won" not in {one.call_id for one in store.replies(query, focus=2, n_results=20, account_id="x")}


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
        past_calls = PastCalls(folder / "index", library, as_scorer(scorer), exact_below=0)
        found = past_calls.similar(query)
        past_calls.close()
    finally:
        library.close()
    expected = reference_mmr(vectors[-1], dict(zip(names, vectors, strict=False)), weight, k)
    assert {one.call_id for one in found} == set(expected)
    by_langchain = maximal_marginal_relevance(vectors[-1], [one.tolist() for one in vectors[:-1]], weight, k)
    assert {names[row] for row in by_langchain} == set(expected)


def test_a_rebuilt_index_is_seen_by_who_has_it_open(store: Store) -> None:
    before = {one.call_id for one in store.ask(n_results=20)}
    store.library.add([make_call("new", *[f"{turn.speaker}: {turn.text}" for turn in QUERY.turns], "Customer: price")])
    assert {one.call_id for one in store.ask(n_results=20)} == before  # not yet
    store.rebuild()
    assert store.ask(n_results=20)[0].call_id == "new"
    store.rebuild()
    assert store.ask(n_results=20)[0].call_id == "new"
    store.rebuild()
    assert store.ask(n_results=20)[0].call_id == "new"
    generations = [entry for entry in store.index_dir.iterdir() if entry.is_dir()]
    assert len(generations) == 2  # the one in use and the one before


def test_where_a_call_has_to_vanish_no_generation_keeps_it(store: Store) -> None:
    store.past_calls.close()
    store.rebuild(keep_previous=False)
    assert [entry for entry in store.index_dir.iterdir() if entry.is_dir()] == [store.folder]


def test_a_moments_id_follows_from_what_was_said(store: Store) -> None:
    def ids() -> set[str]:
        client = chromadb.PersistentClient(store.folder / STORE, chromadb.config.Settings(anonymized_telemetry=False))
        found = {name for collection in client.list_collections() for name in collection.get(include=[])["ids"]}
        client.close()
        return found

    before = ids()
    store.library.add([make_call("aaa", "Rep: This one comes first.", "Customer: And it shifts every row by one.")])
    renamed = store.library.get("c05").model_copy(update={"call_id": "renamed"})
    store.library.add([renamed])
    store.rebuild()
    assert before < ids()


def test_a_chat_with_the_model_of_before_goes_on(store: Store) -> None:
    before = store.ask()
    retrained = FakeScorer(model_id="retrained-ba9876543210")
    build_index(store.library, as_scorer(retrained), store.index_dir)
    assert store.ask() == before
    newer = PastCalls(store.index_dir, store.library, as_scorer(retrained), exact_below=0)
    assert newer.similar(PrecedentQuery(transcript=QUERY)) == before
    newer.close()


def test_chroma_and_exact_search_give_the_same(store: Store) -> None:
    owner = store.past_calls
    store.ask()
    other = PastCalls(
        store.index_dir, store.library, as_scorer(store.scorer), exact_below=0
    )  # the store is owned, so it's exact
    for call in some_calls():
        query = PrecedentQuery(transcript=call.transcript, account_id=call.account_id, n_results=6, focus=1)
        assert owner.similar(query) == other.similar(query)
        assert owner.replies(query) == other.replies(query)
    other.close()


def test_results_as_chosen_begin_with_what_is_chosen_of_fewer(store: Store) -> None:
    six, three = (store.ask(n_results=n, diversity=0.3, as_chosen=True) for n in (6, 3))
    assert six[:3] == three
    assert sorted(three, key=lambda one: -one.similarity) == store.ask(n_results=3, diversity=0.3)


def test_what_the_library_no_longer_says_is_not_shown(store: Store) -> None:
    first, second, third = (one.call_id for one in store.ask(n_results=3, diversity=1))
    store.library.add([make_call(first, "Rep: Rewritten.", "Customer: Yes.")])
    store.library.delete(second)
    found = {one.call_id for one in store.ask(n_results=20)}
    assert {first, second}.isdisjoint(found)
    assert third in found


def test_a_second_builder_is_refused(store: Store) -> None:
    before = store.folder
    with FileLock(store.index_dir / ".lock"), pytest.raises(CoachError, match="Another process is building"):
        store.rebuild()
    assert store.folder == before
    store.rebuild()


@pytest.mark.parametrize("stopped_in", ["reading past calls", "indexing moments"])
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_a_build_that_fails_leaves_the_old_index_serving(
    store: Store, stop: type[BaseException], stopped_in: str
) -> None:
    before, entries = store.ask(), sorted(store.index_dir.iterdir())

    def fail(stage: str, done: int, total: int) -> None:
        if stage == stopped_in and done >= 10:
            raise stop

    with pytest.raises(stop):
        build_index(store.library, as_scorer(store.scorer), store.index_dir, fail)
    assert sorted(store.index_dir.iterdir()) == entries
    assert store.ask() == before


def test_what_a_thread_builds_is_written_by_another_process_and_is_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "ROWS_HERE", 0)
    told: list[tuple[str, int, int]] = []
    before, first = store.ask(), current_generation(store.index_dir, as_scorer(store.scorer))
    with ThreadPoolExecutor(1) as thread:
        thread.submit(store.rebuild, progress=lambda *one: told.append(one)).result()
        anew = current_generation(store.index_dir, as_scorer(store.scorer))
        assert anew.name != first.name and anew.library_digest == first.library_digest
        assert told[-1] == ("indexing moments", told[-1][2], told[-1][2])
        store.restart()
        assert store.ask() == before
        store.library.add([make_call("new", "Rep: pricing and discounts", outcome="lost")])
        thread.submit(store.rebuild, takes_over=True).result()
        entries = sorted(store.index_dir.iterdir())
        monkeypatch.setattr(apart, "_PROGRAM", "import sys; print('failed no room')")
        with pytest.raises(CoachError, match=r"can't be written to .* \(no room\)"):
            thread.submit(store.rebuild).result()
        monkeypatch.setattr(apart, "_PROGRAM", "import os; os._exit(9)")
        with pytest.raises(CoachError, match="ended with 9"):
            thread.submit(store.rebuild).result()
        monkeypatch.setattr(apart, "_PROGRAM", "print('hello'); input()")
        with pytest.raises(CoachError, match="something else"):
            thread.submit(store.rebuild).result()
    assert sorted(store.index_dir.iterdir()) == entries
    assert is_sound(store.index_dir, as_scorer(store.scorer))


@pytest.mark.parametrize("is_parent_there", [True, False])
def test_whoever_writes_the_store_apart_tells_rows_only_and_ends_with_its_parent(
    store: Store, tmp_path: Path, is_parent_there: bool
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(store.folder, folder, ignore=shutil.ignore_patterns(STORE))
    asked = {"folder": str(folder), "outcomes": list(OUTCOMES), "fingerprint": "fake-0123456789ab", "before": None}
    noise = "os.write(1, b'noise'); "  # as native code prints
    program = apart._PROGRAM.format(path=sys.path).replace("from vectorstore", f"{noise}from vectorstore")
    command = [sys.executable, "-c", program, json.dumps(asked)]
    read, write = os.pipe()
    if not is_parent_there:
        os.close(write)
    ended = subprocess.run(command, stdin=read, capture_output=True, text=True, check=False)
    os.close(read)
    assert "noise" in ended.stderr
    if is_parent_there:
        os.close(write)
        n_rows = sum(len(Shelf.open(folder, outcome).vectors[kind]) for outcome in OUTCOMES for kind in KINDS)
        assert (ended.returncode, sum(map(int, ended.stdout.split()))) == (0, n_rows)
    else:
        assert (ended.returncode, ended.stdout) == (1, "")


def test_an_empty_library_finds_nothing(tmp_path: Path) -> None:
    library, scorer = Library(tmp_path / "library.sqlite"), as_scorer(FakeScorer())
    build_index(library, scorer, tmp_path / "index")
    past_calls = PastCalls(tmp_path / "index", library, scorer, exact_below=0)
    assert past_calls.similar(PrecedentQuery(transcript=QUERY)) == []
    assert past_calls.replies(PrecedentQuery(transcript=QUERY, focus=2)) == []
    assert is_sound(tmp_path / "index", scorer)
    past_calls.close()
    library.close()


def test_a_vector_that_is_not_finite_is_never_looked_up(store: Store) -> None:
    store.scorer.given["q"] = np.full(64, np.nan, dtype=np.float32)
    with pytest.raises(UnavailableError, match="no usable vector"):
        store.ask()
