"""Who was on the call, who was named in it, and who is said to decide."""

import re
from collections import defaultdict
from typing import Final

from salescoach.brief.excerpts import Span, excerpt, sentence_at
from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Person
from salescoach.types import Role

MAX_NAMED: Final = 3  # people who aren't on the call
MAX_DECIDERS: Final = 3
NEAR: Final = 40  # characters around a name that say what it is the name of
LIKELY: Final = 0.3

_PLACEHOLDER: Final = re.compile(
    r"(?:sales ?)?(?:rep|representative|agent|customer|client|caller|prospect|seller|buyer|speaker|host|guest|lead"
    r"|unknown"
    r"|advisor|adviser|user|assistant)\W*\w{0,2}\Z",
    re.I,
)
_NAME: Final = (
    r"(?:(?:Mrs?|Ms|Dr|Miss|Major|Captain|Professor|Auntie|Uncle|Father|Sir)\.? )?[A-Z][a-z]+(?:[-'’][A-Z][a-z]+)?"
)
_FULL: Final = rf"{_NAME}(?: [A-Z][a-z]+)?"
_I_AM: Final = re.compile(rf"\b(?:[Ii]t['’]s|[Tt]his is|[Mm]y name is|I['’]m|[Nn]ame['’]s) ({_FULL})")
_GREETS: Final = re.compile(
    rf"\A(?:(?:[Hh]i|[Hh]ello|[Hh]ey|[Mm]orning|[Gg]ood (?:morning|afternoon)),? ({_NAME})|({_NAME}), (?:hi|hello"
    rf"|hey|good (?:to|morning|afternoon|evening))\b)",
)
_COMMON: Final = re.compile(
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September"
    r"|October"
    r"|November|December|Christmas|Easter|Thanksgiving|English|Okay|Ok|Yes|Yeah|Yep|No|Not|Sure|Thanks?|Right|Great"
    r"|Good|Fine"
    r"|Well|Hello|Hi|Hey|Oh|Just|Now|And|But|So|The|This|That|These|Those|There|Here|He|She|It|We|You|They|I|Our"
    r"|Your|My|His"
    r"|Her|Their|If|When|What|Who|How|Why|Where|Which|Is|Are|Was|Do|Does|Did|Can|Could|Would|Will|Let|Like|Because"
    r"|Then"
    r"|Everybody|Everyone|Nobody|Somebody|Someone|Anybody|Anyone|Nothing|Everything|Something|Only|Still|Maybe|Look"
    r"|Wait|Sorry"
    r"|Please|Perfect|Lovely|Huh|Hm|Mm|Ha|Um|Uh|God|Lord|Jesus|Sir|Madam|Legal|Finance|Procurement|Payroll"
    r"|Marketing|Sales"
    r"|Technology|Operations|Corporate|Management|Monday|Agency|State|Ours|Mine|Yours|Theirs|One|Two|Three|Four"
    r"|Five|Six"
    r"|Seven|Eight|Nine|Ten|Some|Most|Many|Each|Every|Both|All|Another|Last|Next|First|Before|After|Once|Until"
    r"|Every|Price|I)\Z"
)
# What only a person does or has done to them.
_DOES: Final = re.compile(
    r"\A(?:,? (?:he|she|who)\b|,? (?:my|our|the) (?:wife|husband|boss|manager|partner|brother|sister|cousin"
    r"|colleague|assistant)\b"
    r"|(?: also| just| never| always)? (?:wants?|says?|said|signs?|signed|asks?|asked|likes?|hates?|thinks?|knows?"
    r"|decides?"
    r"|told|complains?|might like)\b| with (?:her|his)\b)"
)
_NAMED_PERSON: Final = re.compile(
    r"\b(?:ask|tell|told|asked|show|calls?|my (?:friend|cousin|colleague|boss|partner|wife|husband|brother|sister"
    r"|daughter|son)"
    r"|(?:co-)?director|manager),? \Z",
    re.I,
)
_PLACE: Final = re.compile(r"\b(?:in|at|near|over in|down in|outside|the|a|an|on) \Z", re.I)
_BEGINS: Final = re.compile(r"(?:\A|[.!?…]\s+)\Z")
_CAPITAL: Final = re.compile(r"\b([A-Z][\w'’]*) \Z")
_TITLE: Final = re.compile(r"\A(?:Mrs?|Ms|Dr|Miss|Major|Captain|Professor|Auntie|Uncle|Father)\b")

