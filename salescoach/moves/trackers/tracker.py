"""What a tracker is: a name, the side that says it, a few examples, and what is not meant.

Names and examples are a user's words, or a customer's: they are data everywhere, on one line and of limited length.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from salescoach.errors import InputError
from salescoach.types import Frozen

Side = Literal["customer", "rep"]

MIN_EXAMPLES: Final = 3  # when a tracker is added; a call that is deleted may take some of them with it
MAX_GIVEN: Final = 8  # examples, and counter-examples, when a tracker is added; thumbs give more
MAX_KEPT: Final = 60
MAX_TRACKERS: Final = 50
MAX_NAME: Final = 80  # characters
MAX_TEXT: Final = 600  # characters of an example; the reader sees about as many of a turn
DEFAULT_PRECISION: Final = 0.5


def _one_line(text: str) -> str:
    """Words with single spaces; raises ValueError where there is nothing to read, or something that isn't shown."""
    text = " ".join(text.split())
    if not text:
        raise ValueError("it is empty")
    if not text.isprintable():
        raise ValueError("it holds characters that can't be shown")
    return text


def _as_example(given: Any) -> Any:
    return {"text": given} if isinstance(given, str) else given


class TrackerExample(Frozen):
    """Something that was said. ``call_id`` and ``turn``: where, for one that a thumb made."""

    text: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_one_line)]
    call_id: str | None = Field(None, max_length=200)
    turn: int | None = Field(None, ge=1)


Examples = tuple[Annotated[TrackerExample, BeforeValidator(_as_example)], ...]


class Tracker(Frozen):
    """What a user wants to be found in calls.

    ``precision``: the share of hits that are wanted to be right, which makes the threshold.
    """

    name: Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_one_line)]
    side: Side
    examples: Annotated[Examples, Field(max_length=MAX_KEPT)]
    counters: Annotated[Examples, Field(max_length=MAX_KEPT)] = ()
    precision: float = Field(DEFAULT_PRECISION, ge=0.05, le=0.99)

    @model_validator(mode="after")
    def _says_each_once(self) -> "Tracker":
        said = [one.text.casefold() for one in (*self.examples, *self.counters)]
        if twice := next((text for text in said if said.count(text) > 1), None):
            raise ValueError(f"{shortened(twice)} is given twice")
        return self


def new_tracker(given: dict[str, Any], *, at_most: int = MAX_GIVEN) -> Tracker:
    """A tracker as a user gives it.

    Args:
        given: the fields of ``Tracker``; an example may be a plain text.
        at_most: how many examples it may have, and how many counter-examples.

    Raises:
        InputError: a field is missing or can't be used, or there are too few or too many examples.
    """
    try:
        tracker = Tracker.model_validate(given)
    except ValidationError as error:
        raise InputError(_said(given, error)) from None
    n, n_counters = len(tracker.examples), len(tracker.counters)
    if n < MIN_EXAMPLES:
        raise InputError(
            f"{named(tracker.name)} has too few examples ({n}); give {MIN_EXAMPLES} to {MAX_GIVEN} different wordings."
        )
    if max(n, n_counters) > at_most:
        raise InputError(
            f"{named(tracker.name)} has too many examples ({n}) or counter-examples ({n_counters}); give at most "
            f"{at_most} of each."
        )
    return tracker


def example_text(said: str) -> str:
    """What of a turn can be an example; empty where there is nothing."""
    words = (word for word in said.split() if word.isprintable())
    return " ".join(words)[:MAX_TEXT].strip()


def named(name: str) -> str:
    """A tracker in a sentence."""
    return f"The tracker {shortened(name)}"


def shortened(text: str) -> str:
    """A user's text in a sentence of ours."""
    return repr(text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - 1]}…")


def _said(given: dict[str, Any], error: ValidationError) -> str:
    """The first of what is wrong, in a sentence; long texts are never repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = " ".join(str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"])
    name = given.get("name")
    whose = named(" ".join(name.split())) if isinstance(name, str) and name.strip() else "The tracker"
    what = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{whose} can't be used{f' ({place})' if place else ''}: {what[0].lower()}{what[1:]}."
