"""Scoring by the move reader: variants of a call are read as if they were whole calls, and exchanges go together."""

from pathlib import Path

import numpy as np
import pytest

from salescoach.config import Settings
from salescoach.model.embedding_arm import EncodedCall
from salescoach.model.head import sigmoid
from salescoach.model.loading import load_reader
from salescoach.model.pooling import each_prefix, without_all, without_each
from salescoach.moves.exchanges import exchanges_of
from salescoach.moves.moves_arm import TRIED, MovesArm
from salescoach.moves.reader import EncoderReader
from salescoach.moves.results import CallMoves, ReadMove, ReadObjection, TurnMoves
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Transcript

EXAMPLE = Path(__file__).parent.parent / "data" / "examples" / "02-income-protection-electrician.txt"


@pytest.fixture(scope="module")
def reader() -> EncoderReader:
    return load_reader(Settings.load(), cached=False)


@pytest.fixture(scope="module")
def call() -> Transcript:
    return read_transcript(EXAMPLE).prefix(24)


def seen(call: Transcript) -> EncodedCall:
    return EncodedCall(call.turns, np.zeros((len(call), 1), dtype=np.float32))


def test_a_variant_is_worth_what_the_same_call_is_worth_by_itself(reader: EncoderReader, call: Transcript) -> None:
    arm = MovesArm(reader, reader.profile)
    n = len(call)
    whole, without, shorter = arm.logits(
        seen(call), np.concatenate([each_prefix(n)[-1:], without_each(n)[4:5], each_prefix(n)[9:10]])
    )
    alone = [MovesArm(reader, reader.profile).logits(seen(one), np.ones((1, len(one)), dtype=bool))[0]
             for one in (call, call.without(5), call.prefix(10))]  # fmt: skip
    assert [whole, without, shorter] == pytest.approx(alone, abs=1e-5)
    # Its followers are read anew: leaving out its feature vector alone would give something else.
    assert without != pytest.approx(reader.profile.logits(reader.figures_without_each(call.turns))[5], abs=1e-6)


def test_the_turns_that_are_tried_hold_those_that_move_it_most(reader: EncoderReader, call: Transcript) -> None:
    arm = MovesArm(reader, reader.profile)
    tried = arm.telling_turns(seen(call), 4)
    assert len(tried) == TRIED * 4
    assert tried.tolist() == sorted({*tried.tolist()})
    assert arm.telling_turns(seen(call.prefix(3)), 4).tolist() == [0, 1, 2]
    whole, *without = arm.logits(seen(call), np.concatenate([each_prefix(len(call))[-1:], without_each(len(call))]))
    effects = np.abs(whole - np.array(without))
    assert effects[tried].max() == pytest.approx(effects.max())


def test_the_interval_holds_the_probability(reader: EncoderReader, call: Transcript) -> None:
    arm = MovesArm(reader, reader.profile)
    low, high = arm.interval(seen(call), 1.0)
    assert 0 < low < float(sigmoid(arm.logits(seen(call), each_prefix(len(call))[-1:])[0])) < high < 1


def test_a_call_without_any_turn_is_worth_what_is_usual(reader: EncoderReader, call: Transcript) -> None:
    [nothing] = reader.figures(call.turns, np.zeros((1, len(call)), dtype=bool))
    assert nothing[0] != 0  # what an empty call is worth
    assert not nothing[1:].any()


def concern(turn: int, handled_at: int | None) -> ReadObjection:
    answer = None if handled_at is None else "So."
    handled = "not" if handled_at is None else "well"
    return ReadObjection(turn=turn, kind="price", quote="Hm.", handled_at=handled_at, handled=handled, answer=answer)


def test_concerns_with_one_answer_are_one_exchange() -> None:
    price, answer = (
        ReadMove(name="objection_price", probability=0.9),
        ReadMove(name="answer_objection", probability=0.8),
    )
    found = CallMoves(
        turns=tuple(
            TurnMoves(turn=turn, role="customer" if turn % 2 else "rep", moves=(price,) if turn % 2 else (answer,))
            for turn in range(1, 9)
        ),
        objections=(concern(1, 4), concern(3, 4), concern(5, None), concern(7, 8)),
        next_step=None,
        reader="encoder",
        model_id="m",
    )
    both = ("objection_price", "answer_objection")
    assert exchanges_of(found) == [((1, 3, 4), both), ((5,), both[:1]), ((7, 8), both)]


def test_groups_of_turns_are_taken_out_together() -> None:
    assert without_all(4, [(1, 3), (4,)]).tolist() == [[False, True, False, True], [True, True, True, False]]
    assert without_all(4, []).shape == (0, 4)
