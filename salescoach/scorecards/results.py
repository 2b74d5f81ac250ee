"""What a call meets of a playbook: the JSON of ``coach scorecard``."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from salescoach.redact.our_words import OURS
from salescoach.types import Frozen, Transcript

Met = Literal["yes", "partly", "no", "not applicable"]
WORTH: Final[dict[Met, float]] = {"yes": 1.0, "partly": 0.5, "no": 0.0}
DIGITS: Final = 4


class JudgedCriterion(Frozen):
    """A criterion, whether the call meets it, and what shows it.

    ``turn``, from 1, and ``quote``, all that was said there, are given where it is met, at least partly, and only
    there. ``why``: a sentence.
    """

    name: str
    met: Annotated[Met, OURS]
    turn: int | None
    quote: str | None
    why: str

    @model_validator(mode="after")
    def _is_shown_where_it_is_met(self) -> Self:
        if not ((self.met in ("yes", "partly")) == (self.turn is not None) == (self.quote is not None)):
            raise ValueError("a criterion has its turn and quote where it is met, and only there")
        return self


class Scorecard(Frozen):
    """All criteria of a playbook. ``score``: the share met of those that apply, partly counting half; None of none."""

    playbook: str
    criteria: tuple[JudgedCriterion, ...]
    score: float | None = Field(ge=0, le=1)

    @classmethod
    def of(cls, playbook: str, criteria: tuple[JudgedCriterion, ...], call: Transcript) -> Self:
        """The scorecard of a call.

        Raises:
            ValueError: a quote is not what was said at its turn.
        """
        for one in criteria:
            if one.turn is not None and not (1 <= one.turn <= len(call) and call.turns[one.turn - 1].text == one.quote):
                raise ValueError(f"{one.name}: the quote isn't what was said at turn {one.turn}")
        return cls(playbook=playbook, criteria=criteria, score=share_met(criteria))


def share_met(criteria: tuple[JudgedCriterion, ...]) -> float | None:
    """The share that is met of what applies, in [0, 1] and of four digits; partly counts half. None of nothing."""
    worth = [WORTH[one.met] for one in criteria if one.met != "not applicable"]
    return round(sum(worth) / len(worth), DIGITS) if worth else None
