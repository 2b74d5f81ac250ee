"""Reading a sales conversation: bytes or text of any usual format become a ``Transcript``.

Formats: plain ``[hh:mm:ss] Speaker: text`` lines, WebVTT (Zoom, Teams), SRT, and ``Name  0:12`` blocks (Otter, Teams).
Whatever was dropped, joined or assumed on the way is said in ``Transcript.warnings``; see docs/transcripts.md.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from salescoach.errors import InputError, TranscriptError
from salescoach.reading.texts import unescaped
from salescoach.types import Role, Transcript, Turn

MAX_BYTES: Final = 1_000_000  # of a file, with its times and tags
MAX_LINES: Final = 25_000  # that aren't blank
MAX_TURN_CHARS: Final = 20_000  # of a line as well
MAX_TURNS: Final = 5_000
MAX_CALL_CHARS: Final = 200_000  # of what is said: four hours of talk, and what bounds the time that a score takes
MAX_LABEL_CHARS: Final = 64
UNKNOWN_SPEAKER: Final = "unknown"

# Above these shares a file is no text. The minimum keeps a short note with one stray NUL readable.
_MAX_NUL_SHARE: Final = 0.01
_MAX_CONTROL_SHARE: Final = 0.02
_MIN_CONTROLS: Final = 4
# A chat message is judged by its beginning: a pasted call shows its labels at once.
PASTE_CHARS: Final = 20_000
# So many labelled lines are a call even where wrapped lines outnumber them.
_CLEARLY_A_CALL: Final = 6
_MIN_TIMED_LINES: Final = 3
_MAX_NAMED: Final = 8
# Cues that follow each other within this time can be one rolling caption.
_ROLLING_GAP_S: Final = 0.25
_ROLLING_WORDS: Final = 3
_ROLLING_LINES: Final = 20  # more never stand on a screen
_ROLLING_SHARE: Final = 0.3

_ROLE_PREFIX: Final = "Roles: "


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for line in text.split("\n") for phrase in line.split("|") if phrase.strip())


_REP_WORDS: Final = _phrases(
    """
    rep|sales rep|sales representative|representative|salesperson|sales person|salesman|saleswoman|sales|seller|agent
    sales agent|insurance agent|real estate agent|realtor|broker|advisor|adviser|sales advisor|account executive
    account exec|ae|account manager|sdr|bdr|sales development rep|sales development representative
    business development rep|business development representative|sales consultant|consultant|sales manager
    sales engineer|customer success manager|csm
    """
)
_CUSTOMER_WORDS: Final = _phrases(
    "customer|client|prospect|buyer|lead|caller|potential customer|prospective customer|prospective buyer"
    "|homebuyer|home buyer|policyholder"
)
# Words before a colon that head a note or a form, not a speech.
_NO_SPEAKER: Final = _phrases(
    """
    note|notes|price|prices|pricing|subject|date|time|times|total|agenda|summary|action|actions|action item
    action items|next step|next steps|email|e-mail|mail|phone|tel|address|re|fw|fwd|cc|bcc|ps|p.s|question|questions
    answer|answers|example|examples|e.g|i.e|warning|error|disclaimer|duration|topic|topics|attendees|participants
    speakers|title|meeting|call|recording|transcript|call transcript|location|company|product|products|industry
    context|background|goal|goals|problem|problems|result|results|outcome|conclusion|key points|key takeaways
    takeaways|highlights|important|reminder|todo|to do|to-do|hint|tip|tips|update|status|budget|deadline|timeline
    cost|costs|discount|link|links|url|source|https|http|call id|id|language|description|details|comment|comments
    option a|option b|plan a|plan b|feedback|observation|request|task|instruction|instructions|system|type|name
    """
)
_NOBODY: Final = frozenset({"unknown", "unknown speaker", "unidentified speaker", "unidentified", "speaker unknown"})
_PARTICLES: Final = _phrases("de|da|del|der|den|di|van|von|la|le|el|al|bin|of|the|and|&|y")

_STAMP = r"\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,3})?"
_RANGE = rf"(?P<start>{_STAMP})(?:\s*(?:-->|[-\u2013\u2014])\s*(?P<end>{_STAMP}))?"
_BRACKETED_TIME = re.compile(rf"[\[(]\s*{_RANGE}\s*[\])]\s*(?:[-\u2013\u2014|:]\s*)?")
_BARE_TIME = re.compile(rf"{_RANGE}(?:\s+[-\u2013\u2014|:]\s*|\s+|\s*$)")
_LABEL = re.compile(
    r"\A(?:[-\u2013•>]++\s++)?(?P<bold>\*{0,2})(?P<label>[^:\uff1a\n]{1,80}?)\s*+[:\uff1a](?P<gap>\s*+)(?P<text>.*)"
)
_TIME_IN_LABEL = re.compile(
    rf"\A(?P<label>[^:\uff1a\[(]{{1,80}}?)(?:\s*+[\[(]\s*+(?P<start>{_STAMP})\s*+[\])]|\s++(?P<bare>{_STAMP}))"
    r"\s*+[:\uff1a]\s*+(?P<text>.*)"
)
_BLOCK_HEADER = re.compile(
    r"\A\[?(?P<name>[^:\[\]]{0,63}?[^:\[\]\s])\]?(?P<gap>[^\S\n]++)[\[(]?(?P<time>\d{1,3}:\d\d(?::\d\d)?)[\])]?"
)
_TRAILER = re.compile(r"transcribed by https?://(?:www\.)?otter\.ai\S*|.{1,64} (?:started|stopped) transcription", re.I)
_SPEECH = re.compile(r"\b(?:i|i['\u2019]m|we|you|your|my|our|hi|hello|hey|thanks|thank|yes|no|okay|ok|sure)\b", re.I)

_CUE_TIME = re.compile(rf"(?P<start>{_STAMP})\s*-->\s*(?P<end>{_STAMP})(?:\s.*)?")
_DIGIT = re.compile(r"\d")
# A tag that isn't closed soon is none, so that many of them don't each look for an end.
_VOICE = re.compile(r"<v(?:\.[^\s>]{0,200}+)?\s++([^>]{0,200}+)>", re.I)
_CUE_TAG = re.compile(
    r"</?(?:[ibu]|v|c|ruby|rt|lang|font)(?:[.\s][^>]{0,500}+)?>|<\d[\d:.]*+>|\{\\[^}]{0,500}+\}", re.I
)
_NOTE_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_CAPTIONS_HEAD = re.compile(r"WEBVTT(?:\s|$)")

_COLON_OR_SPACE = re.compile(r"[:\s]")
_ABBREVIATED = re.compile(r"\b\w{1,2}\.$")
_NOT_IN_A_LABEL = re.compile(r"[?!;“”\"<>{}=]|://|[.,] (?:and|but|so|i|we|you)\b", re.I)
_PARTS_OF_A_LABEL = re.compile(r"[()\[\],/|\u2013\u2014]|\s-\s")
_SIDES_OF_A_LABEL = re.compile(r"[()\[\],/|\u2013\u2014_]|\s-\s")
_SIDE_NUMBER = re.compile(r"(?<!\s)\s*+(?:#\s*+)?(?:(?<!\d)\d++|\b[a-d])$")  # of "customer 2", "rep b"
_HEADING_NUMBER = re.compile(r"(?<!\s)\s*+#?(?<!\d)\d++$")
_IN_PARENTHESES = re.compile(r"\([^)]{0,64}+\)")  # a label isn't longer

_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# ZWJ and ZWNJ stay between two characters that they can join: emoji and scripts from Arabic on.
_JOINED = "[\u0600-\u1fff\u2070-\ud7ff\uf900-\ufdff\ufe0e\ufe0f\U00010000-\U000dffff]"
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
    f"|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})"
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+"
)

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a Word document or another zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a", "a rar archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"ID3\x02", "an audio file"),
    (b"ID3\x03", "an audio file"),
    (b"ID3\x04", "an audio file"),
    (b"\xff\xfb", "an audio file"),
    (b"\xff\xfa", "an audio file"),
    (b"\xff\xf3", "an audio file"),
    (b"\xff\xf2", "an audio file"),
    (b"OggS\x00", "an audio file"),
    (b"fLaC\x00", "an audio file"),
    (b"\x1aE\xdf\xa3", "a video file"),
    (b"\x7fELF", "a program"),
    (b"PAR1\x15", "a Parquet table"),
    (b"SQLite format 3\x00", "a database"),
)
_BREAK_UP = "break it into several lines that each begin with the speaker, such as “Rep: …”"
_AS_TEXT = "export the transcript as text (.txt, .vtt or .srt) and give that"


@dataclass
class _Draft:
    """A turn in the making. ``speaker`` is None as long as no label names one."""

    speaker: str | None
    text: str
    start_s: float | None = None
    end_s: float | None = None
    has_bad_time: bool = False


@dataclass
class _Line:
    """A plain line taken apart: its time, and what stands before and after its first colon."""

    raw: str
    start: str | None = None
    end: str | None = None
    bracketed: bool = False
    rest: str = ""
    label: str | None = None
    text: str = ""

    @property
    def has_own_time(self) -> bool:
        """Whether the line is marked as a turn by a time in brackets or at its beginning."""
        return self.start is not None and (self.bracketed or self.rest != self.raw)


@dataclass
class _Cue:
    """A caption cue. ``lines`` are (speaker or None, text) pairs."""

    number: int
    start_s: float
    end_s: float | None
    lines: list[tuple[str | None, str]] = field(default_factory=list)


def parse_transcript(text: str, *, rep: str | None = None, call_id: str | None = None) -> Transcript:
    """Read a conversation from text of any format that we know.

    Args:
        text: The conversation.
        rep: The speaker on our side, by name or unique first name. Without it roles come from labels such as "Rep".
        call_id: Kept in the transcript as it is.

    Raises:
        TranscriptError: There is nothing to read, or more than one of the limits above allows.
        InputError: ``rep`` is none of the speakers.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _too_large()
    warnings: list[str] = []
    lines = _lines(text, warnings)
    if _is_captions(lines):
        drafts = _read_captions(lines, rep, warnings)
    elif _is_blocks(lines, rep):
        drafts = _read_blocks(lines, warnings)
    else:
        drafts = _read_plain(lines, rep, warnings)
    drafts = _drop_empty(drafts, warnings)
    if not drafts:
        raise TranscriptError(
            "There is no speech in this text, which is empty or holds only times or names; "
            "give lines such as “Rep: …” and “Customer: …”."
        )
    n_chars = sum(len(draft.text) for draft in drafts)
    if n_chars > MAX_CALL_CHARS:
        raise TranscriptError(
            f"{n_chars:,} characters are said in this text and at most {MAX_CALL_CHARS:,} can be read, some four hours "
            "of talk; split it into single calls."
        )
    _check_times(drafts, warnings)
    turns = tuple(
        Turn(
            speaker=draft.speaker or UNKNOWN_SPEAKER,
            role="unknown",
            text=draft.text,
            start_s=draft.start_s,
            end_s=draft.end_s,
        )
        for draft in drafts
    )
    transcript = Transcript(turns=turns, call_id=call_id, warnings=tuple(warnings))
    return _roles_from_labels(transcript) if rep is None else assign_roles(transcript, rep)


