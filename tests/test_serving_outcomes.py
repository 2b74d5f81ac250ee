"""The loop closes: pasted calls get outcomes, past calls are found with them, and the next model learns from them."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.build import build_coach, build_parts
from agent.coach import Answer, Coach
from salescoach.config import Settings
from salescoach.errors import DataError, InputError
from salescoach.library import Library
from salescoach.library.own_calls import MIN_OWN_CALLS, OwnCalls
from salescoach.library.precedents import PrecedentQuery
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.model.scoring import CallScorer
from salescoach.testing import make_call, make_calls, make_transcript
from salescoach.types import Outcome, Transcript
from serving.cli import app as cli
from serving.usecases.outcomes import Ending, add_call, adopt_call, confirm_outcome, enter_outcome, propose_outcome
from tests.homes import clone
from tools.parts import Parts
from training.from_library import choose_calls
from vectorstore.build import build_index
from vectorstore.generation import current_generation
from vectorstore.opened import is_sound
from vectorstore.search import PastCalls

LINES = (
    "Rep: How do you plan the shifts of your drivers today?",
    "Customer: With a sheet of paper on the wall, and it is wrong every other day.",
    "Rep: What would it be worth to you if that went by itself?",
    "Customer: About a day a week of my own time, which I would rather spend with the drivers.",
)


@pytest.fixture
def home(small_home: Path, tmp_path: Path) -> Path:
    return clone(small_home, tmp_path / "home")


@pytest.fixture
def own(home: Path) -> Settings:
    return Settings.load(home=home)


@pytest.fixture
def parts(own: Settings) -> Iterator[Parts]:
    parts = build_parts(own)
    yield parts
    parts.index.close()  # type: ignore[attr-defined]
    parts.library.close()


def found(parts: Parts, outcome: Outcome | None = None) -> list[str]:
    """Past calls most like that of ``LINES``, asked for in other words."""
    asked = make_transcript(
        "Rep: Who writes the roster for your drivers?",
        "Customer: I do, on paper, and by Tuesday nothing on it holds.",
        "Rep: How many hours would you get back without it?",
        "Customer: Eight or so, and I could be out with the people.",
    )
    query = PrecedentQuery(transcript=asked, outcome=outcome, n_results=20, diversity=1.0)
    return [one.call_id for one in parts.index.similar(query)]


def without_id(transcript: Transcript) -> Transcript:
    return transcript.model_copy(update={"call_id": None})


def test_a_running_chat_finds_a_call_as_it_was_entered(own: Settings, parts: Parts) -> None:
    call_id = parts.library.add_pasted(make_transcript(*LINES))
    assert call_id not in found(parts)
    done = enter_outcome(own, parts.library, call_id, "lost", scorer=parts.scorer)
    assert (done.is_private, done.n_own, call_id in found(parts)) == (True, 0, False)
    done = adopt_call(
        own, parts.library, call_id, Ending(outcome="converted", by="kim"), account_id="acc", scorer=parts.scorer
    )
    assert (done.call_id, done.outcome, done.is_private, done.is_indexed) == (call_id, "converted", False, True)
    assert (done.n_own, done.n_missing) == (1, MIN_OWN_CALLS - 1)
    assert call_id in found(parts, "converted")
    assert parts.library.moves_of(call_id) is not None
    assert is_sound(own.index_dir, parts.scorer)
    before = current_generation(own.index_dir, parts.scorer).n_calls
    done = enter_outcome(own, parts.library, call_id, "lost", scorer=parts.scorer)
    assert (done.before, done.outcome, done.is_indexed) == ("converted", "lost", True)
    assert (call_id in found(parts, "converted"), call_id in found(parts, "lost")) == (False, True)
    after = current_generation(own.index_dir, parts.scorer).n_calls
    assert (after["converted"], after["lost"]) == (before["converted"] - 1, before["lost"] + 1)
    done = enter_outcome(own, parts.library, call_id, None, scorer=parts.scorer)
    assert (done.outcome, done.n_own, call_id in found(parts)) == (None, 0, False)
    assert parts.library.get(call_id).account_id == "acc"


def test_an_outcome_from_the_chat_is_a_precedent_once_a_colleague_confirms_it(own: Settings, parts: Parts) -> None:
    def everywhere() -> tuple[bool, bool, bool, int]:
        """In the search, among the figures, in training, and counted as the team's."""
        library = parts.library
        return (
            call_id in found(parts),
            call_id in {one.call_id for one in library.team_calls()},
            call_id in {one.call_id for one in choose_calls(library, seed=7).calls},
            library.own_calls().n,
        )

    call_id = parts.library.add_pasted(make_transcript(*LINES), "anna")
    reading = propose_outcome(parts.library, call_id, "converted", by="anna")
    assert "waits for a colleague to confirm it" in reading
    build_index(parts.library, parts.scorer, own.index_dir)
    assert everywhere() == (False, False, False, 0)
    with pytest.raises(InputError, match="waits for you"):
        confirm_outcome(own, parts.library, call_id, "converted", by="anna", scorer=parts.scorer)
    assert everywhere() == (False, False, False, 0)
    done = confirm_outcome(own, parts.library, call_id, "converted", by="ben", scorer=parts.scorer)
    assert (done.outcome, done.is_private, done.is_indexed, done.n_own) == ("converted", False, True, 1)
    assert everywhere() == (True, True, True, 1)


