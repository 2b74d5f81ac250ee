"""A question and its answer, as a conversation keeps them and as they are exported later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.coach import Answer
from salescoach.types import Citation
from tools.look_up_metrics import MetricsResult
from tools.score_call import ScoreResult


@dataclass(frozen=True)
class Exchange:
    """A question and its verified answer. ``score`` and ``metrics``: what the tools found for it, where they ran."""

    question: str
    answer: str
    citations: Sequence[Citation] = ()
    score: ScoreResult | None = None
    metrics: MetricsResult | None = None


def exchange_of(question: str, answer: Answer) -> Exchange:
    """What is exported of an answer as the coach gives it."""
    results = {used.name: used.result for used in answer.tool_calls if isinstance(used.result, dict)}
    score, metrics = results.get("score_call"), results.get("look_up_metrics")
    return Exchange(
        question=question,
        answer=answer.answer,
        citations=answer.citations,
        score=ScoreResult.model_validate(score) if score is not None else None,
        metrics=MetricsResult.model_validate(metrics) if metrics is not None else None,
    )


def kept(exchange: Exchange) -> dict[str, Any]:
    """What stays of an exchange beside its answer, so that it can be exported after the page was closed."""
    citations = [cited.model_dump(mode="json") for cited in exchange.citations]
    return {"question": exchange.question, "answer": exchange.answer, "citations": citations}


def exchanges_of(given: Iterable[Mapping[str, Any]]) -> list[Exchange]:
    """Exchanges as the history kept them."""
    return [
        Exchange(one["question"], one["answer"], [Citation.model_validate(cited) for cited in one["citations"]])
        for one in given
    ]
