"""Numbers that describe a call: talk ratio, questions, monologues, pace, price, next step.

Words, times, questions and prices are counted by simple patterns, English only; objections, competitors, the next step
and the customer's commitment are what the move reader found. ``metric_list`` has the exact definitions. A metric that a
call can't show (no times, no roles, moves not read) is None, never 0.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from salescoach.moves.results import CallMoves, ReadNextStep
from salescoach.moves.taxonomy import MoveName
from salescoach.speech import spoken
from salescoach.speech.metric_list import METRICS
from salescoach.types import NextStep, Role, Transcript, Turn

MONOLOGUE_GAP_S: Final = 2.0
MIN_CALL_S: Final = 60.0
MIN_SPEECH_S: Final = 10.0
# "Near the end": the last fifth of the turns, and at least so many.
CLOSING_SHARE: Final = 0.2
MIN_CLOSING_TURNS: Final = 4


def call_metrics(transcript: Transcript, moves: CallMoves | None) -> dict[str, float | None]:
    """Every metric of ``METRICS`` by name; None where the call can't show it.

    ``moves``: what was read of the call; without it, what rests on moves is None.
    """
    turns = transcript.turns
    rep = [turn for turn in turns if turn.role == "rep"]
    customer = [turn for turn in turns if turn.role == "customer"]
    values: dict[str, float | None] = {
        **_shares(turns, rep, customer),
        **_questions(rep, customer),
        **_longest_runs(turns),
        **_answers(turns),
        **_price(turns),
        **({} if moves is None else _read(turns, moves, has_customer=bool(customer))),
    }
    return {metric.name: None if metric.is_read and moves is None else values[metric.name] for metric in METRICS}


def mention_turns(transcript: Transcript, moves: CallMoves | None) -> dict[str, tuple[int, ...]]:
    """Where a metric that counts places was counted: name -> numbers of the turns, from 1."""
    found: dict[str, Callable[[Turn], bool]] = {
        "rep_questions": lambda turn: turn.role == "rep" and bool(spoken.questions(turn.text)),
        "rep_open_questions": lambda turn: (
            turn.role == "rep" and any(spoken.is_open(question) for question in spoken.questions(turn.text))
        ),
        "customer_questions": lambda turn: turn.role == "customer" and bool(spoken.questions(turn.text)),
        "price_mentions": lambda turn: bool(spoken.price_mentions(turn.text)),
    }
    places = {
        name: tuple(number for number, turn in enumerate(transcript.turns, start=1) if is_one(turn))
        for name, is_one in found.items()
    }
    return places if moves is None else {**places, **_read_turns(moves)}


def next_step_of(moves: CallMoves) -> NextStep | None:
    """The next step that was read, as metrics show it."""
    step = moves.next_step
    if step is None:
        return None
    return NextStep(
        turn_start=step.turn,
        turn_end=step.turn,
        quote=step.what,
        when=step.when,
        taken_on_by=_sides(step),
        is_agreed=step.committed,
    )


def closing(turns: Sequence[object]) -> range:
    """Numbers of the turns near the end, from 1."""
    n_turns = min(len(turns), max(MIN_CLOSING_TURNS, math.ceil(CLOSING_SHARE * len(turns))))
    return range(len(turns) - n_turns + 1, len(turns) + 1)


def _shares(turns: Sequence[Turn], rep: Sequence[Turn], customer: Sequence[Turn]) -> dict[str, float | None]:
    """Who speaks how much, and how often that changes."""
    n_rep, n_customer = _n_words(rep), _n_words(customer)
    both = n_rep + n_customer if n_rep and n_customer else 0
    known = [turn for turn in turns if turn.role != "unknown"]
    n_switches = sum(before.role != after.role for before, after in pairwise(known))
    minutes = _minutes(turns)
    return {
        "talk_ratio_words": _ratio(n_rep, both),
        "talk_ratio_seconds": _talk_ratio_seconds(rep, customer),
        "interactivity": _ratio(n_switches, minutes) if both and minutes else None,
        "switches_per_100_words": _ratio(100 * n_switches, both),
    }


def _questions(rep: Sequence[Turn], customer: Sequence[Turn]) -> dict[str, float | None]:
    asked = [sentence for turn in rep for sentence in spoken.questions(turn.text)]
    return {
        "rep_questions": float(len(asked)) if rep else None,
        "rep_open_questions": float(sum(spoken.is_open(question) for question in asked)) if rep else None,
        "customer_questions": float(sum(len(spoken.questions(turn.text)) for turn in customer)) if customer else None,
    }


def _longest_runs(turns: Sequence[Turn]) -> dict[str, float | None]:
    return {
        "longest_monologue_words": _longest_run_words(turns, "rep"),
        "longest_monologue_seconds": _longest_run_seconds(turns, "rep"),
        "longest_customer_story_words": _longest_run_words(turns, "customer"),
        "longest_customer_story_seconds": _longest_run_seconds(turns, "customer"),
    }


def _answers(turns: Sequence[Turn]) -> dict[str, float | None]:
    """How the rep answers, and at what pace and with how many fillers the rep speaks."""
    rep = [turn for turn in turns if turn.role == "rep"]
    gaps = _gaps([turn for turn in turns if turn.role != "unknown"])
    return {
        "patience_seconds": statistics.median(max(0.0, gap) for gap in gaps) if gaps else None,
        "overlap_share": _ratio(sum(gap < 0 for gap in gaps), len(gaps)),
        "speech_rate_wpm": _speech_rate(rep),
        "filler_rate": _ratio(100 * sum(spoken.n_fillers(turn.text) for turn in rep), _n_words(rep)),
    }


def _price(turns: Sequence[Turn]) -> dict[str, float | None]:
    prices = mentions(turns, spoken.price_mentions)
    return {
        "price_mentions": float(prices.count) if turns else None,
        "first_price_mention_share": prices.first_share,
        "first_price_mention_minutes": _minutes_before(turns, prices.first_turn),
    }


def _read(turns: Sequence[Turn], moves: CallMoves, *, has_customer: bool) -> dict[str, float | None]:
    """What rests on moves."""
    found = _read_turns(moves)
    competitors, step = found["competitor_mentions"], moves.next_step
    n_before = _n_words(turns[: competitors[0] - 1]) if competitors else 0
    return {
        "competitor_mentions": float(len(competitors)) if has_customer else None,
        "first_competitor_mention_share": _ratio(n_before, _n_words(turns)) if competitors else None,
        "objections": float(len(found["objections"])) if has_customer else None,
        "next_step": float(step is not None),
        "next_step_by_rep": None if step is None else float("rep" in _sides(step)),
        "next_step_by_customer": None if step is None else float("customer" in _sides(step)),
        "next_step_agreed": None if step is None else float(step.committed),
        "customer_commitment": float(bool(found["customer_commitment"])) if has_customer else None,
    }


def _read_turns(moves: CallMoves) -> dict[str, tuple[int, ...]]:
    """The turns behind what rests on moves."""
    ending = closing(moves.turns)
    return {
        "competitor_mentions": _turns_with(moves, "competitor"),
        "objections": tuple(sorted({one.turn for one in moves.objections})),
        "next_step": () if moves.next_step is None else (moves.next_step.turn,),
        "customer_commitment": tuple(turn for turn in _turns_with(moves, "commitment") if turn in ending),
    }


def _turns_with(moves: CallMoves, name: MoveName) -> tuple[int, ...]:
    return tuple(turn.turn for turn in moves.turns if any(move.name == name for move in turn.moves))


def _sides(step: ReadNextStep) -> tuple[Role, ...]:
    """Who does it."""
    return ("rep", "customer") if step.who == "both" else (step.who,)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _n_words(turns: Sequence[Turn]) -> int:
    return sum(spoken.n_words(turn.text) for turn in turns)


def _span(turn: Turn) -> tuple[float, float] | None:
    if turn.start_s is None or turn.end_s is None or turn.end_s < turn.start_s:
        return None
    return turn.start_s, turn.end_s


def _seconds(turns: Sequence[Turn]) -> float | None:
    """Speaking time, or None where a turn has no start or end."""
    spans = [_span(turn) for turn in turns]
    known = [span for span in spans if span is not None]
    return sum(end - start for start, end in known) if known and len(known) == len(spans) else None


def _talk_ratio_seconds(rep: Sequence[Turn], customer: Sequence[Turn]) -> float | None:
    rep_s, customer_s = _seconds(rep), _seconds(customer)
    return None if rep_s is None or customer_s is None else _ratio(rep_s, rep_s + customer_s)


def _minutes(turns: Sequence[Turn]) -> float | None:
    """Minutes from the first to the last known time, if both ends of the call have one."""
    if not turns or turns[0].start_s is None or turns[-1].start_s is None:
        return None
    times = [time for turn in turns for time in (turn.start_s, turn.end_s) if time is not None]
    length_s = max(times) - min(times)
    return length_s / 60 if length_s >= MIN_CALL_S else None


def _runs(turns: Sequence[Turn], role: Role) -> Iterator[list[Turn]]:
    """Runs of turns of one side; a back-channel of the other side doesn't end a run and is left out of it."""
    other: Role = "customer" if role == "rep" else "rep"
    run: list[Turn] = []
    for turn in turns:
        if turn.role == role:
            run.append(turn)
        elif run and not (turn.role == other and spoken.is_back_channel(turn.text)):
            yield run
            run = []
    if run:
        yield run


