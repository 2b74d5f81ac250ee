"""What a user prefers for a question: how many precedents, how diverse, scored how, worded by whom, how long."""

from pydantic import Field

from salescoach.types import DEFAULT_DIVERSITY, Frozen, MethodName
from tools.find_similar_calls import DEFAULT_RESULTS
from tools.spec import Detail

MAX_PRECEDENTS = 10


class Preferences(Frozen):
    """Settings of a question. They fill in what the question leaves open, and change no number but by ``method``.

    ``method``: every score of the answer is by this likeness to past calls; None: by the arm that did best.
    ``wording``: one of ``Coach.wordings``; None: the one that the settings name.
    """

    n_precedents: int = Field(
        DEFAULT_RESULTS, ge=1, le=MAX_PRECEDENTS, description="past calls, and replies of each outcome"
    )
    diversity: float = Field(DEFAULT_DIVERSITY, ge=0, le=1, description="1 likeness only, 0 variety only")
    method: MethodName | None = None
    detail: Detail = "full"
    wording: str | None = None