def decode(data: bytes) -> tuple[str, list[str]]:
    """Turn the bytes of a file into text, and say where the encoding was a guess.

    Raises:
        TranscriptError: The bytes are no text, or too many.
    """
    if len(data) > MAX_BYTES:
        raise _too_large()
    _refuse_known_binary(data)
    for bom, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if data.startswith(bom):
            return _decode_as(data[len(bom) :], encoding)
    if data.count(0) > _MAX_NUL_SHARE * len(data):
        # Text of UTF-16 has its NULs on one side of each pair of bytes.
        encoding = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
        text = data.decode(encoding, "replace")
        if _COLON_OR_SPACE.search(text) and not _is_binary(text) and "\ufffd" not in text:
            return text, ["The file does not say its encoding; it was read as UTF-16."]
    try:
        return _text_or_refuse(data.decode("utf-8")), []
    except UnicodeDecodeError:
        pass
    damaged = data.decode("utf-8", "replace")
    n_lost = damaged.count("\ufffd")
    if n_lost < sum(char > "\x7f" for char in damaged) - n_lost:
        return _text_or_refuse(damaged), [_lost_bytes("UTF-8", n_lost)]
    text = _text_or_refuse(data.decode("cp1252", "replace"))
    return text, ["The file is not UTF-8; it was read as Windows-1252, so accented letters may be wrong."]


