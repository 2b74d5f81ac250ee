"""Puts a brief together from the parts that each know one thing."""

from collections.abc import Mapping, Sequence
from typing import Final

from salescoach.brief.competitors import competitors_of
from salescoach.brief.concerns import concerns_of, open_points_of, what_happened
from salescoach.brief.mail import draft
from salescoach.brief.needs import needs_of
from salescoach.brief.people import people_of, speaker_names
from salescoach.brief.price import price_of
from salescoach.brief.reading import ReadCall
from salescoach.brief.refusal import SAID_NO, refusal_of
from salescoach.brief.results import Brief, Concern, Item, Statement, Step
from salescoach.brief.steps import day_of, steps_of
from salescoach.moves.results import CallMoves
from salescoach.types import Transcript

NO_SIDES: Final = (
    "Nobody is known to be on your side, so little of the call can be told apart; say who is with --rep NAME."
)


def brief_of(call: Transcript, moves: CallMoves, *, with_email: bool = False) -> Brief:
    """The brief of a call.

    Args:
        call: the call.
        moves: what was read of it.
        with_email: whether a follow-up mail is drafted; none is after the customer said no.
    """
    read = ReadCall.of(call, moves)
    names = speaker_names(read)
    people = people_of(read)
    needs = needs_of(read)
    concerns = concerns_of(read)
    steps = steps_of(read, names)
    refusal = refusal_of(read)
    open_points = open_points_of(read, names)
    warnings = list(call.warnings)
    if not call.warnings and not any(turn.role == "rep" for turn in call.turns):
        warnings.append(NO_SIDES)
    email = None
    if with_email and refusal is not None:
        warnings.append(f"The customer {refusal.text} (T{refusal.turn}), so no follow-up mail is drafted.")
    elif with_email:
        email = draft(read, names, needs, steps, open_points)
    return Brief(
        summary=tuple(_summary(read, names, needs, concerns, steps, refusal)),
        needs=tuple(needs),
        people=tuple(people),
        objections=tuple(concerns),
        price=tuple(price_of(read)),
        competitors=tuple(competitors_of(read, {word.lower() for one in people for word in one.name.split()})),
        next_steps=tuple(steps),
        open_points=tuple(open_points),
        email=email,
        warnings=tuple(warnings),
    )


def _summary(
    read: ReadCall,
    names: Mapping[str, str],
    needs: Sequence[Item],
    concerns: Sequence[Concern],
    steps: Sequence[Step],
    refusal: Item | None,
) -> list[Statement]:
    """At most three sentences: the need, what stands in the way, how it ended."""
    found = []
    for first in needs[:1]:
        speaker = _speaker(read, names, first.turn)
        found.append(Statement(text=f"{speaker}: “{first.quote}” (T{first.turn}).", turns=(first.turn,)))
    for concern in concerns[:1]:
        at = (concern.turn,) if concern.handled_at is None else (concern.turn, concern.handled_at)
        cited = "; ".join(filter(None, (f"T{concern.turn}", what_happened(concern))))
        text = f"In the way: “{concern.quote}” ({cited})."
        found.append(Statement(text=text, turns=at))
    if refusal and refusal.text == SAID_NO:
        text = f"{_speaker(read, names, refusal.turn)} said no: “{refusal.quote}” (T{refusal.turn})."
        found.append(Statement(text=text, turns=(refusal.turn,)))
    elif steps:
        last = main_step(steps)
        text = f"Next, {last.text}: {last.name}, “{last.quote}” (T{last.turn}{day_of(last)})."
        found.append(Statement(text=text, turns=tuple(dict.fromkeys(filter(None, (last.turn, last.when_turn))))))
    return found


def main_step(steps: Sequence[Step]) -> Step:
    """The likeliest step that somebody committed to, rather with a day than without; else the likeliest."""
    return max(steps, key=lambda one: (one.committed, one.when is not None))


def _speaker(read: ReadCall, names: Mapping[str, str], turn: int) -> str:
    name = names[read.call.turns[turn - 1].speaker]
    return name[:1].upper() + name[1:]
