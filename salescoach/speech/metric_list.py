"""What each call metric is: its name, unit and exact definition; ``docs/call-metrics.md`` shows them to readers."""

from dataclasses import dataclass
from typing import Final

METRICS_VERSION: Final = 2  # of the definitions below; a change of what is counted is a new version

UNITS: Final = {"share": " %", "seconds": " s", "minutes": " min", "words": " words"}  # as they follow a value


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
