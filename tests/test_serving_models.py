"""Challengers score in shadow, are judged by what comes of the calls, and are promoted by a person."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.online.duel import duel_of
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library, score_log, shadow_log
from salescoach.library.shadow_log import SettledPair, ShadowScore
from salescoach.model.registry import COACH, ModelRegistry
from salescoach.model.scoring import CallScorer
from salescoach.reading.transcripts import read_transcript
from salescoach.types import LabelledCall, Transcript, Turn
from serving.cli.app import app
from serving.usecases.models import list_models, promote, run_shadow
from serving.usecases.propose import propose
from tests.homes import clone
from tests.small_models import namesake

EXAMPLE = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.txt"))[0]


def own_call(number: int) -> LabelledCall:
    """A call that is long enough to be judged, with an account of its own."""
    turns = read_transcript(EXAMPLE).turns
    last = Turn(speaker=turns[-1].speaker, role=turns[-1].role, text=f"Until next week, in office number {number}.")
    transcript = Transcript(turns=(*turns, last), call_id=f"own-{number}")
    return LabelledCall(transcript=transcript, call_id=f"own-{number}", account_id=f"firm-{number}")


@pytest.fixture
def own(coach_home: Path, tmp_path: Path) -> Settings:
    """A home with a challenger and three open calls of the team's own."""
    settings = Settings.load(home=clone(coach_home, tmp_path / "home"))
    namesake(settings.models_dir / "starter", settings.models_dir / "other")
    with Library(settings.library_file) as library:
        library.add([own_call(number) for number in range(3)])
    ModelRegistry(settings).challenge("other", "ada")
    return settings


def test_open_calls_are_scored_in_shadow_and_nobody_sees_it(own: Settings) -> None:
    done = run_shadow(own)
    assert (done.n_scored, done.n_settled, done.stopped) == (6, 0, ())
    assert score_log.read(own.library_file) == []  # what doors and deals read
    with Library(own.library_file) as library:
        transcript = library.get("own-0").transcript
        champion = CallScorer.load(own).score(transcript)
        library.set_outcome("own-0", "lost")
    assert run_shadow(own).n_scored == 0
    report = list_models(own)
    [challenger] = report.challengers
    assert challenger.duel is not None
    assert (challenger.duel.n, challenger.duel.n_pending, challenger.duel.verdict) == (1, 2, "open")
    assert challenger.duel.difference == 0  # it scores as the champion does
    [pair] = shadow_log.pairs(own.library_file, report.champion.model_id, challenger.model.model_id)
    assert (pair.converted, pair.champion) == (0, champion.probability)


def test_no_score_is_kept_once_the_outcome_is_known(own: Settings) -> None:
    """Not even where it comes while the model works."""
    with Library(own.library_file) as library:
        known, other = library.get("own-0").transcript.content_hash, library.get("own-1").transcript.content_hash
        library.set_outcome("own-0", "converted")
        library.propose_outcome("own-1", "converted", "ada")
    late = [ShadowScore(content_hash=one, model_id="m", probability=0.5) for one in (known, other, "unknown")]
    assert shadow_log.append(own.library_file, late) == 0
    assert [call_id for call_id, _ in shadow_log.missing(own.library_file, "m")] == ["own-2"]


def test_the_order_of_outcomes_stays_when_one_is_corrected(own: Settings) -> None:
    run_shadow(own)
    with Library(own.library_file) as library:
        for call_id, outcome in (("own-2", "lost"), ("own-0", "converted")):
            library.set_outcome(call_id, outcome)  # type: ignore[arg-type]
    list_models(own)
    with Library(own.library_file) as library:
        library.set_outcome("own-2", "converted")
        library.set_outcome("own-1", "lost")
    report = list_models(own)
    pairs = shadow_log.pairs(own.library_file, report.champion.model_id, report.challengers[0].model.model_id)
    assert [(pair.account_id, pair.converted) for pair in pairs] == [("firm-2", 1), ("firm-0", 1), ("firm-1", 0)]


