"""Numbers that describe a call: talk ratio, questions, monologues, pace, price, next step.

Simple counts on the words and times of a transcript, English only; ``metric_list`` has the exact definitions.
A metric that a call can't show (no times, no roles) is None, never 0.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from salescoach.speech import spoken
from salescoach.speech.metric_list import METRICS
from salescoach.speech.next_step import find_next_step, has_commitment
from salescoach.types import Role, Transcript, Turn

MONOLOGUE_GAP_S: Final = 2.0
MIN_CALL_S: Final = 60.0
MIN_SPEECH_S: Final = 10.0


def call_metrics(transcript: Transcript) -> dict[str, float | None]:
    """Every metric of ``METRICS`` by name; None where the call can't show it."""
    turns = transcript.turns
    rep = [turn for turn in turns if turn.role == "rep"]
    customer = [turn for turn in turns if turn.role == "customer"]
    values = {
        **_shares(turns, rep, customer),
        **_questions(rep, customer),
        **_longest_runs(turns),
        **_answers(turns),
        **_topics(turns, customer),
        **_ending(transcript),
    }
    return {metric.name: values[metric.name] for metric in METRICS}


def mention_turns(transcript: Transcript) -> dict[str, tuple[int, ...]]:
    """Where a metric that counts places was counted: name -> numbers of the turns, from 1."""
    found: dict[str, Callable[[Turn], bool]] = {
        "rep_questions": lambda turn: turn.role == "rep" and bool(spoken.questions(turn.text)),
        "rep_open_questions": lambda turn: (
            turn.role == "rep" and any(spoken.is_open(question) for question in spoken.questions(turn.text))
        ),
        "customer_questions": lambda turn: turn.role == "customer" and bool(spoken.questions(turn.text)),
        "price_mentions": lambda turn: bool(spoken.price_mentions(turn.text)),
        "competitor_mentions": lambda turn: bool(spoken.competitor_mentions(turn.text)),
        "objections": lambda turn: turn.role == "customer" and spoken.is_objection(turn.text),
    }
    step = find_next_step(transcript)
    return {
        **{
            name: tuple(number for number, turn in enumerate(transcript.turns, start=1) if is_one(turn))
            for name, is_one in found.items()
        },
        "next_step": () if step is None else tuple(range(step.turn_start, step.turn_end + 1)),
    }


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


def _topics(turns: Sequence[Turn], customer: Sequence[Turn]) -> dict[str, float | None]:
    prices = _mentions(turns, spoken.price_mentions)
    competitors = _mentions(turns, spoken.competitor_mentions)
    return {
        "price_mentions": float(prices.count) if turns else None,
        "first_price_mention_share": prices.first_share,
        "first_price_mention_minutes": _minutes_before(turns, prices.first_turn),
        "competitor_mentions": float(competitors.count) if turns else None,
        "first_competitor_mention_share": competitors.first_share,
        "objections": float(sum(spoken.is_objection(turn.text) for turn in customer)) if customer else None,
    }


def _ending(transcript: Transcript) -> dict[str, float | None]:
    step = find_next_step(transcript)
    has_customer = any(turn.role == "customer" for turn in transcript.turns)
    return {
        "next_step": float(step is not None),
        "next_step_by_rep": None if step is None else float("rep" in step.taken_on_by),
        "next_step_by_customer": None if step is None else float("customer" in step.taken_on_by),
        "next_step_agreed": None if step is None else float(step.is_agreed),
        "customer_commitment": float(has_commitment(transcript.turns)) if has_customer else None,
    }


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
class _Mentions:
    count: int
    first_turn: Turn | None
    first_share: float | None


def _mentions(turns: Sequence[Turn], find: Callable[[str], list[int]]) -> _Mentions:
    """How often something is mentioned, and how far into the words of the call the first time."""
    count, n_before = 0, 0
    first: int | None = None
    first_turn: Turn | None = None
    for turn in turns:
        offsets = find(turn.text)
        count += len(offsets)
        if offsets and first is None:
            first, first_turn = n_before + spoken.n_words(turn.text[: offsets[0]]), turn
        n_before += spoken.n_words(turn.text)
    return _Mentions(count, first_turn, None if first is None else _ratio(first, n_before))


def _minutes_before(turns: Sequence[Turn], turn: Turn | None) -> float | None:
    if turn is None or turn.start_s is None:
        return None
    return (turn.start_s - min(other.start_s for other in turns if other.start_s is not None)) / 60
