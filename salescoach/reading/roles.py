"""Who is on which side: by the user's word, by the saved team, by what the file says, or by the words of a label."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from salescoach.errors import SpeakerError
from salescoach.reading.role_words import side_named_in, side_of
from salescoach.reading.spelling import as_domain, called, folded, is_nobody, numbered, same_name
from salescoach.reading.team import Team, team_members
from salescoach.reading.texts import in_number, listed
from salescoach.types import Role, Transcript, Turn

__all__ = ["UNKNOWN_SPEAKER", "assign_roles", "means", "names_of", "roles_from_labels", "side_of", "speakers"]

UNKNOWN_SPEAKER: Final = "unknown"

_ROLE_PREFIX: Final = "Roles: "
_MAX_NAMED: Final = 20  # of those who were taken as customers


def means(label: str, rep: str) -> bool:
    """Whether ``rep`` can stand for this label: itself, its first name, a part such as (Anna), or an address in it."""
    return folded(rep).removeprefix("@") in called(label)


def speakers(transcript: Transcript) -> tuple[str, ...]:
    """The speakers in order of appearance."""
    return tuple(dict.fromkeys(turn.speaker for turn in transcript.turns))


def names_of(rep: str | Sequence[str]) -> Sequence[str]:
    """Who is on our side, as a list of names: one may be given alone, and a saved team stays one."""
    if isinstance(rep, Team):
        return rep
    return (rep,) if isinstance(rep, str) else tuple(rep)


def assign_roles(
    transcript: Transcript,
    rep: str | Sequence[str],
    stated: Mapping[str, Role] | None = None,
    addresses: Mapping[str, Collection[str]] | None = None,
) -> Transcript:
    """The same call with ``rep`` on our side and everybody else as the customer, which is said in a warning.

    A speaker whose side the file states, or whose label is a role word such as "Agent 2", keeps it, and nobody's turns
    ("Unknown Speaker") stay unknown.

    Args:
        transcript: The call.
        rep: Speakers' labels in any case and with or without accents, or first names or parts of labels that only one
            speaker has; a domain, whose every speaker it means; or a channel. A saved ``Team`` need not speak: where
            nobody of it does, sides are as ``roles_from_labels`` finds them.
        stated: Speaker -> side, as the file says it.
        addresses: Speaker -> e-mail addresses and domains, as the file says them.

    Raises:
        SpeakerError: A name means no speaker, or more than one.
    """
    everybody = speakers(transcript)
    notes: list[str] = []
    if isinstance(rep, Team):
        found, notes = team_members([name for name in everybody if not is_nobody(name)], rep, addresses or {})
        ours = set(found)
        if not ours:
            return roles_from_labels(transcript, stated or {})
    else:
        ours = {speaker for name in names_of(rep) for speaker in _meant_by(name, everybody, addresses or {})}
    others = [name for name in everybody if name not in ours and not is_nobody(name)]
    roles: dict[str, Role] = {name: side for name in others if (side := _known_side(name, stated or {}))}
    if "customer" not in roles.values() and len(roles) == len(others):
        # The user has said who is on our side, so a word for the rep's side can't hold for everybody, nor can a file
        # that has one of ours for a customer be right about the others.
        is_right = all((stated or {}).get(name) != "customer" for name in ours)
        roles = {name: side for name, side in (stated or {}).items() if name in roles and is_right}
    taken = [name for name in others if name not in roles]
    if taken:
        were = in_number(len(taken), "was", "were")
        notes.append(
            f"{_quoted(taken)} {were} taken as the customer's side, because only who is on your side is known; "
            "name colleagues too."
        )
    return _with_roles(transcript, {**dict.fromkeys(others, "customer"), **roles, **dict.fromkeys(ours, "rep")}, notes)


def roles_from_labels(transcript: Transcript, stated: Mapping[str, Role]) -> Transcript:
    """The same call with the sides that the file states, by speaker, and else those that the labels name."""
    everybody = [name for name in speakers(transcript) if not is_nobody(name)]
    roles = {name: side for name in everybody if (side := _known_side(name, stated))}
    unclear = [name for name in everybody if name not in roles]
    notes: list[str] = []
    if len(everybody) == 2 and len(unclear) == 1:
        [(known, side)] = roles.items()
        other: Role = "rep" if side == "customer" else "customer"
        roles[unclear[0]] = other
        notes.append(f"“{unclear[0]}” was taken as the {other}, because the other speaker is “{known}”.")
    elif unclear:
        notes.append(
            f"it is not clear on which side {listed(unclear)} {in_number(len(unclear), 'is', 'are')}; "
            "say who is on your side (on the command line: --rep NAME)."
        )
    return _with_roles(transcript, roles, notes)


def _known_side(name: str, stated: Mapping[str, Role]) -> Role | None:
    return stated.get(name) or side_named_in(name)


def _quoted(names: Sequence[str]) -> str:
    return listed((f"“{name}”" for name in names), _MAX_NAMED)


def _meant_by(rep: str, everybody: Sequence[str], addresses: Mapping[str, Collection[str]]) -> Sequence[str]:
    """The speakers that a name, domain or channel means: one, or all of a domain."""
    known = [name for name in everybody if name != UNKNOWN_SPEAKER]
    if not known:
        raise SpeakerError(
            f"“{rep}” can't be the rep because the text names no speakers; put “Name:” before each line."
        )
    for spelling in (same_name, folded):
        exact = [name for name in known if spelling(name) == spelling(rep)]
        if len(exact) == 1:
            return exact
    domain = as_domain(rep)
    at_domain = [name for name in known if domain in called(name) or domain in addresses.get(name, ())]
    if domain and at_domain:
        return at_domain
    found = [name for name in known if means(name, rep)] or _numbered_as(rep, known)
    if len(found) == 1:
        return found
    if found:
        raise SpeakerError(f"“{rep}” could be {listed(found)}; give the full name of the rep.")
    if domain:
        raise SpeakerError(
            f"Nobody with an address at “{domain}” speaks in this call; the speakers are {listed(known)}."
        )
    raise SpeakerError(f"“{rep}” does not speak in this call; the speakers are {listed(known)}.")


def _with_role(turn: Turn, role: Role) -> Turn:
    """The turn on that side; much faster than a copy that is updated, of which a table of calls needs very many."""
    if turn.role == role:
        return turn
    return Turn(speaker=turn.speaker, role=role, text=turn.text, start_s=turn.start_s, end_s=turn.end_s)


def _numbered_as(rep: str, known: Sequence[str]) -> list[str]:
    """The channel, or speaker, of a number; a bare number means a channel where there are any."""
    wanted = numbered(rep)
    if wanted is None:
        return []
    what, number = wanted
    counted = {name: its for name in known if (its := numbered(name)) is not None and its[1] == number}
    whats = (what,) if what else ("channel", "speaker", "")
    by_what = ([name for name in counted if counted[name][0] == one] for one in whats)
    return next(filter(None, by_what), [])


def _with_roles(transcript: Transcript, roles: Mapping[str, Role], notes: list[str]) -> Transcript:
    turns = tuple(_with_role(turn, roles.get(turn.speaker, "unknown")) for turn in transcript.turns)
    sides = {turn.role for turn in turns}
    if len(sides) == 1 and len(turns) > 1 and "unknown" not in sides:
        silent = "customer" if "rep" in sides else "rep"
        notes.append(f"the {silent} does not speak in this text, so it shows only one side of the call.")
    if "unknown" in sides and any(is_nobody(turn.speaker) for turn in turns) and len(sides) > 1:
        notes.append("some lines have no known speaker and count for neither side.")
    # An earlier reading of the roles is superseded, and so are its warnings.
    kept = [warning for warning in transcript.warnings if not warning.startswith(_ROLE_PREFIX)]
    warnings = (*kept, *(f"{_ROLE_PREFIX}{note}" for note in notes))
    return transcript.model_copy(update={"turns": turns, "warnings": warnings})
