"""The tool ``deals``: which of the team's open deals are at risk, and why.

Where a customer has said no, nothing here says to get in touch with them again.
"""

from datetime import UTC, datetime
from typing import Annotated, Final

from salescoach.deals.board import AccountDeal, DealRisk
from salescoach.deals.desk import DealDesk, DealFilter
from salescoach.deals.risks import RiskKind
from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen
from tools.document import AnswerDocument, AnswerLine, Listing, document, line, listed
from tools.parts import Parts, call_marker, percent
from tools.phrases import caveat, cite, count, quote
from tools.spec import Arguments, Detail, ToolSpec

MAX_SHOWN: Final = 5
MAX_RISKS: Final = 4  # of a deal, in the order of their kinds
MAX_SCORED: Final = 10  # calls without a score that are scored while somebody waits for the answer
NONE_OPEN: Final = (
    "There are no open deals in the library. A deal is an account with calls whose outcome isn't known yet; add them "
    "with `coach add FILE --account NAME`."
)
READ: Final = (
    "Risks are read by a model and by dates, and some are wrong; look at the quoted turns. First comes what has the "
    "highest risk and has stood longest."
)


class DealsArguments(Arguments):
    """All open deals; there is nothing to choose."""


class ShownRisk(Frozen):
    """A risk, with the turn that it is quoted from, or without one where it is dated."""

    kind: Annotated[RiskKind, OURS]
    reading: Ours[str]
    marker: str | None
    call_id: str | None
    turn_start: int | None
    turn_end: int | None
    quote: str | None


class ShownDeal(Frozen):
    """A deal; ``reading`` has its calls, and the score of the latest."""

    account: str
    do_not_contact: bool
    risks: tuple[ShownRisk, ...]
    reading: Ours[str]


class DealsResult(Frozen):
    """The deals most at risk. ``n_deals``: all open ones; ``n_at_risk``: those with a risk."""

    n_deals: int
    n_at_risk: int
    deals: tuple[ShownDeal, ...]
    reading: Ours[str]


def deals(parts: Parts) -> DealsResult:
    """The open deals most at risk, on this day."""
    desk = DealDesk(parts.library, parts.scorer.manifest, parts.scorer.score, parts.rep_lookups)
    board, _ = desk.board(DealFilter(today=datetime.now(UTC).date()), at_most=MAX_SCORED)
    at_risk = [deal for deal in board.deals if deal.risks]
    return DealsResult(
        n_deals=len(board.deals),
        n_at_risk=len(at_risk),
        deals=tuple(map(_shown, at_risk[:MAX_SHOWN])),
        reading=_reading(len(board.deals), len(at_risk)),
    )


def _reading(n_deals: int, n_at_risk: int) -> str:
    if not n_deals:
        return NONE_OPEN
    first = f", the first {MAX_SHOWN} here" if n_at_risk > MAX_SHOWN else ""
    return f"Of {count(n_deals, 'open deal')}, {n_at_risk} {'has' if n_at_risk == 1 else 'have'} a risk{first}."


def _shown(deal: AccountDeal) -> ShownDeal:
    return ShownDeal(
        account=deal.account_id,
        do_not_contact=deal.do_not_contact,
        risks=tuple(map(_shown_risk, deal.risks[:MAX_RISKS])),
        reading=", ".join(
            [
                count(deal.calls, "call"),
                *([f"scored at {percent(deal.probability)} %"] if deal.probability is not None else []),
                *(["do not contact"] if deal.do_not_contact else []),
            ]
        ),
    )


def _shown_risk(risk: DealRisk) -> ShownRisk:
    is_quoted = risk.quote is not None and risk.turn is not None and risk.call_id is not None
    return ShownRisk(
        kind=risk.kind,
        reading=risk.reading,
        marker=call_marker(str(risk.call_id), int(risk.turn or 0), int(risk.turn or 0)) if is_quoted else None,
        call_id=risk.call_id if is_quoted else None,
        turn_start=risk.turn if is_quoted else None,
        turn_end=risk.turn if is_quoted else None,
        quote=risk.quote if is_quoted else None,
    )


def _words(result: DealsResult, detail: Detail) -> AnswerDocument:
    shown = [_deal_words(number, deal, detail) for number, deal in enumerate(result.deals, start=1)]
    return document(result.reading, *shown, caveat(READ, detail) if shown else None)


def _deal_words(number: int, deal: ShownDeal, detail: Detail) -> Listing | None:
    risks = deal.risks[:2] if detail == "short" else deal.risks
    return listed(line(f"**{number}.** ", quote(deal.account), f" ({deal.reading})"), map(_risk_words, risks))


def _risk_words(risk: ShownRisk) -> AnswerLine:
    if risk.call_id is None or risk.turn_start is None or risk.quote is None:
        return line(risk.reading)
    place = cite(risk.call_id, risk.turn_start, risk.quote, risk.marker)
    return line(risk.reading, " ", place, " ", quote(risk.quote))


SPEC = ToolSpec(
    function=deals,
    result=DealsResult,
    arguments=DealsArguments,
    description="Which of the team's open deals are at risk and why, each risk quoted from a call or dated.",
    intents={"deals": "Which of my deals are at risk?"},
    words=_words,
    doing="Going through the open deals",
    found=lambda result: f"Found {count(result.n_at_risk, 'deal')} at risk",
    details=lambda result: [f"{quote(deal.account)}: {count(len(deal.risks), 'risk')}" for deal in result.deals],
)
