"""Numbers that describe a call: talk ratio, questions, monologues, pace, price, next step.

Simple counts on the words and times of a transcript, English only; ``docs/call-metrics.md`` has the exact definitions.
A metric that a call can't show (no times, no roles) is None, never 0.
"""

import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from salescoach.types import MetricReading, Role, Transcript, Turn

METRICS_VERSION: Final = 2
MIN_CALLS_FOR_QUARTILES: Final = 8
BACK_CHANNEL_WORDS: Final = 2
MONOLOGUE_GAP_S: Final = 2.0
MIN_CALL_S: Final = 60.0
MIN_SPEECH_S: Final = 10.0
# "Near the end": the last fifth of the turns, and at least so many.
CLOSING_SHARE: Final = 0.2
MIN_CLOSING_TURNS: Final = 4

_RANGE_DASH: Final = "\u2013"


@dataclass(frozen=True)
class MetricDefinition:
    """What a metric is. ``subject`` and ``higher_is`` are worded for a sentence; a higher value is not a better one."""

    name: str
    unit: str
    subject: str
    definition: str
    higher_is: str | None = None


METRICS: Final[tuple[MetricDefinition, ...]] = (
    MetricDefinition(
        "talk_ratio_words",
        "share",
        "the rep's share of the words",
        "Words of the rep / words of rep and customer. Needs words of both.",
        "the rep speaks more",
    ),
    MetricDefinition(
        "talk_ratio_seconds",
        "share",
        "the rep's share of the speaking time",
        "Seconds of the rep's turns / seconds of the rep's and the customer's turns; silence counts for neither,"
        " overlap for both. Needs start and end of each of those turns.",
        "the rep speaks more",
    ),
    MetricDefinition(
        "rep_questions",
        "count",
        "the number of the rep's questions",
        "Sentences of the rep that are questions (see below).",
        "the rep asks more",
    ),
    MetricDefinition(
        "rep_open_questions",
        "count",
        "the number of the rep's open questions",
        "Questions of the rep that begin with what, how, why or an invitation such as “tell me” or “walk me through”; "
        "“how much”, “how many”, “how long”, “what time” and the like are not open.",
        "the rep asks more openly",
    ),
    MetricDefinition(
        "customer_questions",
        "count",
        "the number of the customer's questions",
        "Sentences of the customer that are questions (see below).",
        "the customer asks more",
    ),
    MetricDefinition(
        "longest_monologue_words",
        "words",
        "the rep's longest monologue",
        "Most words of the rep in one run of turns; a customer turn of at most 2 words does not end a run and is not "
        "counted.",
        "the rep speaks longer at a stretch",
    ),
    MetricDefinition(
        "longest_monologue_seconds",
        "seconds",
        "the length of the rep's longest monologue",
        "The same in seconds, first start to last end; a pause of 2 s or more ends a run as well. Needs start and end"
        " of each turn of the rep.",
        "the rep speaks longer at a stretch",
    ),
    MetricDefinition(
        "longest_customer_story_words",
        "words",
        "the customer's longest story",
        "Most words of the customer in one run of turns; a rep turn of at most 2 words does not end a run and is not "
        "counted.",
        "the customer tells more at a stretch",
    ),
    MetricDefinition(
        "interactivity",
        "per minute",
        "the number of changes of speaker per minute",
        "Changes between rep and customer / minutes from the first to the last known time. Needs a time on the first"
        " and the last turn, a minute or more apart.",
        "the speakers change more often",
    ),
    MetricDefinition(
        "switches_per_100_words",
        "per 100 words",
        "the number of changes of speaker per 100 words",
        "100 x changes between rep and customer / words of both.",
        "the speakers change more often",
    ),
    MetricDefinition(
        "patience_seconds",
        "seconds",
        "the rep's pause before answering",
        "Median over all changes from customer to rep of rep start - customer end; an overlap counts as 0. Needs both "
        "times.",
        "the rep waits longer",
    ),
    MetricDefinition(
        "speech_rate_wpm",
        "words per minute",
        "the rep's pace",
        "Words / minutes over the rep's turns that have start and end, 10 s or more of them together.",
        "the rep speaks faster",
    ),
    MetricDefinition(
        "filler_rate",
        "per 100 words",
        "the number of the rep's filler words per 100 words",
        "100 x fillers / words of the rep. Fillers: um, uh, er, erm, ah, hmm; “like”, “you know”, “I mean” between "
        "commas; “sort of” and “kind of”, unless after what, which, this, that, some, any, a or the.",
        "more filler words",
    ),
    MetricDefinition(
        "price_mentions",
        "count",
        "the number of mentions of the price",
        "Amounts of money ($40, 40 dollars) and the words price, pricing, cost, fee, discount, budget, expensive, cheap"
        " and affordable in their forms, by anybody.",
        "the price is spoken of more",
    ),
    MetricDefinition(
        "first_price_mention_share",
        "share",
        "the part of the call before the first mention of the price",
        "Words before the first price mention / all words. None without a mention.",
        "the price comes later",
    ),
    MetricDefinition(
        "next_step",
        "yes/no",
        "a next step with a day or time",
        "1 if in the last fifth of the turns (at least 4) one turn, or two that follow each other, names an action"
        " (call, meet, send, demo, visit, sign …) and a day or time to come; said by either side, agreed to or not.",
        None,
    ),
    MetricDefinition(
        "customer_commitment",
        "yes/no",
        "a commitment of the customer",
        "1 if in the same last turns the customer takes the offer (“let's do it”, “sign me up”, “send me the contract”,"
        " “Tuesday works”) or promises an action of their own (“I'll send you …”), in a sentence without a negation;"
        " “I'll think about it” and “I'll let you know” are none.",
        None,
    ),
)

