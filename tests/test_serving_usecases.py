"""What all doors call: the same numbers whoever asks, and results whose dump is the JSON of the command line."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runnables import scoring_chain
from salescoach.config import Settings
from salescoach.errors import CoachError, TranscriptError
from salescoach.library import Library
from salescoach.model.scoring import Scorer
from salescoach.testing import make_call
from salescoach.types import LabelledCall, Score, Transcript
from serving.usecases.indexing import rebuild_index
from serving.usecases.metrics import measure_call
from serving.usecases.read import read_call
from serving.usecases.score import rank_calls, score_call
from serving.usecases.similar import find_similar
from tests.homes import clone
from tools import score_call as score_call_tool
from tools.look_up_metrics import look_up_metrics
from tools.parts import Parts

CALL = "ex-01"


class Prepared:
    """A scorer that gives prepared probabilities, in turn; None: it abstains."""

    def __init__(self, probabilities: Sequence[float | None]) -> None:
        self._left = list(probabilities)

    def score(self, transcript: Transcript, *, force: bool = False, with_exchanges: bool = True) -> Score:
        p = self._left.pop(0)
        return Score(
            call_id=transcript.call_id, probability=p, interval=None, prediction_set=(), abstained=p is None,
            reasons=() if p is not None else ("It is too short.",), model_id="m", scorer="tfidf", n_turns=1,
            latency_ms=0.0,
        )  # fmt: skip


def timeless(score: Score) -> Score:
    return score.model_copy(update={"latency_ms": 0.0, "call_id": None})


def test_a_file_and_its_bytes_are_the_same_call(example: Path, tmp_path: Path) -> None:
    assert read_call(example) == read_call(example.read_bytes())
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Rep: Ça va bien aujourd'hui?\nCustomer: Oui, très bien, merci à vous.".encode("latin-1"))
    assert read_call(latin).warnings
    assert read_call(latin) == read_call(latin.read_bytes())
    with pytest.raises(TranscriptError, match="empty"):
        read_call(b" \n")


def test_every_way_to_score_a_call_gives_the_same(parts: Parts, settings: Settings) -> None:
    transcript = parts.library.get(CALL).transcript
    noted: list[tuple[Transcript, Score]] = []
    score = timeless(score_call(parts.scorer, transcript, noted.extend))
    assert timeless(score_call_tool.score_call(parts, CALL).score) == score
    assert timeless(scoring_chain(settings).invoke(transcript).score) == score
    call = LabelledCall(transcript=transcript, call_id=CALL)
    ranked = score.model_copy(update={"exchanges": ()})
    assert [timeless(one) for one in rank_calls(parts.scorer, [call], noted.extend).results] == [ranked]
    assert [(one, timeless(given)) for one, given in noted] == [(transcript, score), (transcript, ranked)]


@given(st.lists(st.none() | st.floats(0, 1), max_size=12))
def test_a_ranking_begins_with_the_highest_and_ends_with_what_has_none(probabilities: list[float | None]) -> None:
    calls = [make_call(f"c{number}", "Rep: Hello.") for number in range(len(probabilities))]
    told: list[tuple[str, int, int]] = []
    noted: list[tuple[Transcript, Score]] = []
    scorer: Scorer = Prepared(probabilities)  # type: ignore[assignment]
    results = rank_calls(scorer, calls, noted.extend, progress=lambda *stage: told.append(stage)).results
    known = [one.probability for one in results if one.probability is not None]
    assert [one.probability for one in results] == sorted(known, reverse=True) + [None] * probabilities.count(None)
    assert sorted(one.call_id or "" for one in results) == sorted(call.call_id for call in calls)
    assert told == [("scoring", done, len(calls)) for done in range(1, len(calls) + 1)]
    assert [(transcript, score.probability) for transcript, score in noted] == [
        (call.transcript, p) for call, p in zip(calls, probabilities, strict=True)
    ]


def test_metrics_are_those_of_the_tool(parts: Parts, settings: Settings) -> None:
    found = measure_call(settings, parts.library.get(CALL).transcript)
    by_tool = look_up_metrics(parts, CALL)
    assert (found.metrics, found.next_step) == (by_tool.metrics, by_tool.next_step)
    beside = found.compared_with
    assert (beside.n_won, beside.n_lost, beside.whose) == (by_tool.n_won, by_tool.n_lost, by_tool.whose)
    assert (beside.industry, beside.call_type) == (by_tool.industry, by_tool.call_type)
    assert found.model_dump(mode="json").keys() == {"metrics", "compared_with", "next_step", "metrics_version"}


def test_metrics_need_no_library_but_none_that_is_lost(coach_home: Path, tmp_path: Path, example: Path) -> None:
    transcript = read_call(example)
    alone = measure_call(Settings.load(home=tmp_path / "none"), transcript)
    assert (alone.compared_with.n_won, alone.compared_with.n_lost) == (0, 0)
    assert all(reading.won_quartiles is None for reading in alone.metrics)
    assert not (tmp_path / "none" / "library.sqlite").exists()
    lost = clone(coach_home, tmp_path / "home")
    (lost / "library.sqlite").unlink()
    with pytest.raises(CoachError, match="gone"):
        measure_call(Settings.load(home=lost), transcript)


def test_setting_up_reads_the_library_by_the_reader_that_scores(parts: Parts) -> None:
    reader = parts.scorer.reader
    assert reader is not None
    assert {call.moves_reader for call in parts.library.team_calls()} == {reader.model_id}
    transcript = parts.library.get(CALL).transcript
    kept, read = parts.library.moves_of(CALL), reader.read(transcript)
    assert kept is not None
    assert kept.model_id == read.model_id
    by_turn = [
        ({move.name: move.probability for move in one.moves}, {move.name: move.probability for move in other.moves})
        for one, other in zip(kept.turns, read.turns, strict=True)
    ]
    # They were read on another processor, which rounds in another way.
    shared = [abs(one[name] - other[name]) for one, other in by_turn for name in one.keys() & other.keys()]
    n_apart = sum(len(one.keys() ^ other.keys()) for one, other in by_turn)
    assert max(shared) < 0.05
    assert n_apart <= 0.05 * len(shared)


def test_a_call_that_was_read_is_measured_without_the_reader(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be read")

    monkeypatch.setattr("salescoach.model.loading.load_reader", load)
    found = {one.name: one for one in measure_call(settings, parts.library.get(CALL).transcript).metrics}
    assert found["objections"].value == len(found["objections"].turns) > 0
    with pytest.raises(AssertionError, match="nothing is to be read"):
        measure_call(settings, make_call("new", "Rep: Hello.", "Customer: Hi.").transcript)


def test_what_was_not_read_yet_is_read_though_the_index_is_there(coach_home: Path, tmp_path: Path) -> None:
    settings = Settings.load(home=clone(coach_home, tmp_path / "home"))
    with closing(sqlite3.connect(settings.library_file)) as database, database:
        database.execute("UPDATE calls SET moves = NULL, moves_reader = NULL WHERE call_id = ?", (CALL,))
    before = sorted(settings.index_dir.iterdir())
    told: list[str] = []
    with Library(settings.library_file) as library:
        assert rebuild_index(settings, library, lambda stage, *_: told.append(stage), only_if_needed=True)
        assert set(told) == {"reading calls"}
        assert library.moves_of(CALL) is not None
        assert not rebuild_index(settings, library, lambda *_: None, only_if_needed=True)
    assert sorted(settings.index_dir.iterdir()) == before


def test_similar_calls_say_what_was_looked_for(parts: Parts) -> None:
    transcript = parts.library.get(CALL).transcript
    found = find_similar(parts, transcript, "lost", k=2, diversity=0.3)
    assert [one.outcome for one in found.results] == ["lost", "lost"]
    shown = found.model_dump(mode="json")
    assert shown["query"].keys() == {"call_id", "n_turns", "outcome", "k", "lambda", "focus"}
    assert shown["query"]["lambda"] == 0.3
    assert 1 <= shown["query"]["focus"] <= shown["query"]["n_turns"] == len(transcript)
