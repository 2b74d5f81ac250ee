"""Every regular expression of the product, and texts that make a careless one slow.

``python -m tests.patterns`` tries each on each and prints a ``Report`` as JSON. A pattern holds the interpreter until
it is done, so this runs in a process of its own, which can be ended.
"""

import dataclasses
import importlib
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

PACKAGES = ("agent", "eval", "salescoach", "serving", "tools", "training", "vectorstore")
MODULES = ("chainlit_app",)
N_CHARACTERS = 20_000
TRIES = 3
# A pattern may take this many times as long as one that looks at 41 places from each character on.
LIMIT = 10
REFERENCE = re.compile(r"[\w-]{0,40}[-_]c")
# A text of a fifth is tried first. What is quicker on it is below the limit on the whole, even if it takes 5^3 times.
N_FIRST = N_CHARACTERS // 5
QUICK = 1 / 125  # of the limit
MAX_SLOW = 10
N_MADE = 300  # pairs of a pattern and a text that hypothesis makes of the pattern's own characters

# What is repeated to make a text: each has a part that some pattern takes, and one that makes it begin again.
PIECES = (
    "a", "1", " ", "\n", "A ", "a, ", "x.", "1,", "1:", "1 ", "$1", "a-", "A-", "a@", "_", "“", '"', "'a ", "\\", "{\\",
    "<v ", "[T1", "](", "*", "//a.", "&", "\x1b[", "one ", "a: ", "0:00 --> ", "\u0301", "if ", "1.\n", "A1 b-2:",
)  # fmt: skip


@dataclasses.dataclass
class Report:
    """How many patterns were tried, in how many seconds of the processor, and which were slow on what."""

    n_patterns: int
    cpu_s: float
    slow: list[tuple[str, str, str, float]]


def modules() -> Iterator[Any]:
    """Every module of the product, imported."""
    for package in PACKAGES:
        found = importlib.import_module(package)
        yield found
        for module in pkgutil.walk_packages(found.__path__, f"{package}."):
            yield importlib.import_module(module.name)
    for name in MODULES:
        yield importlib.import_module(name)


def patterns() -> dict[str, re.Pattern[str]]:
    """All compiled patterns that modules hold, in whatever they hold them, by where they are; each once."""
    found: dict[str, re.Pattern[str]] = {}
    known: set[tuple[str, int]] = set()
    for module in modules():
        for name, value in vars(module).items():
            for place, pattern in _patterns_in(value, f"{module.__name__}.{name}", module.__name__, set()):
                key = (pattern.pattern, pattern.flags)
                if isinstance(pattern.pattern, str) and key not in known:
                    known.add(key)
                    found[place] = pattern
    return found


def _patterns_in(value: Any, place: str, module: str, seen: set[int]) -> Iterator[tuple[str, re.Pattern[str]]]:
    kind = type(value)  # not isinstance, which some of Chainlit's objects answer only in a session
    if issubclass(kind, re.Pattern):
        yield place, value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    inner: list[tuple[object, Any]] = []
    if issubclass(kind, dict):
        inner = [*enumerate(value), *value.items()]
    elif issubclass(kind, tuple | list | set | frozenset):
        inner = list(enumerate(value))
    elif issubclass(kind, type) and value.__module__ == module:
        inner = list(vars(value).items())
    elif dataclasses.is_dataclass(kind):
        inner = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    for name, one in inner:
        yield from _patterns_in(one, f"{place}.{name}", module, seen)


