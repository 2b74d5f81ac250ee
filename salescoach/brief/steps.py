"""What was promised, asked for and arranged, by whom and for when."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from salescoach.brief.excerpts import CUT, Span, excerpt, sentence_at, sentence_spans
from salescoach.brief.reading import ReadCall
from salescoach.brief.refusal import SAID_NO, refusal_of
from salescoach.brief.results import Doer, Step
from salescoach.brief.sums import dates
from salescoach.speech.spoken import n_words, questions
from salescoach.types import Turn

MAX_STEPS: Final = 4
LIKELY: Final = 0.3
SURE: Final = 0.5
ENOUGH: Final = 0.75
STEP_WORDS: Final = 14
JOINED_WORDS: Final = 4
ECHO: Final = 2  # words of a reply that only repeats
MAX_REPLY: Final = 6  # words of a next turn that names the day of what was said before

_DOES: Final = (
    r"(?:send|e-?mail|post|put|add|ask|confirm|check|bring|book|hold|keep|reserve|write|draw|find out|call|ring"
    r"|text|change"
    r"|move|pencil|include|okay|read|show|go over|walk|be (?:here|there|at)|print|take you off|run|come|snap"
    r"|forward|share"
    r"|let you know|look into|speak|raise|talk|have (?:it|that|this|them|you|the \w+) (?:to|ready|drawn|in|for)"
    r"|get (?:you|it|that|them|back)"
    r"|do (?:it|that)|try|invite|introduce|sign|schedule|set|drop|prepare)"
)
_FIRM: Final = re.compile(
    rf"\b(?:i|we)(?:['’]?ll| will|['’]m going to| am going to)(?: also| just| gladly| definitely)? {_DOES}\b"
    rf"|\bi (?:bring|reserve|send) (?:the|you|it)\b|\byou['’]ll have (?:a|the|it|an answer|your)\b",
    re.I,
)
_OFFERED: Final = re.compile(rf"\b(?:(?:i|we)(?:['’]d| can| could) {_DOES}|let me {_DOES})\b", re.I)
_ASKED_OF_THEM: Final = re.compile(
    rf"\b(?:(?:can|could|would|will) you (?:please |just )?{_DOES}|you could (?:just )?(?:send|ask|check|bring|call"
    rf"|put)|i['’]ll need you to {_DOES}|please {_DOES})\b"
    r"|(?:\A|[.!?,] |\bnot now )(?:so )?(?:please )?(?:send (?:me|us|it|that|the|her|him)\b|run the|put (?:it|me"
    r"|that) in\b|pencil both|ask them|ring me|call me|bring (?:it|me|the))",
    re.I,
)
_IS_SET: Final = re.compile(
    r"\bthen\b|\bcan come\b|\bi['’]ve put that in\b|\bit is\b|\bworks\b|\bsee you\b|\bget together\b|\bmeet\b",
    re.I,
)
_TURNED_DOWN: Final = re.compile(
    r"\A(?:well,? |um |hm,? )*(?:no\b(?! problem| worries)|not (?:now|today|yet)|i wouldn['’]?t|i['’]d (?:wait"
    r"|rather not)|leave it|don['’]?t|that['’]s all right\b|hang on|\w+,? no\b)",
    re.I,
)
_VISIT: Final = re.compile(
    r"\b(?:come|bring|be (?:there|here|at)|visit|meet|see you|call|ring|go over|get together)\b",
    re.I,
)
_SAYS_YES: Final = re.compile(
    r"\b(?:send (?:it|me|that)|pencil both|please do|put it in|that['’]d (?:do|be (?:fine|nice|great))|do that)\b",
    re.I,
)
_AGREES: Final = re.compile(
    r"\b(?:yes|yeah|yep|aye|sure|okay|ok|works|perfect|great|fine|agreed|absolutely|definitely|deal|sounds good"
    r"|good idea"
    r"|see you|talk then|looking forward|let['’]?s|please do|i['’]ll be there|put it in|lovely|brilliant)\b",
    re.I,
)
_BUT: Final = re.compile(r"\b(?:no|not|never|cannot|\w+n['’]t|rather not|maybe|might|perhaps|but)\b(?! problem)", re.I)
_DAY: Final = re.compile(r"day\b(?<!today)|\b\w*(?:st|nd|rd|th)\b", re.I)
_NEGATED: Final = re.compile(r"\b(?:not|never|\w+n['’]t|nor|i thought|said)\b", re.I)
_HEDGED: Final = re.compile(r"\b(?:if|might|maybe|perhaps|unless|would have to|or i could)\b", re.I)
# How much the words alone speak for a step.
_WORTH: Final = {_FIRM: 0.5, _OFFERED: 0.15, _ASKED_OF_THEM: 0.4, _IS_SET: 0.1}


def steps_of(read: ReadCall, names: Mapping[str, str]) -> list[Step]:
    """The likeliest things to do, likeliest first; where the customer said no, only what they let stand.

    Args:
        read: the call.
        names: what each speaker is called.
    """
    found: list[tuple[float, Step]] = []
    for number, turn in read.turns("rep", "customer"):
        found += [one for one in reversed(_in_turn(read, number, turn, names)) if one[0] >= ENOUGH]
    refusal = refusal_of(read)
    if refusal and refusal.text == SAID_NO:
        found = [(score, step) for score, step in found if _is_let_stand(read, step)]
    best_first = sorted(found, key=lambda one: -one[0])
    chosen: list[Step] = []
    for _, step in best_first:
        if len(chosen) < MAX_STEPS and not any(_is_same(step, other) for other in chosen):
            chosen.append(step)
    return chosen


def day_of(step: Step) -> str:
    """The day of a step with its turn, to stand behind the step's own; nothing where its quote says it."""
    return "" if step.when is None or step.when_turn == step.turn else f", {step.when} T{step.when_turn}"