def test_a_deleted_call_leaves_no_shadow(own: Settings) -> None:
    run_shadow(own)
    with Library(own.library_file) as library:
        library.set_outcome("own-0", "lost")
        list_models(own)
        library.delete("own-0")
    with closing(sqlite3.connect(own.library_file)) as database:
        assert database.execute("SELECT count(*) FROM shadow_scores").fetchone() == (4,)
        assert database.execute("SELECT count(*) FROM settled_calls").fetchone() == (0,)


def pairs_of(
    champion: float, challenger: float, outcomes: Sequence[int], account: str | None = None
) -> list[SettledPair]:
    return [
        SettledPair(f"{row}", account, f"{row}", outcome, champion, challenger) for row, outcome in enumerate(outcomes)
    ]


def test_a_clearly_worse_challenger_is_called_worse_and_a_better_one_better() -> None:
    outcomes = [1, 0, 0, 1, 0, 0, 0, 1] * 30
    worse = duel_of(pairs_of(0.37, 0.9, outcomes))
    assert worse.verdict == "worse"
    assert worse.confidence_sequence is not None
    assert worse.confidence_sequence[0] > 0
    assert duel_of(pairs_of(0.9, 0.37, outcomes)).verdict == "better"
    assert duel_of(pairs_of(0.4, 0.4, outcomes)).verdict == "open"
    assert duel_of([]).confidence_sequence is None


def test_calls_of_one_account_settled_together_are_one_value_and_treated_accounts_none() -> None:
    together = [SettledPair(f"{row}", "firm", "now", 1, 0.4, 0.6) for row in range(5)]
    duel = duel_of([*together, SettledPair("9", "firm", "later", 1, 0.4, 0.6)])
    assert (duel.n, duel.n_values) == (6, 2)
    assert duel_of(together, treated={"firm"}).n_treated == 5
    assert duel_of(together, treated={"firm"}).n == 0


def test_the_worse_one_is_stopped_by_the_coach_and_never_scored_again(own: Settings) -> None:
    with Library(own.library_file) as library:
        library.add([own_call(number) for number in range(3, 60)])
        contents = {one: content for one, (content, _) in library.contents([f"own-{n}" for n in range(60)]).items()}
    report = list_models(own)
    for model, p in ((report.champion, 0.05), (report.challengers[0].model, 0.99)):
        scores = [ShadowScore(content_hash=one, model_id=model.model_id, probability=p) for one in contents.values()]
        shadow_log.append(own.library_file, scores)
    with Library(own.library_file) as library:
        for number in range(59):
            library.set_outcome(f"own-{number}", "lost")
    done = run_shadow(own)
    assert [(one.what, one.by, one.folder) for one in done.stopped] == [("stopped", COACH, "other")]
    assert done.n_scored == 0
    assert list_models(own).challengers == ()
    with pytest.raises(InputError, match="No challenger is called 'other'"):
        promote(own, "other", "ada")


def test_promote_and_rollback_in_one_command_each(own: Settings) -> None:
    run = CliRunner(env={"COACH_HOME": str(own.home)}).invoke
    with pytest.raises(InputError, match="has not shown to be better"):
        run(app, ["models", "promote", "other"], catch_exceptions=False)
    done = run(app, ["models", "promote", "other", "--even-if", "--by", "ada", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)["decision"]["what"] == "promoted"
    assert CallScorer.load(own).manifest.model_id == ModelRegistry(own).champion().model_id
    listed = run(app, ["models", "list", "--json"], catch_exceptions=False)
    found = json.loads(listed.stdout)
    assert found["champion"]["folder"] == "other"
    assert [one["folder"] for one in found["others"]] == ["starter"]
    assert run(app, ["models", "rollback", "--by", "ada"], catch_exceptions=False).exit_code == 0
    assert ModelRegistry(own).champion().folder == "starter"
    assert "rolled back" in run(app, ["models", "list"], catch_exceptions=False).stdout


def test_retraining_needs_news_and_waits_for_the_duel_before(own: Settings) -> None:
    assert "still contends" not in propose(own, "nightly").reading
    assert propose(own, "nightly").folder is None
    namesake(own.models_dir / "starter", own.models_dir / "proposal-20260101-000000")
    ModelRegistry(own).challenge("proposal-20260101-000000", "nightly")
    assert "still contends" in propose(own, "nightly").reading
