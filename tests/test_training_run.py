"""Training: a calibrator never turns a ranking, the best arm scores, and a folder is whole or not there."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from salescoach.config import Settings
from salescoach.errors import DataError, ModelError
from salescoach.model.artifact import HASH_DIGITS, Manifest, ModelFolder, seal
from salescoach.model.head import Head, sigmoid
from salescoach.model.likeness import Likeness
from salescoach.model.loading import load_base_encoder
from salescoach.model.scoring import CallScorer
from salescoach.model.similarity import METHODS
from salescoach.progress import Progress, silent
from salescoach.stats.splits import TEST, group_of, labels_of
from salescoach.testing import make_call, make_calls, make_transcript
from salescoach.types import LabelledCall, MethodName, ScorerName, Transcript
from training.baselines import BASELINES, converted
from training.embedding import FineTuning
from training.fit_head import MIN_EFFECT, MIN_SPREAD, Classifier, cross_calibrated, fit_calibrator, fit_head
from training.fit_text_arm import fit_text_arm
from training.fitted import fit_arms, fit_embeddings
from training.judge import judge
from training.kept import kept_of_all
from training.options import FinetuneOptions, TrainingOptions
from training.parts import Split
from training.run import train


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # as the encoder has it; small products are slower on several


def train_fast(
    calls: Sequence[LabelledCall], out: Path, settings: Settings, progress: Progress = silent, **options: Any
) -> Manifest:
    """A training with few resamples: they decide intervals only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.fit_head.N_MEMBERS", 6)
        patch.setattr("training.judge.N_RESAMPLES", 25)
        return train(calls, out, settings, TrainingOptions(**options), progress=progress)


