"""Judging one model folder: every call counts, those it has learned from are refused, and the command line says so."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eval.evaluate import Evaluation, evaluate, forced_probability, was_trained_on
from eval.report_tables import evaluation_page
from salescoach.config import Settings
from salescoach.errors import DataError
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import read_calls
from salescoach.stats.measures import METRICS
from salescoach.testing import make_call
from salescoach.types import LabelledCall, Outcome
from serving.cli import app as cli
from serving.usecases.setup import example_calls

DESIGN = {
    "auc", "average_precision", "f1", "accuracy", "balanced_accuracy", "brier", "ece", "log_loss", "precision_at_10",
}  # fmt: skip
OUTCOMES: tuple[Outcome, Outcome] = ("converted", "lost")
SHORT = [
    make_call(f"short-{row}", "Rep: Hello.", "Customer: Bye.", f"Rep: Call {row}.", outcome=OUTCOMES[row % 2])
    for row in range(4)
]


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home))


@pytest.fixture(scope="module")
def unseen() -> list[LabelledCall]:
    return [*example_calls(), *SHORT]


@pytest.fixture(scope="module")
def found(scorer: CallScorer, unseen: list[LabelledCall]) -> Evaluation:
    return evaluate(unseen, scorer, n_resamples=40).evaluation


def test_measures_cover_every_call_and_say_how_many_would_be_answered(found: Evaluation, scorer: CallScorer) -> None:
    assert (found.n, found.positives, found.seen) == (16, 8, 0)
    assert found.measures.keys() == METRICS.keys() >= DESIGN
    assert found.answered_share == pytest.approx(12 / 16)  # four are too short
    assert found.answered is not None
    assert found.answered["auc"] != found.measures["auc"]
    assert found.model_id == scorer.manifest.model_id
    page = evaluation_page(found)
    assert "would answer 75.0% of them" in page
    assert page.count("| AUROC |") == 2


def test_the_models_own_thresholds_are_used(scorer: CallScorer, unseen: list[LabelledCall], found: Evaluation) -> None:
    probabilities = np.array([forced_probability(scorer.score(call.transcript, force=True)) for call in unseen])
    labels = np.array([call.outcome == "converted" for call in unseen])
    right = (probabilities >= scorer.manifest.thresholds.accuracy) == labels
    assert found.measures["accuracy"].value == pytest.approx(right.mean(), abs=1e-4)


def test_a_score_that_was_not_forced_has_no_number_to_judge(scorer: CallScorer) -> None:
    with pytest.raises(ValueError, match="not forced"):
        forced_probability(scorer.score(SHORT[0].transcript))


def test_calls_it_was_trained_on_are_refused_unless_told_otherwise(
    own_model: Path, settings: Settings, sample_file: Path, unseen: list[LabelledCall]
) -> None:
    scorer = CallScorer.load(settings.model_copy(update={"model": own_model}))
    sample = read_calls(sample_file)
    seen = [call for call in sample if was_trained_on(scorer, call)][:3]
    # The same words under another id and account are the same call.
    renamed = [call.model_copy(update={"call_id": f"new-{row}", "account_id": None}) for row, call in enumerate(seen)]
    with pytest.raises(DataError, match=r"trained on 3 of these 19 calls.*--skip-seen.*--allow-seen"):
        evaluate([*unseen, *renamed], scorer)
    judged = evaluate([*unseen, *renamed], scorer, allow_seen=True, n_resamples=2).evaluation
    assert (judged.n, judged.seen) == (19, 3)
    assert "flatter" in evaluation_page(judged)


def test_one_outcome_can_not_be_judged(scorer: CallScorer) -> None:
    lost = [call for call in SHORT if call.outcome == "lost"]
    open_deal = make_call("open", "Rep: Hello.", outcome=None)
    with pytest.raises(DataError, match="the 2 labelled calls have one outcome"):
        evaluate([*lost, open_deal], scorer)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["coach", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.mark.slow
def test_the_commands(
    run: Callable[..., tuple[int, str, str]],
    coach_home: Path,
    own_model: Path,
    sample_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COACH_HOME", str(coach_home))
    data = sample_file
    code, out, err = run("evaluate", str(data), "--model", str(own_model), "--json")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "--skip-seen" in err

    report = tmp_path / "new" / "report.md"
    code, out, _ = run(
        "evaluate",
        str(data),
        "--model",
        str(own_model),
        "--skip-seen",
        "--split",
        "test",
        "--report",
        str(report),
        "--json",
    )
    result = json.loads(out)
    assert code == 0
    assert result.keys() >= {"n", "positives", "model_id", "measures", "answered_share"}
    assert result["measures"].keys() >= DESIGN
    assert result["measures"]["auc"].keys() == {"value", "ci"}
    assert "| AUROC |" in report.read_text()
    assert "the customer refuses" in report.read_text()
    assert {"check", "expected", "passed", "n", "mean_change"} == result["behaviour"][0].keys()
    faithful = result["faithfulness"]  # the sample's true effects lie beside it
    assert faithful["deletion"][1]["evidence"]["value"] > faithful["deletion"][1]["random"]["value"]
    assert faithful["agreement"]["n"] > 0

    page = tmp_path / "new" / "report.html"
    assert (
        run("evaluate", str(data), "--model", str(own_model), "--skip-seen", "--split", "test", "--report", str(page))[
            0
        ]
        == 0
    )
    assert page.stat().st_size <= 5_000_000
    html = page.read_text()
    assert "Are the reasons real?" in html
    assert "Behaviour in small tests" in html
    assert result["model_id"] in html
    calls = [call for call in read_calls(data) if call.split == "test"]
    long = [turn.text for call in calls for turn in call.transcript.turns if len(turn.text) > 30]
    assert long
    assert not any(text in html for text in long)
    assert json.loads(page.with_suffix(".json").read_text())["report"]["roc"].keys() == {result["model_id"]}

    code, _, err = run("evaluate", str(data), "--model", str(own_model), "--split", "nowhere")
    assert (code, err.count("\n")) == (2, 1)
    assert "no calls of the split 'nowhere'" in err

    small = tmp_path / "small.csv"
    small.write_text(
        'call_transcript,conversion_label,split\n"Rep: Hello\nCustomer: Hi",1,train\n"Rep: So\nCustomer: No",0,test\n'
    )
    code, out, _ = run("audit", str(small), "--json")
    assert code == 0
    assert out.count("\n") == 1
    result = json.loads(out)
    assert result["ok"] is True
    assert result["counts"]["not checked"] > 0
