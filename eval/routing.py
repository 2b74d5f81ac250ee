"""Judges how the offline coach plans: labelled questions, the right tool, the right arguments, the confusion table.

The questions are invented, as people ask at half past five. They are split by paraphrase: every example of the router
whose underlying request (``group``) is judged here is left out of the router that is judged.
"""

import json
import time
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
from pydantic import Field

from agent.arguments import Known
from agent.intents import IntentRouter, masked, read_examples
from agent.plans import Plan, Planner
from salescoach.model.encoder import Encoder
from salescoach.stats.splits import evenly
from salescoach.types import Frozen
from tools.registry import TOOL_OF

# What the planner knows of the library while it is judged; the names are those of the sample corpus.
VALUES = {"industry": ("b2b_software", "insurance", "real_estate"), "call_type": ("closing", "demo", "discovery")}
KNOWN = Known(values_of=VALUES.__getitem__)
TOOLS = {intent: spec.name for intent, spec in TOOL_OF.items()}
N_RESAMPLES = 2000
N_TIMED = 40  # questions
_TAKES_A_CALL = frozenset(intent for intent, spec in TOOL_OF.items() if spec.takes_a_call)


class Question(Frozen):
    """A labelled question.

    ``intent``: the intent, or which asking back is right. ``args``: those of the first tool call, without a call that
    is "this call". ``before``: earlier questions of the conversation. ``calls``: how many calls it has.
    """

    group: str
    intent: str
    question: str
    args: dict[str, Any] = Field(default_factory=dict)
    before: tuple[str, ...] = ()
    calls: int = 1


class PlannedQuestion(Frozen):
    """A question and what was planned for it."""

    question: Question
    kind: str
    args: dict[str, Any]
    has_right_tool: bool
    has_right_intent: bool
    has_right_args: bool | None


class IntentReport(Frozen):
    """How often the plan was right, each share with its 95 % interval from resampling the groups.

    ``arguments``: among questions with the right tool, where a tool was to be called.
    """

    n: int
    n_groups: int
    n_examples: int
    tool: tuple[float, float, float]
    intent: tuple[float, float, float]
    arguments: tuple[float, float, float]
    ms_per_question: float
    judged: tuple[PlannedQuestion, ...]


def read_questions() -> tuple[Question, ...]:
    """The judged questions, from ``questions.jsonl``."""
    lines = resources.files("eval").joinpath("questions.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Question(**json.loads(line)) for line in lines)


def judge_intents(encoder: Encoder, *, as_shipped: bool = False) -> IntentReport:
    """Plans every judged question.

    Args:
        encoder: what the router embeds with.
        as_shipped: keep the examples that paraphrase a judged request, as the coach does in use.
    """
    questions = read_questions()
    groups = {question.group for question in questions}
    examples = [one for one in read_examples() if as_shipped or one.group not in groups]
    router = IntentRouter(encoder, None if as_shipped else examples)
    router.read("warm up")
    planner = Planner(router, KNOWN)
    encoder.encode([masked(text) for one in questions for text in (one.question, *one.before)])  # together: faster
    start = time.perf_counter()
    plans = [planner.plan(one.question, one.before, _calls_of(one)) for one in questions]
    planned = time.perf_counter()
    timed, uncached = evenly(len(questions), N_TIMED).tolist(), encoder.without_cache()  # in use, a question is new
    for row in timed:
        uncached.encode([masked(questions[row].question)])
    seconds = (planned - start) / len(questions) + (time.perf_counter() - planned) / len(timed)
    judged = [_judge(question, plan) for question, plan in zip(questions, plans, strict=True)]
    called = [one for one in judged if one.has_right_args is not None]
    return IntentReport(
        n=len(judged),
        n_groups=len(groups),
        n_examples=len(examples),
        tool=_share([one.has_right_tool for one in judged], judged),
        intent=_share([one.has_right_intent for one in judged], judged),
        arguments=_share([bool(one.has_right_args) for one in called], called),
        ms_per_question=1000 * seconds,
        judged=tuple(judged),
    )


def report_table(report: IntentReport) -> str:
    """The figures and the confusion table in Markdown: rows are what was asked, columns what was planned."""
    asked = sorted({one.question.intent for one in report.judged})
    kinds = sorted({*asked, *(one.kind for one in report.judged)})
    counts = {(one, other): 0 for one in asked for other in kinds}
    for one in report.judged:
        counts[one.question.intent, one.kind] += 1
    lines = [
        f"{report.n} questions of {report.n_groups} requests; router fitted on {report.n_examples} examples; "
        f"{report.ms_per_question:.1f} ms a question\n",
        "| share of | value | 95 % interval |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {value:.3f} | {low:.3f} to {high:.3f} |"
            for name, (value, low, high) in (
                ("right tool (or rightly none)", report.tool),
                ("right intent", report.intent),
                ("right arguments, where the tool is right", report.arguments),
            )
        ),
        "",
        "| asked | " + " | ".join(kinds) + " |",
        "| --- |" + " --- |" * len(kinds),
        *(f"| {one} | " + " | ".join(str(counts[one, other] or "") for other in kinds) + " |" for one in asked),
    ]
    return "\n".join(lines)


def _calls_of(question: Question) -> list[str]:
    return [f"c-{number}" for number in range(1, question.calls + 1)]


def _judge(question: Question, plan: Plan) -> PlannedQuestion:
    tool = plan.calls[0].name if plan.calls else None
    right_tool = TOOLS.get(question.intent)
    has_right_tool = tool == right_tool and (tool is not None or plan.kind == question.intent)
    # Which part of a brief is shown follows from the intent, and is judged as such.
    args = {name: value for name, value in (plan.calls[0].args if plan.calls else {}).items() if name != "about"}
    expected = dict(question.args)
    if question.intent in _TAKES_A_CALL:
        expected.setdefault("call_id", _calls_of(question)[-1])
    return PlannedQuestion(
        question=question,
        kind=plan.kind,
        args=args,
        has_right_tool=has_right_tool,
        has_right_intent=plan.kind == question.intent,
        has_right_args=args == expected if has_right_tool and tool is not None else None,
    )


def _share(right: Sequence[bool], judged: Sequence[PlannedQuestion]) -> tuple[float, float, float]:
    """The share, and its 95 % interval from resampling groups: paraphrases fail together."""
    names, codes = np.unique([one.question.group for one in judged], return_inverse=True)
    n_right = np.bincount(codes, weights=np.array(right, dtype=np.float64))
    sizes = np.bincount(codes)
    picks = np.random.default_rng(0).integers(len(names), size=(N_RESAMPLES, len(names)))
    low, high = np.quantile(n_right[picks].sum(axis=1) / sizes[picks].sum(axis=1), (0.025, 0.975)).tolist()
    return float(n_right.sum() / sizes.sum()), low, high
