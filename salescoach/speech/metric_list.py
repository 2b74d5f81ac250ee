"""What each call metric is: its name, unit and exact definition; ``docs/call-metrics.md`` shows them to readers."""

from dataclasses import dataclass
from typing import Final

METRICS_VERSION: Final = 3  # of the definitions below; a change of what is counted is a new version

UNITS: Final = {"share": " %", "seconds": " s", "minutes": " min", "words": " words"}  # as they follow a value


@dataclass(frozen=True)
class MetricDefinition:
    """What a metric is. ``subject`` is worded for a sentence; a higher value is not a better one.

    ``is_read``: it rests on what the move reader found, and is None for a call that wasn't read.
    """

    name: str
    unit: str
    subject: str
    definition: str
    is_read: bool = False


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
        "the number of the customer's turns about a competitor",
        "Turns of the customer that the move reader takes for `competitor`: another offer or supplier is named or "
        "weighed, or doing it themselves.",
        is_read=True,
    ),
    MetricDefinition(
        "first_competitor_mention_share",
        "share",
        "the part of the call before the first mention of a competitor",
        "Words before the first such turn / all words. None without one.",
        is_read=True,
    ),
    MetricDefinition(
        "objections",
        "count",
        "the number of the customer's objections",
        "Turns of the customer in which the move reader finds a concern, said outright or not: price, timing, need, "
        "fit, trust, who decides, a competitor, putting off.",
        is_read=True,
    ),
    MetricDefinition(
        "next_step",
        "yes/no",
        "a next step",
        "1 if the move reader finds something to do next that one side proposes or both agree to, with a day or time "
        "or without. The last one is the step.",
        is_read=True,
    ),
    MetricDefinition(
        "next_step_by_rep",
        "yes/no",
        "a next step that the rep takes on",
        "1 if the rep is to do it, alone or with the customer (a call, a visit). None without a next step.",
        is_read=True,
    ),
    MetricDefinition(
        "next_step_by_customer",
        "yes/no",
        "a next step that the customer takes on",
        "The same for the customer.",
        is_read=True,
    ),
    MetricDefinition(
        "next_step_agreed",
        "yes/no",
        "a next step that the customer agrees to",
        "1 if the customer commits to something at most three turns away from the step and refuses nothing after it. "
        "None without a next step.",
        is_read=True,
    ),
    MetricDefinition(
        "customer_commitment",
        "yes/no",
        "a commitment of the customer near the end of the call",
        "1 if in the last fifth of the turns (at least 4) the move reader takes a turn of the customer for "
        "`commitment`: they agree to something concrete.",
        is_read=True,
    ),
)
READ_METRICS: Final = frozenset(metric.name for metric in METRICS if metric.is_read)
