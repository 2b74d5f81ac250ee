"""What is asked about one call: its score, moves, metrics and scorecard, and calls like it."""

from typing import Any, Literal

from pydantic import Field

from salescoach.brief.results import Brief
from salescoach.moves.reader import MoveReader
from salescoach.moves.results import CallMoves
from salescoach.scorecards.playbook import MAX_BYTES as MAX_PLAYBOOK
from salescoach.scorecards.playbook import own_playbook, read_playbook
from salescoach.scorecards.results import Scorecard
from salescoach.types import DEFAULT_DIVERSITY, MethodName, OutcomeChoice, Score, Transcript
from serving.api.answers import answer
from serving.api.bodies import GivenCall, transcript_of
from serving.api.keys import Reading
from serving.api.problems import ProblemError
from serving.api.routes import routes
from serving.api.state import ApiState, State
from serving.usecases.brief import write_brief
from serving.usecases.lost_library import check_library
from serving.usecases.metrics import CallMetrics, measure_call
from serving.usecases.score import score_call
from serving.usecases.score_log import log_to
from serving.usecases.similar import SimilarCalls, find_similar

router = routes("about a call")


class ToScore(GivenCall):
    """A call, and how it is scored."""

    method: MethodName | None = Field(
        None, description="score by likeness to past calls; without it, by the arm that did best in training"
    )
    force: bool = Field(False, description="give the model's number even where the coach abstains")


class ToReadMoves(GivenCall):
    """A call, and who reads it."""

    llm: bool = Field(False, description="let the language model of COACH_LLM read; code checks what it says")


class ToBrief(GivenCall):
    """A call, and what is written of it."""

    email: bool = Field(False, description="draft a follow-up mail too")
    llm: bool = Field(False, description="let the language model of COACH_LLM word it; code checks what it says")


class ToMeasure(GivenCall):
    """A call, and what it is set beside."""

    industry: str | None = Field(None, max_length=200, description="set it beside calls of this industry")
    call_type: str | None = Field(None, max_length=200, description="set it beside calls of this type, such as demo")


class ToJudge(GivenCall):
    """A call, and the playbook that it is judged by."""

    playbook: Literal["meddicc", "bant", "spin"] = Field("meddicc", description="a bundled playbook")
    own_playbook: str | None = Field(
        None, max_length=MAX_PLAYBOOK, description="the YAML of a playbook of your own, in place of a bundled one"
    )


class ToCompare(GivenCall):
    """A call, and which past calls are looked for."""

    outcome: OutcomeChoice = Field("any", description="only calls with this outcome")
    k: int = Field(5, ge=1, le=20, description="how many calls")
    diversity: float = Field(
        DEFAULT_DIVERSITY, ge=0, le=1, alias="lambda", description="1 likeness only, 0 variety only"
    )


@router.post("/score", response_model=Score, summary="Score a call")
async def score(body: ToScore, state: State, _: Reading) -> Any:
    """A calibrated probability with its interval, and the turns that moved it; or an abstention with its reasons."""
    call = await transcript_of(state, body)

    def work() -> Score:
        scorer = state.parts.scorer.with_method(body.method)
        return score_call(scorer, call, log_to(state.settings.library_file, "api"), force=body.force)

    return answer(await state.run(work))


@router.post("/moves", response_model=CallMoves, summary="Read what each turn does")
async def moves(body: ToReadMoves, state: State, _: Reading) -> Any:
    """What each turn does, the objections and how each was handled, and the next step."""
    call = await transcript_of(state, body)
    return answer(await state.run(_read_moves, state, call, body.llm))


@router.post("/brief", response_model=Brief, summary="Write the brief of a call")
async def brief(body: ToBrief, state: State, _: Reading) -> Any:
    """The call in half a page, every line quoted; and a draft of the follow-up mail where it is asked for."""
    call = await transcript_of(state, body)

    def work() -> Brief:
        return write_brief(
            state.settings, call, with_mail=body.email, by_language_model=body.llm, reader=state.move_reader
        )

    return answer(await state.run(work))


@router.post("/metrics", response_model=CallMetrics, summary="Measure a call")
async def metrics(body: ToMeasure, state: State, _: Reading) -> Any:
    """The call's metrics beside the quartiles of the library's won and lost calls."""
    call = await transcript_of(state, body)

    def work() -> CallMetrics:
        return measure_call(
            state.settings, call, industry=body.industry, call_type=body.call_type, reader=state.parts.scorer.reader
        )

    return answer(await state.run(work))


@router.post("/scorecard", response_model=Scorecard, summary="Judge a call by a playbook")
async def scorecard(body: ToJudge, state: State, _: Reading) -> Any:
    """Each criterion of a sales playbook: met, partly, not, or not applicable, with its quote."""
    if body.own_playbook is None:
        playbook = read_playbook(body.playbook)
    else:
        playbook = own_playbook(body.own_playbook.encode(), "own_playbook")
    call = await transcript_of(state, body)
    desk = state.parts.scorecards
    if desk is None:
        raise ProblemError("unavailable", "There are no scorecards here.")
    return answer(await state.run(desk.score, call, playbook))


@router.post("/similar", response_model=SimilarCalls, summary="Find past calls like a call")
async def similar(body: ToCompare, state: State, _: Reading) -> Any:
    """The most similar past calls, diverse, each with the moment nearest to this call's strongest evidence."""
    call = await transcript_of(state, body)

    def work() -> SimilarCalls:
        check_library(state.settings, must_exist=True)
        return find_similar(state.parts, call, body.outcome, body.k, body.diversity)

    return answer(await state.run(work))


def _read_moves(state: ApiState, call: Transcript, by_language_model: bool) -> CallMoves:
    if by_language_model:
        from agent.read_moves import moves_reader

        reader: MoveReader = moves_reader(state.settings)
    else:
        reader = state.move_reader
    return reader.read(call)
