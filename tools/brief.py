"""The tool ``brief``: what happened in a call, quoted, all of it or one part; or a draft of the follow-up mail."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from salescoach.brief.mail import CLOSING, MARK, THANKS, MailDraft, draft_of, greeting, why_no_mail
from salescoach.brief.page import brief_of
from salescoach.brief.results import TITLES, Brief, BriefConcern, BriefLine, BriefPerson, BriefStep
from salescoach.errors import UnavailableError
from salescoach.model.loading import encoder_reader
from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen, LabelledCall, Role
from tools.document import AnswerDocument, AnswerLine, Block, Quote, document, line, listed
from tools.parts import Parts, moves_of, numbered_turn, turn_marker
from tools.phrases import caveat, cite, count, quote, who
from tools.spec import CallArguments, Detail, ToolSpec

About = Literal["all", "mail", "next_steps", "people", "objections", "price_said", "rivals", "needs"]
READING: Final = "Quotes that the move reader chose: it misses much, and about one in four isn't what its title says."

PARTS: Final[tuple[About, ...]] = tuple(one for one in get_args(About) if one != "all")

# Which parts of a brief answer a question, and what is said where they are empty.
_PARTS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "next_steps": (("next_steps", "refusals"), "I heard no next step in this call."),
    "people": (("decision",), "I heard nobody named who decides."),
    "objections": (("objections",), "I heard no clear concern in this call."),
    "price_said": (("price",), "I heard no price in this call."),
    "rivals": (("competitors",), "I heard of no other supplier in this call."),
    "needs": (("needs",), "I heard nothing that I can surely call a need."),
}


class BriefArguments(CallArguments):
    """Which call, and what of it."""

    about: About = Field("all", description="the whole brief, one part of it, or a draft of the follow-up mail")


class ShownWords(Frozen):
    """A turn, and the ``words`` of it that are shown; ``when``: by when it is to be done, as it was said."""

    marker: str
    turn: int
    speaker: str
    role: Role
    quote: str
    words: str
    when: str | None = None


class ShownLine(ShownWords):
    """A line of a brief; ``answer``: what was said to it."""

    answer: ShownWords | None = None


class ShownPart(Frozen):
    """Lines under a title."""

    name: Ours[str]
    title: Ours[str]
    lines: tuple[ShownLine, ...]


class ShownOpen(Frozen):
    """What is left open; ``line``: what it is about."""

    text: Ours[str]
    line: ShownWords | None


class BriefResult(Frozen):
    """A brief, as far as it was asked for."""

    call_id: str
    about: Annotated[About, OURS]
    summary: Ours[tuple[str, ...]]
    people: tuple[BriefPerson, ...]
    parts: tuple[ShownPart, ...]
    open_points: tuple[ShownOpen, ...]
    mail: MailDraft | None
    no_mail: Ours[str | None]
    warnings: Ours[tuple[str, ...]]
    reading: Ours[str]


def brief(parts: Parts, call_id: str, about: About = "all") -> BriefResult:
    """Writes the brief of a call.

    Args:
        parts: the library and the move reader.
        call_id: the call.
        about: what of it.

    Raises:
        InputError: there is no such call.
        UnavailableError: nothing here reads moves.
    """
    reader = encoder_reader(parts.scorer.reader)
    call = parts.library.get(call_id)
    moves = moves_of(parts, call)
    if reader is None or moves is None:
        raise UnavailableError("No moves are read here; ask for a brief with `coach brief FILE`.")
    found = brief_of(reader, call.transcript, moves)
    draft = draft_of(found) if about == "mail" else None
    return BriefResult(
        call_id=call_id,
        about=about,
        summary=tuple(one.text for one in found.summary),
        people=found.people,
        parts=tuple(_parts(call, found)),
        open_points=tuple(
            ShownOpen(text=one.text, line=None if one.turn is None else _words_of(call, one.turn, one.quote or ""))
            for one in found.open_points
        ),
        mail=draft,
        no_mail=why_no_mail(found) if about == "mail" and draft is None else None,
        warnings=found.warnings,
        reading=READING,
    )


def _parts(call: LabelledCall, found: Brief) -> Iterator[ShownPart]:
    for name, title in TITLES.items():
        lines: Sequence[BriefLine] = getattr(found, name)
        yield ShownPart(name=name, title=title, lines=tuple(_line(call, one) for one in lines))


def _line(call: LabelledCall, one: BriefLine) -> ShownLine:
    answer = None
    if isinstance(one, BriefConcern) and one.handled_at is not None and one.answer is not None:
        answer = _words_of(call, one.handled_at, one.answer)
    when = one.when_beside if isinstance(one, BriefStep) else None
    return ShownLine(**_words_of(call, one.turn, one.quote, when).model_dump(), answer=answer)


def _words_of(call: LabelledCall, turn: int, words: str, when: str | None = None) -> ShownWords:
    said = numbered_turn(call, turn)
    return ShownWords(
        marker=turn_marker(turn),
        turn=turn,
        speaker=said.speaker,
        role=said.role,
        quote=said.text,
        words=words,
        when=when,
    )


def _words(result: BriefResult, detail: Detail) -> AnswerDocument:
    warnings = [f"*{warning}*" for warning in result.warnings]
    if result.about == "mail":
        return document(*_mail(result), *warnings)
    if result.about == "all":
        return document(
            f"**{' '.join(result.summary)}**",
            *(_listed(result, part) for part in result.parts),
            listed("**Open**", (_open(result, one) for one in result.open_points)),
            *warnings,
            caveat(result.reading, detail),
        )
    names, empty = _PARTS[result.about]
    shown = [_listed(result, part) for part in result.parts if part.name in names]
    return document(
        _people(result) if result.about == "people" else None,
        *(shown if any(shown) else [empty]),
        *warnings,
        caveat(result.reading, detail),
    )


def _listed(result: BriefResult, part: ShownPart) -> Block | None:
    return listed(f"**{part.title}**", (_shown(result, one) for one in part.lines))


def _shown(result: BriefResult, one: ShownLine) -> AnswerLine:
    parts = [_quoted(result, one)]
    if one.when is not None:
        parts.append(line(" (", quote(one.when), ")"))
    if one.answer is not None:
        parts.append(line(" – answered at ", _quoted(result, one.answer)))
    return line(*parts)


def _quoted(result: BriefResult, one: ShownWords) -> AnswerLine:
    shown = quote(one.words)
    words = Quote(text=shown.text, is_cut=shown.text != one.quote.strip())
    return line(cite(result.call_id, one.turn, one.quote, one.marker), f" {who(one)}: ", words)


def _open(result: BriefResult, one: ShownOpen) -> AnswerLine:
    if one.line is None:
        return line(one.text)
    return line(cite(result.call_id, one.line.turn, one.line.quote, one.line.marker), f" {one.text}")


def _people(result: BriefResult) -> Block | None:
    names = [f"{_name(one)} ({count(len(one.turns), 'turn')})" for one in result.people]
    return line(f"On the call: {', '.join(names)}.")


def _name(one: BriefPerson) -> str:
    return who(_Speaker(speaker=one.name, role=one.side))


class _Speaker(Frozen):
    speaker: str
    role: Role


def _mail(result: BriefResult) -> Iterator[Block | str | None]:
    """The draft in its parts, so that an answer knows what it quotes."""
    draft = result.mail
    if draft is None:
        yield result.no_mail
        return
    to = [_name(one) for one in result.people if one.name in draft.to]
    by = [_name(one) for one in result.people if one.name in draft.by]
    yield f"*{MARK}*"
    yield f"**Subject: {draft.subject}**"
    yield greeting(to)
    yield THANKS
    for section in draft.sections:
        yield listed(
            section.title,
            (
                line(quote(one.said), *((" – ", quote(one.beside)) if one.beside is not None else ()))
                for one in section.items
            ),
        )
    yield CLOSING
    yield f"Best regards{', ' if by else ''}{' and '.join(by)}"


def _found(result: BriefResult) -> str:
    n_lines = sum(len(part.lines) for part in result.parts)
    return f"Found {count(n_lines, 'line')} for a brief"


SPEC = ToolSpec(
    function=brief,
    result=BriefResult,
    arguments=BriefArguments,
    description=(
        "What happened in a call, in quotes: needs, who decides, concerns and answers, price, other suppliers, next "
        "step; all, one of these, or a draft of the follow-up mail."
    ),
    intents={
        "brief": "What happened in this call?",
        "mail": "What could I write to the customer?",
        "next_steps": "What was agreed to do next?",
        "people": "Who is on the call, and who decides?",
        "objections": "Which concerns did the customer raise, and how were they answered?",
        "price_said": "What was said about the price?",
        "rivals": "Which other suppliers came up?",
        "needs": "What does the customer need?",
    },
    words=_words,
    doing="Writing the brief",
    found=_found,
)
