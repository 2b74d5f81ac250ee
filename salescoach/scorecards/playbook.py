"""What a playbook is: criteria, each with what counts for it and what it rests on. Bundled ones, and one's own."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from salescoach.errors import InputError
from salescoach.moves.taxonomy import CUSTOMER_MOVES, MOVES, REP_MOVES, SHARED_MOVES
from salescoach.plain_yaml import PlainYaml, read_yaml
from salescoach.types import Frozen

Side = Literal["customer", "rep", "either"]
Pattern = Literal["sum", "percentage", "date"]

BUNDLED: Final = ("meddicc", "bant", "spin")
MAX_BYTES: Final = 200_000  # of a file
MAX_CRITERIA: Final = 40
MAX_NAME: Final = 80  # characters
MAX_COUNTS: Final = 300  # characters
_ADVICE: Final = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such key",
    "too_short": "there is none",
    "string_too_long": "it is too long",
    "too_long": "there are too many",
}


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    if not text or not text.isprintable():
        raise ValueError("it is empty or can't be shown")
    return text


def _known(move: str) -> str:
    if move not in MOVES:
        raise ValueError(f"{move[:MAX_NAME]!r} is no move; docs/moves.md has their names")
    return move


Name = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_one_line)]
Moves = tuple[Annotated[str, AfterValidator(_known)], ...]


class NotApplicable(Frozen):
    """When a criterion makes no sense in a call; any of these is enough.

    ``shorter_than``: the call has fewer turns; ``if_any_of``: one of these moves is made in it; ``if_none_of``: none
    of these is.
    """

    shorter_than: int | None = Field(None, ge=1)
    if_any_of: Moves = ()
    if_none_of: Moves = ()


class Criterion(Frozen):
    """Something that a call should show.

    ``counts``: what counts, in words; ``side``: whose turns count. It rests on ``moves``, any of which will do, on a
    ``tracker``, by name, or, in bundled playbooks alone, on weights that were ``learned``. ``contains``: one of these
    must stand in the turn, or else it is met partly at most.
    """

    name: Name
    counts: Annotated[str, Field(max_length=MAX_COUNTS), AfterValidator(_one_line)]
    side: Side
    moves: Moves = ()
    tracker: Name | None = None
    learned: bool = False
    contains: tuple[Pattern, ...] = ()
    not_applicable: NotApplicable = NotApplicable()

    @model_validator(mode="after")
    def _rests_on_one_thing(self) -> Self:
        if bool(self.moves) + (self.tracker is not None) + self.learned != 1:
            raise ValueError("it rests on moves or on a tracker; give one of the two")
        possible = {
            "customer": (*CUSTOMER_MOVES, *SHARED_MOVES),
            "rep": (*REP_MOVES, *SHARED_MOVES),
            "either": (*CUSTOMER_MOVES, *REP_MOVES, *SHARED_MOVES),
        }[self.side]
        if wrong := [move for move in self.moves if move not in possible]:
            raise ValueError(f"{wrong[0]} is no move of the {self.side}'s side")
        return self


class Playbook(Frozen):
    """Criteria under a name."""

    playbook: Name
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=MAX_CRITERIA)]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [one.name.casefold() for one in self.criteria]
        if twice := next((one.name for one in self.criteria if names.count(one.name.casefold()) > 1), None):
            raise ValueError(f"the criterion {twice!r} stands there twice")
        return self


def read_playbook(name: str) -> Playbook:
    """A playbook by its name, or from a YAML file.

    Raises:
        InputError: there is no such playbook or file, or something in the file can't be used; names the file, the line
            and the criterion.
    """
    if name.casefold() in BUNDLED:
        return bundled_playbook(name.casefold())
    file = Path(name)
    if file.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(
            f"There is no playbook {name[:MAX_NAME]!r}; give {', '.join(BUNDLED)}, or a YAML file of your own."
        )
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError:
        raise InputError(f"{name} can't be read; give {', '.join(BUNDLED)} or a YAML file that is there.") from None
    return own_playbook(content, file.name)


def own_playbook(content: bytes, name: str) -> Playbook:
    """A playbook of somebody's own, from YAML; ``name`` is what errors call it.

    Raises:
        InputError: something in it can't be used; names the line and the criterion.
    """
    parsed = read_yaml(content, name, MAX_BYTES)
    found = _playbook(parsed, name)
    if learned := next((one for one in found.criteria if one.learned), None):
        line = parsed.line_of(("criteria", found.criteria.index(learned), "learned"))
        raise InputError(
            f"{name}, line {line} (criterion {learned.name!r}): nothing is learned for a playbook of your own; "
            "let it rest on moves or on a tracker."
        )
    return found


def bundled_playbook(name: str) -> Playbook:
    """One of ``BUNDLED``."""
    file = resources.files("salescoach.scorecards").joinpath("playbooks", f"{name}.yaml")
    return _playbook(read_yaml(file.read_bytes(), file.name, MAX_BYTES), file.name)


def _playbook(parsed: PlainYaml, name: str) -> Playbook:
    if not isinstance(parsed.data, dict):
        raise InputError(f"{name} holds no playbook; it starts with `playbook: NAME` and has a list of `criteria`.")
    try:
        return Playbook.model_validate(parsed.data)
    except ValidationError as error:
        raise InputError(_said(parsed, name, error)) from None


def _said(parsed: PlainYaml, name: str, error: ValidationError) -> str:
    """The first of what is wrong, in a sentence."""
    first = error.errors(include_url=False)[0]
    place = first["loc"]
    where = f"{name}, line {parsed.line_of(place)}"
    if len(place) > 1 and place[0] == "criteria" and isinstance(place[1], int):
        where += f" (criterion {_named(parsed.data, place[1])})"
    key = next((str(part) for part in reversed(place) if isinstance(part, str) and part != "criteria"), "")
    what = _ADVICE.get(first["type"]) or first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] in ("literal_error", "enum"):
        what = f"{str(first['input'])[:MAX_NAME]!r} is none of {str(first['ctx']['expected']).replace(' or ', ', ')}"
    return f"{where}: {f'{key}: ' if key else ''}{what[0].lower()}{what[1:]}."


def _named(data: Any, number: int) -> str:
    """A criterion by its name where it has one, else by its place, from 1."""
    try:
        return repr(str(data["criteria"][number]["name"])[:MAX_NAME])
    except (KeyError, TypeError, IndexError):
        return str(number + 1)
