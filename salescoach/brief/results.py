"""What a brief is: the JSON of ``coach brief``. Every line of it quotes a turn."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from salescoach.advice.ending import EndingKind
from salescoach.moves.taxonomy import Handled, ObjectionKind
from salescoach.redact.our_words import OURS, Ours
from salescoach.speech.spoken import n_words
from salescoach.types import Frozen, Role

Side = Literal["rep", "customer", "both"]


class BriefLine(Frozen):
    """Something that was said. ``text``: what a page shows; ``quote``: words of the turn, as they stand there."""

    text: str
    quote: str
    turn: int
    speaker: str
    role: Role


class BriefConcern(BriefLine):
    """A concern of the customer's; ``answer``: words of the rep's turn ``handled_at``, None where they aren't shown."""

    kind: Annotated[ObjectionKind, OURS]
    handled: Annotated[Handled, OURS] | None
    handled_at: int | None
    answer: str | None


class BriefPerson(Frozen):
    """Somebody who speaks, and in which turns. ``decides``: whether they say so themselves."""

    name: str
    side: Role
    decides: bool
    turns: tuple[int, ...]


class BriefStep(BriefLine):
    """Something to do. ``when``: in the words of the call; ``committed``: whether the customer agreed to it."""

    what: str
    who: Side
    when: str | None
    committed: bool

    @property
    def when_beside(self) -> str | None:
        """When, where the words of the step don't say so themselves."""
        return self.when if self.when is not None and self.when.lower() not in self.what.lower() else None


class OpenPoint(Frozen):
    """Something that this call leaves open; ``turn`` and ``quote``: of what it is about, None of what wasn't heard."""

    text: Ours[str]
    quote: str | None = None
    turn: int | None = None


class SummarySentence(Frozen):
    """One of at most three sentences on top, and the turns that it rests on."""

    text: Ours[str]
    turns: tuple[int, ...] = ()


TITLES: Final = {
    "needs": "What they need",
    "decision": "Who has a say",
    "objections": "Concerns",
    "price": "On the price",
    "competitors": "Other suppliers",
    "refusals": "A no",
    "next_steps": "What comes next",
}  # of the parts that have lines, by their names in a brief


class Brief(Frozen):
    """A call in half a page. ``decision``: who has a say, in the customer's words.

    ``email``: a draft of a follow-up, None where none was asked for or none should be written.
    """

    ending: Annotated[EndingKind, OURS]
    summary: tuple[SummarySentence, ...]
    needs: tuple[BriefLine, ...]
    people: tuple[BriefPerson, ...]
    decision: tuple[BriefLine, ...]
    objections: tuple[BriefConcern, ...]
    price: tuple[BriefLine, ...]
    competitors: tuple[BriefLine, ...]
    refusals: tuple[BriefLine, ...]
    next_steps: tuple[BriefStep, ...]
    open_points: tuple[OpenPoint, ...]
    email: str | None
    warnings: Ours[tuple[str, ...]]
    reader: Ours[str]
    model_id: Ours[str]

    def sections(self) -> Iterator[tuple[str, tuple[BriefLine, ...]]]:
        """Titles, each with its lines, in the order in which they are shown; those without any are left out."""
        for name, title in TITLES.items():
            if lines := getattr(self, name):
                yield title, lines

    def n_words(self) -> int:
        """Words of what is shown of it: titles, lines and open points, without the mail and the warnings."""
        shown = [*(one.text for one in self.summary), *(one.text for one in self.open_points)]
        for title, lines in self.sections():
            shown += [title, *(line.text for line in lines)]
        return sum(map(n_words, shown))
