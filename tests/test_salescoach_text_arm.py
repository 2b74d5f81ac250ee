"""The text arm: what scikit-learn's pipeline gives, for any part of a call, from a file without words."""

from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from sklearn.pipeline import Pipeline

from salescoach.errors import ModelError
from salescoach.model.pooling import each_prefix, without_each
from salescoach.model.text_arm import TextArm, _keys_of, _KnownTerms, term_keys, turn_terms
from salescoach.reading.transcripts import parse_transcript
from salescoach.testing import make_transcript
from salescoach.types import Transcript, Turn
from training.arms import FittedArm, fit_baseline
from training.baselines import role_terms, tfidf
from training.calls import TrainingCalls
from training.fit_text_arm import fit_text_arm
from training.sample import generate_calls

N_CALLS = 60
N_MEMBERS = 5
WORDS = ["how", "many", "people", "price", "contract", "Contract,", "monday", "\u00a0", "zebra", "ünïcode"]
TURNS = st.builds(
    lambda role, words: Turn(speaker="?", role=role, text=" ".join(words)),
    st.sampled_from(["rep", "customer", "unknown"]),
    st.lists(st.sampled_from(WORDS), max_size=8),
)


@cache
def corpus() -> tuple[list[Transcript], np.ndarray, list[str]]:
    made = list(generate_calls(N_CALLS, seed=3))
    calls = [parse_transcript(call.transcript()) for call in made]
    return calls, np.array([int(call.converted) for call in made]), [call.account.account_id for call in made]


@cache
def fitted() -> tuple[TextArm, np.ndarray]:
    calls, labels, groups = corpus()
    return fit_text_arm(calls, labels, groups, seed=1, n_members=N_MEMBERS)


@cache
def measured() -> FittedArm:
    """What a comparison measures under this name: scikit-learn's pipeline, calibrated."""
    calls, labels, groups = corpus()
    return fit_baseline(tfidf, TrainingCalls(calls, labels, groups, np.zeros(N_CALLS, dtype=bool), seed=1))


@cache
def pipeline() -> Pipeline:
    calls, labels, _ = corpus()
    return tfidf().fit(calls, labels)


def expected(calls: list[Transcript]) -> np.ndarray:
    return measured().logits(calls)


def kept(call: Transcript, row: np.ndarray) -> Transcript:
    return Transcript(turns=tuple(turn for turn, is_kept in zip(call.turns, row, strict=True) if is_kept))


def whole(call: Transcript) -> np.ndarray:
    return np.ones((1, len(call)), dtype=bool)


def small_arm(*terms: str, n_members: int = 1) -> TextArm:
    keys = np.sort(term_keys(terms))
    ones = np.ones(len(keys), dtype=np.float32)
    members = np.ones((n_members, len(keys)), dtype=np.float16)
    return TextArm(keys, ones, ones, members, np.full(1 + n_members, 0.5, dtype=np.float32))


def test_terms_are_words_and_pairs_of_a_side_and_those_of_the_baseline() -> None:
    call = make_transcript("Rep: How  MANY: people?", "Customer:  ", "Speaker: Rep: one", "Customer: no no")
    expected_terms = [
        ["rep:how", "rep:many:", "rep:people?", "rep:how many:", "rep:many: people?"],
        [],
        ["speaker:rep:", "speaker:one", "speaker:rep: one"],
        ["customer:no", "customer:no", "customer:no no"],
    ]
    assert [turn_terms(turn) for turn in call.turns] == expected_terms
    for known in (call, corpus()[0][0]):
        assert [term for turn in known.turns for term in turn_terms(turn)] == role_terms(known)


def test_whole_calls_score_as_the_pipeline_does() -> None:
    calls = [*corpus()[0], make_transcript("Speaker: We are done.", "Rep: Send me the contract, please.")]
    scored = [fitted()[0].logits(call.turns, whole(call))[0] for call in calls]
    np.testing.assert_allclose(scored, expected(calls), atol=1e-4)


def test_every_deletion_and_prefix_scores_as_the_shorter_call() -> None:
    call = corpus()[0][0]
    keep = np.concatenate([without_each(len(call)), each_prefix(len(call))])
    scored = fitted()[0].logits(call.turns, keep)
    np.testing.assert_allclose(scored, expected([kept(call, row) for row in keep]), atol=1e-4)
    assert scored.dtype == np.float64
    assert np.ptp(scored) > 0.1