def _in_turn(read: ReadCall, number: int, turn: Turn, names: Mapping[str, str]) -> list[tuple[float, Step]]:
    """The steps that a turn names, each with how likely it is one; none where the other side says no to it."""
    reply = read.reply(number)
    if reply and _TURNED_DOWN.search(reply[1].text):
        return []
    found = (_step(read, number, names, pattern, match) for pattern in _WORTH for match in pattern.finditer(turn.text))
    return [one for one in found if one is not None]


def _step(
    read: ReadCall, number: int, names: Mapping[str, str], pattern: re.Pattern[str], match: re.Match[str]
) -> tuple[float, Step] | None:
    turn = read.call.turns[number - 1]
    start, end = sentence_at(turn.text, match.end() - 1)
    sentence = turn.text[start:end]
    if _NEGATED.search(turn.text, start, match.start() + 1) or (pattern is _IS_SET and not dates(sentence)):
        return None
    p = read.p(number, "next_step", "commitment")
    quote, when, when_turn = _said(read, number, match, (start, end))
    is_asked = sentence in questions(sentence)
    score = _WORTH[pattern] + 0.25 * (when is not None) + 0.4 * number / len(read.call) - 0.3 * is_asked
    if score < LIKELY and p < LIKELY:
        return None
    is_hedged = _HEDGED.search(sentence) is not None
    is_firm = pattern is _FIRM and not is_asked and not is_hedged
    committed = not is_hedged and (_is_agreed(read, number) or _takes_on(read, number, sentence, is_firm, is_asked))
    who = _who(turn, is_theirs=pattern is _ASKED_OF_THEM, together=pattern is _IS_SET)
    return p + score, Step(
        text="promised" if is_firm and committed else "agreed" if committed else "proposed",
        quote=quote,
        turn=number,
        what=quote,
        who=who,
        name=_name(read, turn, who, names),
        when=when,
        when_turn=when_turn,
        committed=committed,
    )


