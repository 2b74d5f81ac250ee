"""TTML and DFXP: captions as XML, and the XML in which YouTube hands out its captions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final
from xml.etree import ElementTree as ET

from salescoach.errors import TranscriptError
from salescoach.reading.captions import call_of
from salescoach.reading.cues import Cue, Problems
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.limits import check_turn
from salescoach.reading.source import Source
from salescoach.reading.texts import tidy
from salescoach.reading.voices import Voiced, voices_in

_ROOT = re.compile(
    r"\A\s*+(?:<\?xml[^>]{0,200}+>\s*+)?(?:<!--(?:(?!-->).){0,2000}+-->\s*+)?<(?:!DOCTYPE\s++)?(?:\w{1,20}:)?"
    r"(?P<root>\w+)",
    re.S,
)
_YOUTUBE = re.compile(r"<(?:p t|text start)=\"")
_OFFSET = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_CLOCK = re.compile(r"(\d{2,3}):(\d\d):(\d\d)(?:(\.\d{1,9})|:(\d{1,3})(?:\.\d{1,3})?)?")
_SPACE = re.compile(r"\s+")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"


class TTML(FormatReader):
    """A paragraph is a cue; its speaker is its agent, or stands before a colon in its text."""

    name = "TTML"
    says = "TTML captions"

    def recognises(self, source: Source) -> float:
        """By its root element."""
        found = _ROOT.match(source.text.lstrip("\ufeff")[:4000])
        root = found["root"] if found else ""
        is_youtube = root in ("timedtext", "transcript") and _YOUTUBE.search(source.text) is not None
        return CERTAIN if root == "tt" or is_youtube else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """One call; raises TranscriptError where it is no valid XML, or no paragraph can be read."""
        root = _parsed(source.text)
        agents = {agent.get(_ID, ""): _agent_name(agent) for agent in root.iter() if _tag(agent) == "agent"}
        clock = _Clock(root)
        cues: list[Cue] = []
        problems = Problems()
        for number, paragraph in enumerate(_paragraphs(root, clock), 1):
            if paragraph.start_s is None:
                problems.unreadable.append(number)
                continue
            spoken: list[Voiced] = []
            check_turn(number, "".join(text for _, text in paragraph.lines))
            for agent, text in paragraph.lines:
                lines, n_hidden = voices_in(text.split("\n"))
                problems.n_hidden += n_hidden
                speaker = " & ".join(agents.get(one, one) for one in agent.split())
                spoken += [Voiced(speaker or line.speaker, line.text) for line in lines]
            if spoken:
                cues.append(Cue(number, paragraph.start_s, paragraph.end_s, spoken))
        if not cues:
            raise TranscriptError("None of the captions in this file can be read; export them as .vtt or .srt.")
        call = call_of(cues, source.reps, [*clock.warnings, *problems.warnings()])
        call.title = next((tidy("".join(one.itertext())) for one in root.iter() if _tag(one) == "title"), None) or None
        return [call]


def _parsed(text: str) -> ET.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TranscriptError("This XML declares entities, which are not read; export the captions as .vtt or .srt.")
    try:
        return ET.fromstring(text.strip("\ufeff \t\r\n"))
    except (ET.ParseError, ValueError) as error:
        raise TranscriptError(f"This is no valid XML ({error}); export the captions as .vtt or .srt.") from None


class _Clock:
    """Reads the times of one file."""

    def __init__(self, root: ET.Element) -> None:
        given = {name.rpartition("}")[2]: value for name, value in root.items()}
        self.warnings: list[str] = []
        self._rate = _number(given.get("frameRate")) or 30.0
        numerator, _, denominator = given.get("frameRateMultiplier", "1 1").replace(":", " ").partition(" ")
        self._rate *= (_number(numerator) or 1.0) / (_number(denominator) or 1.0)
        self._ticks = _number(given.get("tickRate")) or (self._rate if "frameRate" in given else 1.0)

    def seconds(self, text: str | None) -> float | None:
        """Seconds of a time, or None where there is none or it can't be read."""
        text = (text or "").strip()
        if found := _OFFSET.fullmatch(text):
            number, unit = float(found[1]), found[2]
            return number * _UNITS[unit] if unit in _UNITS else number / (self._rate if unit == "f" else self._ticks)
        if (found := _CLOCK.fullmatch(text)) and int(found[2]) < 60 and int(found[3]) < 60:
            whole = 3600 * int(found[1]) + 60 * int(found[2]) + int(found[3])
            return whole + float(found[4] or 0) + int(found[5] or 0) / self._rate
        return None


