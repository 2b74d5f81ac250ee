"""Whether the customer said no, and where."""

import re
from typing import Final

from salescoach.brief.excerpts import excerpt
from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Item

CLOSING: Final = 0.6  # share of the turns after which the customer's no is the end of it
LIKELY: Final = 0.4
SAID_NO: Final = "said no"
MAY_HAVE: Final = "may have said no"
TAKEN_ON: Final = 0.3  # of a commitment after which a no before it doesn't stand

_REFUSES: Final = re.compile(
    r"\bno,? i don['’]?t think so\b|\bdon['’]t (?:call|ring) at all\b|\bnot on the list\b|\bnot interested\b"
    r"|\b(?:we|i)(?:['’]ve| have)? (?:went|gone|signed"
    r"|decided to go) with (?!you)|\bdon['’]t (?:call|ring) (?:me |us )?(?:again|back)\b"
    r"|\bhold off for now\b|\bno thank(?:s| you)\b|\bwe['’]re not (?:going to|doing)\b|\bwe won['’]?t be\b"
    r"|\bit['’]s a no\b|\bleave it (?:there|at that|for now)\b"
    r"|\Ano\. leave it\b|\bno,? i['’]ll not do that\b|\bi wouldn['’]?t put anything\b|\bwe['’]re going another way\b"
    r"|\bthe answer['’]?s? (?:is )?no\b",
    re.I,
)


def refusal_of(read: ReadCall) -> Item | None:
    """Where the customer says no to the deal, unless they go on to take something on.

    ``text`` is ``SAID_NO`` where the words say so, else ``MAY_HAVE``: there the reader heard it alone.
    """
    found: Item | None = None
    for number, turn in read.turns("customer"):
        said = _REFUSES.search(turn.text)
        is_read = read.p(number, "refusal") > max(LIKELY, read.p(number, "commitment"))
        if number >= CLOSING * len(read.call) and (said or is_read):
            if found is None or (said and found.text == MAY_HAVE):
                quote = excerpt(turn.text, said.span() if said else (0, 1))
                found = Item(text=SAID_NO if said else MAY_HAVE, quote=quote, turn=number)
        elif found and read.p(number, "commitment") >= TAKEN_ON:
            found = None
    return found