def test_an_index_that_was_added_to_is_the_index_that_would_be_built(own: Settings, parts: Parts) -> None:
    for number, call in enumerate(make_calls(6)):
        outcome: Outcome = "converted" if number % 2 else "lost"
        parts.library.adopt(parts.library.add_pasted(without_id(call.transcript)), outcome)
    added = build_index(parts.library, parts.scorer, own.index_dir, takes_over=True)
    assert is_sound(own.index_dir, parts.scorer)
    exact = found(parts)
    through_chroma = PastCalls(own.index_dir, parts.library, parts.scorer, exact_below=0)
    parts.index.close()  # type: ignore[attr-defined]
    assert found(Parts(parts.library, parts.scorer, through_chroma)) == exact
    through_chroma.close()
    anew = build_index(parts.library, parts.scorer, own.index_dir)
    assert (added.n_calls, added.n_moments) == (anew.n_calls, anew.n_moments)
    assert found(parts) == exact


def test_a_damaged_store_is_not_taken_over(own: Settings, parts: Parts) -> None:
    generation = current_generation(own.index_dir, parts.scorer)
    next((own.index_dir / generation.name / "chroma").glob("*/*.bin")).write_bytes(b"damaged")
    done = add_call(own, parts.library, make_transcript(*LINES), Ending(outcome="converted"))
    assert done.is_indexed
    assert is_sound(own.index_dir, parts.scorer)
    assert done.call_id in found(parts)


def test_a_sample_call_is_refused_and_a_contradiction_named(own: Settings, parts: Parts) -> None:
    with pytest.raises(InputError, match="example call"):
        enter_outcome(own, parts.library, "ex-01", "lost")
    with pytest.raises(InputError, match="example call"):
        adopt_call(own, parts.library, "ex-01", Ending(outcome="lost"))
    with pytest.raises(InputError, match="example call"):
        add_call(own, parts.library, parts.library.get("ex-01").transcript, Ending(outcome="lost"))
    call_id = add_call(own, parts.library, make_transcript(*LINES)).call_id
    assert parts.library.get(call_id).outcome is None
    assert add_call(own, parts.library, make_transcript(*LINES), Ending(outcome="lost")).call_id == call_id
    with pytest.raises(DataError, match=f"coach outcome {call_id} converted"):
        add_call(own, parts.library, make_transcript(*LINES), Ending(outcome="converted"))


def test_without_an_index_the_outcome_is_kept_all_the_same(own: Settings, parts: Parts) -> None:
    (own.index_dir / ".lock").unlink(missing_ok=True)
    shutil.rmtree(own.index_dir)
    own.index_dir.write_text("in the way")
    done = add_call(own, parts.library, make_transcript(*LINES), Ending(outcome="lost"))
    assert (done.is_indexed, parts.library.get(done.call_id).outcome) == (False, "lost")
    assert "could not follow" in done.reading


def test_a_chat_with_the_model_of_before_leaves_the_next_models_index(own: Settings, own_model: Path) -> None:
    parts = build_parts(own)
    folder = own.models_dir / "own"
    shutil.copytree(own_model, folder)
    own.current_model_file.write_text("own\n")
    newer = CallScorer.load(own)
    build_index(parts.library, newer, own.index_dir)
    won = Ending(outcome="converted")
    for number in range(3):
        call = make_transcript(*LINES, f"Rep: Then let us talk again at {number + 2} o'clock.")
        done = adopt_call(own, parts.library, parts.library.add_pasted(call), won, scorer=parts.scorer)
        assert done.is_indexed
    for scorer in (newer, parts.scorer):
        assert current_generation(own.index_dir, scorer).n_calls["converted"] == len(
            parts.library.summaries("converted")
        )
        assert is_sound(own.index_dir, scorer)
    parts.library.close()


@pytest.mark.parametrize(
    ("won", "lost", "missing"),
    [(0, 0, 40), (1, 0, 39), (20, 20, 0), (35, 5, 5), (39, 1, 9), (100, 9, 1), (100, 10, 0), (10, 29, 1)],
)
def test_own_calls_are_counted_towards_training(won: int, lost: int, missing: int) -> None:
    own = OwnCalls(n_converted=won, n_lost=lost)
    assert own.n_missing == missing
    assert ("missing" in own.reading) == (missing > 0)


