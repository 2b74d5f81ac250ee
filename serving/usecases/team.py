"""Who is on our side in all calls: names that are saved once, and used wherever a call's reps aren't named.

Where several people share the home, whom somebody names in the chat is remembered for that user alone.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import Field, ValidationError

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.role_words import side_of
from salescoach.reading.spelling import as_domain, folded, is_personal, one_spelling
from salescoach.reading.team import Team
from salescoach.reading.texts import clean
from salescoach.types import Frozen
from salescoach.whole_file import write_private

MAX_NAMES: Final = 1_000

# Whoever has an address there may be on either side.
_PUBLIC_DOMAINS: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com me.com aol.com gmx.de "
    "gmx.net gmx.com web.de t-online.de proton.me protonmail.com mail.com orange.fr wanadoo.fr free.fr libero.it "
    "uol.com.br ziggo.nl kpnmail.nl".split()
)


class SavedNames(Frozen):
    """The file: everybody's names, and those that a user of the chat named."""

    names: tuple[str, ...] = ()
    of_users: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class TeamChange(Frozen):
    """The names after a change, and which of those that were given made a difference."""

    names: tuple[str, ...]
    changed: tuple[str, ...]


def saved_team(settings: Settings, user: str | None = None) -> Team:
    """The saved names, with those of a user of the chat.

    Raises:
        CoachError: the file can't be read.
    """
    saved = _load(settings)
    return Team(dict.fromkeys((*saved.names, *saved.of_users.get(user or "", ()))))


def our_side(settings: Settings, rep: Sequence[str] | None) -> Sequence[str]:
    """Who is on our side in a call: the names that were given with it, else the saved team.

    Raises:
        CoachError: no name was given and the file can't be read.
    """
    return tuple(rep) if rep else saved_team(settings)


def team_in_tables(settings: Settings, rep: Sequence[str] | None = None) -> Team:
    """As ``our_side``, for many calls, in each of which not everybody need speak."""
    return Team(our_side(settings, rep))


def add_to_team(settings: Settings, names: Sequence[str]) -> TeamChange:
    """Saves names of people, or their e-mail domain.

    Raises:
        InputError: a name is nobody's in particular; nothing is saved then.
        CoachError: the file can't be read or written.
    """
    saved = _load(settings)
    new = _new_among(list(map(_checked, names)), saved.names)
    _save(settings, saved.model_copy(update={"names": (*saved.names, *new)}))
    return TeamChange(names=(*saved.names, *new), changed=tuple(new))


def remove_from_team(settings: Settings, names: Sequence[str]) -> TeamChange:
    """Takes names off the list, and off those that users of the chat named.

    Raises:
        InputError: a name is not saved; nothing is changed then.
        CoachError: the file can't be read or written.
    """
    saved = _load(settings)
    gone = {folded(name) for name in names}
    everybody = {folded(name) for of in (saved.names, *saved.of_users.values()) for name in of}
    for name in names:
        if folded(name) not in everybody:
            raise InputError(f"“{name}” is not in the team's list; `coach team list` shows who is.")
    of_users = {user: _without(of, gone) for user, of in saved.of_users.items()}
    left = SavedNames(names=_without(saved.names, gone), of_users={user: of for user, of in of_users.items() if of})
    _save(settings, left)
    return TeamChange(names=left.names, changed=tuple(names))


def remember(settings: Settings, names: Sequence[str], user: str) -> list[str]:
    """Saves whom a user of the chat named, for all later calls; returns those who are new.

    Labels that are somebody else's in the next call, such as "Speaker 1", are left out. Where the chat has accounts
    they are remembered for this user, else for everybody, who is the same person.

    Raises:
        CoachError: the file can't be read or written.
    """
    saved = _load(settings)
    known = (*saved.names, *saved.of_users.get(user, ()))
    new = _new_among([one_spelling(name) for name in names if _is_to_keep(name)], known)
    if not new:
        return []
    if settings.users_file.exists():
        of_users = {**saved.of_users, user: (*saved.of_users.get(user, ()), *new)}
        _save(settings, saved.model_copy(update={"of_users": of_users}))
    else:
        _save(settings, saved.model_copy(update={"names": (*saved.names, *new)}))
    return new


def _checked(name: str) -> str:
    tidy = one_spelling(clean(name)[0])
    if not tidy or len(tidy) > MAX_LABEL_CHARS:
        raise InputError(f"A name has 1 to {MAX_LABEL_CHARS} characters; give it as transcripts show it.")
    if as_domain(tidy) in _PUBLIC_DOMAINS:
        raise InputError(f"Customers have addresses at {tidy} too; give your company's own domain, or people's names.")
    if not _is_to_keep(tidy):
        raise InputError(
            f"“{tidy}” may be anybody in the next call; give people's names, or a domain such as @hexa.example."
        )
    return tidy


def _is_to_keep(name: str) -> bool:
    return is_personal(name) and side_of(name) is None


def _new_among(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Those that aren't known, each once."""
    new = {folded(name): name for name in names}
    for name in known:
        new.pop(folded(name), None)
    return list(new.values())


def _without(names: Sequence[str], gone: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if folded(name) not in gone)


def _load(settings: Settings) -> SavedNames:
    file = settings.team_file
    try:
        return SavedNames.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return SavedNames()
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise CoachError(f"The team's names in {file} can't be read ({reason}); mend the file, or delete it.") from None


def _save(settings: Settings, saved: SavedNames) -> None:
    """Readable by its owner alone, as all of the home is."""
    if any(len(names) > MAX_NAMES for names in (saved.names, *saved.of_users.values())):
        raise InputError(f"At most {MAX_NAMES:,} names can be saved; your e-mail domain stands for all who have it.")
    try:
        write_private(settings.team_file, saved.model_dump_json(indent=1))
    except OSError as error:
        raise CoachError(
            f"The team's names can't be written to {settings.team_file} ({error.strerror}); check the folder."
        ) from None
