"""Recognised words one by one, and what they make together: the text of an utterance, or several voices in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Final

from salescoach.reading.records.cast import label_of
from salescoach.reading.records.clock import Span, settle_times, span_in
from salescoach.reading.records.fields import Fields, fields_of, first_text
from salescoach.reading.values import text_in

_LISTS: Final = ("words", "elements", "tokens", "items", "wordtimings")
_TEXTS: Final = ("punctuatedword", "punctuated", "text", "word", "value", "content", "token", "w")
_SPEAKERS: Final = ("speaker", "speakerlabel", "speakertag", "speakerid")
_SENTENCE_ENDS: Final = (".", "?", "!", "…", "。", "？", "！")
_PAUSE_S: Final = 1.0
_NOT_SAID: Final = frozenset({"tag", "audio_event", "atmospherics"})


@dataclass
class Word:
    """A word or a mark. ``is_glued``: no space stands before it. ``speaker`` and ``channel`` are None if unknown."""

    text: str
    is_glued: bool = False
    span: Span | None = None
    speaker: str | None = None
    channel: str | None = None

    @property
    def start_s(self) -> float | None:
        """When it begins, once its time is settled."""
        return self.span.start_s if self.span else None

    @property
    def end_s(self) -> float | None:
        """When it ends, once its time is settled."""
        return self.span.end_s if self.span else None


def words_in(fields: Fields) -> list[Word]:
    """The words of a record, which has them under one of the usual names; none if it has no such list."""
    values: list[Any] = next((fields[name] for name in _LISTS if isinstance(fields.get(name), list)), [])
    words = [_word(fields_of(value)) for value in values if isinstance(value, dict)]
    if any(word.text[:1].isspace() or word.text.isspace() for word in words):  # spaces stand among the words
        for word in words:
            word.is_glued = True
    return [word for word in words if word.text]


def _word(fields: Mapping[str, Any]) -> Word:
    text = next((fields[name] for name in _TEXTS if isinstance(fields.get(name), str)), "")
    kind = text_in(fields.get("type"))
    speaker = first_text(fields, _SPEAKERS)
    is_glued = kind in ("punct", "punctuation")
    return Word("" if kind in _NOT_SAID else text, is_glued, span_in(fields), label_of(speaker))


def joined(words: Sequence[Word]) -> str:
    """The text that words make."""
    return "".join(word.text if word.is_glued else f" {word.text}" for word in words).strip()


def by_voice(words: Sequence[Word], text: str) -> list[tuple[str | None, list[Word], str]] | None:
    """What each of several voices says in an utterance; None where its words don't make its text.

    A word without a voice is of the voice before it.
    """
    voice = next((word.speaker for word in words if word.speaker), None)
    voices: list[str | None] = []
    for word in words:
        voice = word.speaker or voice
        voices.append(voice)
    tokens = text.split()
    is_alike = len(tokens) == len(words)
    if not is_alike and _letters(joined(words)) != _letters(text):
        return None
    runs = [list(group) for _, group in groupby(range(len(words)), key=lambda index: voices[index])]
    return [
        (
            voices[run[0]],
            [words[index] for index in run],
            " ".join(tokens[run[0] : run[-1] + 1]) if is_alike else joined([words[index] for index in run]),
        )
        for run in runs
    ]


def settle(words: Sequence[Word], per_second: float) -> None:
    """Gives all words of a call their times in seconds; ``per_second`` as in ``settle_times``."""
    timed = [(word.span, len(word.text)) for word in words if word.span]
    settle_times([span for span, _ in timed], [n for _, n in timed], per_second)


def in_utterances(words: Sequence[Word]) -> list[list[Word]]:
    """Words of a whole call, whose times are settled, as what each voice says at once: channel by channel.

    A voice goes on until another speaks. Where channels run beside each other or no voice is known, an utterance ends
    with its sentence or at a pause, so that it can stand at its time among the others.
    """
    channels = list(dict.fromkeys(word.channel for word in words))
    has_voices = any(word.speaker for word in words) and len(channels) == 1
    utterances: list[list[Word]] = []
    for channel in channels:
        on_channel = [word for word in words if word.channel == channel]
        utterances += _cut(on_channel, at_sentences=not has_voices)
    return utterances


def _cut(words: Sequence[Word], *, at_sentences: bool) -> list[list[Word]]:
    utterances = [[words[0]]]
    for before, word in pairwise(words):
        if word.is_glued and word.speaker is None:
            word.speaker = before.speaker
        is_end = at_sentences and not word.is_glued and (before.text.endswith(_SENTENCE_ENDS) or _pauses(before, word))
        if word.speaker != before.speaker or is_end:
            utterances.append([])
        utterances[-1].append(word)
    return utterances


def _pauses(before: Word, after: Word) -> bool:
    return before.end_s is not None and after.start_s is not None and after.start_s - before.end_s > _PAUSE_S


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