def read_transcript(path: Path, *, rep: str | None = None, call_id: str | None = None) -> Transcript:
    """Read a conversation from a file; see ``parse_transcript``.

    Raises:
        TranscriptError: The file can't be read or holds no transcript; the message names the file.
        InputError: ``rep`` is none of the speakers.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise TranscriptError(f"There is no file {path}; check the path.") from None
    except IsADirectoryError:
        raise TranscriptError(f"{path} is a folder; give the path of one transcript file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TranscriptError(f"{path} can't be read ({reason}); check the path and its permissions.") from None
    try:
        text, warnings = decode(data)
        transcript = parse_transcript(text, rep=rep, call_id=call_id)
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from None
    return transcript.model_copy(update={"warnings": (*warnings, *transcript.warnings)})


def tidy(text: str) -> str:
    """What somebody says, as a turn holds it: on one line, without characters that a reader can't see."""
    return " ".join(_clean(text)[0].split())


def looks_like_transcript(text: str) -> bool:
    """Whether a chat message is a pasted call: two or more turns with labels or times, not a question about one.

    Judged by its first ``PASTE_CHARS`` characters.
    """
    lines = [line for line in _lines(text[:PASTE_CHARS], []) if line]
    if _is_captions(lines):
        return sum(bool(_CUE_TIME.fullmatch(line)) for line in lines) > 1
    if _is_blocks(_lines(text[:PASTE_CHARS], []), None):
        return len(_block_headers(lines)) > 1
    parts = [_take_apart(line) for line in lines]
    accepted, _ = _choose_labels(parts, None, singles=False)
    labelled = [part for part in parts if part.label and part.label.casefold() in accepted]
    n_other = len(lines) - len(labelled)
    if len(labelled) > 1 and (len(labelled) > n_other or len(labelled) >= _CLEARLY_A_CALL):
        by_word = sum(_side(part.label or "") is not None for part in labelled)
        n_timed = sum(part.start is not None for part in labelled)
        n_labels = len({(part.label or "").casefold() for part in labelled})
        return by_word > 1 or n_timed > 1 or n_labels > 1
    n_timed = sum(part.start is not None and part.bracketed and bool(part.rest) for part in parts)
    if n_timed >= _MIN_TIMED_LINES and 2 * n_timed > len(lines):
        return True
    # Two people with one line each: only where every line is such a line and they talk like people.
    named = {part.label.casefold() for part in parts if part.label and _is_name(part.label) and not _is_heading(part)}
    n_speech = sum(bool(_SPEECH.search(part.text)) for part in parts)
    return len(named) > 1 and len(named) == len(lines) and 2 * n_speech >= len(lines)


def speakers(transcript: Transcript) -> tuple[str, ...]:
    """The speakers in order of appearance."""
    return tuple(dict.fromkeys(turn.speaker for turn in transcript.turns))


def assign_roles(transcript: Transcript, rep: str) -> Transcript:
    """The same call with ``rep`` as the rep and everybody else as the customer.

    A speaker whose label is a role word, such as "Agent 2", keeps its side, and "Unknown Speaker" stays unknown.

    Args:
        transcript: The call.
        rep: A speaker's label in any case, or a first name or a part of a label that only one speaker has.

    Raises:
        InputError: No speaker, or more than one, is meant.
    """
    everybody = speakers(transcript)
    ours = _find_speaker(everybody, rep)
    others = [name for name in everybody if name != ours and name.casefold() not in _NOBODY]
    roles: dict[str, Role] = {name: _side(name) or "customer" for name in others}
    if "customer" not in roles.values():
        # The user has said who is on our side, so a word for the rep's side can't hold for everybody.
        roles = dict.fromkeys(others, "customer")
    return _with_roles(transcript, {**roles, ours: "rep"}, [])


def _too_large() -> TranscriptError:
    return TranscriptError(
        f"The text is larger than {MAX_BYTES // 1_000_000} MB, the limit for one call; split it into single calls."
    )


def _refuse_known_binary(data: bytes) -> None:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise TranscriptError(f"This is {kind}, not text; {_AS_TEXT}.")
    if data[4:8] == b"ftyp" or (data[:4] == b"RIFF" and data[8:12] in {b"WAVE", b"AVI ", b"WEBP"}):
        raise TranscriptError(f"This is a recording or a picture, not text; {_AS_TEXT}.")