_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")

# What may stand before a question without changing it.
_LEAD_IN = re.compile(
    r"(?:(?:so|and|but|or|okay|ok|well|now|alright|right|great|sure|yeah|yes|no|then|um+|uh+|hi|hello|hey|sorry|thanks"
    r"|perfect|got it|i see|just curious|out of curiosity|by the way|first|also|actually|just|\w+(?=,))\b[\s,.:;-]*)+",
    re.I,
)
_SUBJECT = r"(?:i|you|we|they|he|she|it|there|that|this|these|those|your|our|their|his|her|my|the|any|anyone|anybody)\b"
_AUX = r"(?:is|are|was|were|do|does|did|can|could|would|will|shall|should|has|have|had|may|might)(?:n['\u2019]?t)?"
_INTERROGATIVE = re.compile(
    # "What do you ...", "how much does the ...", "what's your ..."; not "what matters is the price", "which is why".
    r"(?:what|who|whose|where|when|why|how)(?:\s+(?:else|kind of \w+|(?:much|many)(?: \w+)?|long|often|soon|big))?"
    rf"\s+{_AUX}\s+{_SUBJECT}"
    rf"|which \w+\s+{_AUX}\s+{_SUBJECT}"
    r"|(?:what|who|where|when|how)['\u2019]s\s+(?:your|the|that|this|it|his|her)\b"
    r"|(?:what|how) about\b|how come\b|why not\b"
    # "Do you ...", "can I ..."; not "do it now", "have it ready", "should you need".
    r"|(?:do|did|don['\u2019]t|didn['\u2019]t)\s+(?:you|we|they|i)\b"
    r"|(?:does|doesn['\u2019]t|is|isn['\u2019]t|was|wasn['\u2019]t|has|hasn['\u2019]t)\s+"
    r"(?:it|that|this|there|he|she|your|the|anyone|anybody)\b"
    r"|(?:are|aren['\u2019]t|were|have|haven['\u2019]t)\s+(?:you|we|they|there|your|these|those)\b"
    r"|(?:can|can['\u2019]t|could|couldn['\u2019]t|would|wouldn['\u2019]t|will|won['\u2019]t)\s+"
    r"(?:you|we|they|i|it|that|this|he|she|your|the)\b"
    r"|(?:may|shall)\s+(?:i|we)\b",
    re.I,
)
_INVITATION = re.compile(
    r"(?:please\s+)?(?:tell (?:me|us)|walk (?:me|us) through|talk (?:me|us) through|describe"
    r"|help (?:me|us) understand)\b",
    re.I,
)
_OPEN = re.compile(
    r"(?:what|how|why)\b(?!\s+(?:much|many|long|often|soon|big|old|large|far|time|day|date|year|percentage)\b)", re.I
)
_FILLER = re.compile(
    r"\b(?:u+m+|u+h+|e+r+m*|a+h+|h+m+)\b(?!-)|(?:(?<=,\s)|^)(?:like|you know|i mean)(?=,)"
    r"|(?<!what )(?<!which )(?<!this )(?<!that )(?<!some )(?<!any )(?<!\ba )(?<!the )\b(?:sort|kind) of\b",
    re.I,
)
_PRICE = re.compile(
    r"[$€£]\s?\d[\d.,]*k?\b|\b\d[\d.,]*\s?[€£]|\b\d[\d.,]*k?\s?(?:dollars?|euros?|pounds?|bucks|usd|eur|gbp)\b"
    r"|\b(?:prices?|priced|pricey|pricing|costs?|costing|costly|fees?|discount(?:s|ed)?|budgets?|budgeted|expensive"
    r"|cheap(?:er|est)?|affordable)\b",
    re.I,
)
_ACTION = re.compile(
    r"\b(?:call|talk|speak|meet(?:ing)?|chat|send|e-?mail|follow(?:ing)?[- ]up|demo|schedule|book|calendar|invite"
    r"|catch up"
    r"|review|sign|visit|viewing|show you|check in|get back|reach out|see you|come (?:by|over|in)|stop by|appointment"
    r"|session|walkthrough|trial|start|deliver|install|ring|touch base|reconnect|connect)\b",
    re.I,
)
_NO_ACTION = re.compile(
    r"\b(?:don['\u2019]t|do not|never|no need to|not going to|won['\u2019]t|stop)\s+(?:\w+\s+)?\w+", re.I
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WHEN = re.compile(
    rf"(?<!last )\b{_DAY}s?\b|\btomorrow\b|\btonight\b|\bthis (?:afternoon|evening|week|month)\b"
    r"|\bnext (?:week|month|quarter|year)\b"
    r"|\b(?:end|beginning|start|middle) of (?:the|this|next) (?:week|month|quarter)\b"
    r"|\bin (?:a|an|one|two|three|four|five|six|\d{1,2}|a couple of|a few) (?:minutes?|hours?|days?|weeks?|months?)\b"
    rf"|\b{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"
    r"|\bthe (?:[1-9]|[12]\d|3[01])(?:st|nd|rd|th)\b"
    r"|\b(?:1[0-2]|[1-9])(?::[0-5]\d)? ?[ap]\.?m\b|\b(?:[01]?\d|2[0-3]):[0-5]\d\b|\bat noon\b|\bo['\u2019]clock\b",
    re.I,
)
_COMMITMENT = re.compile(
    r"\blet['\u2019]?s (?:do|try|book|schedule|sign|start|set|get started|go (?:ahead|with|for|forward)"
    r"|move (?:ahead|forward))\b"
    r"|\b(?:i|we)(?:['\u2019]ll| will| am going to|['\u2019]m going to|['\u2019]d like to|['\u2019]re going to) "
    r"(?:definitely |gladly |happily )?"
    r"(?:take (?!a |some |that back|it home)|(?:sign|buy|order|book|go with|go ahead|start|join|pay|donate|give you"
    r"|send|bring|introduce|set up|transfer|do it|do that|be there|block|forward|get you)\b)"
    r"|\bsign (?:me|us) up\b|\bcount (?:me|us) in\b|\b(?:i|we)(?:['\u2019]m| am|['\u2019]re| are) in\b(?=\s*[.!,]|\s*$)"
    r"|\bsend (?:me |us |it |over )?(?:over )?(?:the |a |that |your )?"
    r"(?:contract|agreement|paperwork|invoice|order form|docusign|calendar invite|invite|proposal|it over)\b"
    rf"|\b(?:that|this|it|noon|tomorrow|\d{{1,2}}(?::\d\d)?(?: ?[ap]m)?|next week|{_DAY})"
    r"(?: (?:morning|afternoon|evening))?(?: at [\w:]+(?: ?[ap]m)?)? works\b"
    r"|\b(?:you have|you['\u2019]ve got|it['\u2019]s|we have|we['\u2019]ve got) a deal\b|\bwhere do (?:i|we) sign\b",
    re.I,
)
# "No problem, let's do it" is a yes: a bare "no" negates nothing here.
_NEGATION = re.compile(r"\b(?:not|never|cannot|\w+n['\u2019]t|if|unless|maybe|might)\b", re.I)


def call_metrics(transcript: Transcript) -> dict[str, float | None]:
    """Every metric of ``METRICS`` by name; None where the call can't show it."""
    turns = transcript.turns
    rep = [turn for turn in turns if turn.role == "rep"]
    customer = [turn for turn in turns if turn.role == "customer"]
    known = [turn for turn in turns if turn.role != "unknown"]
    n_rep, n_customer = _n_words(rep), _n_words(customer)
    both = n_rep + n_customer if n_rep and n_customer else 0
    n_switches = sum(before.role != after.role for before, after in pairwise(known))
    questions = [sentence for turn in rep for sentence in _questions(turn.text)]
    minutes = _minutes(turns)
    values: dict[str, float | None] = {
        "talk_ratio_words": _ratio(n_rep, both),
        "talk_ratio_seconds": _talk_ratio_seconds(rep, customer),
        "rep_questions": float(len(questions)) if rep else None,
        "rep_open_questions": float(sum(_is_open(question) for question in questions)) if rep else None,
        "customer_questions": float(sum(len(_questions(turn.text)) for turn in customer)) if customer else None,
        "longest_monologue_words": _longest_run_words(turns, "rep"),
        "longest_monologue_seconds": _longest_run_seconds(turns, "rep"),
        "longest_customer_story_words": _longest_run_words(turns, "customer"),
        "interactivity": _ratio(n_switches, minutes) if both and minutes else None,
        "switches_per_100_words": _ratio(100 * n_switches, both),
        "patience_seconds": _patience(known),
        "speech_rate_wpm": _speech_rate(rep),
        "filler_rate": _ratio(100 * sum(len(_FILLER.findall(turn.text)) for turn in rep), n_rep),
        **_price(turns),
        "next_step": float(_has_next_step(turns)),
        "customer_commitment": float(_has_commitment(turns)) if customer else None,
    }
    return {metric.name: values[metric.name] for metric in METRICS}


def quartiles(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """First quartile, median and third quartile, interpolated linearly; None below 8 known values."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < MIN_CALLS_FOR_QUARTILES:
        return None
    first, median, third = statistics.quantiles(known, n=4, method="inclusive")
    return first, median, third


def metric_readings(
    transcript: Transcript,
    won: Sequence[Mapping[str, float | None]],
    lost: Sequence[Mapping[str, float | None]],
) -> tuple[MetricReading, ...]:
    """Each metric of a call beside the quartiles of the team's calls.

    Args:
        transcript: The call.
        won: ``call_metrics`` of each converted call of the team.
        lost: The same of each lost call.
    """
    values = call_metrics(transcript)
    return tuple(
        _reading(
            metric,
            values[metric.name],
            quartiles([call.get(metric.name) for call in won]),
            quartiles([call.get(metric.name) for call in lost]),
        )
        for metric in METRICS
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _n_words(turns: Sequence[Turn]) -> int:
    return sum(len(_WORD.findall(turn.text)) for turn in turns)


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


def _questions(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(text) if _is_question(sentence)]


def _is_question(sentence: str) -> bool:
    """A sentence with a question mark, or one that asks without it; an echo such as “Really?” is none."""
    bare = sentence.strip().rstrip("\"'”)")
    if bare.endswith("?"):
        return len(_WORD.findall(bare)) > BACK_CHANNEL_WORDS or bool(_OPEN.match(_without_lead_in(bare)))
    core = _without_lead_in(bare)
    return not bare.endswith("!") and bool(_INTERROGATIVE.match(core) or _INVITATION.match(core))


def _is_open(question: str) -> bool:
    core = _without_lead_in(question)
    return bool(_OPEN.match(core) or _INVITATION.match(core))


def _without_lead_in(sentence: str) -> str:
    bare = sentence.strip().lstrip("\"'“(")
    found = _LEAD_IN.match(bare)
    return bare[found.end() :] if found else bare


def _runs(turns: Sequence[Turn], role: Role) -> Iterator[list[Turn]]:
    """Runs of turns of one side; a back-channel of the other side doesn't end a run and is left out of it."""
    other: Role = "customer" if role == "rep" else "rep"
    run: list[Turn] = []
    for turn in turns:
        if turn.role == role:
            run.append(turn)
        elif run and not (turn.role == other and len(_WORD.findall(turn.text)) <= BACK_CHANNEL_WORDS):
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


def _patience(known: Sequence[Turn]) -> float | None:
    gaps = [
        max(0.0, after.start_s - before.end_s)
        for before, after in pairwise(known)
        if before.role == "customer" and after.role == "rep" and before.end_s is not None and after.start_s is not None
    ]
    return statistics.median(gaps) if gaps else None


def _speech_rate(rep: Sequence[Turn]) -> float | None:
    timed = [turn for turn in rep if _span(turn)]
    seconds = _seconds(timed)
    return 60 * _n_words(timed) / seconds if seconds is not None and seconds >= MIN_SPEECH_S else None


def _price(turns: Sequence[Turn]) -> dict[str, float | None]:
    n_mentions, n_before = 0, 0
    first: int | None = None
    for turn in turns:
        for mention in _PRICE.finditer(turn.text):
            n_mentions += 1
            if first is None:
                first = n_before + len(_WORD.findall(turn.text[: mention.start()]))
        n_before += len(_WORD.findall(turn.text))
    return {
        "price_mentions": float(n_mentions) if turns else None,
        "first_price_mention_share": None if first is None else _ratio(first, n_before),
    }


def _closing(turns: Sequence[Turn]) -> Sequence[Turn]:
    return turns[-max(MIN_CLOSING_TURNS, math.ceil(CLOSING_SHARE * len(turns))) :]


def _has_next_step(turns: Sequence[Turn]) -> bool:
    texts = [_NO_ACTION.sub(" ", turn.text) for turn in _closing(turns)]
    pairs = [f"{before} {after}" for before, after in pairwise(texts)] or texts
    return any(_ACTION.search(text) and _WHEN.search(text) for text in pairs)


def _has_commitment(turns: Sequence[Turn]) -> bool:
    return any(
        _COMMITMENT.search(sentence) and not _NEGATION.search(sentence) and not _is_question(sentence)
        for turn in _closing(turns)
        if turn.role == "customer"
        for sentence in _SENTENCE_END.split(turn.text)
    )


def _reading(
    metric: MetricDefinition,
    value: float | None,
    won: tuple[float, float, float] | None,
    lost: tuple[float, float, float] | None,
) -> MetricReading:
    sides = [(name, known) for name, known in (("won", won), ("lost", lost)) if known is not None]
    if value is None:
        sentence = f"{_upper(metric.subject)} is not shown by this call."
    elif metric.unit == "yes/no":
        found = "There is" if value else "There is no"
        subject = metric.subject if value else metric.subject.removeprefix("a ")
        sentence = f"{found} {subject} near the end of the call{_yes_no_comparison(sides)}."
    else:
        sentence = f"{_lead(metric, value)}{_comparison(metric, sides)}."
    return MetricReading(
        name=metric.name, value=value, unit=metric.unit, won_quartiles=won, lost_quartiles=lost, reading=sentence
    )


def _lead(metric: MetricDefinition, value: float) -> str:
    amount = _number(metric, value)
    if metric.name == "talk_ratio_words":
        return f"The rep spoke {amount} % of the words"
    if metric.name == "talk_ratio_seconds":
        return f"The rep spoke for {amount} % of the speaking time"
    return f"{_upper(metric.subject)} was {amount}{_suffix(metric)}"


def _comparison(metric: MetricDefinition, sides: Sequence[tuple[str, tuple[float, float, float]]]) -> str:
    if not sides:
        return "; the library has too few calls of known outcome to compare"
    parts = []
    for name, (first, _, third) in sides:
        low, high = _number(metric, first), _number(metric, third)
        spread = low if low == high else f"{low}{_RANGE_DASH}{high}"
        parts.append(f"in half of the team's {name} calls it was {spread}{_suffix(metric)}")
    return f"; {', '.join(parts)}"


def _yes_no_comparison(sides: Sequence[tuple[str, tuple[float, float, float]]]) -> str:
    parts = [
        f"at least half of the team's {name} calls {'have' if median > 0.5 else 'lack'} one"
        for name, (_, median, _) in sides
        if median != 0.5
    ]
    return f"; {', '.join(parts)}" if parts else ""


def _number(metric: MetricDefinition, value: float) -> str:
    if metric.unit == "share":
        return f"{100 * value:.0f}"
    return f"{value:.1f}".removesuffix(".0")


def _suffix(metric: MetricDefinition) -> str:
    # The subject already says "per minute"; a count needs no unit.
    return {"share": " %", "seconds": " s", "words": " words", "words per minute": " words per minute"}.get(
        metric.unit, ""
    )


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
