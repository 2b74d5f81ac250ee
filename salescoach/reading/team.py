"""The saved names of the team, and which speakers of a call they are; not all of them speak in each call."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from salescoach.reading.spelling import as_domain, called, folded, full_names


class Team(tuple[str, ...]):
    """Names of the people on our side, and their e-mail domains, as they were saved for all calls.

    It stands where names of one call may stand, and other than these it doesn't say that anybody of it speaks.
    """

    __slots__ = ()


NOBODY_SAVED: Final = Team()


def team_members(
    speakers: Sequence[str], team: Team, addresses: Mapping[str, Collection[str]]
) -> tuple[list[str], list[str]]:
    """The speakers who are in the team, and what is unsure of that.

    A full name, an address and a domain are sure. A first name alone is taken where it means one speaker and one
    colleague, which is said.

    Args:
        speakers: of the call.
        team: saved names.
        addresses: speaker -> e-mail addresses and domains, as the file says them.
    """
    names = {folded(name): name for name in team}
    domains = {domain for name in team if (domain := as_domain(name))}
    sure = [
        speaker
        for speaker in speakers
        if not names.keys().isdisjoint(full_names(speaker))
        or not domains.isdisjoint({*called(speaker), *addresses.get(speaker, ())})
    ]
    missing = {name for name in names if not any(name in full_names(speaker) for speaker in sure)}
    notes = []
    guessed = _by_first_name([speaker for speaker in speakers if speaker not in sure], missing)
    for speaker, name in guessed.items():
        notes.append(f"“{speaker}” was taken as your colleague “{names[name]}”, by the first name.")
    return [*sure, *guessed], notes


def _by_first_name(speakers: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Speaker -> name, where one of the two is a first name alone and nobody else on either list has it."""
    firsts = {speaker: folded(speaker).split() for speaker in speakers}
    n_speakers = Counter(words[0] for words in firsts.values() if words)
    n_names = Counter(name.split()[0] for name in names)
    found: dict[str, str] = {}
    for name in names:
        words = name.split()
        if n_names[words[0]] > 1 or n_speakers[words[0]] != 1:
            continue
        [speaker] = [one for one, its in firsts.items() if its and its[0] == words[0]]
        if 1 in (len(words), len(firsts[speaker])):
            found[speaker] = name
    return found
