"""The answer of tool results, without a language model: the same results, the same document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from agent.answer import word_call, word_next
from agent.replies import UNSURE
from tools.brief import BriefResult
from tools.document import AnswerDocument, document, joined
from tools.look_up_metrics import MetricsResult, listed_objections
from tools.registry import spec_of
from tools.score_call import ScoreResult
from tools.spec import Detail
from tools.what_won_calls_did import RepliesResult

Result = TypeVar("Result", bound=BaseModel)


@dataclass(frozen=True)
class Wish:
    """What of the results was asked for: what to do next and no more, one call metric by its name, or all, how long."""

    advice_only: bool = False
    metric: str | None = None
    detail: Detail = "full"


def word(results: Sequence[BaseModel], wish: Wish = Wish()) -> AnswerDocument:
    """An answer that rests on the results alone."""
    score = _first(ScoreResult, results)
    if score is None:
        parts = [_one_metric(one, wish.metric) or _worded(one, wish.detail) for one in results]
    else:
        replies, metrics = _first(RepliesResult, results), _first(MetricsResult, results)
        brief = _first(BriefResult, results)
        parts = [] if brief is None else [_worded(brief, wish.detail)]
        parts += [(word_next if wish.advice_only else word_call)(score, replies, metrics, wish.detail)]
        parts += [_worded(one, wish.detail) for one in results if one not in (score, replies, metrics, brief)]
    answer = joined(parts)
    return with_method(answer if answer.blocks else document(UNSURE), results)


def with_method(answer: AnswerDocument, results: Sequence[BaseModel]) -> AnswerDocument:
    """The answer, and by which method its numbers were made where that isn't the model's own way."""
    said_by = {by for result in results if (by := getattr(result, "scored_by", None)) is not None}
    return joined([answer, document(*(f"*{by}*" for by in sorted(said_by)))])


def _first(kind: type[Result], results: Sequence[BaseModel]) -> Result | None:
    return next((result for result in results if isinstance(result, kind)), None)


def _worded(result: BaseModel, detail: Detail) -> AnswerDocument:
    return spec_of(result).words(result, detail)


def _one_metric(result: BaseModel, name: str | None) -> AnswerDocument | None:
    """The reading of the metric that was asked for; None where the call doesn't show it."""
    if not isinstance(result, MetricsResult):
        return None
    found = [one.reading for one in result.metrics if one.name == name and one.value is not None]
    objections = listed_objections(result, "") if name == "objections" else None
    answer = document(*found, objections)
    return answer if answer.blocks else None
