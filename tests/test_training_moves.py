"""The move reader is trained on some writers, judged on others, and resumes to the same numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.errors import DataError
from salescoach.model.base_model import resolve_base_model
from salescoach.model.head import sigmoid
from salescoach.moves.heads import CONCERN, N_OUTPUTS
from salescoach.moves.objections import Concern
from salescoach.moves.reader import EncoderReader
from salescoach.moves.taxonomy import HANDLED, MOVES
from salescoach.moves.windows import Window
from salescoach.progress import silent
from salescoach.types import Turn
from training.authored.corpus import CallCourse, Pair, SingleTurn, read_call, read_pairs, read_single_turns
from training.authored.labelled import labels_by
from training.moves.calibrate import best_threshold, fit_handling, halves, platt
from training.moves.data import PairRows, SingleRows, label_rows, single_rows
from training.moves.finetune import MoveOptions
from training.moves.judge import ANY, CallReading, handled_accuracy, reading_figures
from training.moves.run import Corpus, Judges, Lessons, train_reader

AUTHORED = Path(__file__).parent.parent / "training" / "authored"
IDS = ("w01-002", "w02-003", "w05-001", "w05-002", "w06-002", "w06-003", "w08-001")
JUDGES = Judges(calls=("w05", "w06"), pairs=("p2",))
N_TURNS = 40
BOTH = {True, False}
OPTIONS = MoveOptions(n_trained_layers=1, epochs=2, pairs_a_step=1, singles_a_step=3)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    calls = {one: read_call(AUTHORED / "calls" / f"{one}.txt") for one in IDS}
    labels = {one: settled for one, settled in labels_by("settled", calls).items() if one in IDS}
    forecasts = {one: labels[one].probability for one in IDS}
    courses = {one: CallCourse(call_id=one, course=((0, 0.4), (9, 0.2), (30, forecasts[one]))) for one in IDS}
    return Corpus(calls, labels, forecasts, courses, forecasts, {one: place % 2 == 0 for place, one in enumerate(IDS)})


@pytest.fixture(scope="module")
def beginnings(corpus: Corpus) -> Corpus:
    """The same calls, of which only the first turns are there."""
    labels = {
        one: own.model_copy(
            update={
                "moves": {turn: moves for turn, moves in own.moves.items() if turn <= N_TURNS},
                "objections": tuple(o for o in own.objections if max(o.turn, o.handled_at or 0) <= N_TURNS),
            }
        )
        for one, own in corpus.labels.items()
    }
    calls = {one: call.prefix(N_TURNS) for one, call in corpus.calls.items()}
    return Corpus(calls, labels, corpus.forecasts, corpus.courses, corpus.chances, corpus.converted)


def pairs_of(writer: str) -> list[Pair]:
    return [pair for pair in read_pairs(AUTHORED / "pairs") if pair.id.startswith(f"{writer}-")][:4]


def lessons() -> Lessons:
    pairs = [*read_pairs(AUTHORED / "pairs")[:6], *pairs_of("p2")]
    return Lessons(pairs, read_single_turns(AUTHORED / "turns")[:30])


def train(corpus: Corpus, out: Path, work: Path, options: MoveOptions = OPTIONS) -> str:
    train_reader(corpus, lessons(), JUDGES, out, BUNDLED_BASE_MODEL, options, work, silent)
    return EncoderReader.load(out, Path(resolve_base_model(BUNDLED_BASE_MODEL))).model_id


@pytest.mark.slow
def test_a_reader_is_trained_resumed_and_reads(beginnings: Corpus, tmp_path: Path) -> None:
    corpus = beginnings
    whole = train(corpus, tmp_path / "whole", tmp_path / "work")
    reader = EncoderReader.load(tmp_path / "whole", Path(resolve_base_model(BUNDLED_BASE_MODEL)))
    call = corpus.calls[IDS[0]]
    read = reader.read(call)
    assert [one.turn for one in read.turns] == list(range(1, len(call) + 1))
    assert all(one.quote == call.turns[one.turn - 1].text for one in read.objections)
    # What was read doesn't depend on what comes later, but for concerns and the next step.
    assert reader.read(call.prefix(9)).turns == read.turns[:9]

    # A training that was killed after its first epoch ends with the same weights.
    killed = tmp_path / "killed"

    def stop(stage: str, done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_reader(corpus, lessons(), JUDGES, tmp_path / "no", BUNDLED_BASE_MODEL, OPTIONS, killed, stop)
    assert not (tmp_path / "no").exists()
    assert train(corpus, tmp_path / "resumed", killed) == whole
    # One that goes on from it and learns next to nothing reads as it does.
    slow = OPTIONS.model_copy(
        update={"start": tmp_path / "whole", "epochs": 1, "learning_rate": 1e-12, "head_learning_rate": 1e-12}
    )
    train(corpus, tmp_path / "onward", tmp_path / "more", slow)
    onward = EncoderReader.load(tmp_path / "onward", Path(resolve_base_model(BUNDLED_BASE_MODEL)))
    assert onward.features(call.turns) == pytest.approx(reader.features(call.turns), abs=2e-3)
    assert onward.probabilities(call.turns) == pytest.approx(reader.probabilities(call.turns), abs=2e-3)
    with pytest.raises(DataError, match="two writers must judge"):
        train_reader(
            corpus, Lessons([]), Judges(("w05",)), tmp_path / "no", BUNDLED_BASE_MODEL, OPTIONS, killed, silent
        )


def test_what_is_labelled_becomes_rows(corpus: Corpus) -> None:
    call, labels = corpus.calls[IDS[0]], corpus.labels[IDS[0]]
    rows = label_rows(labels, call.turns)
    assert rows.shape == (len(call), N_OUTPUTS)
    for turn, moves in labels.moves.items():
        assert {MOVES[k] for k in np.flatnonzero(rows[turn - 1, :CONCERN])} == {*moves}
    assert [*(np.flatnonzero(rows[:, CONCERN]) + 1)] == sorted({one.turn for one in labels.objections})


def test_a_turn_by_itself_says_nothing_of_concerns() -> None:
    labels, known = single_rows(
        [
            SingleTurn(role="customer", text="We've gone elsewhere.", moves=("refusal",)),
            SingleTurn(role="rep", text="So?", moves=()),
        ]
    )
    assert np.flatnonzero(labels[0]).tolist() == [MOVES.index("refusal")]
    assert not labels[1].any()
    assert known[0, MOVES.index("commitment")]
    assert not known[1, MOVES.index("commitment")]
    assert not known[:, CONCERN:].any()


def test_a_turn_put_into_a_call_is_seen_with_what_was_said_before_it(corpus: Corpus) -> None:
    singles = [
        SingleTurn(role="customer", text="We've gone elsewhere.", moves=("refusal", "competitor")),
        SingleTurn(role="customer", text="Right, we'll sign.", moves=("commitment",)),
        SingleTurn(role="rep", text="Silly me, wrong page.", moves=()),
    ]

    def see(turns: Sequence[Turn]) -> list[Window]:
        return [Window(tuple(len(turn.text) for turn in turns[: place + 1]), 1) for place in range(len(turns))]

    rows = SingleRows.of(singles, corpus.calls, see)
    assert rows.direction.tolist() == [-1, 1, 0]
    said = [len(turn.text) for turn in corpus.calls[IDS[0]].turns]
    assert rows.window(0, IDS[0], 0).ids == (21,)
    assert rows.window(2, IDS[0], 9).ids == (*said[6:9], 21)


def test_pairs_come_with_the_better_version_first() -> None:
    pair = Pair(
        id="p", kind="negation", before=(("rep", "So?"),), a=("customer", "Never."), b=("customer", "Friday."),
        after=(),
        moves_a=("refusal",), moves_b=("commitment",), better="b",
    )  # fmt: skip
    rows = PairRows.of([pair], lambda turns: [Window((len(turn.text),), 1) for turn in turns])
    assert [window.ids for version in rows.windows[0] for window in version] == [(3,), (7,), (3,), (6,)]
    assert rows.telling.tolist() == [1]
    assert [MOVES[int(np.argmax(one))] for one in rows.labels[0]] == ["commitment", "refusal"]
    assert not rows.possible[0, CONCERN]


def test_calibration_finds_the_sigmoid_that_made_the_labels() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(size=4_000) * 2
    labels = (rng.random(4_000) < sigmoid(0.6 * logits - 0.8)).astype(float)
    assert platt(logits, labels, 0.0) == pytest.approx((0.6, -0.8), abs=0.15)
    assert platt(np.zeros(0), np.zeros(0), -0.7) == pytest.approx((1.0, -0.7), abs=1e-3)


def test_a_threshold_is_chosen_by_f1_where_there_is_enough_to_choose_by() -> None:
    p = np.linspace(0, 1, 101)
    assert best_threshold(p, p > 0.6) == pytest.approx(0.6, abs=0.02)
    assert best_threshold(p, p > 0.97) == 0.35


def test_each_writer_is_judged_once_by_what_others_calibrated() -> None:
    found = halves(["b", "a", "c", "a"])
    assert [fitted & judged for fitted, judged in found] == [set(), set()]
    assert {name for _, judged in found for name in judged} == {"a", "b", "c"}


def test_how_concerns_are_met_is_learned_from_what_the_reader_saw(corpus: Corpus) -> None:
    p = {one: label_rows(corpus.labels[one], corpus.calls[one].turns) * 0.9 for one in IDS}  # as if all was read right
    outlooks = dict.fromkeys(IDS, 0.0)
    model = fit_handling(corpus.calls, corpus.labels, p, outlooks)
    readings = {}
    for one in IDS:
        above = p[one] > 0.5
        readings[one] = CallReading(above, model.concerns(corpus.calls[one].turns, p[one], above[:, CONCERN], 0.0))
    accuracy = handled_accuracy(readings, corpus.labels)
    assert accuracy is not None
    assert accuracy > 0.7
    found = reading_figures(readings, {one: label_rows(corpus.labels[one], corpus.calls[one].turns) for one in IDS})
    assert found["discovery"].f1 == 1.0
    assert found[ANY].recall == 1.0
    with pytest.raises(DataError, match="no concern"):
        fit_handling(corpus.calls, {}, p, outlooks)


def test_a_concern_that_was_missed_counts_as_wrong(corpus: Corpus) -> None:
    call = next(one for one, own in corpus.labels.items() if {o.handled in HANDLED[:2] for o in own.objections} == BOTH)
    nothing = {call: CallReading(np.zeros((len(corpus.calls[call]), N_OUTPUTS), dtype=bool), [])}
    right = {
        call: CallReading(
            nothing[call].above,
            [Concern(one.turn, one.kind, one.handled_at, one.handled) for one in corpus.labels[call].objections],
        )
    }
    assert handled_accuracy(nothing, corpus.labels) == 0.0
    assert handled_accuracy(right, corpus.labels) == 1.0
