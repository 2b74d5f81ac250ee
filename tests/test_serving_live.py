"""A call while it goes on, against the same call as a file: numbers, revisions, order, limits, long calls."""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import serving.usecases.live_turns as live_turns_module
from salescoach.config import Settings
from salescoach.errors import InputError, TranscriptError
from salescoach.model.abstention import MIN_TURNS
from salescoach.model.running import RunningCall
from salescoach.model.scoring import CallScorer
from salescoach.moves.running import GrowingRows, TurnsChange
from salescoach.reading.transcripts import parse_transcript, read_transcript
from salescoach.types import Score, Transcript, Turn
from serving.usecases.live import LiveCall, LiveParts
from serving.usecases.live_replay import Pace, live_turns, replay_here
from serving.usecases.live_turns import MAX_SPEAKERS, LiveTurn, LiveTurns

EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
TIMED, UNTIMED = "07-condo-viewing-downsizing.txt", "08-elevator-service-dispatch-contract.txt"


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home), cached=False)


@pytest.fixture(scope="module")
def of_files(coach_home: Path) -> Callable[[str], Score]:
    """Scores of files by a scorer that shares no vector with the one that follows calls."""
    scorer = CallScorer.load(Settings.load(home=coach_home), cached=False)
    known: dict[str, Score] = {}

    def score(name: str) -> Score:
        if name not in known:
            known[name] = scorer.score(read_transcript(EXAMPLES / name), with_exchanges=True)
        return known[name]

    return score


def begun(scorer: CallScorer, rep: tuple[str, ...] = ()) -> LiveCall:
    ticks = itertools.count()
    return LiveCall(LiveParts(scorer), "a-call", rep=rep, clock=lambda: float(next(ticks)))


def said(order: int, speaker: str, text: str, *, final: bool = True, start_s: float | None = None) -> LiveTurn:
    return LiveTurn(turn_order=order, speaker=speaker, text=text, final=final, start_s=start_s)


def same(score: Score, other: Score) -> bool:
    """Equal to the last digit, but for the call's name and how long it took."""
    return score.model_dump(exclude={"call_id", "latency_ms"}) == other.model_dump(exclude={"call_id", "latency_ms"})


def test_turn_by_turn_is_the_trajectory_and_the_end_is_the_files_score(
    scorer: CallScorer, of_files: Callable[[str], Score]
) -> None:
    whole = of_files(TIMED)
    updates: list[dict[str, object]] = []
    score = replay_here(
        LiveParts(scorer),
        read_transcript(EXAMPLES / TIMED),
        Pace(sleep=lambda _: None),
        lambda one: updates.append(dict(one)),
    )
    assert same(score, whole)
    shown = [update["probability"] for update in updates]
    assert shown[: MIN_TURNS - 1] == [None] * (MIN_TURNS - 1)
    assert shown[MIN_TURNS - 1 :] == [point.probability for point in whole.trajectory[MIN_TURNS - 1 :]]
    assert updates[-1]["interval"] == list(whole.interval or ())


@pytest.mark.parametrize("seed", [1, 2])
def test_revised_repeated_late_and_unordered_turns_come_to_the_files_score(
    scorer: CallScorer, of_files: Callable[[str], Score], seed: int
) -> None:
    draw = random.Random(seed)
    turns = live_turns(read_transcript(EXAMPLES / UNTIMED))
    draft = [turn.model_copy(update={"text": "mm, what they", "final": False}) for turn in turns]
    wrong = [turn.model_copy(update={"text": "something that was misheard"}) for turn in turns[::3]]
    stream = [*draft, *wrong, *turns[::4]]
    draw.shuffle(stream)
    last = [*turns, *turns[1::5]]
    draw.shuffle(last)
    call = begun(scorer)
    for number, turn in enumerate([*stream, *last, *draft[:3]]):
        call.put(turn)
        if number % 40 == 39:
            call.update()
    call.update()
    assert same(call.end(), of_files(UNTIMED))
    assert call.end() is call.end()
    with pytest.raises(InputError, match="has ended"):
        call.put(turns[0])


def test_short_calls_abstain_as_the_scorer_does_and_drafts_are_no_numbers(scorer: CallScorer) -> None:
    transcript = read_transcript(EXAMPLES / TIMED)
    call = begun(scorer)
    for turn in live_turns(transcript)[:3]:
        call.put(turn)
    first = call.update()
    assert first is not None
    assert (first.abstained, first.probability, first.interval) == (True, None, None)
    assert first.reasons == scorer.score(transcript.prefix(3)).reasons
    assert not call.put(said(3, "Customer", "I am still saying", final=False))
    assert not call.is_behind
    assert first.n_turns == 3
    assert [one.turn_order for one in first.read] == [0, 1, 2]


def test_nothing_is_no_call(scorer: CallScorer) -> None:
    call = begun(scorer)
    assert call.update() is None
    call.put(said(0, "Rep", "", final=True))
    with pytest.raises(TranscriptError):
        call.end()
    call.put(said(1, "Rep", "Hello there, is this a good moment?"))
    assert call.end().abstained