def some_head_data(seed: int, n: int = 60, dimension: int = 4) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    vectors = rng.normal(size=(n, dimension)) + 0.8 * labels[:, None]
    return vectors.astype(np.float32), labels, [str(row // 2) for row in range(n)]


def some_head(vectors: np.ndarray, labels: np.ndarray, groups: list[str], n: int = 40) -> Head:
    """A head on the first ``n`` calls, calibrated on the others."""
    weights = vectors[:n][labels[:n] == 1].mean(axis=0) - vectors[:n][labels[:n] == 0].mean(axis=0)
    classifier = Classifier(weights, 0.1, vectors[:n], labels[:n], groups[:n])
    return fit_head(classifier, vectors[n:], labels[n:], groups[n:], np.random.default_rng(0))[0]


@pytest.mark.parametrize("dimension", [4, 100])
def test_the_head_is_linear_and_its_members_are_resamples(dimension: int) -> None:
    vectors, labels, groups = some_head_data(3, dimension=dimension)
    head = some_head(vectors, labels, groups)
    assert head.weights.shape == (61, dimension)
    assert head.bias.shape == (61,)
    assert np.isfinite(head.weights).all()
    assert len(np.unique(head.weights.round(9), axis=0)) > 50
    assert roc_auc_score(labels, head.probabilities(vectors)) > 0.7
    members = np.array([np.corrcoef(head.weights[0], member)[0, 1] for member in head.weights[1:]])
    assert 0.5 < np.median(members) < 0.9999  # they differ, and are the same kind of thing
    # Moving a feature shifts the logit by its weight, so the calibration was folded in as it should be.
    moved = vectors.astype(np.float64)
    moved[:, 0] += 1
    np.testing.assert_allclose(
        head.logits(moved) - head.logits(vectors.astype(np.float64)), head.weights[0, 0], atol=1e-6
    )


def test_held_out_labels_touch_only_the_calibrator() -> None:
    vectors, labels, groups = some_head_data(4)
    changed = np.concatenate([labels[:58], 1 - labels[58:]])
    heads = [some_head(vectors, own, groups).weights[0] for own in (labels, changed)]
    cosine = heads[0] @ heads[1] / np.linalg.norm(heads[0]) / np.linalg.norm(heads[1])
    assert cosine == pytest.approx(1)  # the direction is the training calls'
    assert np.linalg.norm(heads[0]) != pytest.approx(np.linalg.norm(heads[1]), rel=1e-3)


@hypothesis_settings(deadline=None, max_examples=40)
@given(logits=st.lists(st.floats(-8, 8), min_size=4, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_a_calibrator_never_turns_the_ranking(logits: list[float], seed: int) -> None:
    values = np.array(logits)
    labels = np.random.default_rng(seed).integers(0, 2, size=len(values))
    slope, offset = fit_calibrator(values, labels)
    assert slope > 0
    if len(set(labels.tolist())) == 2:
        assert slope * values.std() >= MIN_EFFECT - 1e-9 or values.std() <= MIN_SPREAD
    else:
        assert (slope, offset) == (1.0, 0.0)  # of one outcome nothing can be learned
    assert np.isfinite([slope, offset]).all()
    assert (np.diff(sigmoid(slope * np.sort(values) + offset)) >= 0).all()


def test_where_there_is_nothing_to_learn_probabilities_are_the_base_rate() -> None:
    away, sure = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        logits, labels = rng.normal(scale=3, size=200), rng.integers(0, 2, size=200)
        slope, offset = fit_calibrator(logits, labels)
        away.append(np.abs(sigmoid(slope * logits + offset) - labels.mean()).mean())
        slope, offset = fit_calibrator(logits + 6 * labels, labels)
        sure.append(np.abs(sigmoid(slope * (logits + 6 * labels) + offset) - labels.mean()).mean())
    assert np.mean(away) < 0.02
    assert np.mean(sure) > 0.25  # and what there is to learn is said


def test_a_calibrator_of_reversed_scores_says_the_base_rate() -> None:
    logits = np.linspace(-3, 3, 40)
    slope, offset = fit_calibrator(logits, (logits < 0).astype(int))
    assert slope * logits.std() == pytest.approx(MIN_EFFECT)
    assert np.ptp(sigmoid(slope * logits + offset)) < 0.2  # near the base rate, whatever the logits
    assert sigmoid(np.array([offset]))[0] == pytest.approx(0.5, abs=0.01)


def test_a_calibrator_finds_the_truth() -> None:
    rng = np.random.default_rng(6)
    logits = rng.normal(scale=2, size=20_000)
    labels = (rng.random(20_000) < sigmoid(0.5 * logits - 0.7)).astype(int)
    assert fit_calibrator(logits, labels) == pytest.approx((0.5, -0.7), abs=0.06)


def test_one_class_leaves_the_logits_as_they_are() -> None:
    assert fit_calibrator(np.array([1.0, 2.0]), np.array([1, 1])) == (1.0, 0.0)


def test_cross_calibration_never_sees_the_calls_own_account() -> None:
    rng = np.random.default_rng(7)
    logits, labels = rng.normal(size=60), rng.integers(0, 2, size=60)
    groups = [str(row // 3) for row in range(60)]
    before = cross_calibrated(logits, labels, groups, np.random.default_rng(0))
    assert ((before > 0) & (before < 1)).all()
    changed = labels.copy()
    changed[:3] = 1 - changed[:3]  # one account's outcomes
    after = cross_calibrated(logits, changed, groups, np.random.default_rng(0))
    np.testing.assert_array_equal(after[:3], before[:3])
    assert (after != before).sum() >= 30  # the other folds saw it


@hypothesis_settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-8, 8), min_size=4, max_size=40), st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_where_the_rate_is_known_the_mean_probability_is_the_rate(logits: list[float], seed: int, rate: float) -> None:
    values = np.array(logits)
    labels = np.random.default_rng(seed).permutation(np.arange(len(values)) % 2)
    slope, offset = fit_calibrator(values, labels, rate)
    assert sigmoid(slope * values + offset).mean() == pytest.approx(rate, abs=1e-6)


def some_texts(n: int) -> tuple[list[Transcript], np.ndarray]:
    labels = np.arange(n) % 2
    calls = [
        make_transcript("Rep: shall we go on", f"Customer: {answer} {row % 3}", "Rep: ok")
        for row, answer in enumerate("gladly yes" if label else "sorry no" for label in labels)
    ]
    return calls, labels


def probabilities_of(name: str, train: list[Transcript], labels: np.ndarray, test: list[Transcript]) -> np.ndarray:
    return converted(BASELINES[name]().fit(train, labels), test)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_gives_probabilities(name: str) -> None:
    calls, labels = some_texts(40)
    probabilities = probabilities_of(name, calls[:30], labels[:30], calls[30:])
    assert probabilities.shape == (10,)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    again = probabilities_of(name, calls[:30], labels[:30], calls[30:])
    np.testing.assert_array_equal(again, probabilities)


def test_each_baseline_knows_what_it_is_for() -> None:
    calls, labels = some_texts(40)
    assert set(probabilities_of("prior", calls[:29], labels[:29], calls[29:])) == {14 / 29}
    assert roc_auc_score(labels[30:], probabilities_of("tfidf", calls[:30], labels[:30], calls[30:])) == 1
    long = [make_transcript(*["Rep: go on", "Customer: yes"] * (4 if label else 1)) for label in labels]
    assert roc_auc_score(labels[30:], probabilities_of("length", long[:30], labels[:30], long[30:])) == 1
    asked = [make_transcript("Rep: What is it?" if label else "Rep: That is it.", "Customer: Yes.") for label in labels]
    assert roc_auc_score(labels[30:], probabilities_of("call_metrics", asked[:30], labels[:30], asked[30:])) == 1


def test_words_count_by_who_says_them() -> None:
    won, lost = ("Rep: alpha beta", "Customer: gamma delta"), ("Rep: gamma delta", "Customer: alpha beta")
    labels = np.arange(20) % 2
    calls = [make_transcript(*(won if label else lost)) for label in labels]
    assert roc_auc_score(labels[10:], probabilities_of("tfidf", calls[:10], labels[:10], calls[10:])) == 1


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[LabelledCall]]:
    """A model of 60 short calls, among them an open deal, which must not count."""
    home = tmp_path_factory.mktemp("training")
    calls = make_calls(60)
    open_deal = make_call("open", "Rep: Xylophone quagmire.", "Customer: We shall see.", outcome=None)
    train_fast(
        [*calls, open_deal], home / "model", Settings.load(home=home), name="tiny", data="60 short made-up calls"
    )
    return home, calls


def test_a_trained_folder_loads_and_scores(trained: tuple[Path, list[LabelledCall]]) -> None:
    home, calls = trained
    scorer = CallScorer.load(Settings.load(home=home, model=home / "model"))
    scores = [scorer.score(call.transcript, force=True) for call in calls[:10]]
    probabilities = {score.call_id: score.trajectory[-1].probability for score in scores}
    won = [probabilities[call.call_id] for call in calls[:10] if call.outcome == "converted"]
    lost = [probabilities[call.call_id] for call in calls[:10] if call.outcome == "lost"]
    assert min(won) > 0.5 > max(lost)
    assert all(score.model_id.startswith("tiny-") for score in scores)


def test_the_manifest_says_what_was_done(trained: tuple[Path, list[LabelledCall]]) -> None:
    home, calls = trained
    manifest = ModelFolder.open(home / "model").manifest
    assert manifest.n_train + manifest.n_calibration + manifest.n_test == 60  # the open deal is nowhere
    assert manifest.n_learned == 60  # those that judged, too, once they had
    assert set(manifest.training_calls) == {call.transcript.content_hash[:HASH_DIGITS] for call in calls}
    assert 0 < manifest.base_rate < 1
    assert {*BASELINES, "generic", "blend"} == manifest.measures.keys()
    assert manifest.scorer in ("generic", "tfidf", "blend")
    assert manifest.embedding == "generic"
    assert manifest.measures["prior"]["auc"].value == 0.5


def test_the_card_has_one_table_and_no_text_of_a_call(trained: tuple[Path, list[LabelledCall]]) -> None:
    home, calls = trained
    card = (home / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")
    lines = [line for line in card.splitlines() if line.startswith("|")]
    assert [line.split(" | ")[0].strip("| ") for line in lines] == ["arm", "---", *BASELINES, "generic", "blend"]
    assert card.startswith("Not fine-tuned.")
    assert "Then the same was fitted on all 60." in card
    assert "60 short made-up calls" in card
    everything = "".join(
        file.read_bytes().decode("utf-8", "replace") for file in (home / "model").iterdir() if file.is_file()
    )
    for call in calls:
        for turn in call.transcript.turns:
            assert len(turn.text) < 20 or turn.text not in everything
        assert call.call_id not in everything


def test_calls_that_a_split_column_keeps_for_judging_are_never_learned_from(tmp_path: Path) -> None:
    parts = ["train"] * 40 + ["calibration"] * 10 + ["test"] * 20
    calls = [call.model_copy(update={"split": part}) for call, part in zip(make_calls(70), parts, strict=True)]
    manifest = train_fast(calls, tmp_path / "model", Settings.load(home=tmp_path), name="x", data="70 calls")
    assert manifest.n_learned == 50
    assert not any(manifest.has_seen(call.transcript.content_hash) for call in calls[50:])
    assert "Then the same" not in (tmp_path / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_outcomes_of_judging_calls_decide_nothing_that_is_judged(tmp_path: Path) -> None:
    calls, settings = make_calls(60), Settings.load(home=tmp_path)
    split = Split.of(calls, settings.seed, by_time=False)
    judging = {call.call_id for call in split.test}
    turned = [
        call.model_copy(update={"outcome": "lost" if call.outcome == "converted" else "converted"})
        if call.call_id in judging
        else call
        for call in calls
    ]
    encoder = load_base_encoder(settings)
    said, kept = [], []
    for own in (calls, turned):
        parts = [call for call in own if call.call_id not in judging], [c for c in own if c.call_id in judging]
        same = replace(split, parts={**split.parts, TEST: parts[1]})
        tuning = FineTuning(encoder, QUICK, tmp_path / "tuned", settings)
        arms = fit_arms(same, fit_embeddings(same, tuning, is_finetuned=False), None, silent)
        said.append({name: one.judging for name, one in arms.candidates.items()})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("training.judge.N_RESAMPLES", 25)
            verdict = judge(same.seen, same.test, arms.candidates, silent)
        kept.append(kept_of_all(same, arms, verdict, tuning).head.weights[0])
    for name, logits in said[0].items():
        np.testing.assert_array_equal(said[1][name], logits)
    assert np.abs(kept[0] - kept[1]).max() > 1e-4  # what is kept has learned from them


def test_the_same_seed_gives_the_same_scores(trained: tuple[Path, list[LabelledCall]], tmp_path: Path) -> None:
    home, calls = trained
    data = "60 short made-up calls"
    again = train_fast(calls, tmp_path / "model", Settings.load(home=home), name="tiny", data=data)
    manifest = ModelFolder.open(home / "model").manifest
    same = {"model_id", "created_at", "files"}
    assert again.model_dump(exclude=same) == manifest.model_dump(exclude=same)
    arrays = [file for file in manifest.files if file.endswith(".safetensors") and "/" not in file]
    assert {"generic.safetensors", "likeness.safetensors"} <= set(arrays)
    for file in arrays:
        assert again.files[file] == manifest.files[file]


@pytest.mark.parametrize("n_lost", [0, 9])
def test_too_few_of_one_outcome_are_refused_and_no_folder_is_made(tmp_path: Path, n_lost: int) -> None:
    calls = [
        make_call(f"c{row}", f"Rep: Call {row}.", "Customer: Yes.", outcome="lost" if row < n_lost else "converted")
        for row in range(40)
    ]
    calls += [make_call(f"open{row}", f"Rep: Open {row}.", outcome=None) for row in range(20)]
    with pytest.raises(DataError, match=f"at least 10 lost.*{n_lost}|{40 - n_lost} and {n_lost}"):
        train_fast(calls, tmp_path / "models" / "new", Settings.load(home=tmp_path), name="x", data="nothing")
    assert not list(tmp_path.rglob("new*"))


@pytest.mark.parametrize("stage", ["encoding calls", "fitting", "judging"])
def test_an_interrupted_training_leaves_nothing(
    trained: tuple[Path, list[LabelledCall]], tmp_path: Path, stage: str
) -> None:
    home, calls = trained

    def interrupt(now: str, done: int, total: int) -> None:
        if now == stage and done >= total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fast(calls, tmp_path / "models" / "new", Settings.load(home=home), interrupt, name="x", data="x")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_part_of_one_outcome_is_refused_and_no_folder_is_made(tmp_path: Path) -> None:
    calls = [
        make_call(f"c{row}", f"Rep: Call {row}.", outcome="lost" if row % 2 else "converted", split=split)
        for row, split in enumerate(["train"] * 30 + ["calibration"] * 2)
    ]
    calls[-1] = calls[-1].model_copy(update={"outcome": "converted"})
    with pytest.raises(DataError, match="in each part; there are 2 and 0"):
        train_fast(calls, tmp_path / "new", Settings.load(home=tmp_path), name="x", data="nothing")
    assert not (tmp_path / "new").exists()


def test_without_calls_that_judge_nothing_is_measured_or_claimed(tmp_path: Path) -> None:
    calls = [call.model_copy(update={"split": "train"}) for call in make_calls(60)]
    manifest = train_fast(calls, tmp_path / "model", Settings.load(home=tmp_path), name="x", data="60 calls")
    assert (manifest.n_test, manifest.measures, manifest.scorer) == (0, {}, "generic")
    assert "nothing is claimed" in (tmp_path / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")


QUICK = FinetuneOptions(epochs=2, head_epochs=2, min_steps=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "interrupted", ["fine-tuning", "fine-tuning on all training calls", "fine-tuning on all calls"]
)
def test_a_fine_tuning_goes_on_after_an_interruption_and_ends_in_a_folder_that_scores(
    tmp_path: Path, interrupted: str
) -> None:
    calls, settings = make_calls(90), Settings.load(home=tmp_path)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == interrupted and done == total // 2:
            raise KeyboardInterrupt

    fit = partial(train_fast, calls, tmp_path / "models" / "mine", settings, name="mine", data="made-up calls")
    with pytest.raises(KeyboardInterrupt):
        fit(finetuning=QUICK, progress=interrupt)
    assert list((tmp_path / "models").iterdir()) == []
    resumed: list[tuple[str, int]] = []
    manifest = fit(finetuning=QUICK, resume=True, progress=lambda stage, done, total: resumed.append((stage, done)))
    steps = [done for stage, done in resumed if stage == interrupted]
    assert min(steps) > 0  # the first epoch was not done again
    first = [done for stage, done in resumed if stage == "fine-tuning"]
    assert len(first) == 1 or interrupted == "fine-tuning"  # a training that was done was not done again
    second = [done for stage, done in resumed if stage == "fine-tuning on all training calls"]
    assert len(second) == 1 or interrupted != "fine-tuning on all calls"
    assert not list((tmp_path / "runs" / "finetune").glob("*.safetensors"))
    assert {*BASELINES, "generic", "finetuned", "blend"} == manifest.measures.keys()
    card = (tmp_path / "models" / "mine" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith(("Fine-tuning was worth it", "Fine-tuning was not shown to be worth it"))

    scorer = CallScorer.load(settings.model_copy(update={"model": tmp_path / "models" / "mine"}))
    generic = ModelFolder.open(tmp_path / "models" / "mine")
    assert manifest.embedding == "finetuned"  # the better of equals
    base = load_base_encoder(settings)
    text = ["Customer: Send me the contract, please."]
    assert 0.2 < float(np.sum(scorer.encoder.encode(text) * base.encode(text))) < 0.9999
    scores = [scorer.score(call.transcript, force=True).trajectory[-1].probability for call in calls[:10]]
    assert min(scores[1::2]) > max(scores[::2])
    assert generic.embedding_file.name == "finetuned.safetensors"


def test_triplets_are_written_only_where_they_are_asked_for(
    trained: tuple[Path, list[LabelledCall]], tmp_path: Path
) -> None:
    home, calls = trained
    assert not (home / "runs" / "train").exists()
    train_fast(calls, tmp_path / "model", Settings.load(home=tmp_path), name="mine", data="x", triplets=True)
    for part in ("train", "val"):
        triplets = json.loads((tmp_path / "runs" / "train" / "mine" / f"{part}_triplets.json").read_text())
        assert all(one.keys() == {"anchor", "positive", "negative", "why"} for one in triplets)


@pytest.mark.parametrize("scorer", ["tfidf", "blend"])
def test_words_can_score_with_evidence_that_is_exact(
    trained: tuple[Path, list[LabelledCall]], tmp_path: Path, scorer: ScorerName
) -> None:
    home, calls = trained
    folder = tmp_path / "model"
    shutil.copytree(home / "model", folder)
    manifest = ModelFolder.open(folder).manifest
    names = set(type(manifest).model_fields) - {"model_id", "files", "scorer"}
    (folder / "manifest.json").unlink()
    # A folder keeps words only where they score.
    words, _ = fit_text_arm([one.transcript for one in calls], labels_of(calls), [group_of(one) for one in calls], 1)
    words.save(folder / "tfidf.safetensors")
    seal(folder, scorer=scorer, **{name: getattr(manifest, name) for name in names})
    model = CallScorer.load(Settings.load(home=home, model=folder))
    call = calls[1].transcript
    score = model.score(call, force=True)
    assert score.scorer == scorer
    p = score.trajectory[-1].probability
    assert score.evidence
    for turn in score.evidence:
        without = model.score(call.without(turn.turn), force=True).trajectory[-1].probability
        assert turn.effect == pytest.approx(p - without, abs=1e-4)
    judged = model.score(calls[1].transcript)
    if judged.interval is not None:
        assert judged.interval[0] <= p <= judged.interval[1]


@pytest.mark.parametrize("method", METHODS)
def test_a_call_can_be_scored_by_likeness(trained: tuple[Path, list[LabelledCall]], method: MethodName) -> None:
    home, calls = trained
    settings = Settings.load(home=home, model=home / "model")
    scorer = CallScorer.load(settings, method=method)
    scores = [scorer.score(call.transcript, force=True) for call in calls[:10]]
    assert min(one.trajectory[-1].probability for one in scores[1::2]) > 0.5
    assert max(one.trajectory[-1].probability for one in scores[::2]) < 0.5
    assert all((one.scorer, one.interval) == (method, None) for one in scores)
    assert all(one.abstained or one.prediction_set for one in scores)
    first = scores[1].evidence[0]
    without = scorer.score(calls[1].transcript.without(first.turn), force=True).trajectory[-1].probability
    assert first.effect == pytest.approx(scores[1].trajectory[-1].probability - without, abs=1e-4)


def test_damaged_likeness_is_refused(trained: tuple[Path, list[LabelledCall]], tmp_path: Path) -> None:
    home, _ = trained
    likeness = Likeness.load(home / "model" / "likeness.safetensors")
    file = tmp_path / "likeness.safetensors"
    Likeness(likeness.past, likeness.calibration * np.nan, likeness.quantiles).save(file)
    with pytest.raises(ModelError, match="not finite"):
        Likeness.load(file)
    file.write_bytes(b"rubbish")
    with pytest.raises(ModelError, match="train again"):
        Likeness.load(file)
