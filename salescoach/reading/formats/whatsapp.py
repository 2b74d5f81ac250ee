"""WhatsApp's exported chats, of iOS and Android: a date, a time and a name before each message."""

import re
from collections.abc import Sequence
from typing import Final

from salescoach.reading.clock import Timeline
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.names import tidy_label
from salescoach.reading.source import Source
from salescoach.reading.stamps import DATED
from salescoach.reading.texts import LINE_BREAK, in_number

_MARK: Final = "\u200e"  # iOS puts it before what WhatsApp wrote itself
_STAMPED = re.compile(rf"(?:\[(?P<ios>{DATED})\]\s|(?P<android>{DATED})\s[-\u2013]\s)(?P<rest>.*)")
_MESSAGE = re.compile(r"(?P<name>[^:]{1,100}):(?:\s(?P<text>.*)|\Z)")
_MARKED = re.compile(rf"[^:\n]{{0,40}}:\d\d(?::\d\d)?[^:\n]{{0,8}}\][^:\n]{{0,100}}:\s{_MARK}")
_SYSTEM = re.compile(
    # that all is encrypted, in seven languages
    r"\A(?:.{0,80}(?:end-to-end|ende-zu-ende|bout en bout|extremo a extremo|ponta a ponta|ponto a ponto).{0,300}"
    # what was no text
    r"|<[^>]{1,60}>"
    r"|(?:image|video|audio|sticker|gif|document|contact card|bild|dokument|imagen|vídeo|documento|imagem|immagine"
    r"|afbeelding|vid[ée]o|kontaktkarte|figurinha|media|medien|média|multimedia|mídia)s? "
    r"(?:omitted|weggelassen|ausgeschlossen|absente?|omise?|omitid[oa]|ocultad?[oa]|omess[oa]|weggelaten)"
    r"|.{1,200} \((?:file attached|datei angehängt|fichier joint|archivo adjunto|arquivo anexado|file allegato"
    r"|bestand bijgevoegd)\)"
    r"|(?:this message was deleted|you deleted this message|diese nachricht wurde gelöscht|ce message a été supprimé"
    r"|(?:se )?eliminó este mensaje|mensagem apagada|questo messaggio è stato eliminato|dit bericht is verwijderd"
    r"|missed (?:voice|video) call|waiting for this message.{0,100}|null)\.?)",
    re.I,
)
_EDITED = re.compile(r"(?<!\s)\s*+<[^<>]{1,60}(?:edited|bearbeitet|modifi|edit|bewerkt|modificato)[^<>]{0,40}>\Z", re.I)
_SHARE: Final = 0.3  # of the lines; the others go on with a message


class WhatsApp(FormatReader):
    """A message is a turn."""

    name = "WhatsApp chat"
    says = "messages of a WhatsApp chat"

    def recognises(self, source: Source) -> float:
        """By dated lines in one of its two forms, at the beginning and then often."""
        lines = source.filled_lines
        if not lines or not _STAMPED.fullmatch(lines[0]):
            return False
        n_stamped = sum(_STAMPED.fullmatch(line) is not None for line in lines)
        return n_stamped > 1 and n_stamped >= _SHARE * len(lines)

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        call, timeline = ReadCall(), Timeline()
        system: list[str] = []
        goes_on = False
        for line, is_marked in zip(source.lines, _marked(source), strict=True):
            stamped = _STAMPED.fullmatch(line)
            if stamped is None:
                if goes_on and line:
                    call.extend(line)
                elif line:
                    system.append(line)
                continue
            said = _MESSAGE.fullmatch(stamped["rest"])
            name = tidy_label(said["name"]) or said["name"].strip() if said else None
            text = (said["text"] or "").strip() if said else ""
            goes_on = name is not None and not is_marked and not _SYSTEM.fullmatch(text)
            if goes_on:
                call.add(ReadTurn(name, _EDITED.sub("", text)))
                timeline.add(stamped["ios"] or stamped["android"])
            else:
                system.append(text or stamped["rest"])
        timeline.settle(call)
        call.warnings += _left_out(system)
        return [call]


def _marked(source: Source) -> Sequence[bool]:
    """Whether each line's message begins with the mark of what WhatsApp wrote, which ``Source`` takes out."""
    raw = LINE_BREAK.split(source.text)
    if len(raw) != len(source.lines):
        return [False] * len(source.lines)
    return [_MARKED.match(line.lstrip("\ufeff" + _MARK)) is not None for line in raw]


def _left_out(system: Sequence[str]) -> list[str]:
    if not system:
        return []
    was = in_number(len(system), "line that WhatsApp wrote was", "lines that WhatsApp wrote were")
    return [f"{len(system)} {was} left out, such as “{system[0][:60]}”: notices, pictures, deleted messages."]
