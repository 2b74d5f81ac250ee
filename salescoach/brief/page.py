"""Puts a brief together: three sentences on top, the lines, what is left open, within ``MAX_WORDS`` words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from salescoach.advice.ending import EndingKind
from salescoach.brief.extract import COMPETITORS, DECISION, NEEDS, PRICE, REFUSALS, Extract, extract, people, said_by
from salescoach.brief.mail import draft_of, why_no_mail
from salescoach.brief.results import Brief, BriefConcern, BriefLine, OpenPoint, SummarySentence
from salescoach.moves.reader import EncoderReader
from salescoach.moves.results import CallMoves
from salescoach.speech.spoken import n_words
from salescoach.types import Transcript, Turn

MAX_WORDS: Final = 150  # of all that a brief shows, the mail left out
LEAST_FIRST: Final = (
    ("competitors", 1),
    ("decision", 1),
    ("needs", 1),
    ("price", 1),
    ("next_steps", 1),
    ("objections", 1),
    ("competitors", 0),
    ("needs", 0),
    ("objections", 0),
)  # parts that lose lines where a brief is too long, down to how many
ENDED: Final[Mapping[EndingKind, str]] = {
    "refused": "The customer said no.",
    "doubtful": "The customer may have said no.",
    "made": "The customer agreed to the deal.",
    "open": "No next step was heard.",
}
FEW_TURNS: Final = 8
SHORT: Final = "This is too short for a brief to say much."
NO_SIDES: Final = "Nobody is known to be the customer, so little can be found; say who is on your side with --rep."


def brief_of(reader: EncoderReader, call: Transcript, moves: CallMoves, *, with_mail: bool = False) -> Brief:
    """The brief of a call.

    Args:
        reader: the coach's own, which chooses what is quoted.
        call: the call.
        moves: what was read of it, by whomever.
        with_mail: draft a follow-up mail too.
    """
    found = extract(reader, call, moves)
    return brief_from(found, call, moves.reader, moves.model_id, with_mail=with_mail)


def brief_from(found: Extract, call: Transcript, reader: str, model_id: str, *, with_mail: bool = False) -> Brief:
    """The brief of what was found in a call; ``reader`` and ``model_id``: who found it."""
    warnings = list(call.warnings)
    if not any(turn.role == "customer" for turn in call.turns):
        warnings.append(NO_SIDES)
    elif len(call.turns) < FEW_TURNS:
        warnings.append(SHORT)
    brief = _shortened(
        Brief(
            ending=found.ending,
            summary=tuple(_summary(found)),
            needs=found.lines[NEEDS],
            people=people(call.turns),
            decision=found.lines[DECISION],
            objections=found.concerns,
            price=found.lines[PRICE],
            competitors=found.lines[COMPETITORS],
            refusals=found.lines[REFUSALS],
            next_steps=() if found.lines[REFUSALS] else found.steps,
            open_points=tuple(_open_points(found)),
            email=None,
            warnings=tuple(warnings),
            reader=reader,
            model_id=model_id,
        ),
        call.turns,
    )
    return _with_mail(brief) if with_mail else brief


def _with_mail(brief: Brief) -> Brief:
    draft = draft_of(brief)
    if draft is not None:
        return brief.model_copy(update={"email": draft.text})
    return brief.model_copy(update={"warnings": (*brief.warnings, why_no_mail(brief))})


def _shortened(brief: Brief, turns: Sequence[Turn]) -> Brief:
    """The brief within ``MAX_WORDS``: second lines of a matter go first, then answers, concerns, and what is left."""
    for name, fewest in LEAST_FIRST:
        while brief.n_words() > MAX_WORDS and len(lines := getattr(brief, name)) > fewest:
            brief = brief.model_copy(update={name: _fewer(name, lines)})
        if name == "next_steps":
            brief = _without_answers(brief, turns)
    return brief


def _without_answers(brief: Brief, turns: Sequence[Turn]) -> Brief:
    """Without the longest answers, as many as have to go."""
    while brief.n_words() > MAX_WORDS and any(_shows_answer(one) for one in brief.objections):
        longest = max(filter(_shows_answer, brief.objections), key=lambda one: n_words(one.text))
        without = longest.model_copy(update={"answer": None, "text": said_by(turns, longest.turn, longest.quote)})
        kept = tuple(without if one is longest else one for one in brief.objections)
        brief = brief.model_copy(update={"objections": kept})
    return brief


def _shows_answer(one: BriefConcern) -> bool:
    return one.answer is not None and one.answer in one.text


def _fewer(name: str, lines: Sequence[BriefLine]) -> tuple[BriefLine, ...]:
    """One line less: the step that was agreed comes first, the price that counts last."""
    if name == "next_steps":
        return tuple(lines[:1])
    if name == "price":
        return tuple(lines[1:])
    longest = max(lines, key=lambda line: n_words(line.quote))
    return tuple(line for line in lines if line is not longest)


def _summary(found: Extract) -> Iterator[SummarySentence]:
    """How it ended, and what wasn't heard. More isn't read surely enough to be said without a quote (docs/brief.md)."""
    refused = tuple(one.turn for one in found.lines[REFUSALS])
    if found.ending == "open" and found.steps:
        step = found.steps[0]
        what = "The customer agreed to a next step" if step.committed else "A next step was proposed"
        yield SummarySentence(text=f"{what}.", turns=(step.turn,))
    else:
        yield SummarySentence(text=ENDED[found.ending], turns=refused)
    if not found.has_a_concern:
        yield SummarySentence(text="No clear concern was heard.")
    if not found.has_a_price:
        yield SummarySentence(text="No price was heard.")


def _open_points(found: Extract) -> Iterator[OpenPoint]:
    if found.ending != "open":
        return
    if not found.steps:
        yield OpenPoint(text="What happens next.")
    elif found.steps[0].when is None:
        step = found.steps[0]
        yield OpenPoint(text="No day was heard for the next step.", quote=step.quote, turn=step.turn)
    if not found.has_a_say:
        yield OpenPoint(text="Who else has a say wasn't heard.")
