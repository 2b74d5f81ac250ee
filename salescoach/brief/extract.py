"""Finds the lines of a brief: of each matter the turns that the move reader is surest of, quoted.

A line is better missing than wrong: above the floors below about eight of ten turns make the move by the labels of
authored calls (docs/experiments.md); what readers of the page think of it is in docs/brief.md. Titles say what was
spoken of, never what came of it.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np

from salescoach.advice.ending import CallEnding, EndingKind, ending_of
from salescoach.advice.sure import SureCall
from salescoach.brief.quoting import ToQuote, quotes, shortened
from salescoach.brief.results import BriefConcern, BriefLine, BriefPerson, BriefStep, Side
from salescoach.moves.heads import CONCERN
from salescoach.moves.next_step import first_of_end
from salescoach.moves.objections import KINDS, kind_of
from salescoach.moves.reader import EncoderReader
from salescoach.moves.results import CallMoves, ReadNextStep, ReadObjection
from salescoach.moves.taxonomy import MOVES, MoveName, ObjectionKind
from salescoach.speech.spoken import appointments, is_question, n_words
from salescoach.types import Transcript, Turn

COMMITMENT: Final = MOVES.index("commitment")
MAX_CONCERNS: Final = 3
CONCERN_FLOOR: Final = 0.55
ANSWER_FLOOR: Final = 0.4
NAMED: Final = 2.0  # how much surer a sum or a day makes that it is meant
FAINT: Final = 0.15  # a probability below which nothing of the kind was said
SAME_MATTER: Final = 4  # turns: a concern of the same kind that comes back so soon is the same one
_ANSWERS: Final = tuple(MOVES.index(move) for move in ("answer_objection", "acknowledge", "price_talk", "proof"))
_SUMS: Final = [MOVES.index(move) for move in ("price_talk", "objection_price", "buying_signal")]
_WORDED: Final = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w{3,5})?|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|ten|eleven|twelve|one|two|three|four|five|six|seven|eight|nine)"
)  # two of them in a row, as in "eighteen sixty", are mostly a price
_NUMBER: Final = re.compile(rf"\d|\b{_WORDED}\b", re.I)
_SUM: Final = re.compile(
    r"[$£€₹]\s?\d|\d\s?[$£€₹]|\b(?:dollars?|pounds|euros?|rupees|bucks|quid|grand|per ?cent)\b|\d\s?%"
    rf"|\b(?:hundred|thousand|lakh|million)\b|\b\d{{1,3}},\d{{3}}\b|\b{_WORDED} {_WORDED}\b"
    r"|\b(?:a|an|per|each) (?:month|year|week|day|head|user|seat|person|shift|hour|(?:square )?foot|unit|member)\b",
    re.I,
)
_I_DECIDE: Final = re.compile(
    r"\b(?:it['\u2019]?s|it is|that['\u2019]?s|that is) (?:just |only |all )?my (?:call|decision)\b"
    r"|\bi(?:['\u2019]?m| am) the one who (?:decides|signs|approves)\b"
    r"|\bi (?:decide|sign|approve) (?:it|this|that|on)\b",
    re.I,
)


def _by_sum(text: str) -> float:
    """How much surer a text's sum makes that it speaks of the price; without any number it doesn't name one."""
    if _SUM.search(text) is not None:
        return NAMED
    return 1.0 if _NUMBER.search(text) is not None else 0.0


def _by_day(text: str) -> float:
    """How much surer a day makes that something is to be done."""
    return NAMED if appointments(text) else 1.0


@dataclass(frozen=True, eq=False)
class Matter:
    """A part of a brief: the moves that speak of it, each with the least probability that counts.

    ``weight``: of the probabilities of a text, which is above 1 where it names the sum or the day that is sought.
    """

    floors: Mapping[MoveName, float]
    most: int
    weight: Callable[[str], float] = lambda text: 1.0


NEEDS: Final = Matter({"criteria": 0.4, "pain": 0.6, "goal": 0.4}, 2)
DECISION: Final = Matter({"authority": 0.5, "decision_process": 0.6}, 2)
PRICE: Final = Matter({"price_talk": 0.5}, 2, _by_sum)
COMPETITORS: Final = Matter({"competitor": 0.5}, 2)
REFUSALS: Final = Matter({"refusal": 0.0}, 1)  # found by how the call ended
STEPS: Final = Matter({"commitment": 0.6, "next_step": 0.6}, 2, _by_day)
MATTERS: Final = (REFUSALS, STEPS, DECISION, PRICE, COMPETITORS, NEEDS)  # a turn is quoted for the first of them


@dataclass(frozen=True)
class Extract:
    """The lines of a brief, and how the call ended. ``has_a_…``: whether there may be any, shown or not."""

    ending: EndingKind
    has_a_concern: bool
    has_a_say: bool
    has_a_price: bool
    lines: Mapping[Matter, tuple[BriefLine, ...]]
    concerns: tuple[BriefConcern, ...]
    steps: tuple[BriefStep, ...]


def extract(reader: EncoderReader, call: Transcript, moves: CallMoves) -> Extract:
    """The lines of a call's brief.

    Args:
        reader: the coach's own.
        call: the call.
        moves: what was read of it.
    """
    turns = call.turns
    ending = ending_of(SureCall(call, moves))
    p = reader.probabilities(turns)
    chosen = _chosen(turns, p, moves.next_step, ending)
    quoted = {place for places in chosen.values() for place in places}
    concerns = _concern_places(p, quoted - {*chosen[NEEDS]})
    chosen[NEEDS] = [place for place in chosen[NEEDS] if place not in concerns]
    answers = {one.turn - 1: one for one in moves.objections}
    sought = [ToQuote(place, _outputs(matter)) for matter, places in chosen.items() for place in places]
    sought += [ToQuote(place, (CONCERN, *KINDS)) for place in concerns]
    answered = [
        at
        for place in concerns
        if place in answers and (at := answers[place].handled_at) is not None and _is_answer(turns[at - 1], p[at - 1])
    ]
    sought += [ToQuote(at - 1, _ANSWERS) for at in answered]
    said = iter(quotes(reader, turns, sought))
    lines = {matter: tuple(_line(turns, place, next(said)) for place in places) for matter, places in chosen.items()}
    raised = [next(said) for _ in concerns]
    replies = dict(zip(answered, said, strict=True))
    return Extract(
        ending=ending.kind,
        has_a_concern=bool((p[:, CONCERN] >= CONCERN_FLOOR).any()),
        has_a_say=bool((p[:, _outputs(DECISION)] >= FAINT).any()),
        has_a_price=any(_by_sum(turn.text) and (p[place, _SUMS] >= FAINT).any() for place, turn in enumerate(turns)),
        lines=lines,
        concerns=tuple(
            concern(turns, kind_of(p[place]), place + 1, quote, answers.get(place), replies)
            for place, quote in zip(concerns, raised, strict=True)
        ),
        steps=_steps(turns, p, moves, lines[STEPS]),
    )


def concern(
    turns: Sequence[Turn],
    kind: ObjectionKind,
    turn: int,
    quote: str,
    read: ReadObjection | None,
    replies: Mapping[int, str],
) -> BriefConcern:
    """A concern with its answer.

    Args:
        turns: of the call.
        kind: of the concern.
        turn: that raises it, from 1.
        quote: words of it.
        read: what was read of the concern, None where nothing was.
        replies: words of the turns that answer, by their number.
    """
    at = None if read is None else read.handled_at
    answer = None if at is None else replies.get(at)
    text = said_by(turns, turn, quote)
    return BriefConcern(
        text=text if at is None or answer is None else f"{text} – {said_by(turns, at, answer)}",
        quote=quote,
        turn=turn,
        speaker=turns[turn - 1].speaker,
        role=turns[turn - 1].role,
        kind=kind,
        handled=None if read is None else read.handled,
        handled_at=at,
        answer=answer,
    )


def said_by(turns: Sequence[Turn], turn: int, quote: str) -> str:
    """Who said what; ``turn`` counts from 1."""
    return f"{turns[turn - 1].speaker}: “{quote}”"


def people(turns: Sequence[Turn]) -> tuple[BriefPerson, ...]:
    """Who speaks, in the order of their first turns."""
    heard: dict[str, list[int]] = {}
    for number, turn in enumerate(turns, start=1):
        heard.setdefault(turn.speaker, []).append(number)
    return tuple(
        BriefPerson(
            name=name,
            side=turns[numbers[0] - 1].role,
            decides=turns[numbers[0] - 1].role == "customer"
            and any(_I_DECIDE.search(turns[number - 1].text) for number in numbers),
            turns=tuple(numbers),
        )
        for name, numbers in heard.items()
    )


def _chosen(
    turns: Sequence[Turn], p: np.ndarray, step: ReadNextStep | None, ending: CallEnding
) -> dict[Matter, list[int]]:
    """The turns that each matter quotes, from 0; a turn is quoted for the first that speaks of it."""
    quoted = set() if step is None else {step.turn - 1}
    near = set() if step is None else {step.turn - 2, step.turn - 1, step.turn}  # where the same step is spoken of
    chosen: dict[Matter, list[int]] = {}
    for matter in MATTERS:
        if matter is REFUSALS:
            chosen[matter] = [ending.turn - 1] if ending.kind == "refused" and ending.turn is not None else []
        else:
            chosen[matter] = _places(matter, turns, p, near if matter is STEPS else quoted)
        quoted |= {*chosen[matter]}
    return chosen


def _is_answer(turn: Turn, p: np.ndarray) -> bool:
    """Whether a turn surely answers something; ``p``: its probabilities, shape (n_outputs,)."""
    return not is_question(turn.text) and bool((p[list(_ANSWERS)] >= ANSWER_FLOOR).any())


def _places(matter: Matter, turns: Sequence[Turn], p: np.ndarray, but: Set[int]) -> list[int]:
    """The turns that speak of a matter most surely, from 0, in the order of the call; ``but``: that are left out."""
    first = first_of_end(len(turns)) if matter is STEPS else 0  # what was said before may have been overtaken
    outputs = _outputs(matter)
    floors = np.array(list(matter.floors.values()))
    sure = {}
    for place in range(first, len(turns)):
        weight = matter.weight(turns[place].text)
        if (p[place, outputs] * weight >= floors).any() and n_words(turns[place].text) > 2 and place not in but:
            sure[place] = float(p[place, outputs].max()) * weight
    return sorted(sorted(sure, key=lambda place: sure[place], reverse=True)[: matter.most])


def _outputs(matter: Matter) -> tuple[int, ...]:
    return tuple(MOVES.index(move) for move in matter.floors)


def _concern_places(p: np.ndarray, but: Set[int]) -> list[int]:
    """The concerns that are surest: that there is one, and of some kind; ``but``: turns that are left out."""
    sure = p[:, CONCERN] * p[:, list(KINDS)].max(axis=1) ** 0.5
    chosen: list[int] = []
    for place in np.argsort(-sure, kind="stable").tolist():
        is_known = any(abs(place - one) <= SAME_MATTER and kind_of(p[place]) == kind_of(p[one]) for one in chosen)
        if p[place, CONCERN] >= CONCERN_FLOOR and not is_known and place not in but:
            chosen.append(place)
        if len(chosen) == MAX_CONCERNS:
            break
    return sorted(chosen)


def _line(turns: Sequence[Turn], place: int, quote: str) -> BriefLine:
    text = said_by(turns, place + 1, quote)
    return BriefLine(text=text, quote=quote, turn=place + 1, speaker=turns[place].speaker, role=turns[place].role)


def _steps(
    turns: Sequence[Turn], p: np.ndarray, moves: CallMoves, others: Sequence[BriefLine]
) -> tuple[BriefStep, ...]:
    """The next step that was read, then what else was promised or proposed in the end.

    ``p``: the reader's probabilities, shape (n_turns, n_outputs).
    """
    found = []
    if (step := moves.next_step) is not None:
        line = _line(turns, step.turn - 1, shortened(step.what))
        found.append(_step(line, line.quote, step.who, step.when, step.committed))
    for line in others:
        who: Side = "rep" if line.role == "rep" else "customer"
        when = next(iter(appointments(line.quote)), None)
        agreed = bool(p[line.turn - 1, COMMITMENT] >= STEPS.floors["commitment"])
        found.append(_step(line, line.quote, who, when, agreed))
    return tuple(found)


def _step(line: BriefLine, what: str, who: Side, when: str | None, agreed: bool) -> BriefStep:
    step = BriefStep(**line.model_dump(), what=what, who=who, when=when, committed=agreed)
    return step if step.when_beside is None else step.model_copy(update={"text": f"{line.text} ({when})"})