def test_what_was_asked_before_changes_nothing() -> None:
    call = corpus()[0][0]
    keep = np.concatenate([each_prefix(len(call)), without_each(len(call))])
    in_order = fitted()[0].logits(call.turns, keep)
    order = np.random.default_rng(0).permutation(len(keep))
    np.testing.assert_allclose(fitted()[0].logits(call.turns, keep[order]), in_order[order], atol=1e-10)
    alone = [float(fitted()[0].logits(call.turns, row[None])[0]) for row in keep]
    np.testing.assert_allclose(alone, in_order, atol=1e-10)


@settings(deadline=None, max_examples=60)
@given(turns=st.lists(TURNS, max_size=7), seed=st.integers(0, 2**32 - 1), n_variants=st.integers(0, 6))
def test_any_part_of_any_call_scores_as_the_pipeline_does(turns: list[Turn], seed: int, n_variants: int) -> None:
    keep = np.random.default_rng(seed).random((n_variants, len(turns))) < 0.5
    scored = fitted()[0].logits(turns, keep)
    assert scored.shape == (n_variants,)
    if n_variants:
        call = Transcript(turns=tuple(turns))
        np.testing.assert_allclose(scored, expected([kept(call, row) for row in keep]), atol=1e-4)


def test_without_a_known_term_or_a_kept_turn_there_is_the_bias() -> None:
    arm = fitted()[0]
    unheard = make_transcript("Rep: xyzzy plugh", "Customer: ")
    np.testing.assert_array_equal(arm.logits(unheard.turns, whole(unheard)), [arm.bias[0]])
    np.testing.assert_array_equal(arm.member_logits(unheard.turns), arm.bias)
    np.testing.assert_array_equal(arm.member_logits(()), arm.bias)
    call = corpus()[0][0]
    assert arm.logits(call.turns, ~whole(call))[0] == arm.bias[0]


def test_a_side_is_part_of_a_term() -> None:
    arm = small_arm("rep:price")
    keep = np.ones((1, 1), dtype=bool)
    by_role = {role: Turn(speaker="Anna", role=role, text="Price") for role in ("rep", "customer", "unknown")}
    logits = {role: float(arm.logits([turn], keep)[0]) for role, turn in by_role.items()}
    assert logits == {"rep": 1.5, "customer": 0.5, "unknown": 0.5}
    assert small_arm("speaker:price").logits([by_role["unknown"]], keep)[0] == 1.5


def test_pairs_never_span_turns() -> None:
    turns = make_transcript("Rep: how", "Rep: many").turns
    assert small_arm("rep:how many").logits(turns, np.ones((1, 2), dtype=bool))[0] == 0.5


def test_members_are_fits_on_other_accounts() -> None:
    arm, calls = fitted()[0], corpus()[0]
    members = np.array([arm.member_logits(call.turns) for call in calls])
    assert members.shape == (N_CALLS, 1 + N_MEMBERS)
    np.testing.assert_allclose(members[:, 0], [arm.logits(call.turns, whole(call))[0] for call in calls], atol=1e-9)
    spread = members.std(axis=1)
    assert spread.min() > 0
    labels = corpus()[1]
    assert (members[labels == 1].mean(axis=0) > members[labels == 0].mean(axis=0)).all()


def test_honest_logits_are_those_of_the_measured_arm() -> None:
    np.testing.assert_allclose(fitted()[1], measured().honest, atol=1e-6)
    assert np.isfinite(fitted()[1]).all()


def test_the_same_seed_gives_the_same_arm() -> None:
    calls, labels, groups = corpus()
    again, other = (fit_text_arm(calls, labels, groups, seed=seed, n_members=1)[0] for seed in (1, 2))
    np.testing.assert_array_equal(again.members[0], fitted()[0].members[0])
    np.testing.assert_array_equal(other.weights, again.weights)
    assert not np.array_equal(other.members, again.members)


def test_too_few_accounts_for_folds_leave_nothing_honest() -> None:
    calls, labels, _ = corpus()
    arm, honest = fit_text_arm(calls, labels, ["one"] * N_CALLS, seed=1, n_members=1)
    assert np.isnan(honest).all()
    np.testing.assert_allclose(
        arm.logits(calls[0].turns, whole(calls[0])), pipeline().decision_function(calls[:1]), atol=1e-4
    )


