"""Words an answer from tool results, without a language model: the same results, the same words."""

import re
from collections.abc import Sequence

from agent.sanitise import unsafe_from
from salescoach.readings import plain
from salescoach.types import MetricReading
from tools.find_similar_calls import ShownPrecedent, SimilarResult
from tools.look_up_library import LibraryResult
from tools.look_up_metrics import MetricsResult
from tools.parts import turn_marker
from tools.score_call import ScoreResult, ShownTurn
from tools.what_won_calls_did import RepliesResult

ToolResult = ScoreResult | SimilarResult | MetricsResult | LibraryResult

MAX_QUOTED_WORDS = 28
MAX_ADVICE = 3
HEADLINE_METRICS = ("talk_ratio_words", "rep_questions", "longest_monologue_words", "next_step")

ASK_FOR_A_CALL = (
    "Paste a sales call here, or upload it: one line per turn, such as `Rep: Hello.` and `Customer: Hi.` "
    "I'll tell you how likely it converts, which turns moved that, and what similar won calls did."
)
ASK_BACK = (
    "I'm not sure what you would like to know. I can score this call and say why, "
    "show similar won or lost deals or what won calls said at a moment like one of its own, or look up its metrics, "
    "such as talk ratio and questions. I can also look up win rates of the team's calls."
)


def word(results: Sequence[ToolResult]) -> str:
    """An answer in Markdown that rests on the results alone."""
    score = next((result for result in results if isinstance(result, ScoreResult)), None)
    similar = [result for result in results if isinstance(result, SimilarResult)]
    metrics = next((result for result in results if isinstance(result, MetricsResult)), None)
    parts = []
    if score is not None:
        parts.append(_score(score))
    parts += [_replies(result) if isinstance(result, RepliesResult) else _similar(result) for result in similar]
    parts += [result.reading for result in results if isinstance(result, LibraryResult)]
    if metrics is not None:
        parts.append(_metrics(metrics, brief=score is not None))
    if score is not None:
        parts.append(_advice(score, similar, metrics))
    return "\n\n".join(part for part in parts if part) or ASK_BACK


def _score(result: ScoreResult) -> str:
    if result.probability_percent is None or result.interval_percent is None:
        lines = ["**I can't give a probability for this call.**", *(f"- {reason}" for reason in result.reasons)]
        lines.append("\nWhat doesn't rest on the model is below.")
    else:
        low, high = result.interval_percent
        against = _against(result.probability_percent, result.base_rate_percent)
        lines = [
            f"**{result.probability_percent} % likely to convert** (somewhere from {low} % to {high} %), "
            f"{against} the {result.base_rate_percent} % of the calls that the model learned from.",
        ]
        for direction, title in (("lowered", "What pulled it down"), ("raised", "What held it up")):
            turns = [turn for turn in result.turns_that_moved_it if turn.direction == direction]
            if turns:
                lines += ["", f"**{title}**", *(f"- {_moved(turn)}" for turn in turns)]
    lines += [f"\n*{warning}*" for warning in result.warnings]
    lines.append(f"\n*Scored by {result.model_id}, which learned from {result.model_data}.*")
    return "\n".join(lines)


def _against(percent: int, base: int) -> str:
    if abs(percent - base) <= 3:
        return "about"
    return "above" if percent > base else "below"


def _moved(turn: ShownTurn) -> str:
    return f"{turn.marker} {turn.speaker}: {quote(turn.quote)} ({turn.direction} it by {turn.effect_points} points)"


def _similar(result: SimilarResult) -> str:
    kind = {"converted": "won calls", "lost": "lost calls", "any": "past calls"}[result.outcome]
    if result.unavailable is not None:
        return f"Similar calls are unavailable: {result.unavailable}"
    if not result.results:
        return f"There are no {kind} to compare this call with yet."
    near = ""
    if result.focus and result.focus_quote:
        near = f", at the moment most like {turn_marker(result.focus)} of this call: {quote(result.focus_quote)}"
    lines = [f"**Similar {kind}**{near}", *(f"- {_precedent(found)}" for found in result.results)]
    return "\n".join(lines)


def _replies(result: RepliesResult) -> str:
    if result.unavailable is not None:
        return f"What won calls did is unavailable: {result.unavailable}"
    if not result.results:
        return "There are no past calls with such a moment yet."
    assert result.focus is not None
    lines = [f"At {turn_marker(result.focus)} of this call: {quote(result.focus_quote or '')}"]
    for outcome, title in (("converted", "What reps replied in won calls"), ("lost", "And in lost ones")):
        found = [one for one in result.results if one.outcome == outcome]
        if found:
            lines += [
                "",
                f"**{title}**",
                *(f"- {one.marker} to {quote(one.quote)}: {quote(one.reply)}" for one in found),
            ]
    return "\n".join([*lines, "", f"*{result.reading}*"])


def _precedent(found: ShownPrecedent) -> str:
    about = ", ".join(plain(found.metadata[name]) for name in ("industry", "call_type") if name in found.metadata)
    outcome = "converted" if found.outcome == "converted" else "lost"
    return f"{found.marker} {outcome}{f' ({about})' if about else ''}: {quote(found.quote)}"


def _metrics(result: MetricsResult, *, brief: bool) -> str:
    shown = [reading for reading in result.metrics if reading.value is not None]
    if brief:
        shown = [reading for reading in shown if reading.name in HEADLINE_METRICS]
    if not shown:
        return ""
    beside = f", beside {result.n_won} won and {result.n_lost} lost calls" if result.n_won or result.n_lost else ""
    return "\n".join([f"**In numbers**{beside}", *(f"- {reading.reading}" for reading in shown)])


def _advice(score: ScoreResult, similar: Sequence[SimilarResult], metrics: MetricsResult | None) -> str:
    """At most three pieces of advice, each tied to something shown above."""
    advice = []
    down = [turn for turn in score.turns_that_moved_it if turn.direction == "lowered"]
    customer = next((turn for turn in down if turn.role == "customer"), None)
    rep = next((turn for turn in down if turn.role == "rep"), None)
    if customer:
        advice.append(
            f"Come back to what the customer said at {customer.marker} before anything else: ask about it and listen."
        )
    if rep:
        advice.append(
            f"Look at your own turn {rep.marker}: without it the score would be higher. What would you say instead?"
        )
    won = next((found for result in similar for found in result.results if found.outcome == "converted"), None)
    if won:
        advice.append(f"Read {won.marker}: a call that converted, at a moment like yours.")
    if metrics and _missing_next_step(metrics.metrics):
        advice.insert(1, "No next step with a day was agreed: propose one, with a day and who does what.")
    if not advice:
        return ""
    return "\n".join(["**Next**", *(f"{number}. {line}" for number, line in enumerate(advice[:MAX_ADVICE], start=1))])


def _missing_next_step(metrics: Sequence[MetricReading]) -> bool:
    return any(reading.name == "next_step" and reading.value == 0 for reading in metrics)


def quote(text: str) -> str:
    """A verbatim quote in quotation marks, cut where it gets long or where a browser could act on it.

    The dots of a cut are outside the marks, so what is inside them always stands in the call as it is.
    """
    safe = text[: unsafe_from(text)]
    words = list(re.finditer(r"\S+", safe))
    kept = safe if len(words) <= MAX_QUOTED_WORDS else safe[: words[MAX_QUOTED_WORDS - 1].end()]
    return f"“{kept}”" if kept == text else f"“{kept.rstrip()}” …"