def _decode_as(data: bytes, encoding: str) -> tuple[str, list[str]]:
    text = _text_or_refuse(data.decode(encoding, "replace"))
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return text, [_lost_bytes(encoding.upper(), text.count("\ufffd"))]
    return text, []


def _lost_bytes(encoding: str, n_lost: int) -> str:
    return f"The file is {encoding}, but damaged in {n_lost} place{'s' * (n_lost != 1)}, marked “\ufffd”."


def _is_binary(text: str) -> bool:
    n_controls = sum(char < " " and char not in "\t\n\r\v\f" for char in text)
    return n_controls >= _MIN_CONTROLS and n_controls > _MAX_CONTROL_SHARE * len(text)


def _text_or_refuse(text: str) -> str:
    if _is_binary(text):
        raise TranscriptError(f"This is a binary file, not text; {_AS_TEXT}.")
    return text


def _lines(text: str, warnings: list[str]) -> list[str]:
    text, n_removed = _clean(text)
    if n_removed:
        warnings.append(f"{n_removed} hidden or control character{'s were' if n_removed > 1 else ' was'} removed.")
    lines = [line.strip() for line in _LINE_BREAK.split(text)]
    if sum(map(bool, lines)) > MAX_LINES:
        raise TranscriptError(
            f"The text has more than {MAX_LINES:,} lines, the limit for one call; split it into single calls."
        )
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_TURN_CHARS:
            raise TranscriptError(
                f"Line {number} has {len(line):,} characters and at most {MAX_TURN_CHARS:,} can be read as one turn; "
                f"{_BREAK_UP}."
            )
    return lines


def _begin(drafts: list[_Draft], draft: _Draft) -> None:
    """Adds a turn, if there can be one more of its length."""
    if len(drafts) == MAX_TURNS:
        raise TranscriptError(
            f"The text has {MAX_TURNS + 1} turns or more and at most {MAX_TURNS} can be read; "
            "split it into single calls."
        )
    drafts.append(draft)
    _refuse_a_long_one(drafts)


def _go_on(drafts: list[_Draft], text: str) -> None:
    """Adds to the last turn what goes on with it."""
    drafts[-1].text = f"{drafts[-1].text} {text}".strip()
    _refuse_a_long_one(drafts)


def _refuse_a_long_one(drafts: list[_Draft]) -> None:
    if len(drafts[-1].text) > MAX_TURN_CHARS:
        raise TranscriptError(
            f"Turn {len(drafts)} has more than {MAX_TURN_CHARS:,} characters, the limit for one turn; {_BREAK_UP}."
        )


def _clean(text: str) -> tuple[str, int]:
    """The text without what a reader can't see, and how many characters that were."""
    n_surrogates = 0
    if _SURROGATE.search(text):
        # Two halves that belong together become the character; a half alone can't be encoded by anything after us.
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
        n_surrogates = len(_SURROGATE.findall(text)) - 2 * (_n_astral(whole) - _n_astral(text))
        text = whole
    n_before = len(text)
    text = _HIDDEN.sub("", text)
    return text, n_before - len(text) + n_surrogates


def _n_astral(text: str) -> int:
    return sum(char > "\uffff" for char in text)


def _seconds(stamp: str) -> float | None:
    """Seconds of ``[h:]mm:ss[.mmm]``, or None if it is no time."""
    *hours, minutes, seconds = stamp.replace(",", ".").split(":")
    if float(seconds) >= 60 or (hours and int(minutes) >= 60):
        return None
    return 3600.0 * int(hours[0] if hours else 0) + 60.0 * int(minutes) + float(seconds)


def _names(items: Iterable[object], limit: int = _MAX_NAMED) -> str:
    """``a, b and c``; a long list is cut and counted."""
    words = [str(item) for item in items]
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _take_apart(line: str) -> _Line:
    """Split a line into time, label candidate and text."""
    if found := _BRACKETED_TIME.match(line):
        part = _Line(line, found["start"], found["end"], bracketed=True, rest=line[found.end() :].strip())
    elif found := _BARE_TIME.match(line):
        part = _Line(line, found["start"], found["end"], rest=line[found.end() :].strip())
    else:
        part = _Line(line, rest=line)
        if (timed := _TIME_IN_LABEL.match(line)) and (label := _tidy_label(timed["label"])):
            time = timed["start"] or timed["bare"]
            return replace(part, start=time, bracketed=bool(timed["start"]), label=label, text=timed["text"].strip())
    label, text = _split_label(part.rest)
    return replace(part, label=label, text=text)


def _split_label(rest: str) -> tuple[str | None, str]:
    found = _LABEL.match(rest)
    if not found:
        return None, rest
    label, text = _tidy_label(found["label"]), found["text"]
    # "https://", "at 10:30", "a ratio of 3:1"; a role word is one whatever follows.
    is_glued = not found["gap"] and text[:1] and (text[0] == "/" or text[0].isdigit())
    if label is None or (is_glued and _side(label) is None):
        return None, rest
    if found["bold"]:
        text = text.removeprefix("**")
    return label, text.strip()


def _tidy_label(label: str) -> str | None:
    """The label if it could be somebody's name, else None."""
    label = " ".join(label.strip(" \t*").split())
    if not label or len(label) > MAX_LABEL_CHARS or not any(char.isalpha() for char in label):
        return None
    if label[-1] in ".?!,;" and not _ABBREVIATED.search(label):
        return None
    return None if _NOT_IN_A_LABEL.search(label) else label


