"""From a course of moves to spoken turns: phrasings, small talk, facts and callbacks, back-channels, stumbles, times.

Everything that is added here is drawn without a look at how the deal goes, and the number of turns is drawn first, so
neither length nor manner tells the outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from training.sample.account import SampleAccount, call_slots
from training.sample.balance import NO_DEBT, balance
from training.sample.deal import Course
from training.sample.draw import Draw
from training.sample.outcome import Move, Speaker
from training.sample.phrasebook import TONE_SHARES, Exchange, Phrasebook, capitalise, fill

T = TypeVar("T")

MIN_TURNS, MAX_TURNS = 20, 80
NO_SITUATION = "none"

_SHARE_OPENED = 0.3
_SHARE_INTERRUPTED = 0.05
_SHARE_LED_IN = 0.03
_KEEPS_CAPITAL = ("I", "I'm", "I've", "I'd", "I'll", "Monday", "Friday", "Saturday", "Sunday")
_SPEAKERS: Mapping[str, Speaker] = {"R": "rep", "C": "customer"}
_STUMBLES = ("uh", "um", "er", "you know", "I mean")


@dataclass(frozen=True)
class SpokenTurn:
    """One turn as it was said. ``start_s`` is in whole seconds from the start of the call."""

    move: Move
    text: str
    start_s: int


@dataclass(frozen=True)
class Script:
    """What is to be said, and in whose words. ``n_turns`` is how long the call should be."""

    account: SampleAccount
    call_type: str
    course: Course
    n_turns: int
    book: Phrasebook

    @property
    def is_visit(self) -> bool:
        """True where both walk through a house instead of talking over a line."""
        return self.account.industry == "real_estate" and self.call_type == "demo"


@dataclass
class _Speech:
    """The turns of a call while it is being worded."""

    slots: Mapping[str, str]
    turns: list[tuple[Move, str]] = field(default_factory=list)
    used: set[object] = field(default_factory=set)


def draw_length(draw: Draw) -> int:
    """How many turns the call has, most often 30 to 60."""
    return min(MAX_TURNS - 2, max(MIN_TURNS + 2, round(46 + 13 * draw.normal())))


def situation_turns(n_turns: int) -> int:
    """How many of the turns are spent on situations; the rest is greeting, facts and small talk."""
    return min(34, round(0.62 * n_turns))


def speak(draw: Draw, script: Script) -> list[SpokenTurn]:
    """The call, word for word, of about ``script.n_turns`` turns and never more than 80 or less than 20."""
    slots = call_slots(draw, script.account)
    wanted = script.n_turns
    while True:
        turns = _worded(draw, script, wanted, _Speech(slots))
        if MIN_TURNS <= len(turns) <= MAX_TURNS:
            return _timed(draw, turns)
        wanted += script.n_turns - len(turns)


def _worded(draw: Draw, script: Script, n_turns: int, speech: _Speech) -> list[tuple[Move, str]]:
    course, book = script.course, script.book
    warmth = {"rep": draw.uniform(0.15, 0.85), "customer": draw.uniform(0.15, 0.85)}
    stumble = {"rep": draw.uniform(0, 0.014), "customer": draw.uniform(0, 0.014)}
    interruptions = book.interruptions_on_visit if script.is_visit else book.interruptions
    opening = [draw.pick(book.exchanges["greeting_visit" if script.is_visit else "greeting"])]
    if not script.is_visit and draw.chance(0.5):
        opening.append(draw.pick(book.exchanges["small_talk"]))
    if draw.chance(0.6):
        opening.append(draw.pick(book.exchanges["agenda"]))
    closing = draw.pick(book.exchanges["goodbye"])
    n_fixed = sum(map(len, opening)) + len(closing) + course.n_turns
    gaps = _fillers(draw, script, len(course.blocks) + 1, n_turns - n_fixed - len(course.blocks) // 2)

    for exchange in opening:
        _say_exchange(draw, speech, book, exchange)
    for i, block in enumerate(course.blocks):
        for exchange in gaps[i]:
            _say_exchange(draw, speech, book, exchange)
        for move in block.moves:
            tones = book.moves[move.situation, move.name]
            tone = _tone(draw, tones, warmth[move.speaker])
            text = _unused(draw, speech, tones[tone])
            if draw.chance(_SHARE_INTERRUPTED):
                cut = list(_unused(draw, speech, interruptions[move.speaker]))
                while _SPEAKERS[cut[-1][0]] == move.speaker:
                    cut.pop()
                _say_exchange(draw, speech, book, tuple(cut))
            _say(draw, speech, book, move, text)
    for exchange in gaps[-1]:
        _say_exchange(draw, speech, book, exchange)
    _say_exchange(draw, speech, book, closing)
    return [(move, _stumble(draw, text, stumble[move.speaker])) for move, text in speech.turns]


def _often(draw: Draw, rate: float) -> int:
    """A whole number whose mean is ``rate``."""
    return int(rate) + draw.chance(rate % 1)


def _tone(draw: Draw, tones: Mapping[str, tuple[str, ...]], warmth: float) -> str:
    if "neutral" in tones:
        return "neutral"
    if "plain" in tones and draw.chance(TONE_SHARES["plain"]):
        return "plain"
    return "warm" if draw.chance(warmth) else "cool"


def _fillers(draw: Draw, script: Script, n_gaps: int, n_turns: int) -> list[list[Exchange]]:
    """Exchanges that say nothing about the outcome, about ``n_turns`` turns of them, spread over the gaps.

    A fact is asked in the first half and may be called back in the second.
    """
    book = script.book
    gaps: list[list[Exchange]] = [[] for _ in range(n_gaps)]
    half = max(1, n_gaps // 2)
    digressions = [*book.exchanges["digression_any"], *book.exchanges[f"digression_{script.account.industry}"]]
    if not script.is_visit:
        digressions += book.exchanges["digression_remote"]
    pool: list[tuple[str, int, tuple[Exchange, ...]]] = []
    for i, fact in enumerate(draw.shuffled(book.facts)):
        pool.append(("fact", i, (fact.ask, fact.recall) if draw.chance(0.6) else (fact.ask,)))
    pool += [("explain", i, (e,)) for i, e in enumerate(draw.shuffled(book.exchanges["explain"])[:4])]
    pool += [("digression", i, (e,)) for i, e in enumerate(draw.shuffled(digressions)[:4])]
    # The first facts come before the first digression, and so on: a short call has few of each.
    pool = sorted(draw.shuffled(pool), key=lambda item: item[1] // 2)
    for kind, _, exchanges in pool:
        size = sum(map(len, exchanges))
        if size > n_turns:
            continue
        n_turns -= size
        first = draw.below(half) if kind == "fact" else draw.below(n_gaps)
        gaps[first].append(exchanges[0])
        for exchange in exchanges[1:]:
            gaps[draw.between(min(half, n_gaps - 1), n_gaps - 1)].append(exchange)
    return gaps


def _say_exchange(draw: Draw, speech: _Speech, book: Phrasebook, exchange: Exchange) -> None:
    for letter, template in exchange:
        _say(draw, speech, book, Move(_SPEAKERS[letter], NO_SITUATION, "talk"), template)


def _say(draw: Draw, speech: _Speech, book: Phrasebook, move: Move, template: str) -> None:
    """Adds a turn; where the same side would speak twice, the other one lets on that they listen."""
    if speech.turns and speech.turns[-1][0].speaker == move.speaker:
        other: Speaker = "customer" if move.speaker == "rep" else "rep"
        speech.turns.append((Move(other, NO_SITUATION, "backchannel"), _unused(draw, speech, book.backchannels[other])))
    text = fill(template, speech.slots, draw)
    if move.situation != NO_SITUATION:
        debt = balance(book.bank).get(move, NO_DEBT)
        n_lead_ins = _often(draw, _SHARE_LED_IN + debt.lead_ins)
        n_courtesies = _often(draw, debt.courtesies)
        if not n_lead_ins + n_courtesies and draw.chance(_SHARE_OPENED):
            text = _opened(fill(draw.pick(book.openings[move.speaker]), speech.slots, draw), template, text)
        for n, texts in ((n_lead_ins, book.lead_ins), (n_courtesies, book.courtesies)):
            for _ in range(n):
                text = f"{fill(_unused(draw, speech, texts[move.speaker]), speech.slots, draw)} {capitalise(text)}"
    speech.turns.append((move, capitalise(text)))


def _opened(opening: str, template: str, text: str) -> str:
    is_sentence = opening.rstrip()[-1] == "."
    word = text.split(" ", 1)[0].rstrip(",.")
    keeps = is_sentence or template[0] in "{[" or word in _KEEPS_CAPITAL
    return opening + (text if keeps else text[0].lower() + text[1:])


def _unused(draw: Draw, speech: _Speech, texts: Sequence[T]) -> T:
    """One of the texts or exchanges, not one that this call already had unless it had them all."""
    text = draw.pick([t for t in texts if t not in speech.used] or texts)
    speech.used.add(text)
    return text


def _stumble(draw: Draw, text: str, rate: float) -> str:
    """Hesitations and repeated words, as speech has them."""
    words = text.split(" ")
    out: list[str] = []
    for i, word in enumerate(words):
        if 0 < i < len(words) - 1 and word.isalpha() and word.islower() and draw.chance(rate):
            if draw.chance(0.5):
                out.append(f"{word},")
            elif out[-1].islower() and out[-1].isalpha():
                out[-1] += ","
                out.append(f"{draw.pick(_STUMBLES)},")
        out.append(word)
    return " ".join(out)


def _timed(draw: Draw, turns: list[tuple[Move, str]]) -> list[SpokenTurn]:
    """Start times: each side has its pace, and there are pauses."""
    pace = {"rep": draw.uniform(1.7, 2.6), "customer": draw.uniform(1.7, 2.6)}  # words a second
    clock = draw.uniform(0, 3)
    spoken = []
    for move, text in turns:
        spoken.append(SpokenTurn(move, text, int(clock)))
        clock += max(1.0, len(text.split()) / pace[move.speaker]) + draw.uniform(0.2, 4.0)
    return spoken
