"""Typed arguments that a question names: turns, calls, outcomes, how many, filters, edits. By wording; English only.

Nothing is guessed: what a question doesn't say stays out, and the planner asks back where a tool can't do without it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from salescoach.reading.texts import QUOTED
from salescoach.types import Role

Outcome = Literal["converted", "lost", "any"]

_PLAYBOOK = re.compile(r"\b(?:medd?p?icc?|bant|spin)\b", re.I)

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINAL_UNITS = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
    fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth""".split()
_ORDINAL_TENS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth".split()


def _spelt(units: Sequence[str], tens: Sequence[str], stems: Sequence[str]) -> dict[str, int]:
    values = {word: value for value, word in enumerate(units)}
    for ten, (word, stem) in enumerate(zip(tens, stems, strict=True), start=2):
        values[word] = 10 * ten
        for unit, name in enumerate(units[1:10], start=1):
            values[f"{stem}-{name}"] = values[f"{stem} {name}"] = 10 * ten + unit
    return values


_CARDINALS = _spelt(_UNITS, _TENS, _TENS)
_ORDINALS = _spelt(_ORDINAL_UNITS, _ORDINAL_TENS, _TENS)


def _any_of(words: Sequence[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"\w+")
_CALL_WORD = re.compile(r"call|conversation|transcript", re.I)
_CARDINAL = rf"(?:\d{{1,4}}|(?:{_any_of(_TENS)})(?:[ -](?:{_any_of(_UNITS[1:10])}))?|{_any_of(_UNITS)})"
_ORDINAL = (
    rf"(?:\d{{1,4}}(?:st|nd|rd|th)|(?:{_any_of(_TENS)})[ -](?:{_any_of(_ORDINAL_UNITS[1:10])})"
    rf"|{_any_of(_ORDINAL_TENS)}|{_any_of(_ORDINAL_UNITS)})"
)
_NUMBER = re.compile(rf"\b{_CARDINAL}\b", re.I)
_LINE = r"(?:turns?|lines?|messages?|utterances?)"

_QUOTED = re.compile(
    rf"“(?!”)({QUOTED})”|\"([^\"]+)\"|«((?!»)(?:[^»«]*+«){{0,20}}+[^»«]*+)»"
    # An apostrophe inside of a word ends nothing.
    r"|(?<!\w)[‘']((?![’'])[^’'‘]*+(?:(?:‘|[’'](?=\w))[^’'‘]*+){0,40}+)[’'](?!\w)"
)
_TURNS = re.compile(
    rf"\b{_LINE}\s*+(?:number\s++|no\.?\s*+|#\s*+)?({_CARDINAL}\b(?:\s*+(?:,|and|&|or"
    rf"|to)\s*+(?:{_LINE}\s*+)?{_CARDINAL}\b)*)"
    rf"|\b(?:the\s++)?({_ORDINAL})\s++{_LINE}\b"
    r"|\bt\s?(\d{1,4})\b"
    r"|\bat\s++(\d{1,4})\b(?!\s*+(?:%|percent|per\s?cent|o['’]?clock|[ap]\.?m\b|h\b|k\b|euros?|dollars?|[:.,]\d))",
    re.I,
)
_OWN_TURN = re.compile(
    r"\bmy\s++(last|first|final|opening)\s++(?:turn|line|answer|reply|sentence|message|question)", re.I
)
_THEIR_TURN = re.compile(
    r"\b(?:(?:the\s++)?(?:customer|client|buyer|prospect)['’]?s|her|his|their)\s++(last|first|final|opening)\s++"
    r"(?:turn|line|answer|reply|sentence|message|question)",
    re.I,
)
_ANY_TURN = re.compile(r"\bthe\s++(last|first|final|very last|opening)\s++(?:turn|line|sentence)\b", re.I)

_CALL = r"(?:calls?|ones?|conversations?|transcripts?|meetings?)"
_NTH_CALL = re.compile(rf"\b({_ORDINAL})\s++(?:{_CALL}\b|(?=(?:and|or|versus|vs|with|to)\b))", re.I)
_CALL_N = re.compile(
    rf"\b(?:call|conversation|transcript)\s++(?:number\s++|no\.?\s*+|#\s*+)?({_CARDINAL})\b(?!\s*+%)", re.I
)
_OTHER_CALL = re.compile(rf"\bthe\s++other\s++{_CALL}\b|\bthe\s++other\b(?=\s*+[?.!]*$)", re.I)
_CALL_BEFORE = re.compile(
    rf"\b(?:previous|earlier|preceding)\s++{_CALL}\b|\bthe\s++(?:call|one)\s++before\b"
    r"|\bthe\s++previous\b(?=\s*+[?.!]*$)",
    re.I,
)
_ALL_CALLS = re.compile(
    rf"\b(?:both|the\s++two|my\s++two|all\s++(?:my|the|three|these|of\s++them))\b(?:\s++{_CALL})?|\beach\s++call\b",
    re.I,
)

_WON = re.compile(
    r"\b(?:won|wins?|winning|winners?|closed|signed|converted|convert|successful|succeeded|success|bought"
    r"|signature|landed"
    r"|happy|positive|(?:went|came) through|worked out|made money|(?:ended|went) well"
    r"|became (?:a )?customers?|got a yes"
    r"|good (?:examples?|outcome|end(?:ing)?))\b",
    re.I,
)
_LOST = re.compile(
    r"\b(?:lost|los(?:e|es|ing|ers?)|loss(?:es)?|failed|fail(?:s|ures?)?|unsuccessful|fell through|got away|blew|died"
    r"|walked away|said no|(?:with|was) a no|disasters?|negative|unhappy|nowhere|nothing came|someone else|no deal"
    r"|ended badly|(?:didn['’]?t|did not) (?:sign|convert|buy|get|win|close)|bad (?:examples?|outcome"
    r"|end(?:ing)?))\b",
    re.I,
)
_FOUND = (
    r"(?:calls?|deals?|ones|examples?|repl(?:y|ies)|answers?|win(?:s|ners?)?|loss(?:es)?|losers?|conversations?|demos?"
    r"|matches)"
)
_HOW_MANY = re.compile(
    rf"\b({_CARDINAL})\s++(?:(?!turns?\b|lines?\b)[\w-]+\s++){{0,3}}?{_FOUND}\b|\btop\s++({_CARDINAL})\b", re.I
)
_ONE = re.compile(
    r"\b(?:show|find|give|get|see|read|pull up|need|want|list)\b(?:\s++(?:me|us|up))?\s++(?:an?|one|another)\s++"
    r"(?:[\w-]+\s++){0,3}?(?:call|deal|example|one|conversation|demo)\b"
    r"|\b(?:find|show)\s++(?:me\s++)?one\b",
    re.I,
)
MAX_RESULTS = 10
# “Anyway, how likely is it?” asks for no more than the question without that word.
_ANYWAY = re.compile(
    r"(?<!^)(?<![.,;!?] )\b(?:any\s?ways?|any\s?how|regardless|nevertheless|nonetheless|all the same|even so)\b"
    r"|\b(?:uncalibrated|raw|forced?)\b(?:\W+\w+){0,2}?\W+(?:number|score|figure|value|percentage)\b"
    r"|\b(?:force (?:it|a score|the score|a number)|override (?:it|that|the abstention))\b",
    re.I,
)


def _named(names: Mapping[str, str], before: str = "") -> tuple[tuple[re.Pattern[str], str], ...]:
    """What wordings name, in this order; ``before`` stands in front of each wording."""
    return tuple((re.compile(rf"\b{before}(?:{words})\b", re.I), name) for words, name in names.items())


_BY = _named(
    {
        r"industr(?:y|ies)|sectors?|verticals?|branch(?:es)?": "industry",
        r"deal types?|types? of deals?": "deal_type",
        r"deal sizes?|sizes? of (?:the |our )?deals?": "deal_size",
        r"deal stages?|stages? (?:at|of) the (?:call|deal)s?": "stage_at_call",
        r"(?:call )?types?|kinds? of (?:call|conversation)s?|types? of (?:call|conversation)s?": "call_type",
        r"months?|monthly": "month",
        r"quarters?|quarterly": "quarter",
        r"years?|yearly|annual(?:ly)?": "year",
    }
)
_BY_EXPLICIT = _named(
    {r"accounts?|customers?|clients?": "account", r"reps?|sellers?|sales ?(?:people|persons?|men)": "rep"},
    before=r"(?:by|per|each|every|which|across|between|for each)\s++(?:our\s++|the\s++)?",
)
_YEAR = re.compile(r"\b(?:in|during|for|of)\s++(20\d\d)\b", re.I)
_SINCE = re.compile(r"\b(?:since|after|from)\s++(?:([a-z]{3,9})\.?\s++)?(20\d\d)(?:-(\d\d))?\b", re.I)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_COUNTED = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b|(?<!deal )\bsize\b(?! of (?:the |our )?deal)", re.I)

_MEASURES = _named(
    {
        r"talk(?:ing)?(?:[ /-]to[ /-]listen|/listen)?[ -](?:ratio|time|share)"
        r"|share of the (?:words|talking)": "talk_ratio_words",
        r"open(?:-ended)? questions?": "rep_open_questions",
        r"customers?['’]?s? questions?"
        r"|questions? (?:do|did|does) (?:the )?(?:customers?|clients?)": "customer_questions",
        r"questions?": "rep_questions",
        r"monologues?|longest speech": "longest_monologue_words",
        r"customers?['’]?s? (?:longest )?stor(?:y|ies)": "longest_customer_story_words",
        r"fillers?(?: words?| rate)?|ums?|erms?": "filler_rate",
        r"pace|words per minute|wpm|speech rate|speaking (?:rate|speed)": "speech_rate_wpm",
        r"patience|paus(?:e|es|ing)": "patience_seconds",
        r"interrupt(?:s|ed|ions?)?|overlaps?|talk(?:ing)? over": "overlap_share",
        r"interactivity|changes? of speaker|back and forth": "interactivity",
        r"pric(?:e|es|ing)(?: mentions?| (?:is|was|gets?) mentioned)?": "price_mentions",
        r"competitors?(?: mentions?)?": "competitor_mentions",
        r"objections?": "objections",
        r"next steps?|follow-up dates?": "next_step",
        r"commit(?:ments?|ted)": "customer_commitment",
    }
)

# Industries that people name although the library may not have them: the tool then says which there are.
_INDUSTRIES = re.compile(
    r"\b(?:retail|banking|finance|healthcare|pharma|manufacturing|logistics|education|hospitality|automotive"
    r"|construction|telecoms?|energy|travel|media|government|e-?commerce|saas)\b",
    re.I,
)
_NAMED_INDUSTRY = re.compile(
    r"\b(?:in|for|from|of)\s+(?:the\s+)?([a-z][\w-]*(?:\s[a-z][\w-]*)?)\s+(?:industry|sector|vertical)\b", re.I
)
_BARE_INDUSTRY = re.compile(
    r"\b(?:in|for|from)\s+(?:the\s+)?([a-z][\w -]{2,30}?)(?:\s+(?:only|deals|calls|ones))?\s*[?.!]*$", re.I
)
_NO_INDUSTRY = frozenset(
    "it them this that these those total general comparison won lost calls deals me us now".split()
)


def _none(*_: str) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Known:
    """What the planner may know beyond the question, to understand names in it.

    values_of: the library's values of ``industry`` or ``call_type``.
    roles_of: the roles of a call's turns in order; empty where the call isn't known.
    trackers: the names of the user's trackers.
    """

    values_of: Callable[[str], Sequence[str]] = _none
    roles_of: Callable[[str], Sequence[Role]] = _none
    trackers: Callable[[], Sequence[str]] = _none


def number(word: str) -> int:
    """The value of a number or ordinal, in digits or words."""
    word = " ".join(word.lower().split())
    digits = _DIGITS.match(word)
    if digits:
        return int(digits.group())
    return _CARDINALS.get(word, _ORDINALS.get(word, 0))


def without_quotes(question: str) -> str:
    """The question without what it quotes, so that nothing in a quote is taken for an argument."""
    return _QUOTED.sub(" ", question)


def quotes(question: str) -> list[str]:
    """What stands in quotation marks, in order."""
    return [next(group for group in match.groups() if group is not None) for match in _QUOTED.finditer(question)]


def turns(question: str, roles: Sequence[Role] = ()) -> list[int]:
    """The turns that a question names, from 1, in the order named: “turn 14”, “T14”, “at 14”, “the seventh turn”.

    ``roles`` (of the call's turns) resolve “my last answer”; without them that names none.
    """
    plain = without_quotes(question)
    found: list[int] = []
    for match in _TURNS.finditer(plain):
        named, ordinal, marker, at = match.groups()
        found += [number(word) for word in _NUMBER.findall(named)] if named else []
        found += [number(one) for one in (ordinal, marker, at) if one]
    for pattern, whose in ((_OWN_TURN, "rep"), (_THEIR_TURN, "customer"), (_ANY_TURN, None)):
        if (one := pattern.search(plain)) is not None:
            rows = [row for row, role in enumerate(roles, start=1) if whose in (None, role)]
            is_last = one.group(1).lower() in ("last", "final", "very last")
            found += ([rows[-1]] if is_last else [rows[0]]) if rows else []
    return list(dict.fromkeys(found))


def calls_named(question: str, calls: Sequence[str]) -> list[str | None]:
    """The calls that a question names, in the order named; None for one that this conversation doesn't have."""
    plain = _TURNS.sub(" turn ", without_quotes(question))
    found: list[tuple[int, str | None]] = []

    def nth(position: int) -> str | None:
        return calls[position - 1] if 1 <= position <= len(calls) else None

    for call_id in calls:
        if (at := re.search(rf"(?<![\w-]){re.escape(call_id)}(?![\w-])", plain)) is not None:
            found.append((at.start(), call_id))
    for pattern in (_NTH_CALL, _CALL_N):
        for match in pattern.finditer(plain):
            # “the first one” is a call only where there are several to choose from, or where it says "call".
            if len(calls) > 1 or _CALL_WORD.search(match.group()):
                found.append((match.start(), nth(number(match.group(1)))))
    for pattern in (_OTHER_CALL, _CALL_BEFORE):
        if (one := pattern.search(plain)) is not None:
            found.append((one.start(), calls[-2] if len(calls) > 1 else None))
    return list(dict.fromkeys(call for _, call in sorted(found, key=lambda pair: pair[0])))


def wants_all_calls(question: str) -> bool:
    """Whether a question is about both or all calls of the conversation."""
    return _ALL_CALLS.search(without_quotes(question)) is not None


def outcome(question: str) -> Outcome | None:
    """Which past calls are meant: those that converted, or that were lost; any where both are named; None unsaid."""
    lost = _LOST.search(question) is not None
    won = _WON.search(_LOST.sub(" ", question)) is not None  # "didn't convert" is no win
    if won and lost:
        return "any"
    return "converted" if won else "lost" if lost else None


def wants_it_anyway(question: str) -> bool:
    """Whether a question asks to see a number although the coach has given none: “show it anyway”."""
    return _ANYWAY.search(without_quotes(question)) is not None


def how_many(question: str) -> int | None:
    """How many past calls are asked for, at most ``MAX_RESULTS``; “a won deal” is one."""
    plain = _TURNS.sub(" ", without_quotes(question))
    if (match := _HOW_MANY.search(plain)) is not None:
        wanted = number(match.group(1) or match.group(2))
        if wanted and not (wanted == 1 and _ONE.search(plain) is None):
            return min(wanted, MAX_RESULTS)
    return 1 if _ONE.search(plain) else None


def filters(question: str, known: Known, *, is_follow_up: bool = False) -> dict[str, str]:
    """The industry and call type that a question names, as the library writes them, else in the question's words.

    A follow-up (“and for retail?”) is read more freely: what stands after "for" or "in" is an industry.
    """
    plain = without_quotes(question)
    found = {
        name: named[0] for name in ("industry", "call_type") if len(named := values_named(plain, name, known)) == 1
    }
    if "industry" in found or len(values_named(plain, "industry", known)) > 1:
        return found
    if (match := _NAMED_INDUSTRY.search(plain)) is not None and match.group(1).lower() not in _NO_INDUSTRY:
        found["industry"] = match.group(1)
    elif (match := _INDUSTRIES.search(plain)) is not None:
        found["industry"] = match.group().lower()
    elif is_follow_up and "call_type" not in found and (match := _BARE_INDUSTRY.search(plain)) is not None:
        words = match.group(1).lower()
        if not (set(words.split()) & _NO_INDUSTRY) and not _YEAR.search(plain) and number(words) == 0:
            found["industry"] = words
    return found


def values_named(question: str, name: str, known: Known) -> list[str]:
    """Values of the library's industries or call types that stand in a question."""
    values = known.values_of(name)
    found = []
    for value in values:
        words = value.replace("_", " ").lower()
        # "closing" alone is a word of every sales question; "closing calls" is a type.
        after = (
            r"\s+(?:calls?|meetings?|conversations?|stage)" if name == "call_type" and words.endswith("ing") else "s?"
        )
        names = [words, *(part for part in words.split() if len(part) > 5 and _is_of_one(part, values))]
        if any(re.search(rf"\b{re.escape(one)}{after}\b", question.replace("_", " "), re.I) for one in names):
            found.append(value)
    return found


def _is_of_one(part: str, values: Sequence[str]) -> bool:
    return sum(part in value.lower().replace("_", " ").split() for value in values) == 1


def playbook_named(question: str) -> dict[str, str]:
    """The bundled playbook that a question names, as the tool takes it; the first of several."""
    named = _PLAYBOOK.search(without_quotes(question))
    if named is None:
        return {}
    return {"playbook": "meddicc" if named[0].lower().startswith("m") else named[0].lower()}


def tracker_named(question: str, known: Known) -> dict[str, str]:
    """The user's tracker that a question names, as the tool takes it; the longest name of several."""
    said = _padded(question)
    named = [name for name in known.trackers() if _padded(name).strip() and _padded(name) in said]
    return {"name": max(named, key=len)} if named else {}


def _padded(text: str) -> str:
    """Words in lower case, each between spaces, so that none is found inside of another."""
    return f" {' '.join(_WORDS.findall(text.casefold()))} "


def metric_named(question: str) -> str | None:
    """The call metric that a question names."""
    plain = without_quotes(question)
    return next((name for words, name in _MEASURES if words.search(plain)), None)


def grouping(question: str, known: Known) -> str | None:
    """By what the numbers of the library are asked for; None where the question doesn't say."""
    plain = without_quotes(question)
    given = filters(question, known)
    for words, by in _BY:
        if by not in given and words.search(plain):
            return by
    for words, by in _BY_EXPLICIT:
        if words.search(plain):
            return by
    return next((name for name in ("industry", "call_type") if len(values_named(plain, name, known)) > 1), None)


def library_arguments(question: str, known: Known, *, is_follow_up: bool = False) -> dict[str, Any]:
    """What a question about the team's calls asks for: measure, groups, filters and period."""
    metric = metric_named(question)
    measure = metric or ("count" if _COUNTED.search(question) else "win_rate")
    asked: dict[str, Any] = {"by": grouping(question, known) or "nothing", "measure": measure}
    asked |= filters(question, known, is_follow_up=is_follow_up)
    if (match := _YEAR.search(question)) is not None:
        asked |= {"since": f"{match.group(1)}-01-01", "until": f"{match.group(1)}-12-31"}
    elif (match := _SINCE.search(question)) is not None:
        named, year, digits = match.groups()
        month = _MONTHS.index(named[:3].lower()) + 1 if named and named[:3].lower() in _MONTHS else int(digits or 1)
        if 1 <= month <= 12:
            asked["since"] = f"{year}-{month:02}-01"
    return asked


_INSERT = re.compile(
    r"\b(?:add|added|insert|inserted|append|put|open(?:ed)? with|start(?:ed)? with|end(?:ed)? with)\b", re.I
)
_WITH = re.compile(r"\bwith\b")
_AFTER = re.compile(rf"\bafter\s++(?:{_LINE}|t\s?\d|the\s++{_ORDINAL})", re.I)
_BEFORE = re.compile(rf"\bbefore\s++(?:{_LINE}|t\s?\d|the\s++{_ORDINAL})", re.I)
_AT_START = re.compile(r"\bat the (?:very )?(?:start|beginning)|\b(?:open|start)(?:ed)? (?:the call )?with\b", re.I)
_AT_END = re.compile(r"\bat the (?:very )?end|\bend(?:ed)? (?:the call )?with\b", re.I)
_DELETE = re.compile(
    r"\b(?:without|delet\w+|remov\w+|drop(?:ped|s)?|cut|leave out|left out|take out|taken out|took out"
    r"|hadn['’]?t|had not"
    r"|never|skip(?:ped|s)?|gone|not (?:there|been said|said|happened)|kept (?:quiet|silent)|wasn['’]?t"
    r"|were not|no turn"
    r"|hold my tongue|shut up)\b",
    re.I,
)
# A text without quotation marks has at most 100 words, or 600 characters.
_UNQUOTED = (
    re.compile(
        r"\b(?:said|asked|answered|replied|say|ask|answer)(?:\s*+:)?\s++(\S++(?:[^\S\n]++\S++){0,100}?)\s++(?:at|in"
        rf"|on)\s++(?:{_LINE}\s*+{_CARDINAL}|t\s?\d+)\b",
        re.I,
    ),
    re.compile(
        r"\b(?:replace|change|swap|rewrite)\b.{0,200}?\b(?:with|to|for|by|as)(?:\s*+:)?\s++(.{1,600}+)\s*+$", re.I
    ),
    re.compile(
        rf"(?:{_LINE}\s*+{_CARDINAL}|\bt\s?\d+)\s*+(?:i had |i |was |to )?(?:say|said|asked|answered)?"
        r"\s*+:\s*+(.{1,600}+)\s*+$",
        re.I,
    ),
)
_VAGUE = re.compile(r"^(?:something|anything|nothing|it|that|this|so|more|less)\b", re.I)
_CUSTOMER_SAYS = re.compile(
    r"\b(?:customer|client|buyer|prospect|she|he|they)\s+(?:had\s+|would\s+have\s+|['’]d\s+)?(?:said"
    r"|asked|answered|replied)\b",
    re.I,
)
MAX_EDITS = 5

Missing = Literal["turn", "text", "both"]


def edits(question: str, roles: Sequence[Role] = ()) -> list[dict[str, Any]] | Missing:
    """The edits of a call that a question imagines, or what is missing to make one.

    Args:
        question: such as “what if I had said "…" at turn 14”, “without turn 9”, “add "…" after turn 5”.
        roles: roles of the call's turns, which resolve “at the end” and “my last answer”.
    """
    plain = without_quotes(question)
    where = turns(question, roles)
    texts = quotes(question) or _unquoted(question)
    if texts:
        is_insert = any(pattern.search(plain) for pattern in (_AFTER, _BEFORE, _AT_START, _AT_END)) or (
            _INSERT.search(plain) is not None and _WITH.search(plain) is None
        )
        if not where and is_insert:
            where = [0] if _AT_START.search(plain) else [len(roles)] if roles and _AT_END.search(plain) else []
        elif where and _BEFORE.search(plain):
            where = [max(turn - 1, 0) for turn in where]
        if not where:
            return "turn"
        role: dict[str, Any] = {"role": "customer"} if is_insert and _CUSTOMER_SAYS.search(plain) else {}
        return [
            {"action": "insert" if is_insert else "replace", "turn": turn, "text": text.strip(), **role}
            for turn, text in zip(where, texts, strict=False)
        ][:MAX_EDITS]
    if where and _DELETE.search(plain):
        return [{"action": "delete", "turn": turn} for turn in where][:MAX_EDITS]
    return "text" if where else "both"


def _unquoted(question: str) -> list[str]:
    """A text that stands in a question without quotation marks, where its wording leaves no doubt."""
    if _DELETE.search(question):
        return []
    for pattern in _UNQUOTED:
        if (match := pattern.search(question)) is not None and _VAGUE.search(match.group(1)) is None:
            return [match.group(1).strip().rstrip("?") if pattern is _UNQUOTED[0] else match.group(1).strip()]
    return []
