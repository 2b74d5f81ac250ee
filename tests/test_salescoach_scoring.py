"""The real scorer on the real starter model: what is cited moves the score, and the same call gets the same bytes."""

import hashlib
import itertools
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from salescoach.config import Settings
from salescoach.errors import ModelError
from salescoach.model.artifact import find_model, make_current
from salescoach.model.embedding_arm import EmbeddingArm, EncodedCall
from salescoach.model.encoder import TurnEncoder, encode_turns, turn_text
from salescoach.model.scoring import CallScorer
from salescoach.model.vector_cache import FileCache
from salescoach.reading.transcripts import parse_transcript, read_transcript
from salescoach.types import Role, Score, Transcript, Turn

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.txt"))
EXACT = 0.001
OTHER_SIDE: dict[Role, Role] = {"rep": "customer", "customer": "rep", "unknown": "unknown"}


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home))


@pytest.fixture(scope="module")
def calls() -> list[Transcript]:
    return [read_transcript(file, call_id=file.stem) for file in EXAMPLES]


@pytest.fixture(scope="module")
def long_call(calls: list[Transcript]) -> Transcript:
    return max(calls, key=len)


def edited(call: Transcript, turn: int, text: str) -> Transcript:
    """The call with another text in turn number ``turn``."""
    turns = list(call.turns)
    turns[turn - 1] = turns[turn - 1].model_copy(update={"text": text})
    return call.model_copy(update={"turns": tuple(turns)})


def forced_probability(scorer: CallScorer, call: Transcript) -> float:
    """The model's number, whether or not the coach would give it."""
    score = scorer.score(call, force=True)
    number = score.uncalibrated_probability if score.abstained else score.probability
    assert number is not None
    return number


def timeless(score: Score) -> str:
    return score.model_copy(update={"latency_ms": 0.0}).model_dump_json()


def test_a_score_has_every_field(scorer: CallScorer, calls: list[Transcript]) -> None:
    for call in calls:
        score = scorer.score(call)
        assert not score.abstained, score.reasons
        assert score.probability is not None
        assert score.interval is not None
        low, high = score.interval
        assert 0 <= low <= score.probability <= high <= 1
        assert score.interval_level == 0.9
        assert score.prediction_set
        assert set(score.prediction_set) <= {"converted", "lost"}
        assert (score.call_id, score.n_turns) == (call.call_id, len(call))
        assert score.model_id == scorer.manifest.model_id
        assert score.scorer == scorer.manifest.scorer
        assert score.uncalibrated_probability is None
        assert score.latency_ms > 0


def test_different_calls_get_different_probabilities(scorer: CallScorer, calls: list[Transcript]) -> None:
    assert len({scorer.score(call).probability for call in calls}) > len(calls) // 2


def test_evidence_is_quoted_word_for_word_and_sorted(scorer: CallScorer, calls: list[Transcript]) -> None:
    for call in calls:
        evidence = scorer.score(call).evidence
        assert evidence
        for turn in evidence:
            said = call.turns[turn.turn - 1]
            assert (turn.quote, turn.speaker, turn.role) == (said.text, said.speaker, said.role)
            assert turn.effect != 0
        sizes = [abs(turn.effect) for turn in evidence]
        assert sizes == sorted(sizes, reverse=True)
        assert len({turn.turn for turn in evidence}) == len(evidence)


def test_an_effect_is_what_scoring_without_the_turn_gives(scorer: CallScorer, calls: list[Transcript]) -> None:
    for call in calls[::3]:
        score = scorer.score(call)
        assert score.probability is not None
        effects = {}
        for number in range(1, len(call) + 1):
            effects[number] = score.probability - forced_probability(scorer, call.without(number))
        for turn in score.evidence:
            assert turn.effect == pytest.approx(effects.pop(turn.turn), abs=EXACT)
        weakest = min(abs(turn.effect) for turn in score.evidence)
        assert max(map(abs, effects.values())) <= weakest + EXACT  # nothing stronger is left out


