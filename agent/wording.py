"""Words an answer from tool results, without a language model: the same results, the same words."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from agent.answer import word_call, word_next
from tools.look_up_metrics import MetricsResult, listed_objections
from tools.registry import spec_of
from tools.score_call import ScoreResult
from tools.spec import Detail
from tools.what_won_calls_did import RepliesResult

ASK_FOR_A_CALL = (
    "Paste a sales call here, or upload it: one line per turn, such as `Rep: Hello.` and `Customer: Hi.` "
    "I'll tell you how likely it converts, which turns moved that, and what similar won calls did."
)
ASK_BACK = (
    "I'm not sure what you would like to know. I can score this call and say why, "
    "show similar won or lost deals or what won calls said at a moment like one of its own, or look up its metrics, "
    "such as talk ratio and questions. I can also look up win rates of the team's calls."
)


@dataclass(frozen=True)
class Wish:
    """What of the results was asked for: what to do next and no more, one call metric by its name, or all, how long."""

    advice_only: bool = False
    metric: str | None = None
    detail: Detail = "full"


def word(results: Sequence[BaseModel], wish: Wish = Wish()) -> str:
    """An answer in Markdown that rests on the results alone."""
    score = next((result for result in results if isinstance(result, ScoreResult)), None)
    if score is not None:
        replies = next((result for result in results if isinstance(result, RepliesResult)), None)
        metrics = next((result for result in results if isinstance(result, MetricsResult)), None)
        word_score = word_next if wish.advice_only else word_call
        parts = [word_score(score, replies, metrics, wish.detail)]
        parts += [_worded(one, wish.detail) for one in results if one not in (score, replies, metrics)]
    else:
        parts = [_one_metric(one, wish.metric) or _worded(one, wish.detail) for one in results]
    return with_method("\n\n".join(part for part in parts if part) or ASK_BACK, results)


def with_method(answer: str, results: Sequence[BaseModel]) -> str:
    """The answer, and by which method its numbers were made where that isn't the model's own way."""
    said_by = {by for result in results if (by := getattr(result, "scored_by", None)) is not None}
    return "\n\n".join([answer, *(f"*{by}*" for by in sorted(said_by) if by not in answer)])


def _worded(result: BaseModel, detail: Detail) -> str:
    return spec_of(result).words(result, detail)


def _one_metric(result: BaseModel, name: str | None) -> str:
    """The reading of the metric that was asked for; empty where the call doesn't show it."""
    if not isinstance(result, MetricsResult):
        return ""
    found = [one.reading for one in result.metrics if one.name == name and one.value is not None]
    objections = listed_objections("", result.objections) if name == "objections" else ""
    return "\n".join([*found, objections]).strip()