def test_terms_with_one_hash_are_one_term() -> None:
    arm = small_arm("rep:price")
    (price,) = arm.keys

    def colliding(terms: list[str]) -> np.ndarray:
        return np.where(np.isin(terms, ["rep:price", "rep:cost"]), price, term_keys(terms)).astype(np.uint64)

    turns = make_transcript("Rep: price cost").turns
    _keys_of.cache_clear()
    with patch("salescoach.model.text_arm.term_keys", colliding):
        counted = _KnownTerms.of(turns, arm.keys)
        assert len(counted.terms) == 1
        assert [counts.tolist() for _, counts in counted.by_turn] == [[2]]  # the counts of both
    _keys_of.cache_clear()

    calls, labels, groups = corpus()
    names = list(pipeline()[0].get_feature_names_out())
    first, second = sorted(names)[10:12]

    def merged(terms: np.ndarray) -> np.ndarray:
        return term_keys([first if term == second else term for term in terms])

    with patch("training.fit_text_arm.term_keys", merged):
        smaller = fit_text_arm(calls, labels, groups, seed=1, n_members=0)[0]
    assert len(smaller.keys) == len(names) - 1
    assert smaller.members.shape == (0, len(names) - 1)
    idf = pipeline()[0].idf_[names.index(first)]
    assert smaller.idf[np.flatnonzero(smaller.keys == term_keys([first])[0])[0]] == np.float32(idf)


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    arm, call = fitted()[0], corpus()[0][0]
    arm.save(tmp_path / "text.safetensors")
    again = TextArm.load(tmp_path / "text.safetensors")
    for name, array in vars(arm).items():
        loaded = getattr(again, name)
        assert loaded.dtype == array.dtype
        np.testing.assert_array_equal(loaded, array)
    np.testing.assert_array_equal(again.member_logits(call.turns), arm.member_logits(call.turns))


def test_keys_rise_and_are_the_same_on_any_machine() -> None:
    assert (np.diff(fitted()[0].keys.astype(object)) > 0).all()
    assert term_keys(["rep:price", "customer:zu teuer für"]).tolist() == [0x297E9E566A16F855, 0x0E458A49F5371A19]
    assert term_keys([]).shape == (0,)


def test_no_words_are_saved(tmp_path: Path) -> None:
    file = tmp_path / "text.safetensors"
    fitted()[0].save(file)
    saved = file.read_bytes().lower()
    terms = {term for call in corpus()[0] for term in role_terms(call)}
    assert not [term for term in terms if term.encode() in saved]
    # Shorter words occur by chance among random bytes, or are names of arrays.
    words = {word for call in corpus()[0] for turn in call.turns for word in turn.text.lower().split()}
    assert not [word for word in words if len(word) > 7 and word.encode() in saved]


def test_a_file_that_is_missing_or_damaged_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text.safetensors"
    with pytest.raises(ModelError, match="no text arm of this version"):
        TextArm.load(file)
    fitted()[0].save(file)
    good = file.read_bytes()
    for bad in (b"", good[:-1], good[:100], b"\xff" * len(good)):
        file.write_bytes(bad)
        with pytest.raises(ModelError, match="train again"):
            TextArm.load(file)
    with pytest.raises(ModelError, match="train again"):
        TextArm.load(tmp_path)


@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, change: str) -> None:
    file = tmp_path / "text.safetensors"
    small_arm("rep:price").save(file)
    arrays = load_file(file)
    if change == "missing":
        del arrays["idf"]
    else:
        arrays["query"] = np.ones(3, dtype=np.float32)
    save_file(arrays, file)
    with pytest.raises(ModelError, match="no text arm of this version"):
        TextArm.load(file)


@pytest.mark.parametrize("name", ["idf", "weights", "members", "bias"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, name: str, value: float) -> None:
    file = tmp_path / "text.safetensors"
    small_arm("rep:price").save(file)
    arrays = load_file(file)
    arrays[name].flat[0] = value
    save_file(arrays, file)
    with pytest.raises(ModelError, match="not finite"):
        TextArm.load(file)