def _side(label: str) -> Role | None:
    """The side that a label's words name: "Rep", "Customer 1", "Rep (Anna)", "Dana - Buyer"."""
    parts = _SIDES_OF_A_LABEL.split(label.casefold())
    words = [_SIDE_NUMBER.sub("", part.strip()) for part in parts]
    is_rep, is_customer = (any(word in side for word in words) for side in (_REP_WORDS, _CUSTOMER_WORDS))
    if is_rep == is_customer:
        return None
    return "rep" if is_rep else "customer"


def _is_name(label: str) -> bool:
    """Whether a label that occurs once has the shape of a name: one to four capitalised words."""
    words = _IN_PARENTHESES.sub("", label).replace("_", " ").split()
    return 0 < len(words) < 5 and all(word.casefold() in _PARTICLES or not word[0].islower() for word in words)


def _is_heading(part: _Line) -> bool:
    return _HEADING_NUMBER.sub("", (part.label or "").casefold()).rstrip(".") in _NO_SPEAKER


def _means(label: str, rep: str) -> bool:
    """Whether ``rep`` can stand for this label: the label itself, its first name, or a part such as (Anna)."""
    wanted = " ".join(rep.casefold().split())
    whole = label.casefold()
    parts = [part.strip() for part in _PARTS_OF_A_LABEL.split(whole)]
    return bool(wanted) and (wanted in {whole, *parts} or wanted in {part.split()[0] for part in parts if part})


def _choose_labels(
    parts: Sequence[_Line], rep: str | None, *, singles: bool = True
) -> tuple[dict[str, str], list[str]]:
    """Which of the words before a colon are speakers.

    A role word, the declared rep and a label that recurs are. A label that occurs once is one only where the line has
    its own time, or where there would otherwise be fewer than two speakers and most lines have a label.

    Returns:
        Case-folded label -> its first spelling; and the name-like labels that were not taken.
    """
    candidates = [part for part in parts if part.label]
    counts = Counter((part.label or "").casefold() for part in candidates)
    accepted: dict[str, str] = {}
    doubtful: dict[str, _Line] = {}
    for part in candidates:
        label = part.label or ""
        key = label.casefold()
        if rep is not None and _means(label, rep):
            accepted.setdefault(key, label)
        elif _is_heading(part):
            continue
        elif _side(label) or (counts[key] > 1 and (_is_name(label) or len(label.split()) < 3)):
            accepted.setdefault(key, label)
        elif _is_name(label):
            doubtful[key] = part
    n_filled = sum(bool(part.rest) for part in parts)
    if not singles:
        return accepted, []
    are_most = len(accepted) < 2 and 2 * len(candidates) >= n_filled
    for key in [key for key, part in doubtful.items() if part.has_own_time or are_most]:
        accepted[key] = doubtful.pop(key).label or ""
    return accepted, [part.label or "" for part in doubtful.values()]


def _warn_of_rejected(rejected: Sequence[str], warnings: list[str]) -> None:
    if rejected:
        warnings.append(
            f"{_names(f'“{label}:”' for label in rejected)} begins a line only once and was read as text, not as a "
            "speaker."
        )


def _read_plain(lines: Sequence[str], rep: str | None, warnings: list[str]) -> list[_Draft]:
    numbered = [(number, _take_apart(line)) for number, line in enumerate(lines, 1) if line]
    accepted, rejected = _choose_labels([part for _, part in numbered], rep)
    _warn_of_rejected(rejected, warnings)
    numbered = [(number, _settle(part, accepted)) for number, part in numbered]
    _settle_bare_times([part for _, part in numbered])
    return _join_lines(numbered, warnings)


def _join_lines(numbered: Sequence[tuple[int, _Line]], warnings: list[str]) -> list[_Draft]:
    """Make turns of lines: one of each, except that a wrapped line goes to the turn above it."""
    has_labels = any(part.label for _, part in numbered)
    drafts: list[_Draft] = []
    wrapped: list[int] = []
    unnamed: list[int] = []
    heading: str | None = None
    for number, part in numbered:
        if part.label is None and not part.text:
            # A time on a line of its own is that of the next turn.
            heading = part.start
            continue
        above = drafts[-1] if drafts and drafts[-1].speaker else None
        if above and part.label is None and part.start is None:
            wrapped += [number] if above.text else []
            _go_on(drafts, part.text)
            continue
        if above and part.label is None:
            unnamed.append(len(drafts) + 1)
        speaker = part.label or (above.speaker if above else None)
        start, end = part.start or heading, part.end
        is_bad = any(stamp is not None and _seconds(stamp) is None for stamp in (start, end))
        _begin(drafts, _Draft(speaker, part.text, _time(start), _time(end), is_bad))
        heading = None
    if wrapped:
        are = "lines without a speaker were" if len(wrapped) > 1 else "line without a speaker was"
        warnings.append(f"{len(wrapped)} {are} added to the turn above (first: line {wrapped[0]}).")
    if unnamed:
        warnings.append(f"Turn {_names(unnamed)} has a time but no speaker; the speaker before was assumed.")
    return _drop_preamble(drafts, warnings) if has_labels else drafts


def _time(stamp: str | None) -> float | None:
    return None if stamp is None else _seconds(stamp)


def _settle(part: _Line, accepted: dict[str, str]) -> _Line:
    """The line with its label if that is a speaker's, else with the label back in the text."""
    key = (part.label or "").casefold()
    if part.label and key in accepted:
        return replace(part, label=accepted[key])
    if part.label and part.rest == part.raw and part.start:
        return replace(part, label=None, start=None, text=part.raw)
    return replace(part, label=None, text=part.rest)


