"""Numbers that describe a call: talk ratio, questions, monologues, pace, price, next step.

Simple counts on the words and times of a transcript, English only; ``docs/call-metrics.md`` has the exact definitions.
A metric that a call can't show (no times, no roles) is None, never 0.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from salescoach.speech import spoken
from salescoach.types import NextStep, Role, Transcript, Turn

METRICS_VERSION: Final = 2  # of the definitions below; a change of what is counted is a new version
MONOLOGUE_GAP_S: Final = 2.0
MIN_CALL_S: Final = 60.0
MIN_SPEECH_S: Final = 10.0
# "Near the end": the last fifth of the turns, and at least so many.
CLOSING_SHARE: Final = 0.2
MIN_CLOSING_TURNS: Final = 4


@dataclass(frozen=True)
class MetricDefinition:
    """What a metric is. ``subject`` is worded for a sentence; a higher value is not a better one."""

    name: str
    unit: str
    subject: str
    definition: str


METRICS: Final[tuple[MetricDefinition, ...]] = (
    MetricDefinition(
        "talk_ratio_words",
        "share",
        "the rep's share of the words",
        "Words of the rep / words of rep and customer. Needs words of both.",
    ),
    MetricDefinition(
        "talk_ratio_seconds",
        "share",
        "the rep's share of the speaking time",
        "Seconds of the rep's turns / seconds of the rep's and the customer's turns; silence counts for neither,"
        " overlap for both. Needs start and end of each of those turns.",
    ),
    MetricDefinition(
        "rep_questions",
        "count",
        "the number of the rep's questions",
        "Sentences of the rep that are questions (see below).",
    ),
    MetricDefinition(
        "rep_open_questions",
        "count",
        "the number of the rep's open questions",
        "Questions of the rep that begin with what, how, why or an invitation such as “tell me” or “walk me through”; "
        "“how much”, “how many”, “how long”, “what time” and the like are not open.",
    ),
    MetricDefinition(
        "customer_questions",
        "count",
        "the number of the customer's questions",
        "Sentences of the customer that are questions (see below).",
    ),
    MetricDefinition(
        "longest_monologue_words",
        "words",
        "the rep's longest monologue",
        "Most words of the rep in one run of turns; a customer turn of at most 2 words does not end a run and is not "
        "counted.",
    ),
    MetricDefinition(
        "longest_monologue_seconds",
        "seconds",
        "the length of the rep's longest monologue",
        "The same in seconds, first start to last end; a pause of 2 s or more ends a run as well. Needs start and end"
        " of each turn of the rep.",
    ),
    MetricDefinition(
        "longest_customer_story_words",
        "words",
        "the customer's longest story",
        "Most words of the customer in one run of turns; a rep turn of at most 2 words does not end a run and is not "
        "counted.",
    ),
    MetricDefinition(
        "longest_customer_story_seconds",
        "seconds",
        "the length of the customer's longest story",
        "The same in seconds, first start to last end; a pause of 2 s or more ends a run as well. Needs start "
        "and end of each turn of the customer.",
    ),
    MetricDefinition(
        "interactivity",
        "per minute",
        "the number of changes of speaker per minute",
        "Changes between rep and customer / minutes from the first to the last known time. Needs a time on the first"
        " and the last turn, a minute or more apart.",
    ),
    MetricDefinition(
        "switches_per_100_words",
        "per 100 words",
        "the number of changes of speaker per 100 words",
        "100 x changes between rep and customer / words of both.",
    ),
    MetricDefinition(
        "patience_seconds",
        "seconds",
        "the rep's pause before answering",
        "Median over all changes from customer to rep of rep start - customer end; an overlap counts as 0. Needs both "
        "times.",
    ),
    MetricDefinition(
        "overlap_share",
        "share",
        "the share of the rep's answers that begin before the customer has ended",
        "Changes from customer to rep where the rep's start is before the customer's end / all changes from "
        "customer to rep with both times.",
    ),
    MetricDefinition(
        "speech_rate_wpm",
        "words per minute",
        "the rep's pace",
        "Words / minutes over the rep's turns that have start and end, 10 s or more of them together.",
    ),
    MetricDefinition(
        "filler_rate",
        "per 100 words",
        "the number of the rep's filler words per 100 words",
        "100 x fillers / words of the rep. Fillers: um, uh, er, erm, ah, hmm; “like”, “you know”, “I mean” between "
        "commas; “sort of” and “kind of”, unless after what, which, this, that, some, any, a or the.",
    ),
    MetricDefinition(
        "price_mentions",
        "count",
        "the number of mentions of the price",
        "Amounts of money ($40, 40 dollars) and the words price, pricing, cost, fee, discount, budget, expensive, cheap"
        " and affordable in their forms, by anybody.",
    ),
    MetricDefinition(
        "first_price_mention_share",
        "share",
        "the part of the call before the first mention of the price",
        "Words before the first price mention / all words. None without a mention.",
    ),
    MetricDefinition(
        "first_price_mention_minutes",
        "minutes",
        "the time before the first mention of the price",
        "Minutes from the first known time of the call to the start of the turn that mentions the price "
        "first. Needs that turn's time.",
    ),
    MetricDefinition(
        "competitor_mentions",
        "count",
        "the number of mentions of a competitor that can be told by the wording",
        "Wordings such as “another provider”, “a different quote”, “shopping around”, “the competition”, and "
        "capitalised names in wordings that only a supplier fits (“we're looking at …”, “a quote from …”, "
        "“switch from …”, “… has quoted”), by anybody. A name alone is not known to be a competitor's.",
    ),
    MetricDefinition(
        "first_competitor_mention_share",
        "share",
        "the part of the call before the first mention of a competitor",
        "Words before the first such mention / all words. None without a mention.",
    ),
    MetricDefinition(
        "objections",
        "count",
        "the number of the customer's turns that are worded as an objection",
        "Turns of the customer with a wording of an objection: price (“too expensive”), need (“not "
        "interested”), time (“bad time”), who decides (“I have to ask my boss”), putting off (“I'll think it "
        "over”), risk (“I'm worried”). Whether it was answered is not judged.",
    ),
    MetricDefinition(
        "next_step",
        "yes/no",
        "a next step with a day or time",
        "1 if in the last fifth of the turns (at least 4) one turn, or two that follow each other, names an action"
        " (call, meet, send, demo, visit, sign …) and a day or time to come; said by either side, agreed to or not. The"
        " last such place is the step.",
    ),
    MetricDefinition(
        "next_step_by_rep",
        "yes/no",
        "a next step that the rep takes on",
        "1 if in that step, or in the turn after it, the rep promises an action or a task (“I'll send …”, “we can "
        "call …”, “I'll check …”). None without a next step.",
    ),
    MetricDefinition(
        "next_step_by_customer",
        "yes/no",
        "a next step that the customer takes on",
        "The same for the customer.",
    ),
    MetricDefinition(
        "next_step_agreed",
        "yes/no",
        "a next step that the customer agrees to",
        "1 if the customer says the step, or says yes to it in the turn after it (“works for me”) with "
        "nothing against it (no, not, but, maybe). None without a next step.",
    ),
    MetricDefinition(
        "customer_commitment",
        "yes/no",
        "a commitment of the customer",
        "1 if in the same last turns the customer takes the offer (“let's do it”, “sign me up”, “send me the contract”,"
        " “Tuesday works”) or promises an action of their own (“I'll send you …”), in a sentence without a negation;"
        " “I'll think about it” and “I'll let you know” are none.",
    ),
)


def call_metrics(transcript: Transcript) -> dict[str, float | None]:
    """Every metric of ``METRICS`` by name; None where the call can't show it."""
    turns = transcript.turns
    rep = [turn for turn in turns if turn.role == "rep"]
    customer = [turn for turn in turns if turn.role == "customer"]
    known = [turn for turn in turns if turn.role != "unknown"]
    n_rep, n_customer = _n_words(rep), _n_words(customer)
    both = n_rep + n_customer if n_rep and n_customer else 0
    n_switches = sum(before.role != after.role for before, after in pairwise(known))
    questions = [sentence for turn in rep for sentence in spoken.questions(turn.text)]
    minutes = _minutes(turns)
    prices = _mentions(turns, spoken.price_mentions)
    competitors = _mentions(turns, spoken.competitor_mentions)
    gaps = _gaps(known)
    step = find_next_step(transcript)
    values: dict[str, float | None] = {
        "talk_ratio_words": _ratio(n_rep, both),
        "talk_ratio_seconds": _talk_ratio_seconds(rep, customer),
        "rep_questions": float(len(questions)) if rep else None,
        "rep_open_questions": float(sum(spoken.is_open(question) for question in questions)) if rep else None,
        "customer_questions": float(sum(len(spoken.questions(turn.text)) for turn in customer)) if customer else None,
        "longest_monologue_words": _longest_run_words(turns, "rep"),
        "longest_monologue_seconds": _longest_run_seconds(turns, "rep"),
        "longest_customer_story_words": _longest_run_words(turns, "customer"),
        "longest_customer_story_seconds": _longest_run_seconds(turns, "customer"),
        "interactivity": _ratio(n_switches, minutes) if both and minutes else None,
        "switches_per_100_words": _ratio(100 * n_switches, both),
        "patience_seconds": statistics.median(max(0.0, gap) for gap in gaps) if gaps else None,
        "overlap_share": _ratio(sum(gap < 0 for gap in gaps), len(gaps)),
        "speech_rate_wpm": _speech_rate(rep),
        "filler_rate": _ratio(100 * sum(spoken.n_fillers(turn.text) for turn in rep), n_rep),
        "price_mentions": float(prices.count) if turns else None,
        "first_price_mention_share": prices.first_share,
        "first_price_mention_minutes": _minutes_before(turns, prices.first_turn),
        "competitor_mentions": float(competitors.count) if turns else None,
        "first_competitor_mention_share": competitors.first_share,
        "objections": float(sum(spoken.is_objection(turn.text) for turn in customer)) if customer else None,
        "next_step": float(step is not None),
        "next_step_by_rep": None if step is None else float("rep" in step.taken_on_by),
        "next_step_by_customer": None if step is None else float("customer" in step.taken_on_by),
        "next_step_agreed": None if step is None else float(step.is_agreed),
        "customer_commitment": float(_has_commitment(turns)) if customer else None,
    }
    return {metric.name: values[metric.name] for metric in METRICS}


