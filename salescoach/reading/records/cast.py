"""Who speaks in a call: what its lists of people, and the records of what is said, tell of names and sides."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from salescoach.reading.drafts import Participant
from salescoach.reading.records.fields import Fields, fields_of, first_text, folded, side_in, side_in_word
from salescoach.reading.records.names import (
    CHANNELS,
    KINDS,
    NOBODY,
    PEOPLE,
    PEOPLE_OF_A_SIDE,
    PERSON_NAMES,
    SPEAKER_IDS,
    SPEAKERS,
)
from salescoach.reading.values import number_in, text_in
from salescoach.types import Role

_NAMES: Final = (*PERSON_NAMES, "name", "matchedspeakerdisplayname", "label")
_EMAILS: Final = ("email", "emailaddress", "mail", "mailto", "useremail", "matchedcalendarinviteeemail", "address")
_NUMBERS: Final = ("phonenumber", "phone", "tel", "number")
_WITHIN: Final = ("signedinuser", "anonymoususer", "phoneuser", "user", "person", "profile", "contact")
# The surest first: a list may have ids of several kinds, and those of speakers are meant.
_IDS: Final = (
    *SPEAKER_IDS, "speaker", "speakertag", "speakerlabel", "participant", *CHANNELS, "id", "uuid", "sid", "index",
    "key", "name", *PERSON_NAMES, "matchedspeakerdisplayname", *_EMAILS, *_NUMBERS,
)  # fmt: skip
_NAMES_OF_SIDES: Final = {"rep": "Rep", "customer": "Customer"}  # where only the side is known
_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{4,32}|[0-9a-f]{24,64}|[A-Z]{2}[0-9a-f]{32}", re.I)
_RESOURCE = re.compile(r"(?:[^/]{1,200}/){1,20}participants/([^/]{1,100})")
# Numbers and letters of a recogniser, which stand for voices and aren't names.
_VOICE = re.compile(r"(?:(?:speaker|spk|s|guest)[\s_:#-]{0,3})?(?:\d{1,4}|[a-z])", re.I)


@dataclass(frozen=True)
class Person:
    """Somebody in a call; ``label`` is what they are called in its turns, None for nobody."""

    label: str | None
    side: Role | None = None
    email: str | None = None
    is_named: bool = True


NOBODY_KNOWN: Final = Person(None, is_named=False)


def is_voice(label: str) -> bool:
    """Whether a label only tells voices apart: "Speaker 0", "spk_1", "B"."""
    return _VOICE.fullmatch(label) is not None


class Cast:
    """The people whom the records around a call list, found by any of their ids."""

    def __init__(self, around: Iterable[Mapping[str, Any]]) -> None:
        self._by_id: dict[str, Person] = {}
        self._channels: dict[str, Person] = {}
        self.participants: list[Participant] = []
        people = [(side, fields) for record in around for side, fields in _people_in(record)]
        members = _told_apart([(fields, _listed(fields, side)) for side, fields in people])
        for name in _IDS:
            index = self._channels if name in CHANNELS else self._by_id
            for fields, person in members:
                if key := text_in(fields.get(name)):
                    index.setdefault(key.casefold(), person)
                    index.setdefault((label_of(key) or key).casefold(), person)
        for _, person in members:
            one = Participant(person.label or person.email or "", person.side, person.email)
            if one.name and person.is_named and one not in self.participants:
                self.participants.append(one)

    def speaker_of(self, fields: Fields) -> Person:
        """Who says what is in a record."""
        side = side_in(fields)
        name = first_text(fields, PERSON_NAMES)
        person = self._named(name) if name else NOBODY_KNOWN
        for key in (*SPEAKERS, *SPEAKER_IDS, *(kind for kind in KINDS if kind != "type")):
            if person.label:
                break
            if fields.get(key) is not None and not (key == "from" and number_in(fields[key]) is not None):  # a time
                person = self._meant(fields[key])
        side = side or person.side or self._side_of_ids(fields)
        label = person.label or _NAMES_OF_SIDES.get(side or "unknown")
        return Person(label, side, person.email, person.is_named)

    def on_channel(self, channel: str) -> Person | None:
        """Who is known to speak on a channel."""
        return self._channels.get(channel.casefold())

    def voice(self, label: str | None) -> str | None:
        """What the speaker of single words is called, who has a label of their own among them."""
        return self._named(label).label if label else None

    def _side_of_ids(self, fields: Fields) -> Role | None:
        found = (self._by_id.get(text_in(fields.get(name)).casefold()) for name in SPEAKER_IDS)
        return next((person.side for person in found if person and person.side), None)

    def _meant(self, value: Any) -> Person:
        """A person by a name, an id, a record with either, or a list of one of these."""
        if isinstance(value, list):
            return self._meant(value[0]) if len(value) == 1 else NOBODY_KNOWN
        if isinstance(value, dict):
            fields = fields_of(value)
            person = _listed(fields, side_in(fields))
            known = next(
                (one for name in _IDS if (one := self._by_id.get(text_in(fields.get(name)).casefold()))), NOBODY_KNOWN
            )
            label = person.label if person.is_named or not known.label else known.label
            return Person(
                label, person.side or known.side, person.email or known.email, person.is_named or known.is_named
            )
        return self._named(text_in(value))

    def _named(self, text: str) -> Person:
        known = self._by_id.get(text.casefold())
        if known and known.label:
            return known
        label = label_of(text)
        side = known.side if known else None
        return Person(label, side, is_named=label is not None and not is_voice(label))


def label_of(text: str) -> str | None:
    """What a speaker is called of whom only a name, number or id is known; None where it says that nobody is."""
    text = text.strip().rstrip(":").rstrip()
    if not text or text.casefold() in NOBODY:
        return None
    if found := _RESOURCE.fullmatch(text):
        return f"Participant {found[1]}"
    number = text.removesuffix(".0")
    return f"Speaker {number}" if number.isdigit() or _OPAQUE.fullmatch(text) else text


def speakers_in(fields: Fields) -> bool:
    """Whether a record has a place for who says it, other than a bare "name" or "type"."""
    names = (*PERSON_NAMES, *SPEAKERS[:-1], *SPEAKER_IDS, *KINDS[:-1])
    return any(name in fields and not isinstance(fields[name], bool) for name in names)


def _people_in(record: Mapping[str, Any]) -> list[tuple[Role | None, dict[str, Any]]]:
    """The side of their list and the fields of everybody whom a record, or one right in it, lists as people."""
    found: list[tuple[Role | None, dict[str, Any]]] = []
    values = [(folded(str(name)), value) for name, value in record.items()]
    values += [
        (folded(str(name)), inner)
        for key, value in values
        if isinstance(value, dict) and key not in PEOPLE
        for name, inner in value.items()
    ]
    has_theirs = any(PEOPLE_OF_A_SIDE.get(key) == "customer" for key, _ in values)
    for key, value in values:
        if key in PEOPLE:
            side: Role | None = "rep" if has_theirs and key == "users" else PEOPLE_OF_A_SIDE.get(key)
            found += [(side, fields_of(one)) for one in _listed_in(value)]
    return found


def _listed_in(people: Any) -> list[Mapping[str, Any]]:
    """The records of a list of people, or of people by their ids."""
    if isinstance(people, dict):
        pairs = [(id_, {"name": one} if isinstance(one, str) else one) for id_, one in people.items()]
        return [{"id": id_, **one} for id_, one in pairs if isinstance(one, dict)]
    return [one for one in people if isinstance(one, dict)] if isinstance(people, list) else []


def _told_apart(members: Sequence[tuple[Fields, Person]]) -> list[tuple[Fields, Person]]:
    """Two people who are called by their kind, "AGENT", are two: the second is "AGENT 2"."""
    seen: Counter[str] = Counter()
    told: list[tuple[Fields, Person]] = []
    for fields, person in members:
        label = person.label or ""
        if person.is_named and not first_text(fields, (*_NAMES, *_EMAILS, *_NUMBERS)) and side_in_word(label):
            seen[label] += 1
            one = replace(person, label=f"{label} {seen[label]}" if seen[label] > 1 else label)
            told.append((fields, one))
        else:
            told.append((fields, person))
    return told


def _listed(fields: Fields, side: Role | None) -> Person:
    """A person as a list has them; somebody without a name is called by the address, the kind or the id."""
    within = [fields, *(fields_of(fields[name]) for name in _WITHIN if isinstance(fields.get(name), dict))]
    name = next((text for one in within if (text := first_text(one, _NAMES)) and "/" not in text), "")
    if not name:
        name = " ".join(filter(None, (first_text(fields, ["firstname"]), first_text(fields, ["lastname"]))))
    email = next((text for one in within if (text := first_text(one, _EMAILS))), "").removeprefix("mailto:")
    side = side or side_in(fields)
    if name and label_of(name):
        return Person(label_of(name), side, email or None)
    address = email or first_text(fields, _NUMBERS).removeprefix("tel:")
    if address:
        return Person(address, side, email or None)
    ids = [text for key in _IDS if (text := text_in(fields.get(key)))]
    id_ = next((label for text in ids if (label := label_of(text))), None)
    kind = next((text for key in KINDS if side_in_word(text := text_in(fields.get(key)))), "")
    is_word = bool(id_) and id_ in ids and not is_voice(id_ or "")
    return Person(id_ if is_word or not kind else kind, side, is_named=is_word or bool(kind))
