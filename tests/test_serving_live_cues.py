"""Cues: how often, never twice, none that presses on after a refusal; what each says and why."""

import functools
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.config import Settings
from salescoach.model.loading import load_reader
from salescoach.model.scoring import CallScorer
from salescoach.moves.heads import CONCERN, N_OUTPUTS
from salescoach.moves.reader import EncoderReader
from salescoach.moves.running import RunningReading, words_of_sides
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.worth import N_GAZES
from salescoach.reading.transcripts import parse_transcript
from salescoach.types import Turn
from serving.usecases.live import LiveCall, LiveParts
from serving.usecases.live_cues import (
    PAUSE_S,
    PUSHES,
    CallNow,
    CueKind,
    CuePace,
    LiveCue,
    PastAnswer,
    PossibleCue,
    Usual,
    candidates,
)
from serving.usecases.live_precedents import PastCallsOf
from serving.usecases.live_replay import live_turns
from tests.test_serving_deals import REFUSED
from tools.parts import Parts

KINDS: tuple[CueKind, ...] = ("refusal", "concern", "open_concern", "next_step", "talk_share")


def candidate(kind: CueKind, key: str, text: str) -> PossibleCue:
    return PossibleCue(kind, key, lambda: LiveCue(kind=kind, text=text))


steps = st.lists(
    st.tuples(
        st.floats(0, 50),
        st.floats(0, 50),
        st.booleans(),
        st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from("ab"), st.sampled_from("xyz")), max_size=4),
    ),
    max_size=60,
)


@given(steps)
def test_never_two_in_a_minute_and_none_twice(
    stream: list[tuple[float, float, bool, list[tuple[CueKind, str, str]]]],
) -> None:
    pace = CuePace()
    given_at: list[tuple[float | None, float]] = []
    call_s, clock_s = 0.0, 0.0
    for more, ticks, is_timed, offered in stream:
        call_s, clock_s = call_s + more, clock_s + ticks
        now = call_s if is_timed else None
        if pace.choose([candidate(*one) for one in offered], now, clock_s) is not None:
            given_at.append((now, clock_s))
    for (before_s, before_clock), (after_s, after_clock) in pairwise(given_at):
        timed = before_s is not None and after_s is not None
        assert (after_s - before_s if timed else after_clock - before_clock) >= PAUSE_S  # type: ignore[operator]
    assert len({cue.text for cue in pace.given}) == len(pace.given)


@functools.cache
def bundled_reader() -> EncoderReader:
    return load_reader(Settings.load(), cached=False)


def reading(turns: Sequence[Turn], **moves: dict[int, float]) -> RunningReading:
    """A reading that finds just these moves, by turn."""
    p = np.zeros((len(turns), N_OUTPUTS))
    for name, found in moves.items():
        for row, value in found.items():
            p[row, CONCERN if name == "concern" else MOVES.index(name)] = value
    of = RunningReading(bundled_reader(), turns)
    of._gazes.replace(0, 0, np.zeros((len(turns), 2 * N_GAZES)))
    of._words.replace(0, 0, words_of_sides(turns))
    of._p.replace(0, 0, p)
    of._above.replace(0, 0, p > 0)
    return of


def talk(n: int, rep_words: int = 20, customer_words: int = 20) -> list[Turn]:
    return [
        Turn(speaker="R", role="rep", text="word " * rep_words, start_s=20.0 * row)
        if row % 2 == 0
        else Turn(speaker="C", role="customer", text="word " * customer_words, start_s=20.0 * row)
        for row in range(n)
    ]


def kinds(moment: CallNow) -> list[CueKind]:
    return [one.kind for one in candidates(moment)]


def test_a_concern_is_answered_with_what_a_won_call_said() -> None:
    turns = talk(8)
    found = reading(turns, concern={7: 0.9}, objection_price={7: 0.8})
    moment = CallNow("now", found, find_answer=lambda *_: PastAnswer(call_id="past", turn=12, quote="We split it."))
    [one] = candidates(moment)
    cue = one.make()
    assert cue is not None
    assert (cue.kind, cue.quote, cue.call_id, cue.turn) == ("concern", "We split it.", "past", 12)
    assert cue.text == "Price concern at turn 8: a won call answered like this."
    alone = candidates(CallNow("now", found))[0].make()
    assert alone is not None
    assert (alone.quote, alone.call_id, alone.turn) == (turns[7].text, "now", 8)