def sample(pattern: re.Pattern[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """From a pattern's own parts: what fills each of its repetitions, with what comes before; and its characters."""
    tree = re._parser.parse(pattern.pattern, pattern.flags)  # type: ignore[attr-defined]
    alphabet: dict[str, None] = {}
    pumps: dict[tuple[str, str], None] = {}
    _walk(tree, "", pumps, alphabet)
    return list(pumps), list(alphabet)


def texts(head: str, body: str) -> Iterator[tuple[str, str]]:
    """A beginning and many times the same; then both many times: each of ``N_FIRST`` characters, and of all."""
    short, long = ((head + body * n)[:n] + "!" for n in (N_FIRST, N_CHARACTERS))
    yield short, long
    if head:
        short, long = (((head + body) * n)[:n] + "!" for n in (N_FIRST, N_CHARACTERS))
        yield short, long


_TYPICAL = "a1 .,-:;<>[](){}\\\"'“”_A%$/\n"


def _walk(tree: Any, head: str, pumps: dict[tuple[str, str], None], alphabet: dict[str, None]) -> str:
    """Something that a part of a pattern takes; what comes before it is ``head``."""
    text = ""
    for operation, argument in tree:
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            least, most, inner = argument
            body = _walk(inner, head + text, pumps, alphabet)
            if most > 8 and body:
                pumps[head + text, body] = None
            text += body * max(1, min(least, 50))
        elif name == "SUBPATTERN":
            text += _walk(argument[-1], head + text, pumps, alphabet)
        elif name == "ATOMIC_GROUP":
            text += _walk(argument, head + text, pumps, alphabet)
        elif name == "BRANCH":
            ways = [_walk(way, head + text, pumps, alphabet) for way in argument[1]]
            text += next(filter(None, ways), "")
        elif name in {"ASSERT", "ASSERT_NOT"}:
            _walk(argument[1], head + text, pumps, alphabet)
        else:
            one = _character(name, argument)
            if one:
                alphabet[one] = None
            text += one
    return text


def _character(name: str, argument: Any) -> str:
    if name == "LITERAL":
        return chr(argument)
    if name in {"NOT_LITERAL", "ANY"}:
        return next(char for char in _TYPICAL if argument is None or ord(char) != argument)
    if name == "IN":
        return next((char for char in _TYPICAL if _is_in(argument, char)), _first(argument))
    return ""


def _first(items: Any) -> str:
    name, argument = items[0]
    return chr(argument[0] if str(name) == "RANGE" else argument if str(name) == "LITERAL" else ord("a"))


_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdigit,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda char: char.isalnum() or char == "_",
}


def _is_in(items: Any, char: str) -> bool:
    is_negated = str(items[0][0]) == "NEGATE"
    for operation, argument in items[is_negated:]:
        name = str(operation)
        if name == "LITERAL":
            is_one = ord(char) == argument
        elif name == "RANGE":
            is_one = argument[0] <= ord(char) <= argument[1]
        else:
            category = str(argument)
            is_not = "NOT_" in category
            is_one = _CATEGORIES[category.replace("NOT_", "")](char) != is_not
        if is_one:
            return not is_negated
    return is_negated


@cache
def limit_s() -> float:
    """CPU seconds that a pattern may take for a text, on this machine."""
    text = "_" * N_CHARACTERS
    return LIMIT * min(islice(_times(lambda: REFERENCE.search(text), 0.0, 60.0), TRIES))


def seconds(pattern: re.Pattern[str], text: str, limit: float, tries: int = TRIES) -> tuple[float, str]:
    """CPU seconds of the first way to use a pattern that takes too long, the best of some tries, else of the slowest.

    A ``search`` is the first step of ``finditer``, so it needs no try of its own.
    """
    ways: tuple[tuple[str, Callable[[], object]], ...] = (
        ("finditer", lambda: sum(1 for _ in pattern.finditer(text))),
        ("match", lambda: pattern.match(text)),
        ("fullmatch", lambda: pattern.fullmatch(text)),
    )
    slowest = (0.0, "")
    for name, use in ways:
        slowest = max(slowest, (min(islice(_times(use, limit, 3 * limit_s()), tries)), name))
        if slowest[0] > limit:
            break
    return slowest


def _times(use: Callable[[], object], limit: float, give_up: float) -> Iterator[float]:
    """How long something takes, again and again until it is quick enough; no longer than ``give_up`` each time."""
    spent = limit
    while spent >= limit:
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, give_up)
        try:
            use()
        except TimeoutError:
            pass
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        spent = time.process_time() - start
        yield spent


def give_up(number: int, frame: FrameType | None) -> None:
    """Ends a search, which looks for signals now and then."""
    raise TimeoutError


def sweep(found: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, str, str, float]]:
    """Place, way, beginning of the text and seconds of each pattern that takes too long on some text."""
    alphabets = {}
    for place, pattern in found.items():
        pumps, alphabets[place] = sample(pattern)
        for head, body in dict.fromkeys([*(("", piece) for piece in PIECES), *pumps]):
            yield from _slow(place, pattern, head, body)
    for place, body in _made(alphabets):
        yield from _slow(place, found[place], "", body)


def _slow(place: str, pattern: re.Pattern[str], head: str, body: str) -> Iterator[tuple[str, str, str, float]]:
    for short, long in texts(head, body):
        if seconds(pattern, short, limit_s() * QUICK, tries=1)[0] > limit_s() * QUICK:
            spent, way = seconds(pattern, long, limit_s())
            if spent > limit_s():
                yield place, way, long[:40], spent


def _made(alphabets: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    """Places, and what to repeat there: the same each time, of the characters of the pattern and some of everywhere."""
    made: set[tuple[str, str]] = set()

    @settings(max_examples=N_MADE, derandomize=True, database=None, deadline=None)
    @given(st.data())
    def make(data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(alphabets)))
        characters = st.sampled_from([*alphabets[place], " ", "a", "1"])
        made.add((place, "".join(data.draw(st.lists(characters, min_size=1, max_size=6)))))

    make()
    return made


def main() -> Report:
    """Tries all patterns."""
    signal.signal(signal.SIGPROF, give_up)
    found = patterns()
    slow = list(islice(sweep(found), MAX_SLOW))
    return Report(len(found), time.process_time(), slow)


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(dataclasses.asdict(main())))