def test_own_calls_teach_alone_once_there_are_enough(tmp_path: Path) -> None:
    sample = [
        call.model_copy(update={"provenance": "sample", "split": "train", "call_id": f"s-{call.call_id}"})
        for call in make_calls(30)
    ]
    with Library(tmp_path / "library.sqlite") as library:
        library.add(sample)
        assert "demonstration" in choose_calls(library, seed=7).data
        more = make_calls(80)[30:]
        library.add(more[: MIN_OWN_CALLS - 1])
        library.add_pasted(make_transcript(*LINES))
        mixed = choose_calls(library, seed=7)
        assert len(mixed.calls) == 30 + MIN_OWN_CALLS - 1
        assert "39 calls of the team's own and 30 machine-written ones" in mixed.data
        assert {call.split for call in mixed.calls} == {None}  # only some of them name one
        library.add(more[MIN_OWN_CALLS - 1 :])
        own = choose_calls(library, seed=7)
        assert {call.provenance for call in own.calls} == {"own"}
        assert own.data == "50 calls of the team's own"


def test_own_calls_of_one_customer_do_not_teach_alone(tmp_path: Path) -> None:
    calls = [call.model_copy(update={"account_id": "one"}) for call in make_calls(60)]
    with Library(tmp_path / "library.sqlite") as library:
        library.add([*calls, make_call("s", *LINES).model_copy(update={"provenance": "sample"})])
        assert "machine-written" in choose_calls(library, seed=7).data


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["coach", *args])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_a_call_is_added_and_its_outcome_corrected_on_the_command_line(
    home: Path, sample_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "call.txt"
    file.write_text("\n".join(LINES).replace("Rep:", "Dana:").replace("Customer:", "Kim:"))
    code, out, _ = run(
        capsys, monkeypatch, "add", str(file), "--rep", "Dana", "--outcome", "converted", "--account", "a", "--json"
    )
    added = json.loads(out)
    assert (code, added["outcome"], added["is_indexed"], added["n_own"]) == (0, "converted", True, 1)
    code, out, _ = run(capsys, monkeypatch, "outcome", added["call_id"], "open")
    assert code == 0
    assert "kept as open" in out
    code, out, _ = run(capsys, monkeypatch, "outcome", added["call_id"], "lost", "--at", "2026-03-31", "--json")
    assert json.loads(out)["before"] is None
    with Library(home / "library.sqlite") as library:
        (summary,) = [one for one in library.team_calls() if one.provenance == "own"]
        assert (summary.outcome, summary.account_id) == ("lost", "a")
        assert summary.outcome_at is not None
        assert summary.outcome_at.isoformat() == "2026-03-31T00:00:00"
        assert summary.outcome_entered_by
    for args, said in (
        (["outcome", "ex-01", "lost"], "example call"),
        (["outcome", "nobody", "lost"], "no call"),
        (["outcome", "ex-01", "maybe"], "maybe"),
        (["add", str(sample_file)], "coach index"),
    ):
        code, out, err = run(capsys, monkeypatch, *args)
        assert (code, out) == (2, "")
        assert said in err


async def answer_of(coach: Coach, question: str, call_id: str) -> Answer:
    *_, answer = [event async for event in coach.ask("loop", question, call_id)]
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.slow
async def test_the_loop_closes(
    home: Path, own: Settings, parts: Parts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    coach = build_coach(own, parts)
    calls = make_calls(48)
    first = calls[0].transcript
    before = await answer_of(coach, "Score this call.", coach.add_call(without_id(first)))
    for call in calls[:-1]:
        call_id = coach.add_call(without_id(call.transcript))
        assert parts.library.adopt(call_id, call.outcome, account_id=call.account_id) == call_id
    private = coach.add_call(make_transcript(*LINES))
    last = calls[-1]
    pasted = coach.add_call(without_id(last.transcript))
    done = adopt_call(
        own, parts.library, pasted, Ending(outcome=last.outcome), account_id=last.account_id, scorer=parts.scorer
    )
    assert (done.n_own, done.n_missing) == (48, 0)

    code, out, _ = run(capsys, monkeypatch, "train", "--objective", "none", "--json")
    assert code == 0
    manifest = ModelFolder.open(find_model(own)).manifest
    assert manifest.model_id == json.loads(out)["model_id"] != coach.manifest.model_id
    assert manifest.data == "48 calls of the team's own"
    assert manifest.n_train + manifest.n_calibration + manifest.n_test == 48
    assert not manifest.has_seen(parts.library.get(private).transcript.content_hash)
    assert CallScorer.load(own).score(first).model_id == manifest.model_id

    # The chat that is running goes on with its model and its index until it is started again.
    after = await answer_of(coach, "Score this call.", call_id)
    assert after.grounded
    assert coach.manifest.model_id in after.answer
    assert coach.manifest.model_id in before.answer
    assert found(parts)
    code, out, _ = run(capsys, monkeypatch, "doctor", "--json")
    assert code == 0
    checks = {check["name"]: check["detail"] for check in json.loads(out)["checks"]}
    assert checks["library"].startswith("48 own and ")
    assert "missing" not in checks["library"]
    assert "48 calls of the team's own" in checks["model"]