def test_what_is_not_sure_or_no_news_is_not_said() -> None:
    assert not kinds(CallNow("now", reading(talk(8), concern={7: 0.5}, objection_price={7: 0.5})))
    assert "concern" not in kinds(CallNow("now", reading(talk(8), concern={3: 0.9}, objection_price={3: 0.8})))


@pytest.mark.parametrize(
    ("call_s", "said"),
    [
        (300.0, None),
        (460.0, "No next step yet, 2 minutes to go."),
        (700.0, "No next step yet, and the time is up."),
    ],
)
def test_a_missing_next_step_is_said_when_the_end_is_near(call_s: float, said: str | None) -> None:
    found = candidates(CallNow("now", reading(talk(8)), call_s=call_s, planned_s=600.0))
    assert [one.make().text for one in found if one.kind == "next_step"] == ([said] if said else [])  # type: ignore[union-attr]


def test_a_next_step_that_is_there_is_not_missed() -> None:
    assert not kinds(CallNow("now", reading(talk(8), next_step={6: 0.9}), call_s=500.0, planned_s=600.0))


def test_without_a_plan_it_is_said_how_late_it_is() -> None:
    assert not kinds(CallNow("now", reading(talk(8)), call_s=600.0))
    [late] = candidates(CallNow("now", reading(talk(8)), call_s=1_260.0))
    assert late.make() == LiveCue(kind="next_step", text="No next step yet, 21 minutes into the call.")


def test_talk_share_is_said_when_it_drifts_from_what_won_calls_have() -> None:
    turns = [*talk(30), *(turn.model_copy(update={"start_s": 600.0 + turn.start_s}) for turn in talk(16, 90, 10))]  # type: ignore[operator]
    usual = Usual(0.42, 0.55, "the team's")
    [one] = candidates(CallNow("now", reading(turns, next_step={3: 0.9}), call_s=900.0, usual=usual))
    cue = one.make()
    assert cue is not None
    assert "of the words in the last 5 minutes; in half of the team's won calls it was 42 to 55 %" in cue.text
    assert not kinds(CallNow("now", reading(talk(46), next_step={3: 0.9}), call_s=900.0, usual=usual))


@given(st.integers(0, 11), st.sampled_from(["next_step", "concern", "open_concern"]), st.booleans())
def test_after_a_refusal_nothing_presses_on(row: int, kind: str, commits: bool) -> None:
    turns = talk(12)
    moves: dict[str, dict[int, float]] = {"refusal": {row: 0.9}, "concern": {11: 0.95}, "objection_need": {11: 0.9}}
    if commits and row < 11:
        moves["commitment"] = {row + 1: 0.9}
    found = kinds(CallNow("now", reading(turns, **moves), call_s=1_300.0))
    assert bool(PUSHES & set(found)) == (commits and row < 11)


def test_a_real_refusal_silences_what_presses_on(coach_home: Path) -> None:
    scorer = CallScorer.load(Settings.load(home=coach_home))
    ticks = iter(range(0, 10_000, 100))
    call = LiveCall(LiveParts(scorer), "refused", planned_s=60.0, clock=lambda: float(next(ticks)))
    cues: list[LiveCue] = []
    for turn in live_turns(parse_transcript(REFUSED)):
        call.put(turn)
        update = call.update()
        assert update is not None
        cues += update.cues
    assert not PUSHES & {cue.kind for cue in cues}


def test_a_past_answer_is_the_words_of_a_won_call(parts: Parts) -> None:
    past = PastCallsOf(parts)
    turns = parse_transcript(
        "Rep: It comes to ninety a month.\nCustomer: That's more than we pay now, it's a lot."
    ).turns
    found = [past.answer(turns, 1, kind) for kind in ("price", "fit", "timing", "trust")]
    assert any(found)
    for answer in filter(None, found):
        call = parts.library.get(answer.call_id)
        assert answer.quote == call.transcript.turns[answer.turn - 1].text
        assert call.outcome == "converted"
    usual = past.usual()
    assert usual is not None
    assert 0 < usual.low < usual.high < 1