def _settle_bare_times(parts: Sequence[_Line]) -> None:
    """Give "10:30 works for me" its words back, unless unlabelled lines commonly begin with a time."""
    unlabelled = [part for part in parts if part.label is None]
    bare = [part for part in unlabelled if part.start and not part.bracketed]
    is_custom = 2 * len(bare) >= len(unlabelled) and (len(bare) > 1 or len(unlabelled) == len(parts))
    if not is_custom:
        for part in bare:
            part.start, part.end, part.text = None, None, part.raw


def _drop_preamble(drafts: list[_Draft], warnings: list[str]) -> list[_Draft]:
    """Leave out a heading above the first speaker; what is longer than the call itself is no heading."""
    n_before = next((index for index, draft in enumerate(drafts) if draft.speaker), 0)
    if not n_before or n_before > len(drafts) - n_before:
        return drafts
    are = "lines above the first speaker were" if n_before > 1 else "line above the first speaker was"
    warnings.append(f"{n_before} {are} left out, beginning “{drafts[0].text[:40]}”.")
    return drafts[n_before:]


def _block_header(line: str) -> tuple[str, str, bool] | None:
    """Name and time of a line that holds nothing else, and whether a wide gap parts them."""
    found = _BLOCK_HEADER.fullmatch(line)
    name = _tidy_label(found["name"]) if found else None
    if found is None or name is None:
        return None
    is_wide = found["gap"] != " "
    return (name, found["time"], is_wide) if is_wide or _is_name(name) else None


