"""What a brief is: the JSON of ``coach brief``. Every quote is a run of words of its turn; ``…`` marks what was cut."""

from typing import Annotated, Literal

from salescoach.moves.taxonomy import Handled, ObjectionKind
from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen, Role

Doer = Literal["rep", "customer", "both"]


class Statement(Frozen):
    """A sentence of the summary, and the turns that it rests on."""

    text: str
    turns: tuple[int, ...]


class Item(Frozen):
    """Something that was said. ``text``: what it is, in a few words; ``turn``: from 1."""

    text: str
    quote: str
    turn: int


class Person(Frozen):
    """Somebody on the call or named in it.

    ``decides``: True where that was said, None where nothing was said of it. ``quote``: what was said of somebody who
    isn't on the call, or of who decides.
    """

    name: str
    side: Role
    decides: bool | None
    turns: tuple[int, ...]
    text: str
    quote: str | None
    turn: int


class Concern(Item):
    """A concern of the customer's; ``handled_at``: the rep's turn that took it up, None where none was found."""

    kind: Annotated[ObjectionKind, OURS]
    handled: Annotated[Handled, OURS]
    handled_at: int | None


class Step(Item):
    """A thing to do, by ``name``.

    ``what`` is the quote; ``when``: in the words of the call, said at ``when_turn``; ``committed``: they said they
    would, or said yes to it.
    """

    what: str
    who: Doer
    name: str
    when: str | None
    when_turn: int | None
    committed: bool


class Email(Frozen):
    """A draft of a follow-up mail in the rep's voice."""

    subject: str
    body: str


class Brief(Frozen):
    """A call in half a page."""

    summary: tuple[Statement, ...]
    needs: tuple[Item, ...]
    people: tuple[Person, ...]
    objections: tuple[Concern, ...]
    price: tuple[Item, ...]
    competitors: tuple[Item, ...]
    next_steps: tuple[Step, ...]
    open_points: tuple[Item, ...]
    email: Email | None
    warnings: Ours[tuple[str, ...]]