def find_next_step(transcript: Transcript) -> NextStep | None:
    """The last dated action near the end of a call: where, when, who takes it on, whether the customer agrees."""
    turns = transcript.turns
    first = len(turns) - len(_closing(turns))
    for last in range(len(turns) - 1, first - 1, -1):
        if spoken.is_dated_action([turns[last].text]):
            return _next_step(turns, last, last)
        pair = [turn.text for turn in turns[last - 1 : last + 1]]
        if last > first and not spoken.is_dated_action(pair[:1]) and spoken.is_dated_action(pair):
            return _next_step(turns, last - 1, last)
    return None


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


def _next_step(turns: Sequence[Turn], start: int, last: int) -> NextStep:
    """The step that is said in the turns ``start`` to ``last`` (from 0); the turn after may take it on or agree."""
    around = turns[start : last + 2]
    said = turns[start : last + 1]
    when = [found for turn in said for found in spoken.days_and_times(turn.text)]
    sides: tuple[Role, Role] = ("rep", "customer")
    return NextStep(
        turn_start=start + 1,
        turn_end=last + 1,
        quote=said[0].text,
        when=", ".join(dict.fromkeys(when)),
        taken_on_by=tuple(
            side for side in sides if any(turn.role == side and spoken.promises_action(turn.text) for turn in around)
        ),
        is_agreed=any(turn.role == "customer" and spoken.is_dated_action([turn.text]) for turn in said)
        or any(turn.role == "customer" and spoken.agrees(turn.text) for turn in around),
    )


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


def _closing(turns: Sequence[Turn]) -> Sequence[Turn]:
    return turns[-max(MIN_CLOSING_TURNS, math.ceil(CLOSING_SHARE * len(turns))) :]


def _has_commitment(turns: Sequence[Turn]) -> bool:
    return any(turn.role == "customer" and spoken.commits(turn.text) for turn in _closing(turns))


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
