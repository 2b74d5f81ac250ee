"""What the customer needs, and why now: musts, troubles, and days by which something has to happen."""

import re
from collections.abc import Iterator
from typing import Final

from salescoach.brief.excerpts import Span, excerpt, sentence_at, sentence_spans
from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Item
from salescoach.brief.sums import date_spans, dates, has_number
from salescoach.speech.spoken import n_words, questions

MAX_NEEDS: Final = 4
MAX_DEADLINES: Final = 2
LIKELY: Final = 0.4
ENOUGH: Final = 0.7  # of the reader's probability and what the words add
NEED_WORDS: Final = 18
SAID: Final = "said"  # neither a must nor a wish: how it is today
MIN_WORDS: Final = 4
OF_OTHERS: Final = 0.2  # what is less sure where another supplier is spoken of

_MUST: Final = re.compile(
    r"(?<!she )(?<!he )(?<!you )(?<!there )\bmust(?:n['’]t)?\b|\b(?:it|that|this|they|we|i|there)(?:['’]?d| would"
    r"|['’]ll| will)? ?(?:has|have|need|needs"
    r"|got) to"
    r"(?! (?:ask|look|check|think|talk|speak|go|say|see|admit|run|tell|get back|wait|know|find|hear|work out|laugh"
    r"|move out))\b"
    r"|\bhas to (?:be|say|do|have|work|fit|come|go|talk|last|stand)\b|\b(?:can['’]?t have|cannot have"
    r"|can['’]?t have to)\b"
    r"|\bi need (?!to (?:ask|look|check|think|talk|speak|know|see))|\bwe need (?!to (?:ask|look|check|think|talk"
    r"|speak|know|see))"
    r"|\b(?:needs|got to) be\b|\bthat['’]s the one thing\b|\bnot have a\b|\bit needs\b",
    re.I,
)
_WANT: Final = re.compile(
    r"\b(?:i|we)(?:['’]d)? (?:want|wanted|like to|would like|['’]d like)\b(?! to (?:ask|think|know|say|thank))"
    r"|\blooking for\b|\btrying to\b|\bso (?:that )?(?:we|i) can\b"
    r"|\bonly that it\b|\bas long as\b",
    re.I,
)
_TROUBLE: Final = re.compile(
    r"\b(?:slow|stuck|failed|fails|broke|broken|lost|losing|nobody|wrong|problem|trouble|disaster|mess|jams?"
    r"|by hand|took us"
    r"|stays? late|stayed late|overtime|costs? (?:me|us)|waiting|packed in|set it off|lawyer|complain\w*|cited"
    r"|down (?:two|for|in)"
    r"|line down|moved? out|spreadsheets?|phone rings|sits? in|leak\w*|it was (?:five|six|seven|eight|ten)"
    r"|no network|off and on"
    r"|call(?:s|ed)? out|not enough|too many|short)\b",
    re.I,
)
_FIGURE: Final = re.compile(r"\b(?:we|i)(?:['’]ve| have| do|['’]re| get| pay)\b", re.I)
_TIME: Final = re.compile(r"\b(?:years|weeks|kids)\b", re.I)
_REFUSED_NEED: Final = re.compile(
    r"\b(?:don['’]?t|doesn['’]?t|didn['’]?t|do not|no) (?:really )?(?:need|want|have to)\b",
    re.I,
)
_DEADLINE: Final = re.compile(
    r"\b(?:runs? out|expires?|expiring|renew(?:s|al)?|deadline|inspection|audit|out of date|goes off|up till"
    r"|no later|too late"
    r"|at the (?:very )?latest|must come|must be in|finishes|ends|start of|opens|season|next year|statutory|due"
    r"|full)\b",
    re.I,
)
_WHEN: Final = re.compile(r"\b(?:when|how long|what (?:day|date|month))\b", re.I)
_PROPOSES: Final = re.compile(r"\b(?:i['’]d|i['’]ll|we['’]ll|i can|i could|let me|shall|should we)\b", re.I)


