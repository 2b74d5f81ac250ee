"""The comparison: the same splits for all arms, no judged label near a fit, resumable, and noise scores 0.5."""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from eval import compare as module
from eval.compare import CompareOptions, compare
from eval.comparison import Arm, ArmReport, Comparison, pairs, report_difference
from eval.folds import Fold, make_fold, make_splits
from eval.report_tables import comparison_page, verdict
from salescoach.config import Settings
from salescoach.errors import DataError
from salescoach.file_store import FileStore
from salescoach.model.head import sigmoid
from salescoach.model.scoring import CallScorer
from salescoach.model.similarity import METHODS, ReferenceCalls
from salescoach.progress import Progress, silent
from salescoach.reading.labelled import read_calls
from salescoach.stats.splits import cross_validation, labels_of
from salescoach.testing import WordHashEncoder, make_call, make_calls
from salescoach.types import LabelledCall, Turn
from training.arms import embedding_arms, fit_baseline, fit_blend
from training.baselines import BASELINES
from training.embedding import fit_generic
from training.options import FinetuneOptions
from training.sample import write_sample

N_SHUFFLES = 20
DESIGN = {"name", "auc", "auc_ci", "f1", "accuracy", "brier", "ece", "precision_at_10", "ms_per_call"}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def calls() -> list[LabelledCall]:
    return make_calls(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


QUICK = FinetuneOptions(epochs=1, head_epochs=2, min_steps=1)


def run(calls: list[LabelledCall], settings: Settings, progress: Progress = silent) -> Comparison:
    return compare(calls, settings, CompareOptions(n_folds=2, n_resamples=40, finetuning=QUICK), progress).comparison


def fitted(patch: pytest.MonkeyPatch) -> list[str]:
    """Names of the fits that are done from now on; those of before are taken from the file."""
    names: list[str] = []
    for name in ("_fit_baseline", "_fit_generic", "_fit_finetuned"):
        own = getattr(module, name)

        def note(*args: Any, own: Any = own, name: str = name) -> Any:
            names.append(str(args[0]) if name == "_fit_baseline" else name)
            return own(*args)

        patch.setattr(module, name, note)
    return names


@pytest.fixture(scope="module")
def found(calls: list[LabelledCall], home: Path) -> Comparison:
    return run(calls, Settings.load(home=home))


def without_times(comparison: Comparison) -> dict[str, Any]:
    raw = comparison.as_json()
    assert isinstance(raw["arms"], list)
    return {**raw, "arms": [{**arm, "ms_per_call": 0} for arm in raw["arms"]]}


def fold_of(calls: list[LabelledCall], seed: int = 7) -> Fold:
    return make_fold(calls, cross_validation(calls, 3, seed)[0], seed)


def test_the_json_has_the_fields_of_the_design(found: Comparison) -> None:
    raw = found.as_json()
    assert raw.keys() == {"data", "arms", "improvement", "differences"}
    assert {"n": 60, "positives": 30, "groups": 20, "folds": 2}.items() <= dict(found).items()
    arms = {arm.name: arm for arm in found.arms}
    encoders = {"generic", "finetuned"}
    assert arms.keys() == {
        *BASELINES,
        *encoders,
        *(f"{name}_{method}" for name in encoders for method in METHODS),
        "blend",
    }
    assert found.improvement is not None
    assert raw["improvement"].keys() == {"auc_relative", "auc_delta", "auc_delta_ci", "p_value"}  # type: ignore[attr-defined]
    for arm in raw["arms"]:  # type: ignore[attr-defined]
        assert arm.keys() >= DESIGN
        assert {at["share"] for at in arm["by_share"]} == {25, 50, 75, 100}
        assert all(measure["ci"] is not None for measure in arm["measures"].values())
    assert arms["prior"].auc == 0.5
    assert arms["tfidf"].auc == 1.0  # what was said gives the outcome away
    assert arms["tfidf"].by_share[-1].auc == arms["tfidf"].measures["auc"]
    assert all(arm.ms_per_call > 0 for arm in found.arms)


def test_the_file_of_results_is_closed_after_an_error_too(
    calls: list[LabelledCall], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores: list[FileStore] = []

    def fail(folds: object, fits: object, kept: module._Kept, progress: Progress) -> None:
        stores.append(kept.store)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_fits", lambda *_: {})
    monkeypatch.setattr(module, "_judge", fail)
    with pytest.raises(KeyboardInterrupt):
        run(calls, Settings.load(home=tmp_path))
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        stores[0]._database.execute("SELECT 1")


@pytest.mark.slow
def test_it_goes_on_where_it_was_interrupted(
    calls: list[LabelledCall], found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.load(home=tmp_path)

    def interrupt(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("comparing", 4):
            raise KeyboardInterrupt

    names = fitted(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(calls, settings, progress=interrupt)
    assert set(names) == set(BASELINES)
    assert without_times(run(calls, settings)) == without_times(found)
    assert len(names) == 2 * (len(BASELINES) + 2)  # each once in both folds


def test_what_is_kept_is_not_fitted_again_and_holds_no_text(
    calls: list[LabelledCall], found: Comparison, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "fit_baseline", None)
    monkeypatch.setattr(module, "fit_generic", None)
    monkeypatch.setattr(module, "fit_finetuned", None)
    assert run(calls, Settings.load(home=home)) == found
    kept = (home / "runs" / "compare.sqlite").read_bytes()
    assert b"ms_per_call" in kept
    assert not any(turn.text.encode() in kept for call in calls for turn in call.transcript.turns)
    # Other labels are another comparison: nothing kept may answer for it.
    with pytest.raises(TypeError):
        run([call.model_copy(update={"call_id": "x" + call.call_id}) for call in calls][:-2], Settings.load(home=home))


def test_judged_labels_touch_nothing(calls: list[LabelledCall]) -> None:
    fold = fold_of(calls)
    turned = [
        one.model_copy(update={"outcome": "lost" if one.outcome == "converted" else "converted"}) for one in fold.test
    ]
    other = Fold(fold.train, turned)
    assert (other.labels != fold.labels).all()
    fits = {
        **{name: partial(module._fit_baseline, name) for name in BASELINES},
        "generic": partial(module._fit_generic, WordHashEncoder(16), QUICK),
    }
    for fit in fits.values():
        said, again = fit(fold).arms, fit(other).arms
        assert said.keys() == again.keys()
        for arm, one in said.items():
            assert (one.logits, one.honest, one.thresholds) == (
                again[arm].logits,
                again[arm].honest,
                again[arm].thresholds,
            )


def test_no_account_is_on_both_sides_and_every_call_is_judged_once(calls: list[LabelledCall]) -> None:
    judged: list[str] = []
    for names in make_splits(calls, 3, seed=1):
        fold = make_fold(calls, names, 1)
        held_out = {g for g, held in zip(fold.train.groups, fold.train.held_out, strict=True) if held}
        fitted = set(fold.train.groups) - held_out
        assert not held_out & {g for g, held in zip(fold.train.groups, fold.train.held_out, strict=True) if not held}
        assert not (held_out | fitted) & set(fold.groups)
        judged += [call.call_id for call in fold.test]
    assert sorted(judged) == sorted(call.call_id for call in calls)
    assert make_splits(calls, 3, seed=1, quick=True) == make_splits(calls, 3, seed=1)[:1]


def test_a_split_column_wins_and_must_name_test_calls(calls: list[LabelledCall]) -> None:
    names = ["test" if row < 12 else "calibration" if row < 24 else "train" for row in range(60)]
    given = [call.model_copy(update={"split": name}) for call, name in zip(calls, names, strict=True)]
    assert make_splits(given, 5, seed=0) == [names]
    with pytest.raises(DataError, match="no 'test' calls"):
        make_splits([call.model_copy(update={"split": "train"}) for call in calls], 5, seed=0)
    one_class = [call.model_copy(update={"outcome": "lost"}) if row < 12 else call for row, call in enumerate(given)]
    with pytest.raises(DataError, match="test part of the split needs converted and lost"):
        make_fold(one_class, names, 0)


def marked(turn: Turn) -> str:
    return " ".join(f"{turn.role}_{word}" for word in turn.text.split())


def pairs_within_lines(text: str) -> list[str]:
    of_line = CountVectorizer(token_pattern=r"\S+", ngram_range=(1, 2)).build_analyzer()
    return [term for line in text.split("\n") for term in of_line(line)]


def test_tfidf_is_as_good_as_an_independent_pipeline(tmp_path: Path) -> None:
    write_sample(tmp_path / "calls.csv", n_calls=180, seed=31, noise=0.0)
    calls = [call.model_copy(update={"split": None}) for call in read_calls(tmp_path / "calls.csv")]
    ours, theirs = [], []
    for names in cross_validation(calls, 3, seed=5):
        fold = make_fold(calls, names, 5)
        ours.append(roc_auc_score(fold.labels, fit_baseline(BASELINES["tfidf"], fold.train).logits(fold.test_calls())))
        # The same idea by other means: words marked by their side, one line a turn, taken apart by scikit-learn.
        documents = [
            ["\n".join(map(marked, call.turns)) for call in part] for part in (fold.train.calls, fold.test_calls())
        ]
        counts = CountVectorizer(analyzer=pairs_within_lines, min_df=2)
        pipeline = make_pipeline(counts, TfidfTransformer(sublinear_tf=True), LogisticRegression(C=10, max_iter=2000))
        pipeline.fit(documents[0], fold.train.labels)
        theirs.append(roc_auc_score(fold.labels, pipeline.predict_proba(documents[1])[:, 1]))
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.01)
    assert np.mean(ours) > 0.55


def noise_calls(seed: int, n: int = 80) -> list[LabelledCall]:
    """Calls of random words with random outcomes, two to an account."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2)
    calls = []
    for row in range(n):
        lines = [
            f"{side}: {' '.join(f'w{word}' for word in rng.integers(200, size=4))}"
            for _ in range(int(rng.integers(2, 5)))
            for side in ("Rep", "Customer")
        ]
        calls.append(
            make_call(f"c{row}", *lines, outcome="converted" if labels[row] else "lost", account_id=f"a{row // 2}")
        )
    return calls


@pytest.fixture(scope="module")
def noise() -> dict[str, np.ndarray]:
    """AUROC of every arm on noise, once for each of twenty shuffles: arm -> shape (20,)."""
    aucs: dict[str, list[float]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.arms.N_FOLDS", 2)  # for time
        for seed in range(100, 100 + N_SHUFFLES):
            fold = fold_of(noise_calls(seed), seed)
            arms = {name: fit_baseline(make, fold.train) for name, make in BASELINES.items()}
            trained = fit_generic(WordHashEncoder(16), fold.train, QUICK)
            arms |= embedding_arms("generic", trained, fold.train, trained.pool(fold.train))
            logits = {name: arm.logits(fold.test_calls()) for name, arm in arms.items()}
            slope, offset = fit_blend((arms["tfidf"].honest + arms["generic"].honest) / 2, fold.train.labels)
            logits["blend"] = slope * (logits["tfidf"] + logits["generic"]) / 2 + offset
            for name, values in logits.items():
                aucs.setdefault(name, []).append(float(roc_auc_score(fold.labels, values)))
            for name, values in {name: arm.honest for name, arm in arms.items()}.items():
                known = np.isfinite(values)
                aucs.setdefault(f"{name}, honest", []).append(
                    float(roc_auc_score(fold.train.labels[known], values[known]))
                )
    return {name: np.array(values) for name, values in aucs.items()}


def test_noise_scores_a_half_in_every_arm(noise: dict[str, np.ndarray]) -> None:
    judged = {name: values for name, values in noise.items() if "honest" not in name}
    assert len(judged) == len(BASELINES) + (1 + len(METHODS)) + 1
    for name, values in judged.items():
        standard_error = float(np.std(values, ddof=1)) / N_SHUFFLES**0.5
        assert standard_error < 0.04, name  # or the bound below would promise nothing
        assert abs(values.mean() - 0.5) <= 3 * standard_error, (name, values.mean(), standard_error)


def test_thresholds_and_blends_are_chosen_on_logits_that_know_nothing(noise: dict[str, np.ndarray]) -> None:
    for name, values in noise.items():
        if name.endswith(", honest"):
            standard_error = float(np.std(values, ddof=1)) / N_SHUFFLES**0.5
            assert values.mean() <= 0.5 + 3 * standard_error, (name, values.mean(), standard_error)


def test_prototypes_of_the_judged_calls_would_have_been_caught() -> None:
    """The usual mistake, on the same kind of noise: prototypes built with the labels of the calls that are judged."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.arange(50) % 2
    past = ReferenceCalls.of(vectors, labels)
    assert roc_auc_score(labels, past.scores(vectors)["cosine"]) > 0.9
    assert roc_auc_score(labels, past.own_scores()["cosine"]) < 0.6  # each without itself


def arm(name: str, auc: float, samples: np.ndarray) -> Arm:
    report = ArmReport(
        name=name, auc=auc, auc_ci=None, f1=0, accuracy=0, brier=0, ece=0, precision_at_10=0, ms_per_call=0,
        measures={}, by_share=(),
    )  # fmt: skip
    return Arm(report, samples)


def test_a_difference_is_paired() -> None:
    samples = np.random.default_rng(0).normal(0.7, 0.05, size=400)  # the same accounts shift both arms
    better = report_difference(arm("a", 0.73, samples + 0.03), arm("b", 0.70, samples))
    assert better.auc_delta_ci == (0.03, 0.03)
    assert better.auc_relative == pytest.approx(0.03 / 0.70, abs=1e-4)
    assert better.p_value is not None
    assert better.p_value <= 0.01
    same = report_difference(arm("a", 0.7, samples), arm("b", 0.7, samples))
    assert (same.auc_delta, same.p_value) == (0, 1)
    few = report_difference(arm("a", 0.7, samples[:5]), arm("b", 0.7, samples[:5]))
    assert (few.auc_delta_ci, few.p_value) == (None, None)


def test_which_arms_are_set_against_which() -> None:
    arms = ["prior", "length", "call_metrics", "tfidf", "generic", "generic_cosine", "finetuned", "finetuned_cosine"]
    found = pairs([*arms, "blend", "mine-0123"])
    assert set(found) == {
        ("generic", "tfidf"), ("finetuned", "tfidf"), ("finetuned", "generic"), ("blend", "tfidf"),
        ("blend", "generic"), ("mine-0123", "tfidf"), ("mine-0123", "generic"), ("finetuned_cosine", "generic_cosine"),
    }  # fmt: skip


def test_the_page_says_it_in_words_first_and_every_figure_has_its_interval(found: Comparison) -> None:
    page = comparison_page(found)
    assert page.startswith("The best AUROC is 1.000")
    assert "Fine-tuning the encoder differs from the generic one" in page
    rows = [line for line in page.splitlines() if line.startswith("| generic ")]
    assert len(rows) == 3  # measures, difference, shares
    assert rows[0].count(" to ") == 9
    for delta, said in (((0.01, 0.05), "beats"), ((-0.05, -0.01), "loses to"), ((-0.02, 0.04), "may be chance")):
        base = found.arms[0]
        arms = tuple(base.model_copy(update={"name": name}) for name in ("generic", "tfidf", "finetuned"))
        differences = tuple(
            report_difference(arm("finetuned", 0.7, np.zeros(1)), arm(over, 0.6, np.zeros(1))).model_copy(
                update={"auc_delta_ci": delta}
            )
            for over in ("generic", "tfidf")
        )
        changed = found.model_copy(update={"arms": arms, "differences": differences})
        assert verdict(changed).count(said) == 2


def test_a_model_that_has_seen_the_calls_may_not_be_judged_by_them(
    settings: Settings, own_model: Path, sample_file: Path, tmp_path: Path
) -> None:
    sample = read_calls(sample_file)
    unsplit = [call.model_copy(update={"split": None}) for call in sample]
    with pytest.raises(DataError, match=r"trained on \d+ of the calls"):
        compare(unsplit, settings.model_copy(update={"home": tmp_path}), CompareOptions(model=own_model))


def test_a_model_is_judged_under_its_own_name(calls: list[LabelledCall], settings: Settings) -> None:
    scorer = CallScorer.load(settings)
    fold = fold_of(calls)
    arms = module._ask_model(scorer, scorer, fold).arms
    assert arms.keys() == {scorer.manifest.model_id}
    assert arms[scorer.manifest.model_id].logits.keys() == {25, 50, 75, 100}


def test_labels_are_a_number_for_each_call(calls: list[LabelledCall]) -> None:
    labels = labels_of(calls)
    assert labels.tolist() == [row % 2 for row in range(60)]
    assert sigmoid(np.zeros(1))[0] == 0.5
