"""Words an answer from tool results, without a language model: the same results, the same words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from pydantic import BaseModel

from agent.answer import word_advice, word_call
from agent.preferences import Detail
from salescoach.readings import plain
from tools.compare_calls import ComparedCall, CompareResult
from tools.explain_turn import ExplainResult
from tools.find_similar_calls import ShownPrecedent, SimilarResult
from tools.look_up_library import LibraryResult
from tools.look_up_metrics import MetricsResult
from tools.model_quality import QualityResult
from tools.parts import turn_marker
from tools.phrases import MAX_QUOTED_WORDS, listed, quote, said, say, who
from tools.score_call import ScoreResult, moved
from tools.score_trajectory import ShownChange, TrajectoryResult
from tools.what_if import ShownEdit, WhatIfResult
from tools.what_won_calls_did import RepliesResult, ShownReply
from tools.won_and_lost import WonAndLostResult

ToolResult = (
    ScoreResult
    | ExplainResult
    | TrajectoryResult
    | WhatIfResult
    | CompareResult
    | SimilarResult
    | MetricsResult
    | LibraryResult
    | WonAndLostResult
    | QualityResult
)

ASK_FOR_A_CALL = (
    "Paste a sales call here, or upload it: one line per turn, such as `Rep: Hello.` and `Customer: Hi.` "
    "I'll tell you how likely it converts, which turns moved that, and what similar won calls did."
)
ASK_BACK = (
    "I'm not sure what you would like to know. I can score this call and say why, "
    "show similar won or lost deals or what won calls said at a moment like one of its own, or look up its metrics, "
    "such as talk ratio and questions. I can also look up win rates of the team's calls."
)

N_READINGS: dict[Detail, int] = {"short": 5, "full": 12}  # metrics of a call: all that it shows would be a wall
QUOTED_WORDS: dict[Detail, int] = {"short": 14, "full": MAX_QUOTED_WORDS}  # of past calls
N_CHANGES_SHORT = 2
COMPARED = ("talk_ratio_words", "rep_questions", "longest_monologue_words", "objections", "next_step")


@dataclass(frozen=True)
class Wish:
    """What of the results was asked for: what to do next and no more, one call metric by its name, or all, how long."""

    advice_only: bool = False
    metric: str | None = None
    detail: Detail = "full"


def word(results: Sequence[ToolResult], wish: Wish = Wish()) -> str:
    """An answer in Markdown that rests on the results alone."""
    score = next((result for result in results if isinstance(result, ScoreResult)), None)
    if score is not None:
        replies = next((result for result in results if isinstance(result, RepliesResult)), None)
        metrics = next((result for result in results if isinstance(result, MetricsResult)), None)
        word_score = word_advice if wish.advice_only else word_call
        parts = [word_score(score, replies, metrics, wish.detail)]
        parts += [_worded(one, wish.detail) for one in results if one not in (score, replies, metrics)]
    else:
        parts = [_one_metric(one, wish.metric) or _worded(one, wish.detail) for one in results]
    return with_method("\n\n".join(part for part in parts if part) or ASK_BACK, results)


def with_method(answer: str, results: Sequence[BaseModel]) -> str:
    """The answer, and by which method its numbers were made where that isn't the model's own way."""
    said_by = {by for result in results if (by := getattr(result, "scored_by", None)) is not None}
    return "\n\n".join([answer, *(f"*{by}*" for by in sorted(said_by) if by not in answer)])


@singledispatch
def _worded(result: ToolResult, detail: Detail) -> str:
    """One result in words; a short one leaves out what is said beside the point."""
    raise TypeError(f"no words for {type(result).__name__}")


@_worded.register
def _score(result: ScoreResult, detail: Detail) -> str:
    return word_call(result, None, None, detail)


@_worded.register
def _library(result: LibraryResult, detail: Detail) -> str:
    return result.reading


@_worded.register
def _won_and_lost(result: WonAndLostResult, detail: Detail) -> str:
    of = next((one for one in result.differences if one.name == result.examples_of), None)
    said = (f"{one.marker} {quote(one.quote)}" for one in result.examples)
    parts = [
        listed(f"**{result.reading}**", (one.reading for one in result.differences)) or f"**{result.reading}**",
        listed(f"**What that sounds like in {of.more_in} calls**", said) if of is not None and detail == "full" else "",
        *(f"*{warning}*" for warning in result.warnings),
        "Where you win and lose is another matter: ask for the win rate by industry or by call type.",
    ]
    return "\n\n".join(part for part in parts if part)


@_worded.register
def _similar(result: SimilarResult, detail: Detail) -> str:
    kind = {"converted": "won calls", "lost": "lost calls", "any": "past calls"}[result.outcome]
    narrowed = [plain(value) for value in (result.industry, result.call_type) if value]
    kind += f" ({', '.join(narrowed)})" if narrowed else ""
    if result.unavailable is not None:
        return f"Similar calls are unavailable: {result.unavailable}"
    if not result.results:
        return f"There are no {kind} to compare this call with yet."
    near = ""
    if result.focus and result.focus_quote and detail == "full":
        near = f", each at its moment most like {turn_marker(result.focus)} of this call: {quote(result.focus_quote)}"
    return listed(f"**Similar {kind}**{near}", (_precedent(found, detail) for found in result.results))


def _precedent(found: ShownPrecedent, detail: Detail) -> str:
    about = ", ".join(plain(found.metadata[name]) for name in ("industry", "call_type") if name in found.metadata)
    outcome = "converted" if found.outcome == "converted" else "lost"
    return f"{found.marker} {outcome}{f' ({about})' if about else ''}: {quote(found.quote, QUOTED_WORDS[detail])}"


@_worded.register
def _replies(result: RepliesResult, detail: Detail) -> str:
    if result.unavailable is not None:
        return f"What won calls did is unavailable: {result.unavailable}"
    if not result.results:
        return "There are no past calls with such a moment yet."
    assert result.focus is not None
    parts = [f"**At {turn_marker(result.focus)} of this call:** {quote(result.focus_quote or '')}"]
    for outcome, title in (("converted", "What reps replied in won calls"), ("lost", "And in lost ones")):
        found = [one for one in result.results if one.outcome == outcome]
        if found:
            parts.append(listed(f"**{title}**", map(_reply, found[:1] if detail == "short" else found)))
    return "\n\n".join([*parts, *_caveat(result.reading, detail)])


def _caveat(reading: str, detail: Detail) -> list[str]:
    return [f"*{reading}*"] if detail == "full" else []


def _reply(reply: ShownReply) -> str:
    effect = (
        "did not move the score there"
        if reply.direction == "did not move"
        else f"{reply.direction} the score there by {say(reply.effect_points)} points"
    )
    return f"{reply.marker} to {quote(reply.quote)}: {quote(reply.reply)} ({effect})"


@_worded.register
def _explained(result: ExplainResult, detail: Detail) -> str:
    turn = f"{result.marker} {who(result)}: {quote(result.quote)}"
    if result.effect_points is None or result.direction is None:
        return listed(f"I can't say what {turn} did to the score, because there is none for this call.", result.reasons)
    if result.direction == "did not move":
        effect = "did not move the score"
    else:
        effect = (
            f"{result.direction} the score by {say(result.effect_points)} points: {result.probability_percent} % with "
            f"it, {result.without_percent} % without it"
        )
    rank = f"By its effect it ranks as number {result.rank}; the call has {result.n_turns} turns."
    around = [listed("**Around it**", map(said, result.context))] if detail == "full" else []
    return "\n\n".join([f"{turn} {effect}. {rank}", *around, *_caveat(result.reading, detail)])


@_worded.register
def _trajectory(result: TrajectoryResult, detail: Detail) -> str:
    if not result.points_of_call:
        return listed("**I can't give a score for this call**, so I can't say when it turned.", result.reasons)
    first, last = result.points_of_call[0], result.points_of_call[-1]
    course = (
        f"After turn {first.turn} the call stood at {first.probability_percent} %, at its end at "
        f"{last.probability_percent} %; it was lowest after turn {result.lowest_turn} and highest after turn "
        f"{result.highest_turn}."
    )
    changes = [
        f"{one.marker} {who(one)}: {quote(one.quote)} ({one.direction} it by {say(one.change_points)} points, from "
        f"{one.before_percent} % to {one.after_percent} %)"
        for one in _largest(result, detail)
    ]
    return "\n\n".join([course, listed("**Where it changed most**", changes), *_caveat(result.reading, detail)])


def _largest(result: TrajectoryResult, detail: Detail) -> Sequence[ShownChange]:
    """The changes to show, in the order of the call."""
    if detail == "full":
        return result.changes
    largest = sorted(result.changes, key=lambda change: -change.change_points)[:N_CHANGES_SHORT]
    return [change for change in result.changes if change in largest]


@_worded.register
def _what_if(result: WhatIfResult, detail: Detail) -> str:
    if result.unavailable is not None:
        return f"I can't say what that would change. {result.unavailable}"
    edits = "; ".join(map(_edit, result.edits))
    if result.direction == "did not move":
        change = f"the score would stay at {result.after_percent} %"
    else:
        way = "rise" if result.direction == "raised" else "fall"
        change = (
            f"the score would {way} by {say(result.change_points or 0)} points, from {result.before_percent} % to "
            f"{result.after_percent} %"
        )
    return "\n\n".join([f"**{edits}: {change}.**", *_caveat(result.reading, detail)])


def _edit(edit: ShownEdit) -> str:
    who = {"rep": "the rep", "customer": "the customer", "unknown": "somebody"}[edit.role]
    where = edit.marker or "the start"
    if edit.action == "delete":
        return f"Without {where}"
    preposition = "after" if edit.action == "insert" else "at"
    return f"If {who} had said {quote(edit.text or '')} {preposition} {where}"


@_worded.register
def _compared(result: CompareResult, detail: Detail) -> str:
    parts = [f"**{result.reading}**", *(_one_of_two(call) for call in result.calls)]
    if detail == "short":
        return "\n\n".join(parts)
    shown = [one.reading for one in result.metrics if one.name in COMPARED]
    return "\n\n".join([*parts, listed("**In numbers**", shown)])


def _one_of_two(call: ComparedCall) -> str:
    if call.probability_percent is None:
        return listed(f"Call {call.call_id} has no score:", call.reasons)
    title = f"Call {call.call_id}: {call.probability_percent} %"
    if call.interval_percent is not None:
        title += f" ({call.interval_percent[0]} % to {call.interval_percent[1]} %)"
    return listed(title, map(moved, call.turns_that_moved_it)) or title


def _one_metric(result: ToolResult, name: str | None) -> str:
    """The reading of the metric that was asked for; empty where the call doesn't show it."""
    if not isinstance(result, MetricsResult):
        return ""
    found = [one.reading for one in result.metrics if one.name == name and one.value is not None]
    objections = listed("", map(said, result.objections)) if name == "objections" else ""
    return "\n".join([*found, objections]).strip()


@_worded.register
def _metrics(result: MetricsResult, detail: Detail) -> str:
    shown = [reading.reading for reading in result.metrics if reading.value is not None]
    if not shown:
        return "This call shows none of the metrics: they need words of the rep and of the customer."
    beside = f", beside {result.n_won} won and {result.n_lost} lost calls" if result.n_won or result.n_lost else ""
    numbers = listed(f"**In numbers**{beside}", shown[: N_READINGS[detail]])
    objections = listed("**Objections, told by their wording**", map(said, result.objections))
    if detail == "short":
        return numbers
    return "\n\n".join(part for part in (numbers, objections) if part)


@_worded.register
def _quality(result: QualityResult, detail: Detail) -> str:
    parts = [
        f"**{result.worth_it}**",
        listed("On calls that it hadn't seen:", (one.reading for one in result.measures)),
    ]
    weak = [one.reading for one in result.behaviour if one.passed < one.n]
    if weak and detail == "full":
        parts.append(listed("Where it didn't do what it should when sentences were put into calls:", weak))
    return "\n\n".join([*(part for part in parts if part), result.reading])