def test_the_trajectory_is_the_score_of_each_prefix(scorer: CallScorer, calls: list[Transcript]) -> None:
    for call in calls[::4]:
        score = scorer.score(call)
        assert [point.turn for point in score.trajectory] == list(range(1, len(call) + 1))
        assert score.trajectory[-1].probability == pytest.approx(score.probability, abs=EXACT)
        for n_turns in (6, len(call) // 2):
            there = forced_probability(scorer, call.prefix(n_turns))
            assert score.trajectory[n_turns - 1].probability == pytest.approx(there, abs=EXACT)


def test_what_is_said_later_doesnt_change_the_trajectory(scorer: CallScorer, long_call: Transcript) -> None:
    before = scorer.score(long_call).trajectory
    half = len(long_call) // 2
    turns = tuple(
        turn if number <= half else Turn(speaker="Zoe", role=OTHER_SIDE[turn.role], text=f"Something else {number}.")
        for number, turn in enumerate(long_call.turns, start=1)
    )
    after = scorer.score(long_call.model_copy(update={"turns": turns}), force=True).trajectory
    assert after[:half] == before[:half]
    assert after[half:] != before[half:]


def test_an_edit_in_the_last_tenth_moves_the_probability(scorer: CallScorer, long_call: Transcript) -> None:
    assert len(long_call) > 40
    last_tenth = range(len(long_call) - len(long_call) // 10 + 1, len(long_call) + 1)
    said = "No. We are not interested, please don't call again."
    calls = [long_call, *(edited(long_call, turn, said) for turn in last_tenth)]
    # The shared model has learned from few calls and says little, so that four digits can hide a move; logits can't.
    whole = np.ones((1, len(long_call)), dtype=bool)
    encoded = [EncodedCall(call.turns, encode_turns(scorer.encoder, call.turns)) for call in calls]
    before, *after = (float(scorer._arm.logits(call, whole)[0]) for call in encoded)
    assert min(abs(one - before) for one in after) > 1e-5
    probabilities = [forced_probability(scorer, call) for call in calls]
    assert max(abs(one - probabilities[0]) for one in probabilities[1:]) >= 0.0005


def test_swapping_the_roles_moves_the_probability(scorer: CallScorer, long_call: Transcript) -> None:
    turns = tuple(turn.model_copy(update={"role": OTHER_SIDE[turn.role]}) for turn in long_call.turns)
    swapped = forced_probability(scorer, long_call.model_copy(update={"turns": turns}))
    assert abs(swapped - forced_probability(scorer, long_call)) > EXACT


def test_every_turn_can_move_what_the_embedding_says(scorer: CallScorer, long_call: Transcript) -> None:
    vectors = scorer.encoder.encode([f"x {turn.text}" for turn in long_call.turns])
    whole = np.ones((1, len(long_call)), dtype=bool)
    before = scorer._embedding.logits(EncodedCall(long_call.turns, vectors), whole)[0]
    for number in range(len(long_call)):
        changed = vectors.copy()
        changed[number] = -changed[number]
        assert abs(scorer._embedding.logits(EncodedCall(long_call.turns, changed), whole)[0] - before) > 1e-7


def test_the_same_call_gets_the_same_bytes(
    scorer: CallScorer, calls: list[Transcript], coach_home: Path, tmp_path: Path
) -> None:
    first = [timeless(scorer.score(call)) for call in calls]
    assert [timeless(scorer.score(call)) for call in calls] == first
    assert [timeless(scorer.score(call)) for call in reversed(calls)] == first[::-1]
    # A fresh scorer in a fresh home: nothing is cached, and other calls come first.
    fresh = CallScorer.load(Settings.load(home=tmp_path / "fresh", model=find_model(Settings.load(home=coach_home))))
    for number in (5, 0, 5, 3):
        assert timeless(fresh.score(calls[number])) == first[number]


def test_names_and_times_dont_count(scorer: CallScorer, calls: list[Transcript]) -> None:
    turns = tuple(turn.model_copy(update={"speaker": "N", "start_s": None, "end_s": None}) for turn in calls[0].turns)
    renamed = scorer.score(calls[0].model_copy(update={"turns": turns}))
    assert renamed.probability == scorer.score(calls[0]).probability


def test_every_part_of_a_very_long_turn_counts(scorer: CallScorer, calls: list[Transcript]) -> None:
    call = calls[0]
    sentences = [f"Point {number} is about rollout, price and training." for number in range(60)]
    before = scorer.score(edited(call, 10, " ".join(sentences)), force=True)
    for place in (0, 30, 59):
        changed = [*sentences[:place], "We hate it and will never buy anything from you.", *sentences[place + 1 :]]
        after = scorer.score(edited(call, 10, " ".join(changed)), force=True)
        assert after.trajectory[9:] != before.trajectory[9:]


def test_a_call_vector_has_unit_length_and_tells_calls_apart(scorer: CallScorer, calls: list[Transcript]) -> None:
    vectors = np.stack([scorer.call_vector(call) for call in calls])
    assert vectors.shape[1] % scorer.encoder.dimension == 0
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert all(float(a @ b) < 0.99 for a, b in itertools.combinations(vectors, 2))


def test_warnings_of_the_reader_are_passed_on(scorer: CallScorer) -> None:
    call = parse_transcript("Rep: Hello.\nCustomer: Hi.").model_copy(update={"warnings": ("Something was joined.",)})
    assert scorer.score(call).warnings == ("Something was joined.",)


def test_an_arm_comes_back_as_it_was_and_a_broken_one_is_refused(scorer: CallScorer, tmp_path: Path) -> None:
    arm, file = scorer._embedding, tmp_path / "arm.safetensors"
    arm.save(file)
    again = EmbeddingArm.load(file)
    vectors = np.random.default_rng(0).normal(size=(3, arm.pooling.dimension)).astype(np.float32)
    assert again.head.probabilities(vectors).tobytes() == arm.head.probabilities(vectors).tobytes()
    assert again.pooling.query.tobytes() == arm.pooling.query.tobytes()

    broken = EmbeddingArm(arm.pooling, arm.head, arm.center, arm.mean_turn * np.nan, arm.precision, arm.probes)
    broken.save(file)
    with pytest.raises(ModelError, match="not finite"):
        EmbeddingArm.load(file)
    file.write_bytes(b"not safetensors")
    with pytest.raises(ModelError, match=str(file)):
        EmbeddingArm.load(file)
    with pytest.raises(ModelError, match="train again"):
        EmbeddingArm.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_an_encoder_that_gives_other_vectors_than_at_training_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    class Drifted:
        def encode(self, texts: list[str]) -> np.ndarray:
            return np.full((len(texts), 384), value / 384**0.5, dtype=np.float32)

        def without_cache(self) -> "Drifted":
            return self

    monkeypatch.setattr("salescoach.model.scoring.load_encoder", lambda *_: Drifted())
    with pytest.raises(ModelError, match=r"no longer gives the vectors.*train again"):
        CallScorer.load(settings)


@settings_of_hypothesis(max_examples=25, deadline=None)
@given(turn=st.integers(0, 39), number=st.integers(0, 383), bit=st.integers(0, 31))
def test_a_flipped_bit_in_the_cache_changes_no_score(
    cached: tuple[CallScorer, Path], turn: int, number: int, bit: int
) -> None:
    """Any bit of any float of what is kept of a call: the turn is encoded anew, and the score is as before."""
    scorer, file = cached
    call = read_transcript(EXAMPLES[1])
    expected = timeless(scorer.score(call))
    key = hashlib.sha256(turn_text(call.turns[turn % len(call)]).encode()).digest()
    database = sqlite3.connect(file)
    ((kept,),) = database.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchall()
    content = bytearray(kept)
    content[4 * number + bit // 8] ^= 1 << bit % 8
    with database:
        database.execute("UPDATE kept SET value = ? WHERE key = ?", (bytes(content), key))
    database.close()
    # The encoder of before, which reads the file again, as loading the model for each bit would take too long.
    known = scorer.encoder
    assert isinstance(known, TurnEncoder)
    encoder = TurnEncoder(
        known.network, source=known.source, fingerprint="t", engine=known.engine, cache=FileCache(file)
    )
    vectors = encode_turns(encoder, call.turns)
    assert timeless(scorer.score(call, vectors=vectors)) == expected


@pytest.fixture(scope="module")
def cached(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[CallScorer, Path]:
    """A scorer and the file of its encoder's cache."""
    home = tmp_path_factory.mktemp("cached")
    scorer = CallScorer.load(Settings.load(home=home, model=find_model(Settings.load(home=coach_home))))
    scorer.score(read_transcript(EXAMPLES[1]))
    (file,) = (one for one in (home / "cache").glob("*.sqlite") if not one.name.startswith("moves-"))
    return scorer, file


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_not_finite_never_becomes_a_probability(
    scorer: CallScorer, calls: list[Transcript], value: float
) -> None:
    """Infinity would be a probability of 1, and an interval of nan, which JSON doesn't have."""
    vectors = encode_turns(scorer.encoder, calls[0].turns).copy()
    vectors[3] = value
    with pytest.raises(ModelError, match="not finite"):
        scorer.score(calls[0], vectors=vectors)
    with pytest.raises(ModelError, match="not finite"):
        scorer.call_vector(calls[0], vectors=vectors)


def test_the_encoder_is_checked_as_it_is_now_and_not_as_the_cache_has_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    CallScorer.load(settings)  # the cache holds the right vectors of the probes from now on
    monkeypatch.setattr(TurnEncoder, "_encode_texts", lambda self, texts: np.eye(384, dtype=np.float32)[: len(texts)])
    with pytest.raises(ModelError, match="no longer gives the vectors"):
        CallScorer.load(settings)


def test_without_a_model_there_is_no_scorer(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path)
    with pytest.raises(ModelError, match="coach setup"):
        CallScorer.load(settings)
    make_current(settings, settings.models_dir / "gone")
    with pytest.raises(ModelError, match="coach setup"):
        CallScorer.load(settings)


def test_a_method_shares_everything_with_the_scorer_that_it_comes_from(settings: Settings, example: Path) -> None:
    call = read_transcript(example)
    scorer = CallScorer.load(settings)
    by_cosine = scorer.with_method("cosine")
    assert by_cosine.encoder is scorer.encoder
    assert (scorer.method, by_cosine.method) == (None, "cosine")
    assert scorer.with_method(None) is scorer
    fresh = CallScorer.load(settings, method="cosine").score(call)
    assert by_cosine.score(call).model_dump(exclude={"latency_ms"}) == fresh.model_dump(exclude={"latency_ms"})
    assert by_cosine.score(call).interval is None
    back = by_cosine.with_method("mmr").with_method(None).score(call)
    assert back.model_dump(exclude={"latency_ms"}) == scorer.score(call).model_dump(exclude={"latency_ms"})


def test_a_folder_that_holds_another_model_by_now_gives_no_method(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(find_model(settings), folder)
    scorer = CallScorer.load(settings.model_copy(update={"model": folder}))
    (folder / "likeness.safetensors").write_bytes(b"of the next training")
    with pytest.raises(ModelError, match="start the program again"):
        scorer.with_method("hybrid")


def test_what_the_text_alone_forbids_is_said_before_anything_is_encoded(
    scorer: CallScorer, calls: list[Transcript], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = parse_transcript("Rep: " + "[" * 19_000)
    without_sides = parse_transcript("\n".join(turn.text for turn in calls[0].turns))
    forced = scorer.score(short, force=True)

    def encode(texts: object) -> np.ndarray:
        raise AssertionError("nothing has to be encoded")

    monkeypatch.setattr(scorer.encoder, "encode", encode)
    for call in (short, without_sides):
        score = scorer.score(call)
        assert score.abstained
        assert (score.probability, score.evidence, score.trajectory, score.interval) == (None, (), (), None)
    assert scorer.score(short).reasons == forced.reasons
    assert forced.uncalibrated_probability is not None
    with pytest.raises(AssertionError, match="has to be encoded"):
        scorer.score(short, force=True)


def test_the_effect_of_a_turn_is_that_of_the_evidence(scorer: CallScorer, calls: list[Transcript]) -> None:
    evidence = scorer.score(calls[0]).evidence
    assert scorer.effects(calls[0], [one.turn for one in evidence]) == tuple(one.effect for one in evidence)
    assert scorer.effects(calls[0], []) == ()
