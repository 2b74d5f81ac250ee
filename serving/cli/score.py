"""The commands about one call: its score, its metrics, calls like it, and questions to the coach."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salescoach.config import Settings
from salescoach.types import DEFAULT_DIVERSITY, OutcomeChoice
from serving.cli import printing, render
from serving.cli.options import AsJson, File, Force, Method, ModelDir, RepName, file_or_stdin

if TYPE_CHECKING:
    from agent.coach import Answer
    from salescoach.library import CallSummary
    from salescoach.types import LabelledCall, Score, Transcript

Diversity = Annotated[float, typer.Option("--lambda", help="1 likeness only, 0 variety only", min=0, max=1)]


def score(
    file: File,
    rep: RepName = None,
    method: Method = None,
    force: Force = False,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Score one call, or rank the calls of a CSV."""
    from salescoach.model.scoring import CallScorer
    from salescoach.reading.labelled import is_table, read_calls
    from serving.cli.progress_bar import progress
    from serving.usecases.read import read_call

    settings = Settings.load(model=model)
    if is_table(file):
        calls = read_calls(file, need_labels=False)
        scorer = CallScorer.load(settings, method=method)
        with progress() as report:
            scores = []
            for done, call in enumerate(calls, start=1):
                scores.append(scorer.score(call.transcript, force=force))
                report("scoring", done, len(calls))
        scores.sort(key=_rank)
        printing.result({"results": [one.model_dump(mode="json") for one in scores]}, render.ranking(scores), as_json)
        return
    transcript = read_call(file_or_stdin(file), rep)
    result = CallScorer.load(settings, method=method).score(transcript, force=force)
    printing.result(result.model_dump(mode="json"), render.score(result), as_json)


def metrics(
    file: File,
    rep: RepName = None,
    industry: Annotated[str | None, typer.Option(help="set it beside calls of this industry")] = None,
    call_type: Annotated[str | None, typer.Option(help="set it beside calls of this type, such as demo")] = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure a call and set it beside the library's won and lost calls, and beside published figures."""
    from salescoach.library import Library
    from salescoach.speech.call_metrics import METRICS_VERSION, find_next_step
    from salescoach.speech.readings import choose_peers, metric_readings
    from serving.usecases.lost_library import check_library
    from serving.usecases.read import read_call

    settings = Settings.load(model=model)
    transcript = read_call(file_or_stdin(file), rep)
    past: list[CallSummary] = []
    known: LabelledCall | None = None
    check_library(settings)
    if settings.library_file.exists():
        with Library(settings.library_file, create=False) as library:
            past, known = library.summaries(), library.find(transcript)
    facts = known.metadata if known else {}
    peers = choose_peers(
        past,
        industry=industry or facts.get("industry"),
        call_type=call_type or facts.get("call_type"),
        without=known.call_id if known else None,
    )
    readings, step = metric_readings(transcript, peers), find_next_step(transcript)
    result = {
        "metrics": [one.model_dump(mode="json") for one in readings],
        "compared_with": {
            **peers.model_dump(exclude={"won", "lost"}),
            "n_won": len(peers.won),
            "n_lost": len(peers.lost),
        },
        "next_step": step.model_dump(mode="json") if step else None,
        "metrics_version": METRICS_VERSION,
    }
    printing.result(result, render.metrics(readings, peers, step), as_json)


def similar(
    file: File,
    rep: RepName = None,
    outcome: Annotated[OutcomeChoice, typer.Option(help="only calls with this outcome")] = "any",
    k: Annotated[int, typer.Option("-k", help="how many calls", min=1, max=20)] = 5,
    diversity: Diversity = DEFAULT_DIVERSITY,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Find past calls like this one."""
    from agent.build import build_parts
    from serving.usecases.lost_library import check_library
    from serving.usecases.read import read_call
    from tools.find_similar_calls import make_query

    settings = Settings.load(model=model)
    transcript = read_call(file_or_stdin(file), rep)
    check_library(settings, must_exist=True)
    parts = build_parts(settings)
    query = make_query(parts, transcript, outcome, k, diversity)
    found = parts.index.similar(query)
    shown: dict[str, Any] = {
        "query": {
            "call_id": transcript.call_id,
            "n_turns": len(transcript),
            "outcome": outcome,
            "k": k,
            "lambda": diversity,
            "focus": query.focus,
        },
        "results": [precedent.model_dump(mode="json") for precedent in found],
    }
    printing.result(shown, render.precedents(found), as_json)


def ask(
    question: str,
    transcript: Annotated[Path | None, typer.Option(help="the call that is asked about")] = None,
    rep: RepName = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask the coach one question."""
    from serving.usecases.lost_library import check_library
    from serving.usecases.read import read_call

    settings = Settings.load(model=model)
    call = read_call(file_or_stdin(transcript), rep) if transcript else None
    check_library(settings, must_exist=call is None)
    answer = asyncio.run(_answer(settings, question, call))
    printing.result(answer.model_dump(mode="json"), answer.answer, as_json)


async def _answer(settings: Settings, question: str, call: "Transcript | None") -> "Answer":
    from agent.build import build_coach, build_parts
    from agent.coach import Answer

    coach = build_coach(settings, build_parts(settings))
    call_id = coach.add_call(call) if call else None
    async for event in coach.ask("command line", question, call_id):
        if isinstance(event, Answer):
            return event
    raise AssertionError("a question ends with an answer")


def _rank(one: "Score") -> tuple[bool, float]:
    """Highest probability first, abstentions last."""
    return one.abstained, -(one.probability or 0.0)
