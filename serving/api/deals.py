"""Deals: accounts over their calls."""

from typing import Annotated, Any, Final

from fastapi import Query

from salescoach.deals.board import DealBoard
from serving.api.answers import answer
from serving.api.bodies import MAX_ID_CHARS, Day
from serving.api.keys import Reading
from serving.api.routes import routes
from serving.api.state import State
from serving.usecases.deals import find_deals

SCORING_S: Final = 600.0  # the first time every call of the library is read and scored

router = routes("deals")


@router.get("/deals", response_model=DealBoard, summary="Deals by risk")
async def deals(
    state: State,
    _: Reading,
    also_closed: Annotated[bool, Query(alias="all", description="deals that were won or lost, too")] = False,
    on: Annotated[Day | None, Query(description="the day to look from; without it, today by UTC")] = None,
    rep: Annotated[
        str | None,
        Query(
            min_length=1, max_length=MAX_ID_CHARS, description="only deals with a call of this rep, where that is on"
        ),
    ] = None,
) -> Any:
    """The most urgent first, each risk quoted or dated. Calls that have no score yet are scored first, and kept."""

    def work() -> DealBoard:
        return find_deals(state.settings, "api", on=on, rep=rep, also_closed=also_closed, scorer=state.parts.scorer)

    return answer(await state.run(work, seconds=SCORING_S))
