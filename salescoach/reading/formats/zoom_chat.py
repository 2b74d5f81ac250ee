"""Zoom's saved chat: ``10:02:11 From Anna to Everyone:`` and the message behind it or below."""

import re
from typing import Final

from salescoach.reading.clock import Timeline
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source
from salescoach.reading.stamps import MOMENT
from salescoach.reading.texts import in_number

_FROM: Final = "(?:from|von|de|da|van)"
_TO: Final = "(?:to|an|à|a|para|aan|naar)"
_MESSAGE = re.compile(
    rf"(?P<time>{MOMENT})\s++{_FROM}\s++(?P<name>[^:]{{1,80}}?)(?:\s++{_TO}\s++(?P<to>[^:]{{1,120}}?))?\s*+:\s*+(?P<text>.*)",
    re.I,
)
_ANSWERING = re.compile(
    r"(?:replying to|antwort an|en réponse à|respondiendo a|respondendo a|in risposta a) [\"“].*", re.I
)
_REACTION = re.compile(
    r"(?:reacted to|removed an?|reaktion auf|a réagi à|reaccionó a|reagiu a) .{0,20}[\"“\U0001f300-\U0001faff].*", re.I
)
_EVERYONE: Final = ("everyone", "alle", "tout le monde", "todos", "todas", "tutti", "iedereen", "group", "meeting")
_SHARE: Final = 0.25


class ZoomChat(FormatReader):
    """A message is a turn."""

    name = "Zoom chat"
    says = "messages of a chat that Zoom saved"

    def recognises(self, source: Source) -> float:
        """By its lines with a time, a sender and a colon."""
        lines = source.filled_lines
        n_messages = sum(_MESSAGE.fullmatch(line) is not None for line in lines)
        return n_messages > 0 and _MESSAGE.fullmatch(lines[0]) is not None and n_messages >= _SHARE * len(lines)

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        call, timeline = ReadCall(), Timeline(by_clock=True)
        n_private = n_reactions = 0
        for line in source.filled_lines:
            if found := _MESSAGE.fullmatch(line):
                call.add(ReadTurn(found["name"], found["text"]))
                timeline.add(found["time"])
                n_private += bool(found["to"]) and not found["to"].casefold().startswith(_EVERYONE)
            elif _REACTION.fullmatch(line) or _ANSWERING.fullmatch(line):
                n_reactions += 1
            else:
                call.extend(line)
        timeline.settle(call)
        call.turns = [turn for turn in call.turns if turn.text]
        if n_private:
            were = in_number(
                n_private, "message was to one person only and is", "messages were to one person only and are"
            )
            call.warnings.append(f"{n_private} {were} read with the others.")
        if n_reactions:
            were = in_number(
                n_reactions, "line about a reaction or an answer was", "lines about reactions or answers were"
            )
            call.warnings.append(f"{n_reactions} {were} left out.")
        return [call]

    def is_pasted_call(self, source: Source) -> bool:
        """With two messages or more."""
        return sum(_MESSAGE.fullmatch(line) is not None for line in source.filled_lines) > 1
