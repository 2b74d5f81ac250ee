"""The deals in the chat: a table, the most urgent first, and beside it the calls of the account that is clicked on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

import chainlit as cl
from chainlit.element import Element

from agent.coach import Coach
from salescoach.deals.board import LEVEL_TREND, AccountDeal, DealBoard, DealRisk
from salescoach.errors import InputError
from salescoach.types import LabelledCall
from serving.chat import view
from serving.chat.answering import from_history
from serving.chat.asking import OTHER, choose
from serving.chat.waiting import in_turn
from serving.usecases.deals import deals_of, reps_of
from tools.deals import NONE_OPEN, READ
from tools.parts import percent
from tools.phrases import count

DEALS: Final = "Deals at risk"
MAX_SHOWN: Final = 20  # deals
MAX_RISKS: Final = 3  # of a deal in the table; beside it stand all
MAX_QUOTED: Final = 110  # characters of a turn in the table
MAX_OPENED: Final = 4  # calls of an account that can be read beside the table, the latest ones
MAX_REPS: Final = 12  # that can be chosen
DO_NOT_CONTACT: Final = "**DO NOT CONTACT**"

LookUp = Callable[[str], LabelledCall]  # a call by its id; InputError where the user can't see it


async def show_deals(coach: Coach, user: str, note: Callable[[str, Iterable[str]], Awaitable[None]]) -> None:
    """Shows the team's open deals, and where look-ups by rep are on, offers those of one rep.

    Args:
        coach: whose library it is.
        user: who is asked, and whose calls may be opened.
        note: keeps which calls a message quotes, so that they can be taken out of it.
    """
    rep = None
    if reps := await asyncio.to_thread(reps_of, coach.parts):
        chosen = await choose(
            "Whose deals do you want to see? They are listed by risk, never compared by rep.",
            {rep: number for number, rep in enumerate(reps[:MAX_REPS])},
            other="All deals",
        )
        if chosen is None:
            return
        rep = None if chosen == OTHER else reps[chosen]
    board = await in_turn(coach, user, deals_of, coach.parts, rep)
    names = account_names(board.deals[:MAX_SHOWN])

    def panels() -> list[Element]:
        """What the accounts open; it reads their calls."""
        shown = zip(board.deals, names, strict=False)
        return [
            from_history(
                cl.Text(name=name, content=account_panel(deal, partial(coach.call, user=user)), display="side")
            )
            for deal, name in shown
        ]

    message = cl.Message(content=deals_table(board, names, rep), elements=await asyncio.to_thread(panels))
    await message.send()
    await note(message.id, quoted(board.deals[:MAX_SHOWN]))


def account_names(deals: Sequence[AccountDeal]) -> list[str]:
    """How each account is called on the page, each name once: the page makes a link of it."""
    names: list[str] = []
    for number, deal in enumerate(deals, start=1):
        name = view.element_name(view.shortened(deal.account_id, 40))
        names.append(view.element_name(f"{name.strip(view.WORD_JOINER)} no {number}") if name in names else name)
    return names


def deals_table(board: DealBoard, names: Sequence[str], rep: str | None = None) -> str:
    """The deals in Markdown, as many as there are names. Whatever comes from a call or a table is escaped."""
    if not board.deals:
        return view.answer_markdown(NONE_OPEN.replace("`", ""))
    of_rep = f" with a call of {view.escape(rep)}" if rep else ""
    lines = [
        f"**{count(len(board.deals), 'open deal')}{of_rep} on {board.on}**, the most urgent first. Click an account to "
        "read its calls.",
        "",
        "| Account | Last call | Score | At risk |",
        "| --- | --- | --- | --- |",
        *(_row(deal, name) for deal, name in zip(board.deals, names, strict=False)),
    ]
    if len(board.deals) > len(names):
        lines += ["", f"{len(board.deals) - len(names)} more are in the list of coach deals --json."]
    return "\n".join([*lines, "", view.answer_markdown(READ)])


def account_panel(deal: AccountDeal, look_up: LookUp) -> str:
    """The calls of an account, the latest first, each with its score and with what is at risk in it."""
    parts = [DO_NOT_CONTACT] if deal.do_not_contact else []
    parts += [f"- {_risk(risk, with_quote=False)}" for risk in deal.risks if risk.turn is None]
    for number, scored in enumerate(reversed(deal.scores)):
        when = f"{scored.at:%Y-%m-%d}" if scored.at is not None else "no date"
        score = "no score" if scored.probability is None else f"{percent(scored.probability)} %"
        parts.append(f"**{when} · {score}** · call {view.escape(scored.call_id)}")
        if number >= MAX_OPENED:
            continue
        try:
            call = look_up(scored.call_id)
        except InputError:
            parts.append("This call can't be opened.")
            continue
        turns = call.transcript.turns
        found = [risk for risk in deal.risks if risk.call_id == scored.call_id and risk.turn is not None]
        for risk in sorted(found, key=lambda one: one.turn or 0):
            if risk.turn is not None and 1 <= risk.turn <= len(turns):
                turn = turns[risk.turn - 1]
                said = " ".join(turn.text.split())
                head = f"**T{risk.turn} · {view.escape(turn.speaker)}**"
                parts.append(f"{view.escape(risk.reading)}\n\n> {head} {view.escape(said)}")
        parts.append(view.transcript_panel(call.transcript))
    return "\n\n".join(parts)


def quoted(deals: Iterable[AccountDeal]) -> set[str]:
    """The ids of the calls that the table and its panels quote."""
    return {scored.call_id for deal in deals for scored in deal.scores}


def _row(deal: AccountDeal, name: str) -> str:
    last = "no date" if deal.last_call_at is None else f"{deal.last_call_at:%Y-%m-%d}"
    risks = [DO_NOT_CONTACT] if deal.do_not_contact else []
    risks += [_risk(risk) for risk in deal.risks[:MAX_RISKS]]
    if (n_more := len(deal.risks) - MAX_RISKS) > 0:
        risks.append(f"{n_more} more")
    cells = [name, f"{last}, {count(deal.calls, 'call')}", _score(deal), " · ".join(risks) or "nothing found"]
    return f"| {' | '.join(cells)} |"


def _score(deal: AccountDeal) -> str:
    if deal.probability is None:
        return "none"
    if deal.trend is None:
        return f"{percent(deal.probability)} %"
    points = round(100 * deal.trend)
    way = "level" if abs(deal.trend) < LEVEL_TREND else f"{'up' if points > 0 else 'down'} {abs(points)}"
    return f"{percent(deal.probability)} %, {way}"


def _risk(risk: DealRisk, *, with_quote: bool = True) -> str:
    said = view.escape(risk.reading)
    if risk.quote is not None and risk.turn is not None and with_quote:
        said += f" “{view.escape(' '.join(view.shortened(risk.quote, MAX_QUOTED).split()))}” (T{risk.turn})"
    elif risk.since is not None and risk.turn is None:
        said += f" (since {risk.since})"
    return said.replace("\n", " ")