def test_only_what_a_change_can_alter_is_read_again(scorer: CallScorer) -> None:
    turns = read_transcript(EXAMPLES / TIMED).turns[:12]
    running = RunningCall(scorer)
    assert running.follow(turns) == range(12)
    revised = (*turns[:4], turns[4].model_copy(update={"text": "No, not that one."}), *turns[5:])
    assert running.follow(revised) == range(4, 8)
    assert running.follow(turns) == range(4, 8)
    late = (*turns[:2], Turn(speaker="Customer", role="customer", text="Sorry, one thing."), *turns[2:])
    assert running.follow(late) == range(2, 6)
    late = late[:-1]
    assert running.follow(late) == range(12, 12)
    fresh = RunningCall(scorer)
    fresh.follow(late)
    assert running.standing() == fresh.standing()
    np.testing.assert_array_equal(running.vectors, fresh.vectors)


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_a_change_is_what_makes_the_new_call_of_the_old(old: list[int], new: list[int]) -> None:
    before, after = ([Turn(speaker="A", role="rep", text=str(one)) for one in each] for each in (old, new))
    change = TurnsChange.between(before, after)
    rows = GrowingRows()
    rows.replace(0, 0, np.array(old, dtype=float).reshape(-1, 1))
    rows.replace(change.start, change.old_end, np.array(new, dtype=float).reshape(-1, 1)[change.start : change.end])
    assert rows.rows[:, 0].tolist() == new
    assert len(rows) == len(new)


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=8), st.booleans())
@settings(max_examples=50)
def test_turns_are_those_of_the_file_however_they_come(order: list[int], again: list[int], by_name: bool) -> None:
    names = ("Anna", "Ben", "anna")
    lines = [f"{names[number % 3]}: this is what was said as number {number}" for number in range(8)]
    rep = ("Anna",) if by_name else ()
    file = parse_transcript("\n".join(lines), rep=rep)
    turns = LiveTurns(rep)
    for number in [*order, *again]:
        turns.put(said(number, names[number % 3], "a first guess"))
        turns.now()
        turns.put(said(number, names[number % 3], lines[number].partition(": ")[2]))
    assert tuple(turns.now().turns) == file.turns or [t.role for t in turns.now().turns] == [t.role for t in file.turns]
    assert turns.whole(None) == file


def test_who_leaves_a_call_leaves_its_sides_too() -> None:
    turns = LiveTurns()
    turns.put(said(0, "Rep", "Good morning to you."))
    turns.put(said(1, "Dana", "Good morning."))
    assert [turn.role for turn in turns.now().turns] == ["rep", "customer"]
    turns.put(said(2, "Kit", "And hello from me."))
    assert [turn.role for turn in turns.now().turns] == ["rep", "unknown", "unknown"]
    turns.put(said(2, "Dana", "And hello from me."))
    assert [turn.role for turn in turns.now().turns] == ["rep", "customer", "customer"]
    turns.put(said(1, "Dana", ""))
    assert turns.now().orders == [0, 2]


def test_who_is_on_our_side_need_not_have_spoken_yet() -> None:
    turns = LiveTurns(("Anna", "Nobody"))
    turns.put(said(0, "Ben", "Hello?"))
    assert [turn.role for turn in turns.now().turns] == ["unknown"]
    turns.put(said(1, "Anna", "Hello, this is Anna."))
    assert [turn.role for turn in turns.now().turns] == ["customer", "rep"]
    assert any("Nobody" in warning for warning in turns.whole(None).warnings)


def test_limits_are_errors_that_cost_nothing_else() -> None:
    turns = LiveTurns()
    for number in range(MAX_SPEAKERS):
        turns.put(said(number, f"Voice {number}", "Hello."))
    with pytest.raises(InputError, match="speakers"):
        turns.put(said(MAX_SPEAKERS, "One more", "Hello."))
    for number in range(9):
        turns.put(said(1_000 + number, "Voice 1", "word " * 4_000))
    with pytest.raises(InputError, match="characters"):
        for number in range(9, 20):
            turns.put(said(1_000 + number, "Voice 1", "word " * 4_000))
    assert turns.whole(None).turns


def test_a_long_call_costs_no_more_with_each_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads a whole call runs once for each new speaker, and not once for each of 3,000 turns."""
    n_made = 0
    make = live_turns_module.to_transcript

    def counted(*args: object, **kwargs: object) -> Transcript:
        nonlocal n_made
        n_made += 1
        return make(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(live_turns_module, "to_transcript", counted)
    turns = LiveTurns()
    for number in range(3_000):
        turns.put(said(number, ("Rep", "Customer")[number % 2], f"This is turn {number}.", start_s=number * 2.0))
        if number % 50 == 0:
            turns.now()
    assert len(turns.now().turns) == 3_000
    assert n_made == 2


@pytest.fixture
def cyclic() -> Iterator[list[Turn]]:
    """3,000 turns of few different texts, so that few have to be encoded."""
    texts = [turn.text[:60] for turn in read_transcript(EXAMPLES / TIMED).turns[:6]]  # a call has a limit of characters
    roles = ("rep", "customer")
    yield [
        Turn(speaker=roles[number % 2], role=roles[number % 2], text=texts[number % 6])  # type: ignore[arg-type]
        for number in range(3_000)
    ]


def test_in_a_long_call_one_turn_is_read_for_one_that_comes(scorer: CallScorer, cyclic: list[Turn]) -> None:
    running = RunningCall(scorer)
    running.follow(cyclic[:2_997])
    for n_turns in range(2_998, 3_001):
        assert running.follow(cyclic[:n_turns]) == range(n_turns - 1, n_turns)
    assert running.standing().probability is not None


@pytest.mark.slow
def test_a_call_of_3000_turns_ends_with_the_files_score(scorer: CallScorer, cyclic: list[Turn]) -> None:
    call = begun(scorer)
    for turn in live_turns(Transcript(turns=tuple(cyclic))):
        call.put(turn)
        if turn.turn_order % 500 == 499:
            call.update()
    assert same(call.end(), scorer.score(Transcript(turns=tuple(cyclic)), with_exchanges=True))