_DECIDES_SELF: Final = re.compile(
    r"\bI sign\b|\bi(?:['’]m| am) the one (?:who|that) (?:signs|decides)|\bit['’]s my (?:call|decision|budget)\b"
    r"|\bI (?:decide|make the decision|can sign)\b|\bup to me\b|\bunder \w+ it['’]s me\b|\bmy own boss\b",
    re.I,
)
_RELATION: Final = (
    r"(?:(?:my|our|the|his|her) )(?:\w+ )?(?:wife|husband|father|mother|boss|manager|partner|co-?director"
    r"|co-? ?proprietress|board"
    r"|director|cfo|ceo|owner|council|committee|landlord|brother|sister|son|daughter|aunt|uncle|accountant|lawyer"
    r"|bank"
    r"|legal people|finance|procurement|head|principal|trustees|team|family)"
)
_DECIDES_OTHER: Final = re.compile(
    rf"(?P<a>{_FULL}|{_RELATION}|\b[Hh]e|\b[Ss]he|\b[Mm]adam|\bher|\bhim)(?:['’]s)?(?:,[^,.]{{2,30}},)? (?:(?:who"
    rf"|that) )?(?:also |really )?"
    r"(?:signs?|decides?|holds? (?:the )?(?:purse|cheque|money)|keeps the (?:the )?cheque|has (?:the last word"
    r"|to (?:agree|approve|sign|say))"
    r"|does the money|makes the (?:call|decision)|approves)\b"
    rf"|(?:(?:got|have|has|going) to be|it['’]d have to be|down to|(?<!go )(?<!went )(?<!be )up to"
    rf"|sign(?:ed)? off by|goes to"
    rf"|in front of) (?P<b>{_FULL}|{_RELATION}|her|him|madam|[a-z]{{3,}}(?= (?:that|who|too)))"
    rf"|(?:ask|check with|talk to|speak to|run it (?:by|past)|discuss it with|show|without"
    rf"|tell) (?:it to )?(?P<c>{_RELATION}|(?-i:{_FULL}))"
    rf"|(?P<d>{_RELATION}|(?-i:{_FULL}))(?:['’]s)? (?:got to|has to|have to|needs to|must|would have to"
    rf"|will have to|will want to|wants to) (?:sign|agree|approve|see|say|hear|be)",
)
_NOBODY: Final = re.compile(
    r"(?:some|any|every)(?:one|body)|nobody|person|people|able|sure|honest|fair|one|real|the one\Z",
    re.I,
)
_PRONOUN: Final = re.compile(r"(?:he|she|her|him)\Z", re.I)


def people_of(read: ReadCall) -> list[Person]:
    """Speakers first, then those who are said to decide, then others who are named."""
    names = speaker_names(read)
    on_call = _speakers(read, names)
    known = {word.lower() for one in on_call for word in one.name.split()}
    named = _named(read, known)
    deciders = _deciders(read, known, named)
    taken = {one.name for one in deciders}
    others = [
        _named_person(read, name, spans)
        for name, spans in sorted(named.items(), key=lambda one: (-len(one[1]), one[1][0]))
        if name not in taken
    ]
    return [*on_call, *deciders, *others[:MAX_NAMED]]


def is_common(word: str) -> bool:
    """Whether a word with a capital letter is a day, a month, or one that often starts a sentence."""
    return _COMMON.match(word) is not None


def speaker_names(read: ReadCall) -> dict[str, str]:
    """What each speaker is called: the label, or, where that says only the side, the name said at the start."""
    labels: dict[str, Role] = {turn.speaker: turn.role for turn in read.call.turns}
    names = {label: label for label in labels}
    open_labels = [label for label in labels if _PLACEHOLDER.match(label)]
    for label in open_labels:
        others = [other for other in labels if other != label]
        for turn in read.call.turns[:6]:
            found = None
            if turn.speaker == label and (found := _I_AM.search(turn.text)):
                name = found[1]
            elif len(others) == 1 and turn.speaker == others[0] and (found := _GREETS.search(turn.text)):
                name = found[1] or found[2]
            if found and not _COMMON.match(name.split()[0]):
                names[label] = name
                break
        else:
            names[label] = {"rep": "the rep", "customer": "the customer"}.get(labels[label], label)
    return names


