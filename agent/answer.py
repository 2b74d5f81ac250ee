"""The answer to a call: how likely, why, what others did at its weakest moment, what stands out, and what next.

Each piece of advice rests on a turn or a number shown above it; its wording, where there is one, is what a rep said in
a won call, masked.
"""

from collections.abc import Sequence

from salescoach.types import MetricReading
from tools.document import AnswerDocument, AnswerLine, Block, document, line, listed
from tools.look_up_metrics import MetricsResult, listed_objections
from tools.phrases import cite, cite_past, quote, say
from tools.score_call import ScoreResult, unknown, word_next_steps, word_score
from tools.spec import Detail
from tools.what_won_calls_did import RepliesResult, ShownReply

MAX_STANDING_OUT = 3
MIN_REPLY_POINTS = 2  # of a past reply's effect on its own call: with less it is no answer to anything
MIN_SUGGESTED_WORDS = 6
FENCE = 1.5  # times the distance of the quartiles beyond them: Tukey's inner fence (Exploratory data analysis, 1977)
# What a rep can do something about, and what a manager looks at first.
COACHED = (
    "next_step",
    "talk_ratio_words",
    "rep_questions",
    "rep_open_questions",
    "longest_monologue_words",
    "patience_seconds",
    "speech_rate_wpm",
    "price_mentions",
)


def word_next(
    score: ScoreResult, replies: RepliesResult | None, metrics: MetricsResult | None, detail: Detail = "full"
) -> AnswerDocument:
    """What next, and nothing beside it but what the coach can't know; short: what next alone."""
    advice = word_next_steps(score, _said_in_won_calls(replies))
    if advice is None:
        return document("Moves can't be read here, so there is nothing that I could rest advice on.")
    return document(advice) if detail == "short" else document(advice, unknown(score))


def word_call(
    score: ScoreResult, replies: RepliesResult | None, metrics: MetricsResult | None, detail: Detail = "full"
) -> AnswerDocument:
    """The answer to a call; without ``replies`` and ``metrics`` it is the score and its reasons alone.

    Short: how likely, the strongest reason each way, and what next.
    """
    said = _said_in_won_calls(replies)
    replies, outliers = _worth_a_word(score, replies, metrics)
    beside = [
        _weakest_moment(replies),
        listed_objections(metrics) if metrics is not None and score.probability_percent is None else None,
        _numbers(metrics, outliers) if metrics is not None else None,
    ]
    return word_score(score, detail, beside, said)


def _worth_a_word(
    score: ScoreResult, replies: RepliesResult | None, metrics: MetricsResult | None
) -> tuple[RepliesResult | None, list[MetricReading]]:
    """The replies, if they are to a moment to come back to, and the metrics that stand out."""
    raised = {turn.turn for turn in score.turns_that_moved_it if turn.direction == "raised"}
    if replies is not None and replies.focus in raised:
        replies = None
    outliers = _standing_out(metrics) if metrics is not None else []
    if metrics is not None and score.probability_percent is None and metrics.whose == "sample":
        outliers = [one for one in outliers if one.name == "next_step"]  # unlike example calls is no news
    if score.advice is not None and score.advice.ending != "open":  # then a missing next step is as it should be
        outliers = [one for one in outliers if one.name != "next_step"]
    return replies, outliers


def _weakest_moment(replies: RepliesResult | None) -> Block | None:
    if replies is None or replies.focus is None:
        return None
    if replies.unavailable is not None:
        return line(f"What others said at such a moment is unavailable: {replies.unavailable}")
    focus = cite(replies.call_id, replies.focus, replies.focus_quote or "")
    title = line("**What others said at a moment like ", focus, "** (", quote(focus.quote), ")")
    best, worst = _best_reply(replies), _worst_reply(replies)
    return None if best is None else listed(title, [_reply(one) for one in (best, worst) if one is not None])


def _reply(one: ShownReply) -> AnswerLine:
    ended = "Won" if one.outcome == "converted" else "Lost"
    effect = f" ({one.direction} the score there by {say(one.effect_points)} points)"
    said = line(": to ", quote(one.quote), " the rep replied ", quote(one.reply))
    return line(f"{ended} ", cite_past(one), said, effect)


def _best_reply(replies: RepliesResult) -> ShownReply | None:
    """The won call's reply that raised its score most, if it fits this call, did raise it and says something."""
    fitting = [one for one in replies.results if one.fits]
    won = [one for one in fitting if one.outcome == "converted" and 100 * one.effect >= MIN_REPLY_POINTS]
    return next((one for one in won if len(one.suggestion.split()) >= MIN_SUGGESTED_WORDS), None)


def _worst_reply(replies: RepliesResult) -> ShownReply | None:
    lost = [
        one for one in replies.results if one.fits and one.outcome == "lost" and -100 * one.effect >= MIN_REPLY_POINTS
    ]
    return next(iter(lost), None)


def _standing_out(metrics: MetricsResult) -> list[MetricReading]:
    """Metrics far from where half of the won calls lie, and a missing next step, the most coachable first."""
    known = {reading.name: reading for reading in metrics.metrics}
    found = []
    for name in COACHED:
        reading = known.get(name)
        if reading is None or reading.value is None:
            continue
        is_missing = name == "next_step" and reading.value == 0
        if is_missing or (name != "next_step" and _is_out(reading.value, reading.won_quartiles)):
            found.append(reading)
    return found[:MAX_STANDING_OUT]


def _is_out(value: float, quartiles: tuple[float, float, float] | None) -> bool:
    if quartiles is None or quartiles[2] == quartiles[0]:
        return False
    reach = FENCE * (quartiles[2] - quartiles[0])
    return not quartiles[0] - reach <= value <= quartiles[2] + reach


def _numbers(metrics: MetricsResult, outliers: Sequence[MetricReading]) -> Block | None:
    if outliers:
        return listed("**What stands out in numbers**", (one.reading for one in outliers))
    return None


def _said_in_won_calls(replies: RepliesResult | None) -> dict[int, AnswerLine]:
    """What a rep said in a won call at the moment that was looked up, by its turn; empty where nothing there fits."""
    won = _best_reply(replies) if replies is not None else None
    if won is None or replies is None or replies.focus is None:
        return {}
    said = line("In a won call the rep said to such a concern: ", quote(won.suggestion), " ", cite_past(won), ".")
    return {replies.focus: said}