def needs_of(read: ReadCall) -> list[Item]:
    """What the customer needs, strongest first, and then why now; in all at most six."""
    found: dict[int, tuple[float, Span]] = {}
    for number, turn in read.turns("customer"):
        for score, span in _scored(read, number, turn.text):
            best, focus = found.get(number, (0.0, span))
            wide = (min(focus[0], span[0]), max(focus[1], span[1]))
            focus = wide if n_words(turn.text[wide[0] : wide[1]]) <= NEED_WORDS else (span if score > best else focus)
            found[number] = (max(score, best), focus)
    chosen = sorted(found.items(), key=lambda one: (-one[1][0], one[0]))[:MAX_NEEDS]
    needs = [_item(read, number, span) for number, (_, span) in chosen]
    said = {one.turn: one.quote for one in needs}
    return needs + [one for one in _deadlines(read) if one.quote != said.get(one.turn)]


def _item(read: ReadCall, number: int, span: Span) -> Item:
    text = read.text(number)
    quote = excerpt(text, span, NEED_WORDS)
    if _MUST.search(text, *span):
        what = "by when" if dates(quote) else "must have"
    else:
        what = "wants" if _WANT.search(text, *span) else SAID
    return Item(text=what, quote=quote, turn=number)


def _scored(read: ReadCall, number: int, text: str) -> list[tuple[float, Span]]:
    p = read.p(number, "pain", "goal", "criteria") - OF_OTHERS * (read.p(number, "competitor") >= 0.2)
    asked = questions(text)
    scored = []
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        if n_words(sentence) < MIN_WORDS or sentence in asked or _REFUSED_NEED.search(sentence):
            continue
        with_number = 0.12 * has_number(sentence)
        is_judged_by = read.p(number, "criteria") >= LIKELY
        for pattern, weight in (
            (_MUST, 0.45 if is_judged_by else 0.3),
            (_WANT, 0.3),
            (_TROUBLE, 0.25),
            (_FIGURE, 0.28),
        ):
            if pattern is _FIGURE and (not with_number or _TIME.search(sentence)):
                continue
            for match in pattern.finditer(text, start, end):
                score = p + weight + with_number
                if score >= ENOUGH:
                    scored.append((score, match.span()))
    return scored


def _deadlines_in(read: ReadCall, number: int, text: str) -> Iterator[tuple[float, Item]]:
    """Days by which something ends or has to happen, in the turn's own words or as the answer to a question."""
    for match in _DEADLINE.finditer(text):
        start, end = sentence_at(text, match.start())
        sentence = text[start:end]
        if not dates(sentence) or sentence in questions(sentence) or _PROPOSES.search(sentence):
            continue
        day = min(date_spans(sentence), key=lambda one: abs(start + one[0] - match.start()))
        span = (min(match.start(), start + day[0]), max(match.end(), start + day[1]))
        if n_words(text[slice(*span)]) > NEED_WORDS:
            span = match.span()
        is_plain = "out" in match[0] or "renew" in match[0].lower()
        yield 1.0 + 0.3 * is_plain, Item(text="by when", quote=excerpt(text, span, NEED_WORDS), turn=number)
    asked = questions(read.text(number - 1)) if number > 1 else []
    if (days := date_spans(text)) and any(_DEADLINE.search(one) and _WHEN.search(one) for one in asked):
        yield 1.0, Item(text="by when", quote=excerpt(text, (0, days[0][1]), NEED_WORDS), turn=number)


def _deadlines(read: ReadCall) -> list[Item]:
    """The surest deadlines, whoever names them, the customer's first; of each day one."""
    found = [
        (score + 0.3 * (turn.role == "customer"), item)
        for number, turn in read.turns("customer", "rep")
        for score, item in _deadlines_in(read, number, turn.text)
    ]
    best: dict[int, tuple[float, Item]] = {}
    for score, item in found:
        if item.turn not in best or best[item.turn][0] < score:
            best[item.turn] = (score, item)
    chosen: list[Item] = []
    said: set[str] = set()
    for _, item in sorted(best.values(), key=lambda one: -one[0]):
        days = {re.sub(r"\A(?:on|by|until|till|before|the)\s|\bthe\s", "", day.lower()) for day in dates(item.quote)}
        if len(chosen) < MAX_DEADLINES and not days & said:
            chosen.append(item)
            said |= days
    return chosen
