"""What the tools need of the index of past calls; ``vectorstore`` has the real one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from salescoach.types import Frozen, Outcome, Precedent, Transcript


class PrecedentQuery(Frozen):
    """What to look for.

    ``account_id`` and ``started_at`` are the call's, where they are known. ``focus`` is a turn of the call (from 1)
    whose like is quoted from each precedent; None looks at the whole call. With ``by_moment`` the focus chooses the
    calls as well, by their moment most like it; else the whole call does. ``among``: only calls of these ids.
    ``diversity`` is the lambda of MMR: 1 looks at likeness only, 0 at variety only. ``as_chosen``: results come in the
    order in which MMR chose them, so that the first of them are what it chooses of fewer.
    """

    transcript: Transcript
    account_id: str | None = None
    started_at: datetime | None = None
    outcome: Outcome | None = None
    n_results: int = Field(5, ge=1, le=20)
    diversity: float = Field(0.5, ge=0, le=1)
    focus: int | None = None
    by_moment: bool = False
    among: frozenset[str] | None = None
    as_chosen: bool = False

    @model_validator(mode="after")
    def _a_moment_is_named(self) -> Self:
        if self.by_moment and self.focus is None:
            raise ValueError("calls can't be chosen by a moment that isn't named")
        return self


class Reply(Precedent):
    """A past moment like one of this call, and what the rep said next. Its turns run from the moment to the reply.

    ``quote`` is what the moment is about, ``reply`` the rep's words at ``reply_turn``, both verbatim.
    """

    reply_turn: int
    reply: str


@dataclass(frozen=True)
class Surroundings:
    """A call among the past calls that it may be compared with.

    Attributes:
        vector: of the call, shape (dimension,), float32, unit length.
        call_ids: of the past calls.
        outcomes: of the past calls.
        vectors: of the past calls, shape (n_calls, dimension), float32, unit length.
        nearest: the ``n_results`` rows most like the call, most similar first; of calls nearly the same only one.
    """

    vector: np.ndarray
    call_ids: Sequence[str]
    outcomes: Sequence[Outcome]
    vectors: np.ndarray
    nearest: Sequence[int]


class CallIndex(Protocol):
    """An index of past calls."""

    def similar(self, query: PrecedentQuery) -> list[Precedent]:
        """The most similar past calls, diverse, one result per call, most similar first or ``as_chosen``.

        Never the call itself or one that is nearly the same, another call of its account, or a later one.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        ...

    def replies(self, query: PrecedentQuery) -> list[Reply]:
        """The past moments most like the one around the query's focus, and the rep's replies, most similar first.

        One per call, from the same calls as ``similar``, without MMR; moments that got no reply are left out.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        ...

    def surroundings(self, query: PrecedentQuery) -> Surroundings:
        """All past calls that ``similar`` chooses from, as vectors, and the nearest of them.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        ...
