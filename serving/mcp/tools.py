"""The tools that MCP clients are offered: each a use case, with what it is called with and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from salescoach.brief.results import Brief
from salescoach.deals.board import DealBoard
from salescoach.moves.results import CallMoves
from salescoach.types import Score
from serving.mcp import past
from serving.mcp.arguments import (
    AskedBrief,
    AskedDeals,
    AskedFetch,
    AskedMetrics,
    AskedScore,
    AskedSearch,
    AskedSimilar,
    ClientCall,
)
from serving.mcp.desk import McpDesk
from serving.usecases.metrics import CallMetrics
from serving.usecases.similar import SimilarCalls


@dataclass(frozen=True)
class OfferedTool:
    """A tool. ``run`` gives the result as the client may see it; ``is_bare``: its text is its JSON and nothing else."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[McpDesk, Any], BaseModel]
    is_bare: bool = False


def score_call(desk: McpDesk, given: AskedScore) -> Score:
    """The score, noted in the library's log."""
    from serving.usecases.score import score_call as score

    call = desk.call(given)
    return desk.shown(score(desk.scorer, call, desk.log, force=given.force), call)


def read_moves(desk: McpDesk, given: ClientCall) -> CallMoves:
    """What each turn does."""
    call = desk.call(given)
    return desk.shown(desk.reader.read(call), call)


def brief(desk: McpDesk, given: AskedBrief) -> Brief:
    """The call in half a page."""
    from serving.usecases.brief import write_brief

    call = desk.call(given)
    found = write_brief(desk.settings, call, with_mail=given.email, reader=desk.reader)
    return desk.shown(found, call)


def find_similar_calls(desk: McpDesk, given: AskedSimilar) -> SimilarCalls:
    """Past calls like this one."""
    from serving.usecases.similar import find_similar

    call = desk.call(given)
    return desk.shown(find_similar(desk.parts, call, given.outcome, given.k, given.diversity), call)


def look_up_metrics(desk: McpDesk, given: AskedMetrics) -> CallMetrics:
    """The numbers that describe a call."""
    from serving.usecases.metrics import measure_call

    call = desk.call(given)
    found = measure_call(desk.settings, call, industry=given.industry, call_type=given.call_type)
    return desk.shown(found, call)


def deals(desk: McpDesk, asked: AskedDeals) -> DealBoard:
    """Open accounts over all their calls; scores that are made for it are noted in the library's log."""
    from serving.usecases.deals import find_deals

    return desk.shown(find_deals(desk.settings, "mcp", on=asked.on, also_closed=asked.also_closed))


TOOLS: Final = (
    OfferedTool(
        "score_call",
        "Score a sales call",
        "How likely a sales call is to convert: a calibrated probability with its interval, or the reasons why none "
        "can be given, and the turns that moved it, each with its effect. Repeat these numbers as they are.",
        AskedScore,
        Score,
        score_call,
    ),
    OfferedTool(
        "read_moves",
        "What each turn of a call does",
        "What each turn of a sales call does, the customer's objections and how each was handled, and the next step.",
        ClientCall,
        CallMoves,
        read_moves,
    ),
    OfferedTool(
        "brief",
        "The brief of a call",
        "A sales call in half a page, every line quoted: needs, who decides, concerns and answers, price, other "
        "suppliers, next steps, open points; and a draft of the follow-up mail where it is asked for.",
        AskedBrief,
        Brief,
        brief,
    ),
    OfferedTool(
        "find_similar_calls",
        "Past calls like this one",
        "Past sales calls of the team like this one, won or lost, each with the moment that is most like it.",
        AskedSimilar,
        SimilarCalls,
        find_similar_calls,
    ),
    OfferedTool(
        "look_up_metrics",
        "Metrics of a call",
        "Talk ratio, questions, monologues and other metrics of a sales call, beside the team's won and lost calls.",
        AskedMetrics,
        CallMetrics,
        look_up_metrics,
    ),
    OfferedTool(
        "deals",
        "Deals at risk",
        "The team's open deals over all their calls, the most urgent first, each risk quoted or dated.",
        AskedDeals,
        DealBoard,
        deals,
    ),
    OfferedTool(
        "search",
        "Search past calls",
        "Finds past sales calls in which something is said, or the like of it.",
        AskedSearch,
        past.FoundCalls,
        lambda desk, asked: past.search(desk, asked.query),
        is_bare=True,
    ),
    OfferedTool(
        "fetch",
        "Fetch a past call",
        "The whole text of a past sales call, by the id that `search` gave.",
        AskedFetch,
        past.FetchedCall,
        lambda desk, asked: past.fetch(desk, asked.id),
        is_bare=True,
    ),
)
