"""Which sums were said, and what they are for."""

import re
from typing import Final

from salescoach.brief.excerpts import excerpt, sentence_at
from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Item
from salescoach.brief.sums import is_large, is_marked, sums
from salescoach.speech.spoken import n_words, price_mentions

MAX_PRICES: Final = 4
LIKELY: Final = 0.4
PRICE_WORDS: Final = 16
ASKED: Final = 0.6  # what an answer to a question about the price counts for

_DEALS: Final = re.compile(
    r"\b(?:would take it|renews? at|comes? (?:out )?(?:at|to)|put your name on it|name on it|the quote from"
    r"|all in)\b",
    re.I,
)
_BUDGET: Final = re.compile(
    r"\b(?:budget|in the plan|afford|not over|no more than|not a (?:dollar|penny|cent) (?:more|over)|we pay"
    r"|we['’]re paying|set aside)\b",
    re.I,
)
_ASKS: Final = re.compile(
    r"\b(?:how much|what['’]s (?:it|that|this) (?:cost|come to)|what does it cost|the price|smallest|cheapest"
    r"|the excess|the fee|the damage)\b",
    re.I,
)


def price_of(read: ReadCall) -> list[Item]:
    """The rep's sums, and what the customer sets against them; strongest first."""
    found: list[tuple[float, Item]] = []
    said: set[str] = set()
    for number, turn in read.turns("rep", "customer"):
        p = read.p(number, "price_talk") if turn.role == "rep" else 0.0
        if turn.role == "rep" and number > 1 and _ASKS.search(read.text(number - 1)):
            p = max(p, ASKED)
        deals = turn.role == "rep" and _DEALS.search(turn.text) is not None
        spans = sums(turn.text, any_number=p >= LIKELY or deals)
        if not spans or (turn.role == "customer" and not _BUDGET.search(turn.text)):
            continue
        fresh = [span for span in spans if turn.text[span[0] : span[1]].lower() not in said]
        if not fresh or (turn.role == "rep" and p < LIKELY and not price_mentions(turn.text) and not deals):
            continue
        said |= {turn.text[start:end].lower() for start, end in spans}
        marked = [span for span in fresh if is_marked(turn.text, span)]
        large = [span for span in fresh if is_large(turn.text, span)]
        first = (marked or large or fresh)[0]
        last = next(
            span for span in reversed(fresh) if n_words(turn.text[first[0] : span[1]]) <= PRICE_WORDS or span == first
        )
        quote = excerpt(turn.text, (sentence_at(turn.text, first[0])[0], last[1]), PRICE_WORDS)
        if turn.text[first[0] : first[1]] not in quote:
            quote = excerpt(turn.text, (first[0], last[1]), PRICE_WORDS)
        shown = ", ".join(turn.text[start:end] for start, end in fresh if turn.text[start:end] in quote)
        score = p + 0.3 * bool(marked) + 0.2 * bool(price_mentions(turn.text)) + 0.1 * len(fresh)
        found.append((score, Item(text=shown, quote=quote, turn=number)))
    return [item for _, item in sorted(found, key=lambda one: (-one[0], one[1].turn))[:MAX_PRICES]]