@dataclass
class _Paragraph:
    """``lines`` are (ids of the agents, text) pairs."""

    start_s: float | None
    end_s: float | None
    lines: list[tuple[str, str]]


def _paragraphs(root: ET.Element, clock: _Clock) -> Iterator[_Paragraph]:
    """The paragraphs in their order; times and agents of what stands around them count for them."""
    to_do = [(root, 0.0, "")]
    while to_do:
        element, begin_s, agent = to_do.pop()
        agent = _attribute(element, "agent") if _attribute(element, "agent") and _tag(element) != "agent" else agent
        if _tag(element) in ("p", "text"):
            yield _paragraph(element, begin_s, agent, clock)
        elif _tag(element) != "head":
            begin_s += clock.seconds(element.get("begin")) or 0.0
            to_do += [(child, begin_s, agent) for child in reversed(element)]


def _paragraph(element: ET.Element, begin_s: float, agent: str, clock: _Clock) -> _Paragraph:
    start_s, end_s, length_s = (clock.seconds(element.get(name)) for name in ("begin", "end", "dur"))
    if element.get("t") or element.get("start"):  # of YouTube
        per_second = 1000.0 if element.get("t") else 1.0
        start_s, length_s = (_number(element.get(a) or element.get(b)) for a, b in (("t", "start"), ("d", "dur")))
        start_s = None if start_s is None else start_s / per_second
        length_s = None if length_s is None else length_s / per_second
    if start_s is None and element.get("begin") is None:
        inner = [clock.seconds(one.get("begin")) for one in element.iter() if one is not element]
        start_s = min((one for one in inner if one is not None), default=None)
    if start_s is not None and end_s is None and length_s is not None:
        end_s = start_s + length_s
    start_s = None if start_s is None else start_s + begin_s
    end_s = None if end_s is None else end_s + begin_s
    return _Paragraph(start_s, end_s, _lines(element, agent))


def _lines(paragraph: ET.Element, agent: str) -> list[tuple[str, str]]:
    """What a paragraph says, by agent. White space in XML is a space; a line ends with ``<br/>``."""
    own = _attribute(paragraph, "agent") or agent
    pieces = [(own, _spaced(paragraph.text))]
    # Of each element that is begun: its children to come, whose text that is, and what stands behind it.
    begun: list[tuple[Iterator[ET.Element], str, tuple[str, str]]] = [(iter(paragraph), own, (own, ""))]
    while begun:
        children, speaker, behind = begun[-1]
        for child in children:
            tag, tail = _tag(child), (speaker, _spaced(child.tail))
            if tag == "br":
                pieces += [(speaker, "\n"), tail]
            elif tag == "metadata":
                pieces.append(tail)
            else:
                own = _attribute(child, "agent") or speaker
                pieces.append((own, _spaced(child.text)))
                begun.append((iter(child), own, tail))
                break
        else:
            begun.pop()
            pieces.append(behind)
    return [(speaker, "".join(text for _, text in group)) for speaker, group in groupby(pieces, key=itemgetter(0))]


def _spaced(text: str | None) -> str:
    return _SPACE.sub(" ", text) if text else ""


def _tag(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _attribute(element: ET.Element, name: str) -> str:
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")


def _agent_name(agent: ET.Element) -> str:
    names = [tidy("".join(one.itertext())) for one in agent if _tag(one) == "name"]
    return next(filter(None, names), agent.get(_ID, ""))


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
