"""What the tools need of the index of past calls; ``vectorstore`` has the real one."""

from typing import Protocol

from pydantic import Field

from salescoach.types import Frozen, Outcome, Precedent, Transcript


class PrecedentQuery(Frozen):
    """What to look for.

    ``focus`` is a turn of the call (from 1) whose like is quoted from each precedent; None looks at the whole call.
    ``diversity`` is the lambda of MMR: 1 looks at likeness only, 0 at variety only.
    """

    transcript: Transcript
    account_id: str | None = None
    outcome: Outcome | None = None
    n_results: int = Field(5, ge=1, le=20)
    diversity: float = Field(0.5, ge=0, le=1)
    focus: int | None = None


class CallIndex(Protocol):
    """An index of past calls."""

    def similar(self, query: PrecedentQuery) -> list[Precedent]:
        """The most similar past calls, diverse, one result per call, most similar first.

        Never the call itself nor another call of its account.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        ...