def _block_headers(lines: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Line index -> name and time. One space between them is enough after a blank line or for a name that recurs."""
    candidates = {index: header for index, line in enumerate(lines) if (header := _block_header(line))}
    counts = Counter(name for name, _, _ in candidates.values())
    return {
        index: (name, time)
        for index, (name, time, is_wide) in candidates.items()
        if is_wide or index == 0 or not lines[index - 1] or counts[name] > 1
    }


def _is_blocks(lines: Sequence[str], rep: str | None) -> bool:
    headers = _block_headers(lines)
    if not headers:
        return False
    parts = [_take_apart(line) for index, line in enumerate(lines) if line and index not in headers]
    accepted, _ = _choose_labels(parts, rep, singles=False)
    n_labelled = sum(part.label is not None and part.label.casefold() in accepted for part in parts)
    is_wide = any("  " in lines[index] or "\t" in lines[index] for index in headers)
    return len(headers) > n_labelled and (is_wide or len(headers) > 1)


def _read_blocks(lines: Sequence[str], warnings: list[str]) -> list[_Draft]:
    headers = _block_headers(lines)
    drafts: list[_Draft] = []
    for index, line in enumerate(lines):
        if index in headers:
            name, time = headers[index]
            start_s = _seconds(time)
            _begin(drafts, _Draft(name, "", start_s, has_bad_time=start_s is None))
        elif not line or _TRAILER.fullmatch(line):
            continue
        elif not drafts or drafts[-1].speaker is None:
            _begin(drafts, _Draft(None, line))
        else:
            _go_on(drafts, line)
    return _drop_preamble(drafts, warnings)


# webvtt-py 0.6 is not used: it drops a cue with a bad timing line without a word, gives a cue with two voices to the
# first, leaves entities in the text and refuses a comma in a VTT time. A user must hear of each cue that is lost.


def _is_cue_time(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    if "-->" not in line:
        return False
    return _looks_like_cue_time(line) or (index > 0 and lines[index - 1].isdigit())


def _looks_like_cue_time(line: str) -> bool:
    """Whether an arrow stands after or before something like a time, which may be misspelt: ``0:0x --> 1``."""
    if line.startswith(("[", "(")):
        return False
    first, *others = line.split(None, 2)
    is_followed = bool(others) and others[0].startswith("-->")
    before = first if is_followed else first.rpartition("-->")[0]
    after = (first.removeprefix("-->") or "".join(others[:1])) if first.startswith("-->") else ""
    return before.count(":") > 1 or _has_time(before) or _has_time(after)


def _has_time(word: str) -> bool:
    """Whether a digit stands in a word and a colon after it."""
    digit = _DIGIT.search(word)
    return digit is not None and ":" in word[digit.end() :]


def _is_captions(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line]
    if not filled:
        return False
    if _CAPTIONS_HEAD.match(filled[0]):
        return True
    is_first = _is_cue_time(filled, 0) or (len(filled) > 1 and filled[0].isdigit() and _is_cue_time(filled, 1))
    return is_first or sum(bool(_CUE_TIME.fullmatch(line)) for line in filled) > 1


def _read_captions(lines: Sequence[str], rep: str | None, warnings: list[str]) -> list[_Draft]:
    cues, n_hidden = _read_cues(lines, warnings)
    if n_hidden:
        warnings.append(f"{n_hidden} hidden or control characters were removed from the captions.")
    if any(after.start_s < before.start_s for before, after in pairwise(cues)):
        warnings.append("The cues were not in the order of their times and were sorted.")
        cues = sorted(cues, key=lambda cue: cue.start_s)
    has_voices = any(speaker for cue in cues for speaker, _ in cue.lines)
    segments = [
        _Cue(cue.number, cue.start_s, cue.end_s, list(group))
        for cue in (cues if has_voices else _label_cues(cues, rep, warnings))
        for group in _by_speaker(cue.lines)
    ]
    has_labels = any(segment.lines[0][0] for segment in segments)
    drafts: list[_Draft] = []
    for speaker, texts, start_s, end_s in _unroll(segments, warnings):
        text = " ".join(texts)
        # Cues are cuts of the screen, not turns. Without any label there is nothing that says where a turn ends.
        if drafts and has_labels and speaker and drafts[-1].speaker == speaker:
            _go_on(drafts, text)
            drafts[-1].end_s = max(drafts[-1].end_s or start_s, end_s) if end_s is not None else drafts[-1].end_s
        elif text:
            _begin(drafts, _Draft(speaker, text, start_s, end_s))
    return drafts


def _read_cues(lines: Sequence[str], warnings: list[str]) -> tuple[list[_Cue], int]:
    starts = [index for index in range(len(lines)) if _is_cue_time(lines, index)]
    cues: list[_Cue] = []
    bad: list[int] = []
    bad_ends: list[int] = []
    n_hidden = 0
    for number, index in enumerate(starts, 1):
        stop = starts[number] if number < len(starts) else len(lines)
        body = _cue_body(lines[index + 1 : stop], has_next=number < len(starts))
        found = _CUE_TIME.fullmatch(lines[index])
        start_s = _seconds(found["start"]) if found else None
        if found is None or start_s is None:
            bad.append(number)
            continue
        end_s = _seconds(found["end"])
        if end_s is None or end_s < start_s:
            bad_ends.append(number)
            end_s = None
        spoken, n_removed = _voices(body)
        n_hidden += n_removed
        if spoken:
            cues.append(_Cue(number, start_s, end_s, spoken))
    if bad and not cues:
        raise TranscriptError(
            f"None of the {len(starts)} caption cues can be read (first: “{lines[starts[0]][:60]}”); a cue begins with "
            "a line such as 00:00:01.000 --> 00:00:04.000."
        )
    if bad:
        warnings.append(f"Cue {_names(bad)} was left out because its times can't be read.")
    if bad_ends:
        warnings.append(f"Cue {_names(bad_ends)} ends before it starts; the end was dropped.")
    return cues, n_hidden


def _cue_body(lines: Sequence[str], *, has_next: bool) -> list[str]:
    """The lines of a cue up to the next one, without the next one's identifier and without NOTE and STYLE blocks."""
    body = list(lines)
    if has_next and body and body[-1] and (body[-1].isdigit() or (len(body) > 1 and not body[-2])):
        body.pop()
    kept: list[str] = []
    in_note = False
    for index, line in enumerate(body):
        if not line:
            in_note = False
        elif in_note or (index > 0 and not body[index - 1] and _NOTE_BLOCK.match(line)):
            in_note = True
        else:
            kept.append(line)
    return kept


def _voices(body: Sequence[str]) -> tuple[list[tuple[str | None, str]], int]:
    """(speaker or None, text) pairs of a cue from its voice tags, and how many hidden characters were removed."""
    # re.split with one group: text before the first tag, then name and text in turn.
    pieces = _VOICE.split("\n".join(body))
    spoken: list[tuple[str | None, str]] = []
    n_removed = 0
    for name, block in zip([None, *pieces[1::2]], pieces[::2], strict=True):
        speaker = " ".join(_clean(unescaped(name))[0].split())[:MAX_LABEL_CHARS] if name else None
        for line in block.split("\n"):
            # Tags go before entities are read, so that an escaped "<i>" stays what was said.
            text, n_hidden = _clean(unescaped(_CUE_TAG.sub("", line)))
            n_removed += n_hidden
            text = _LINE_BREAK.sub(" ", text).strip()
            if text:
                spoken.append((speaker or None, text))
    return spoken, n_removed


def _label_cues(cues: Sequence[_Cue], rep: str | None, warnings: list[str]) -> list[_Cue]:
    """Read ``Name: text`` labels. A line without one goes on with the speaker before it."""
    parts = [[_Line(text, None, rest=text) for _, text in cue.lines] for cue in cues]
    for part in [part for row in parts for part in row]:
        part.label, part.text = _split_label(part.raw)
    accepted, rejected = _choose_labels([part for row in parts for part in row], rep)
    _warn_of_rejected(rejected, warnings)
    speaker: str | None = None
    labelled: list[_Cue] = []
    for cue, row in zip(cues, parts, strict=True):
        spoken: list[tuple[str | None, str]] = []
        for part in row:
            settled = _settle(part, accepted)
            speaker = settled.label or speaker
            spoken.append((speaker, settled.text))
        labelled.append(replace(cue, lines=spoken))
    return labelled


def _by_speaker(lines: Sequence[tuple[str | None, str]]) -> list[list[tuple[str | None, str]]]:
    groups: list[list[tuple[str | None, str]]] = []
    for line in lines:
        if groups and groups[-1][-1][0] == line[0]:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _unroll(segments: Sequence[_Cue], warnings: list[str]) -> list[tuple[str | None, list[str], float, float | None]]:
    """Take out the words that a rolling caption shows again.

    A repetition counts where it is long and the cues touch, or where so many cues repeat that it is the custom of the
    file; people do say "yes" twice.
    """
    n_repeats = sum(bool(_n_repeated(*pair)) for pair in pairwise(segments))
    is_custom = n_repeats > 1 and n_repeats >= _ROLLING_SHARE * (len(segments) - 1)
    spoken: list[tuple[str | None, list[str], float, float | None]] = []
    n_removed = 0
    for index, segment in enumerate(segments):
        words = " ".join(text for _, text in segment.lines).split()
        n_again = _n_repeated(segments[index - 1], segment) if index else 0
        before = segments[index - 1].end_s if index else None
        is_touching = before is not None and segment.start_s <= before + _ROLLING_GAP_S
        if n_again and (is_custom or (is_touching and n_again >= _ROLLING_WORDS)):
            n_removed += 1
            words = words[n_again:]
            texts = [" ".join(words)] if words else []
        else:
            texts = [text for _, text in segment.lines if text]
        spoken.append((segment.lines[0][0], texts, segment.start_s, segment.end_s))
    if n_removed:
        warnings.append(f"{n_removed} cue{'s' * (n_removed > 1)} repeated words of the cue before; they were joined.")
    return spoken


def _n_repeated(before: _Cue, after: _Cue) -> int:
    """How many first words of a cue repeat the cue before: all of that, or its last lines."""
    if before.lines[0][0] != after.lines[0][0]:
        return 0
    old, new = ([text for _, text in cue.lines] for cue in (before, after))
    for n_lines in range(min(len(old), len(new), _ROLLING_LINES), 0, -1):
        if old[-n_lines:] == new[:n_lines]:
            return len(" ".join(new[:n_lines]).split())
    old_words, new_words = " ".join(old).split(), " ".join(new).split()
    return len(old_words) if old_words == new_words[: len(old_words)] else 0


def _drop_empty(drafts: Sequence[_Draft], warnings: list[str]) -> list[_Draft]:
    filled = [draft for draft in drafts if draft.text]
    n_empty = len(drafts) - len(filled)
    if filled and n_empty:
        are = "turns without any words were" if n_empty > 1 else "turn without any words was"
        warnings.append(f"{n_empty} {are} left out.")
    if filled and not any(draft.speaker for draft in filled):
        warnings.append("The text names no speakers; each line was read as a turn of an unknown speaker.")
    return filled


def _check_times(drafts: Sequence[_Draft], warnings: list[str]) -> None:
    """Drop the times that run backwards: as few as possible, so that one slip doesn't cost all that follow."""
    unreadable = [number for number, draft in enumerate(drafts, 1) if draft.has_bad_time]
    if unreadable:
        warnings.append(f"The time of turn {_names(unreadable)} is no time and was dropped.")
    timed = [(index, draft.start_s) for index, draft in enumerate(drafts) if draft.start_s is not None]
    keep = _longest_rising([start_s for _, start_s in timed])
    backwards = [index for position, (index, _) in enumerate(timed) if position not in keep]
    for index in backwards:
        drafts[index].start_s = drafts[index].end_s = None
    if backwards:
        warnings.append(f"The time of turn {_names(index + 1 for index in backwards)} runs backwards and was dropped.")
    ends: list[int] = []
    for number, draft in enumerate(drafts, 1):
        if draft.end_s is not None and (draft.start_s is None or draft.end_s < draft.start_s):
            draft.end_s = None
            ends.append(number)
    if ends:
        warnings.append(f"Turn {_names(ends)} ends before it starts; the end was dropped.")


def _longest_rising(values: Sequence[float]) -> set[int]:
    """Positions of a longest subsequence that never falls; of equally long ones, that which drops the later values."""
    tails: list[float] = []
    at: list[int] = []
    previous: list[int] = []
    # From the end and negated: this makes an early value win over a late one.
    for position, value in enumerate(reversed(values)):
        length = bisect_right(tails, -value)
        previous.append(at[length - 1] if length else -1)
        tails[length : length + 1] = [-value]
        at[length : length + 1] = [position]
    kept: set[int] = set()
    position = at[-1] if at else -1
    while position >= 0:
        kept.add(len(values) - 1 - position)
        position = previous[position]
    return kept


def _find_speaker(everybody: Sequence[str], rep: str) -> str:
    known = [name for name in everybody if name != UNKNOWN_SPEAKER]
    exact = [name for name in known if name.casefold() == " ".join(rep.casefold().split())]
    found = exact or [name for name in known if _means(name, rep)]
    if len(found) == 1:
        return found[0]
    if not known:
        raise InputError(f"“{rep}” can't be the rep because the text names no speakers; put “Name:” before each line.")
    if found:
        raise InputError(f"“{rep}” could be {_names(found)}; give the full name of the rep.")
    raise InputError(f"“{rep}” does not speak in this call; the speakers are {_names(known)}.")


def _roles_from_labels(transcript: Transcript) -> Transcript:
    everybody = [name for name in speakers(transcript) if name.casefold() not in _NOBODY]
    roles = {name: side for name in everybody if (side := _side(name))}
    unclear = [name for name in everybody if name not in roles]
    notes: list[str] = []
    if len(everybody) == 2 and len(unclear) == 1:
        [(known, side)] = roles.items()
        other: Role = "rep" if side == "customer" else "customer"
        roles[unclear[0]] = other
        notes.append(f"“{unclear[0]}” was taken as the {other}, because the other speaker is “{known}”.")
    elif unclear:
        notes.append(
            f"it is not clear on which side {_names(unclear)} {'are' if len(unclear) > 1 else 'is'}; "
            "say who is on your side (on the command line: --rep NAME)."
        )
    return _with_roles(transcript, roles, notes)


def _with_roles(transcript: Transcript, roles: dict[str, Role], notes: list[str]) -> Transcript:
    turns = tuple(turn.model_copy(update={"role": roles.get(turn.speaker, "unknown")}) for turn in transcript.turns)
    sides = {turn.role for turn in turns}
    if len(sides) == 1 and len(turns) > 1 and "unknown" not in sides:
        silent = "customer" if "rep" in sides else "rep"
        notes.append(f"the {silent} does not speak in this text, so it shows only one side of the call.")
    if "unknown" in sides and any(turn.speaker.casefold() in _NOBODY for turn in turns) and len(sides) > 1:
        notes.append("some lines have no known speaker and count for neither side.")
    # An earlier reading of the roles is superseded, and so are its warnings.
    kept = [warning for warning in transcript.warnings if not warning.startswith(_ROLE_PREFIX)]
    warnings = (*kept, *(f"{_ROLE_PREFIX}{note}" for note in notes))
    return transcript.model_copy(update={"turns": turns, "warnings": warnings})
