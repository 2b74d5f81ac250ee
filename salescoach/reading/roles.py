"""Who is on which side: by what the file says, by the words of a label such as "Sales Rep", or by the user's word."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from salescoach.errors import InputError
from salescoach.reading.texts import in_number, listed, phrases
from salescoach.types import Role, Transcript

UNKNOWN_SPEAKER: Final = "unknown"

_ROLE_PREFIX: Final = "Roles: "
_REP_WORDS: Final = phrases(
    """
    rep|sales rep|sales representative|representative|salesperson|sales person|salesman|saleswoman|sales|seller|agent
    sales agent|insurance agent|real estate agent|realtor|broker|advisor|adviser|sales advisor|account executive
    account exec|ae|account manager|sdr|bdr|sales development rep|sales development representative
    business development rep|business development representative|sales consultant|consultant|sales manager
    sales engineer|customer success manager|csm
    """
)
_CUSTOMER_WORDS: Final = phrases(
    "customer|client|prospect|buyer|lead|caller|potential customer|prospective customer|prospective buyer"
    "|homebuyer|home buyer|policyholder"
)
_NOBODY: Final = frozenset({"unknown", "unknown speaker", "unidentified speaker", "unidentified", "speaker unknown"})

_PARTS_OF_A_LABEL = re.compile(r"[()\[\],/|\u2013\u2014]|\s-\s")
_SIDES_OF_A_LABEL = re.compile(r"[()\[\],/|\u2013\u2014_]|\s-\s")
_SIDE_NUMBER = re.compile(r"(?<!\s)\s*+(?:#\s*+)?(?:(?<!\d)\d++|\b[a-d])$")  # of "customer 2", "rep b"


def side_of(label: str) -> Role | None:
    """The side that a label's words name: "Rep", "Customer 1", "Rep (Anna)", "Dana - Buyer"."""
    parts = _SIDES_OF_A_LABEL.split(label.casefold())
    words = [_SIDE_NUMBER.sub("", part.strip()) for part in parts]
    is_rep, is_customer = (any(word in side for word in words) for side in (_REP_WORDS, _CUSTOMER_WORDS))
    if is_rep == is_customer:
        return None
    return "rep" if is_rep else "customer"


def means(label: str, rep: str) -> bool:
    """Whether ``rep`` can stand for this label: the label itself, its first name, or a part such as (Anna)."""
    wanted = " ".join(rep.casefold().split())
    whole = label.casefold()
    parts = [part.strip() for part in _PARTS_OF_A_LABEL.split(whole)]
    return bool(wanted) and (wanted in {whole, *parts} or wanted in {part.split()[0] for part in parts if part})


def speakers(transcript: Transcript) -> tuple[str, ...]:
    """The speakers in order of appearance."""
    return tuple(dict.fromkeys(turn.speaker for turn in transcript.turns))


def names_of(rep: str | Sequence[str]) -> tuple[str, ...]:
    """Who is on our side, as a list of names: one may be given alone."""
    return (rep,) if isinstance(rep, str) else tuple(rep)


def assign_roles(transcript: Transcript, rep: str | Sequence[str]) -> Transcript:
    """The same call with ``rep`` on our side and everybody else as the customer.

    A speaker whose label is a role word, such as "Agent 2", keeps its side, and "Unknown Speaker" stays unknown.

    Args:
        transcript: The call.
        rep: Some speakers' labels in any case, or first names or parts of labels that only one speaker has.

    Raises:
        InputError: A name means no speaker, or more than one.
    """
    everybody = speakers(transcript)
    ours = {_find_speaker(everybody, name) for name in names_of(rep)}
    others = [name for name in everybody if name not in ours and name.casefold() not in _NOBODY]
    roles: dict[str, Role] = {name: side_of(name) or "customer" for name in others}
    if "customer" not in roles.values():
        # The user has said who is on our side, so a word for the rep's side can't hold for everybody.
        roles = dict.fromkeys(others, "customer")
    return _with_roles(transcript, {**roles, **dict.fromkeys(ours, "rep")}, [])


def roles_from_labels(transcript: Transcript, stated: Mapping[str, Role]) -> Transcript:
    """The same call with the sides that the file states, by speaker, and else those that the labels name."""
    everybody = [name for name in speakers(transcript) if name.casefold() not in _NOBODY]
    roles = {name: side for name in everybody if (side := stated.get(name) or side_of(name))}
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


def _find_speaker(everybody: Sequence[str], rep: str) -> str:
    known = [name for name in everybody if name != UNKNOWN_SPEAKER]
    exact = [name for name in known if name.casefold() == " ".join(rep.casefold().split())]
    found = exact or [name for name in known if means(name, rep)]
    if len(found) == 1:
        return found[0]
    if not known:
        raise InputError(f"“{rep}” can't be the rep because the text names no speakers; put “Name:” before each line.")
    if found:
        raise InputError(f"“{rep}” could be {listed(found)}; give the full name of the rep.")
    raise InputError(f"“{rep}” does not speak in this call; the speakers are {listed(known)}.")


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
