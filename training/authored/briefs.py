"""What a writer is told of a deal: everything that shows in the conversation, nothing of its outcome."""

import tomllib
from importlib import resources
from typing import Final

from salescoach.types import Frozen
from training.authored.deals import Deal, draw_deals

SEED: Final = 3011  # of all draws after the pilot's, which was drawn before the draw was mended

_HANDLED: Final = {
    "well": "the rep takes it up, understands it and answers so that the customer can move on",
    "partly": "the rep answers, but only half of it, or too soon; some of it stays",
    "badly": "the rep brushes it aside, argues, presses, or answers something else",
    "not": "the rep lets it lie, changes the subject or doesn't notice it",
}


class Writer(Frozen):
    """A writer: the voice they write in, and what is sold in their calls."""

    id: str
    voice: str
    markets: tuple[str, ...]


def read_writers() -> tuple[Writer, ...]:
    """All writers: w01 to w12 wrote the pilot."""
    text = resources.files("training.authored").joinpath("writers.toml").read_text(encoding="utf-8")
    return tuple(Writer(**row) for row in tomllib.loads(text)["writer"])


def deals_of(writer: Writer, seed: int = SEED) -> list[Deal]:
    """Draws the deals that a writer's calls are about, one for each market; `facts/` keeps what was drawn."""
    number = int(writer.id.removeprefix("w"))
    return draw_deals(list(writer.markets), seed * 1_000 + number, prefix=f"{writer.id}-")


def brief(deal: Deal) -> str:
    """The facts of a deal as its writer reads them."""
    concerns = "\n".join(
        f"  {number}. {one.kind}: {'said indirectly, sideways or by a story' if one.indirect else 'said plainly'}; "
        f"{_HANDLED[one.handled]}"
        + ("; it comes back later in other words" if one.comes_back else "")
        + ("; it is a cover: the true reason is another one of this list" if one.cover else "")
        + ("; everything hangs on this one, and whoever listens well can tell" if one.decides else "")
        for number, one in enumerate(deal.concerns, start=1)
    )
    return f"""Call {deal.deal_id}
- what is sold, to whom: {deal.market}
- kind of call: {deal.call_kind}
- length: about {deal.n_turns} turns
- on the rep's side: {deal.n_reps}, on the customer's side: {deal.n_customers}
- the rep: {deal.manner}; {deal.echo}; {deal.push}
- the customer: {deal.mood}; {deal.told}; {deal.interest}; {deal.requirements}
- the customer's need: {deal.need}; reason to act now: {deal.reason_now}
- who decides: the one on the phone {deal.authority}
- competition: {deal.rival}
- money: {deal.budget}
- concerns that come up, in whatever order:
{concerns}
- how it ends: {deal.step}
- transcript: {deal.transcript}
"""
