"""What is asked about one call."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import Field

from salescoach.types import MethodName, Score
from serving.api.answers import answer
from serving.api.bodies import GivenCall, transcript_of
from serving.api.keys import require
from serving.api.state import ApiState, state_of
from serving.usecases.score import score_call
from serving.usecases.score_log import log_to

State = Annotated[ApiState, Depends(state_of)]
Reading = Annotated[str | None, Depends(require("read"))]


class ToScore(GivenCall):
    """A call, and how it is scored."""

    method: MethodName | None = Field(None, description="score by likeness to past calls")
    force: bool = Field(False, description="give the model's number even where the coach abstains")


def add_calls(app: FastAPI) -> None:
    """Adds what is asked about one call."""

    @app.post("/v1/score", response_model=Score, tags=["calls"], summary="Score a call")
    async def score(body: ToScore, state: State, key: Reading) -> Any:
        call = await transcript_of(state, body)

        def work() -> Score:
            scorer = state.parts.scorer.with_method(body.method)
            return score_call(scorer, call, log_to(state.settings.library_file, "api"), force=body.force)

        return answer(await state.run(work))