def _longest_run_words(turns: Sequence[Turn], role: Role) -> float | None:
    return max((float(_n_words(run)) for run in _runs(turns, role)), default=None)


def _longest_run_seconds(turns: Sequence[Turn], role: Role) -> float | None:
    longest: float | None = None
    for run in _runs(turns, role):
        first: float | None = None
        last = -math.inf
        for turn in run:
            span = _span(turn)
            if span is None:
                return None
            start, end = span
            if first is None or start - last >= MONOLOGUE_GAP_S:
                first = start
            last = max(last, end)
            longest = max(longest or 0.0, last - first)
    return longest


def _speech_rate(rep: Sequence[Turn]) -> float | None:
    timed = [turn for turn in rep if _span(turn)]
    seconds = _seconds(timed)
    return 60 * _n_words(timed) / seconds if seconds is not None and seconds >= MIN_SPEECH_S else None


def _gaps(known: Sequence[Turn]) -> list[float]:
    """Seconds from the customer's end to the rep's start, where the rep answers; below 0 where they overlap."""
    return [
        after.start_s - before.end_s
        for before, after in pairwise(known)
        if before.role == "customer" and after.role == "rep" and before.end_s is not None and after.start_s is not None
    ]


@dataclass(frozen=True)
class Mentions:
    """How often something is mentioned. ``first_share``: of the words of the call, those before the first mention."""

    count: int
    first_turn: Turn | None
    first_share: float | None


def mentions(turns: Sequence[Turn], find: Callable[[str], list[int]]) -> Mentions:
    """What ``find`` finds: character offsets in a text."""
    count, n_before = 0, 0
    first: int | None = None
    first_turn: Turn | None = None
    for turn in turns:
        offsets = find(turn.text)
        count += len(offsets)
        if offsets and first is None:
            first, first_turn = n_before + spoken.n_words(turn.text[: offsets[0]]), turn
        n_before += spoken.n_words(turn.text)
    return Mentions(count, first_turn, None if first is None else _ratio(first, n_before))


def _minutes_before(turns: Sequence[Turn], turn: Turn | None) -> float | None:
    if turn is None or turn.start_s is None:
        return None
    return (turn.start_s - min(other.start_s for other in turns if other.start_s is not None)) / 60