def _said(read: ReadCall, number: int, match: re.Match[str], sentence: Span) -> tuple[str, str | None, int | None]:
    """The words of a step, and its day with the turn that names it."""
    text = read.text(number)
    begin = match.start() + len(match[0]) - len(match[0].lstrip(" .,!?"))
    quote = excerpt(text, (begin, match.end()), STEP_WORDS, joined_words=JOINED_WORDS)
    if not dates(quote) and (dated := _dated_before(text, sentence[0], match.end())) is not None:
        quote = excerpt(text, (dated, match.end()), STEP_WORDS)
    if found := dates(quote):
        return quote, _joined(found), number
    return quote, *_when_after(read, number)


def _when_after(read: ReadCall, number: int) -> tuple[str, int] | tuple[None, None]:
    """The day that the next turns give to a step without one, where they say little else."""
    turn = read.call.turns[number - 1]
    if dates(turn.text):
        return None, None
    reach = 2 if turn.role == "customer" else 1
    for later in range(min(number + reach, len(read.call)), number, -1):
        text = read.text(later)
        if n_words(text) <= MAX_REPLY and (found := dates(text)):
            return _joined(found), later
    return None, None


def _is_agreed(read: ReadCall, number: int) -> bool:
    """Whether the other side says yes to a turn; repeating a word of it is no yes."""
    reply = read.reply(number)
    if reply is None:
        return False
    is_read = read.p(reply[0], "commitment", "next_step") >= LIKELY and n_words(reply[1].text) > ECHO
    return _says_yes(reply[1].text) or is_read


def _takes_on(read: ReadCall, number: int, sentence: str, is_firm: bool, is_asked: bool) -> bool:
    """Whether the speaker takes it on alone: the rep can promise a mail, but no meeting."""
    if read.call.turns[number - 1].role == "rep":
        return is_firm and _VISIT.search(sentence) is None
    return is_firm or (read.p(number, "commitment") >= SURE and not is_asked)


def _joined(found: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(found))


def _dated_before(text: str, start: int, end: int) -> int | None:
    """Where the sentence before begins, if it names a day and the words from there to ``end`` are few."""
    before = [span for span in sentence_spans(text) if span[1] <= start]
    if not before:
        return None
    said = text[slice(*before[-1])]
    is_short = n_words(said) <= MAX_REPLY and n_words(text[before[-1][0] : end]) <= STEP_WORDS
    return before[-1][0] if is_short and _DAY.search(", ".join(dates(said))) else None


def _is_let_stand(read: ReadCall, step: Step) -> bool:
    reply = read.reply(step.turn)
    return step.who == "rep" and reply is not None and _says_yes(reply[1].text)


def _is_same(one: Step, other: Step) -> bool:
    """Whether two steps are likely one: said in turns next to each other, begun alike, or overlapping."""
    if one.turn == other.turn:
        if one.what.split()[:2] == other.what.split()[:2]:
            return True
        return one.what.strip(CUT) in other.what or other.what.strip(CUT) in one.what
    return abs(one.turn - other.turn) == 1 and one.who == other.who


def _says_yes(text: str) -> bool:
    agrees = _AGREES.search(text) is not None and _BUT.search(text) is None
    return agrees or _SAYS_YES.search(text) is not None


def _who(turn: Turn, *, is_theirs: bool, together: bool) -> Doer:
    if together or turn.role == "unknown":
        return "both"
    return "rep" if (turn.role == "rep") != is_theirs else "customer"


def _name(read: ReadCall, turn: Turn, who: Doer, names: Mapping[str, str]) -> str:
    """The speaker, where they do it themselves; else the one speaker of the side that does."""
    if who == turn.role:
        return names[turn.speaker]
    side = list(dict.fromkeys(other.speaker for other in read.call.turns if other.role == who))
    return names[side[0]] if len(side) == 1 else {"rep": "our side", "customer": "the customer", "both": "both"}[who]
