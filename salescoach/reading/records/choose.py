"""Which lists in a JSON value hold what is said, and which of them belong to one call."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from salescoach.reading.labels import split_label
from salescoach.reading.records.cast import speakers_in
from salescoach.reading.records.fields import fields_of, first_text, said_in, side_in_word
from salescoach.reading.records.names import CHANNELS, LISTS, NOT_SPEECH, PARTS, PEOPLE, START_UNITS, WRAPPERS
from salescoach.reading.records.walk import Around, Found, lists_in
from salescoach.reading.records.words import joined, words_in

_JUDGED: Final = 500  # records of lists of one kind, the first of them
_FEWEST_TO_CHOOSE_FROM: Final = 2


def best_lists(root: Any) -> list[Found]:
    """The list of utterances in a JSON value, and those of the same name and place: of other calls or parts."""
    ranked = _ranked(root)
    return ranked[0][1] if ranked else []


def other_lists(root: Any) -> list[str]:
    """The names of lists that hold speech which isn't in the best one: they aren't read, and that has to be said."""
    ranked = _ranked(root)
    if len(ranked) < _FEWEST_TO_CHOOSE_FROM:
        return []
    best = {word for found in ranked[0][1] for record in found.records for word in _spoken(record)[1].split()}
    names = []
    path = ranked[0][1][0].path
    for (has_speakers, is_known, *_), lists in ranked[1:]:
        if lists[0].path[: len(path)] == path:  # the words of an utterance
            continue
        records = islice((record for found in lists for record in found.records), _JUDGED)
        words = {word for record in records for word in _spoken(record)[1].split()}
        if has_speakers and is_known and not words <= best:
            names.append(lists[0].name)
    return names


def _ranked(root: Any) -> list[tuple[tuple[float, ...], list[Found]]]:
    alike: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for found in lists_in(root):
        if not NOT_SPEECH & {found.name, *(one.in_list for one in found.around)}:
            alike[found.path].append(found)
    ranked = [(rank, lists) for lists in alike.values() if (rank := _rank(lists))]
    return sorted(ranked, key=lambda pair: pair[0], reverse=True)


def utterance_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record, or of the one that it wraps: ``{"Transcript": {"Content": …, "ParticipantId": …}}``.

    ``{"Agent": "hello"}`` is one as well.
    """
    fields = fields_of(record)
    for name in WRAPPERS:
        inner = fields.get(name)
        if isinstance(inner, dict) and speakers_in(wrapped := fields_of(inner)):
            return {**{key: value for key, value in fields.items() if key != name}, **wrapped}
    if len(record) == 1:
        [(name, value)] = record.items()
        if isinstance(value, str) and side_in_word(name):
            return {"speaker": name, "text": value}
    return fields


def is_within_speech(found: Found) -> bool:
    """Whether a list is what one person says: its record has a speaker, and its own records have none."""
    above = found.around[-1] if found.around else None
    if above is None or above.in_list is None or any(map(speakers_in, map(utterance_fields, found.records[:3]))):
        return False
    fields = fields_of(above.record)
    return above.in_list in PEOPLE or speakers_in(fields) or bool(first_text(fields, CHANNELS))


def around_call(found: Found) -> tuple[Around, ...]:
    """The records around a list, without those that are parts of one call or hold what one person says."""
    n_kept = len(found.around)
    for index in range(len(found.around) - 1, -1, -1):
        name = found.around[index].in_list
        is_last = index == len(found.around) - 1
        if name is not None and (name in PARTS | PEOPLE or (is_last and is_within_speech(found))):
            n_kept = index
        elif name is not None:
            break
    return found.around[:n_kept]


def call_of_list(found: Found) -> tuple[int, ...]:
    """Which call a list belongs to, told by the records of lists around it."""
    return tuple(id(one.record) for one in around_call(found) if one.in_list is not None)


def _rank(lists: Sequence[Found]) -> tuple[float, ...] | None:
    """How much lists look like what is said in calls; None for not at all."""
    records = islice((record for found in lists for record in found.records), _JUDGED)
    pairs = [_spoken(record) for record in records]
    spoken = [fields for fields, text in pairs if text]
    if not spoken or 2 * len(spoken) < len(pairs) or 2 * sum(_is_call(text) for _, text in pairs) >= len(spoken):
        return None
    is_known = lists[0].name in LISTS or not lists[0].name
    has_speakers = any(map(speakers_in, spoken)) or is_within_speech(lists[0])
    has_channels = any(fields.get(name) is not None for fields in spoken for name in CHANNELS)
    has_names = any("name" in fields for fields in spoken)
    has_times = any(name in START_UNITS for fields in spoken for name in fields)
    if not (has_speakers or has_channels or (is_known and (has_names or has_times or not lists[0].name))):
        return None
    if not has_speakers and all("value" in one and not first_text(one, ("text", "content")) for one in spoken):
        return None  # the fields of a form, {"name": …, "value": …}
    n_chars = sum(len(text) for _, text in pairs)
    return (has_speakers, is_known, has_channels, has_times, has_names, n_chars, -len(lists[0].path))


def _spoken(record: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    fields = utterance_fields(record)
    return fields, said_in(fields) or joined(words_in(fields))


def _is_call(text: str) -> bool:
    """Whether a text is all that is said in a call, "Rep: …" above "Customer: …", and not an utterance."""
    lines = text.splitlines()
    return len(lines) > 1 and sum(split_label(line.strip())[0] is not None for line in lines) > 1
