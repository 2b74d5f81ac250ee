"""The commands about one call: its score, its metrics, its scorecard, calls like it, and questions to the coach."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from salescoach.config import Settings
from salescoach.types import DEFAULT_DIVERSITY, OutcomeChoice
from serving.cli import printing, render
from serving.cli.options import AsJson, File, Force, Method, ModelDir, RepNames, file_or_stdin

Diversity = Annotated[
    float, typer.Option("--lambda", help="1 ranks by similarity only, 0 by variety only", min=0, max=1)
]


def score(
    file: File,
    rep: RepNames = None,
    method: Method = None,
    force: Force = False,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Score one call, or rank the calls of a table."""
    from salescoach.model.scoring import CallScorer
    from salescoach.reading.labelled import is_table, read_calls
    from serving.progress_bar import progress
    from serving.usecases.read import read_call
    from serving.usecases.score import rank_calls, score_call
    from serving.usecases.score_log import log_to
    from serving.usecases.team import our_side, team_in_tables

    settings = Settings.load(model=model)
    log = log_to(settings.library_file, "cli")
    if is_table(file):
        calls = read_calls(file, need_labels=False, team=team_in_tables(settings, rep), tell=printing.note)
        scorer = CallScorer.load(settings, method=method)
        with progress() as report:
            ranking = rank_calls(scorer, calls, log, force=force, progress=report)
        printing.result(ranking, render.ranking(ranking.results), as_json)
        return
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    scorer = CallScorer.load(settings, method=method)
    found = score_call(scorer, transcript, log, force=force, with_exchanges=as_json)  # the page shows none
    printing.result(found, render.score(found), as_json)


def metrics(
    file: File,
    rep: RepNames = None,
    industry: Annotated[str | None, typer.Option(help="compare with calls of this industry")] = None,
    call_type: Annotated[str | None, typer.Option(help="compare with calls of this type, such as demo")] = None,
    published: Annotated[bool, typer.Option("--published", help="also print published benchmarks")] = False,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Show call metrics, compared with won and lost calls in the library."""
    from serving.cli.metrics_table import metrics_page
    from serving.usecases.metrics import measure_call
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side

    settings = Settings.load(model=model)
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    found = measure_call(settings, transcript, industry=industry, call_type=call_type)
    printing.result(found, metrics_page(found, published=published), as_json)


def read(file: File, rep: RepNames = None, as_json: AsJson = False) -> None:
    """Show how a file was parsed: calls, turns, sides, times, and anything uncertain."""
    from serving.cli.reading_table import reading_page
    from serving.usecases.read import read_all
    from serving.usecases.team import our_side

    found = read_all(file_or_stdin(file), our_side(Settings.load(), rep))
    printing.result(found, reading_page(found), as_json)


def moves(
    file: File,
    rep: RepNames = None,
    by_language_model: Annotated[
        bool, typer.Option("--llm", help="use the language model set in COACH_LLM; its output is checked")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what each turn does, objections and how they were answered, and the next step."""
    from salescoach.model.loading import load_reader
    from salescoach.moves.reader import MoveReader
    from serving.cli.moves_table import moves_page
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side

    settings = Settings.load()
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    if by_language_model:
        from agent.read_moves import moves_reader  # langchain takes half a second to import

        reader: MoveReader = moves_reader(settings)
    else:
        reader = load_reader(settings)
    found = reader.read(transcript)
    printing.result(found, moves_page(found, transcript), as_json)


def brief(
    file: File,
    rep: RepNames = None,
    with_mail: Annotated[bool, typer.Option("--email", help="draft a follow-up mail too")] = False,
    by_language_model: Annotated[
        bool, typer.Option("--llm", help="let the language model set in COACH_LLM word it; its output is checked")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a call in half a page, with quotes: needs, who decides, concerns, price, next step; draft a mail."""
    from serving.cli.brief_page import brief_page
    from serving.usecases.brief import write_brief
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side

    settings = Settings.load()
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    found = write_brief(settings, transcript, with_mail=with_mail, by_language_model=by_language_model)
    printing.result(found, brief_page(found), as_json)


def scorecard(
    file: File,
    playbook: Annotated[str, typer.Option(help="meddicc, bant, spin, or your own YAML file")] = "meddicc",
    rep: RepNames = None,
    as_json: AsJson = False,
) -> None:
    """Rate a call against a sales playbook, with a quote for each criterion."""
    from serving.cli.scorecard_table import scorecard_page
    from serving.usecases.read import read_call
    from serving.usecases.scorecard import score_by_playbook
    from serving.usecases.team import our_side

    settings = Settings.load()
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    found = score_by_playbook(settings, transcript, playbook)
    printing.result(found, scorecard_page(found, transcript), as_json)


def similar(
    file: File,
    rep: RepNames = None,
    outcome: Annotated[OutcomeChoice, typer.Option(help="show only calls with this outcome")] = "any",
    k: Annotated[int, typer.Option("-k", help="number of calls", min=1, max=20)] = 5,
    diversity: Diversity = DEFAULT_DIVERSITY,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Find similar past calls."""
    from agent.build import build_parts
    from serving.usecases.lost_library import check_library
    from serving.usecases.read import read_call
    from serving.usecases.similar import find_similar
    from serving.usecases.team import our_side

    settings = Settings.load(model=model)
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    check_library(settings, must_exist=True)
    found = find_similar(build_parts(settings), transcript, outcome, k, diversity)
    printing.result(found, render.precedents(found.results), as_json)


def ask(
    question: str,
    transcript: Annotated[Path | None, typer.Option(help="the call that the question is about")] = None,
    rep: RepNames = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask the coach one question."""
    from serving.usecases.ask import ask_once
    from serving.usecases.lost_library import check_library
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side

    settings = Settings.load(model=model)
    call = read_call(file_or_stdin(transcript), our_side(settings, rep)) if transcript else None
    check_library(settings, must_exist=call is None)
    answer = asyncio.run(ask_once(settings, question, call, "cli"))
    printing.result(answer, answer.answer, as_json)