def _speakers(read: ReadCall, names: dict[str, str]) -> list[Person]:
    said: dict[str, list[int]] = defaultdict(list)
    for number, turn in enumerate(read.call.turns, start=1):
        said[turn.speaker].append(number)
    found = []
    for label, turns in said.items():
        role = read.call.turns[turns[0] - 1].role
        decision = next(
            ((n, m.span()) for n in turns if role == "customer" and (m := _DECIDES_SELF.search(read.text(n)))), None
        )
        found.append(
            Person(
                name=names[label],
                side=role,
                decides=True if decision else None,
                turns=(decision[0],) if decision else (turns[0],),
                text=f"{names[label]} decides" if decision else names[label],
                quote=None if decision is None else excerpt(read.text(decision[0]), decision[1], 10),
                turn=decision[0] if decision else turns[0],
            )
        )
    return sorted(found, key=lambda one: one.side != "customer")


def _named(read: ReadCall, known: set[str]) -> dict[str, list[tuple[int, Span]]]:
    """People whom the customer names who aren't on the call, with where."""
    found: dict[str, list[tuple[int, Span]]] = defaultdict(list)
    sure: set[str] = set()
    likely: set[str] = set()  # at the start of a sentence, where every word has a capital
    places: set[str] = set()
    small = {word for turn in read.call.turns for word in re.findall(r"(?<![\w'’])[a-z]+", turn.text)}
    for number, turn in read.turns("customer"):
        for match in re.finditer(_NAME, turn.text):
            name = match[0]
            last = name.split()[-1]
            if _COMMON.match(last) or last.lower() in known or last.lower() in small:
                continue
            before = turn.text[max(0, match.start() - NEAR) : match.start()]
            after = turn.text[match.end() : match.end() + NEAR]
            if _TITLE.match(name) and " " in name:
                sure.add(name)
            elif _PLACE.search(before) or re.match(r" [A-Z]", after) or _is_second(before):
                places.add(name)
                continue
            elif _NAMED_PERSON.search(before) or (_DOES.match(after) and not _BEGINS.search(before)):
                sure.add(name)
            elif _DOES.match(after):
                likely.add(name)
            found[name].append((number, match.span()))
    sure |= {name for name in likely if len(found[name]) > 1}
    return {name: spans for name, spans in found.items() if name in sure and name not in places}


def _is_second(before: str) -> bool:
    """Whether a name is the second word of one, as in "Castle Homes"."""
    word = _CAPITAL.search(before)
    return word is not None and not _COMMON.match(word[1])


def _deciders(read: ReadCall, known: set[str], named: dict[str, list[tuple[int, Span]]]) -> list[Person]:
    found: dict[str, tuple[float, Person]] = {}
    for number, turn in read.turns("customer"):
        p = read.p(number, "authority", "decision_process")
        for match in _DECIDES_OTHER.finditer(turn.text):
            group = next(key for key in "abcd" if match[key])
            name = match[group]
            is_sure = group in "ab"
            if _PRONOUN.match(name):
                name = _whom(read, number, match.start(), named)
            if name is not None and name.lower().startswith("my "):
                name = f"{speaker_names(read)[turn.speaker]}'s {name[3:]}"
            if (
                name is None
                or _NOBODY.match(name)
                or name.split()[-1].lower() in known
                or _COMMON.match(name.split()[-1])
            ):
                continue
            if not is_sure and p < LIKELY:
                continue
            person = Person(
                name=name,
                side="customer",
                decides=True if is_sure else None,
                turns=(number,),
                text=f"{name} decides" if is_sure else f"{name} is asked",
                quote=excerpt(turn.text, match.span(), 12),
                turn=number,
            )
            score = p + is_sure
            if name not in found or found[name][0] < score:
                found[name] = (score, person)
    return [one for _, one in sorted(found.values(), key=lambda one: -one[0])][:MAX_DECIDERS]


def _whom(read: ReadCall, number: int, place: int, named: dict[str, list[tuple[int, Span]]]) -> str | None:
    """Whom "he" or "she" in a turn means: the last person spoken of before in the same turn, else nobody is sure."""
    before = read.text(number)[:place]
    spoken = [
        (span[0], name) for name, spans in named.items() for turn, span in spans if turn == number and span[1] <= place
    ]
    spoken += [(m.start(), m[0]) for m in re.finditer(_RELATION, before, re.I)]
    spoken += [(m.start(), m[0]) for m in re.finditer(r"\bmadam\b", before, re.I)]
    return max(spoken)[1] if spoken else None


def _named_person(read: ReadCall, name: str, spans: list[tuple[int, Span]]) -> Person:
    number, span = spans[0]
    text = read.text(number)
    sentence = sentence_at(text, span[0])
    return Person(
        name=name,
        side="customer",
        decides=None,
        turns=tuple(dict.fromkeys(turn for turn, _ in spans)),
        text=f"{name} is named",
        quote=excerpt(text, (max(sentence[0], span[0]), span[1]), 10),
        turn=number,
    )
