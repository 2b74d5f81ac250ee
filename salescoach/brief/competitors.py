"""Which other offers, suppliers or ways were named."""

import re
from typing import Final

from salescoach.brief.excerpts import excerpt
from salescoach.brief.people import is_common
from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Item

MAX_COMPETITORS: Final = 3
RIVAL_WORDS: Final = 12
HEARD: Final = 0.15
UNNAMED: Final = "unnamed"

_NAME: Final = r"(?:[A-Z][\w&-]*[a-z][\w&-]*)(?: [A-Z][\w&-]+)?"
_HAVE: Final = re.compile(
    r"\b(?i:(?:we|i|they|it)(?:['’]ve| have|['’]re| are)? (?:bought|use|using|tried|went with|signed with|looked at"
    r"|looking at|saw|already have)|"
    rf"(?:quote|offer|proposal|bid|demo) from|switch(?:ed|ing)? (?:to|from)|off|instead of) (?:the )?({_NAME})"
    rf"|\b(?i:had|been (?:on|with)) ({_NAME})(?= since| for )"
    rf"|\b({_NAME}) (?:quoted|charges?|does it|is cheaper|costs)|\b[Tt]he ({_NAME})['’]s been"
    rf"|[Nn]ot on the ({_NAME}) one|\b(?:[Tt]he|[Tt]hat) (?:other )?(?:one|plot|place|house) (?:down |up "
    rf"|over )?at ({_NAME})"
)
_SUPPLIER: Final = re.compile(
    r"\b(?:competitors?|incumbent|shop(?:ping)? around|(?:other|different|cheaper|current|present"
    r"|existing) (?:vendor|provider"
    r"|supplier|insurer|carrier|broker|agency|agent|firm|company|quote|offer|bid)s?|(?:somewhere|anywhere) else"
    r"|(?:knows|got|has) a (?:broker|guy|fella|supplier|firm))\b",
    re.I,
)
_UNNAMED: Final = re.compile(
    r"\banother (?:lot|firm|quote|quotation|company|offer|provider|supplier|outfit|broker) (?!way)"
    r"|\bother quote\b|\bwith somebody (?:in|else)\b"
    r"|\blikes the other one\b|\bthere was one that came before\b|\bin-house\b|\bbuild it ourselves\b"
    r"|\bto stop us doing (?:this|it)\b"
    r"|\bdo it ourselves\b|\bwe saw [a-z]+ [a-z]+\b|\bthe last (?:bunch|lot|firm|one that)\b|\bcheaper elsewhere\b"
    r"|\byour competitor\b",
    re.I,
)


def competitors_of(read: ReadCall, people: set[str]) -> list[Item]:
    """The named ones first; one that has no name in the call is shown by what was said of it.

    Args:
        read: the call.
        people: names, in lower case, of those who are no suppliers.
    """
    named: dict[str, Item] = {}
    unnamed: list[tuple[float, Item]] = []
    for number, turn in read.turns("customer"):
        p = read.p(number, "competitor")
        for match in _HAVE.finditer(turn.text):
            name = next(found for found in match.groups() if found)
            if not is_common(name) and not {*name.lower().split()} & people:
                named.setdefault(
                    name, Item(text=name, quote=excerpt(turn.text, match.span(), RIVAL_WORDS), turn=number)
                )
        places = [match.span() for match in _UNNAMED.finditer(turn.text)]
        if p >= HEARD:
            places += [match.span() for match in _SUPPLIER.finditer(turn.text)]
        if places:
            unnamed.append((p + 0.5, Item(text=UNNAMED, quote=excerpt(turn.text, places[0], RIVAL_WORDS), turn=number)))
    turns = {one.turn for one in named.values()}
    rest = [item for _, item in sorted(unnamed, key=lambda one: (-one[0], one[1].turn)) if item.turn not in turns]
    return [*named.values(), *rest][:MAX_COMPETITORS]
