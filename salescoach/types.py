"""The vocabulary of the project: frozen types that every package speaks.

Turns count from 1. Probabilities are in [0, 1]. Arrays are never part of a type.
"""

import hashlib
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from salescoach.redact.our_words import Ours

Role = Literal["rep", "customer", "unknown"]
Outcome = Literal["converted", "lost"]
Provenance = Literal["sample", "own", "pasted"]
ScorerName = Literal["finetuned", "generic", "tfidf", "blend", "moves"]
EmbeddingName = Literal["finetuned", "generic"]
MethodName = Literal["cosine", "euclidean", "mmr", "hybrid"]

OutcomeChoice = Literal["converted", "lost", "any"]

OUTCOMES: tuple[Outcome, Outcome] = ("converted", "lost")
DEFAULT_DIVERSITY = 0.5  # between variety only, 0, and likeness only, 1: the lambda of MMR


class Frozen(BaseModel):
    """Base of all types: immutable, and no field that we don't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Frozen):
    """One line of a call. ``start_s`` and ``end_s`` are seconds from the start of the call."""

    speaker: str
    role: Role
    text: str
    start_s: float | None = None
    end_s: float | None = None


class Transcript(Frozen):
    """A sales conversation: its turns in order, and what the reader of it had to say about the text."""

    turns: tuple[Turn, ...]
    call_id: str | None = None
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.turns)

    @property  # not cached: a cached value would be copied into prefixes
    def content_hash(self) -> str:
        """sha256 over roles and texts: the same words by the same sides are the same call."""
        lines = "\n".join(f"{turn.role}\t{turn.text}" for turn in self.turns)
        return hashlib.sha256(lines.encode()).hexdigest()

    def prefix(self, n_turns: int) -> Self:
        """The call as it stood after its first ``n_turns`` turns: the only way to look at a part of it."""
        return self.model_copy(update={"turns": self.turns[:n_turns]})

    def without(self, turn: int) -> Self:
        """The call with turn number ``turn`` (from 1) taken out."""
        if not 1 <= turn <= len(self.turns):
            raise IndexError(f"turn {turn} of a call of {len(self.turns)} turns")
        return self.model_copy(update={"turns": self.turns[: turn - 1] + self.turns[turn:]})

    def text(self) -> str:
        """One ``Speaker: text`` line per turn."""
        return "\n".join(f"{turn.speaker}: {turn.text}" for turn in self.turns)


class EvidenceTurn(Frozen):
    """A turn that moved the score. ``effect`` = p(call) - p(call without the turn), in [-1, 1]."""

    turn: int
    speaker: str
    role: Role
    quote: str
    effect: float


class ScoredExchange(Frozen):
    """A concern with its answer. ``effect`` = p(call) - p(call without these turns); ``moves``: what the turns do."""

    turns: tuple[int, ...]
    moves: tuple[str, ...]
    effect: float


class TrajectoryPoint(Frozen):
    """The score after the first ``turn`` turns."""

    turn: int
    probability: float


class Score(Frozen):
    """What the model says about one call. Either a probability, or the reasons why there is none.

    ``unlikeness``: how unlike the training calls it is, in units of what the model still judges; None where that wasn't
    looked at. It is for the score log, and not part of the JSON.
    """

    call_id: str | None
    probability: float | None
    uncalibrated_probability: float | None = None
    interval: tuple[float, float] | None
    interval_level: float = 0.9
    prediction_set: tuple[Outcome, ...]
    abstained: bool
    reasons: Ours[tuple[str, ...]] = ()
    warnings: Ours[tuple[str, ...]] = ()
    model_id: Ours[str]
    scorer: ScorerName | MethodName
    n_turns: int
    unlikeness: float | None = Field(default=None, exclude=True)
    latency_ms: float
    evidence: tuple[EvidenceTurn, ...] = ()
    exchanges: tuple[ScoredExchange, ...] = ()
    trajectory: tuple[TrajectoryPoint, ...] = ()

    @model_validator(mode="after")
    def _abstention_has_reasons_and_no_number(self) -> Self:
        if self.abstained == (self.probability is not None) or self.abstained != bool(self.reasons):
            raise ValueError("a score has a probability, or it abstains and says why")
        return self


class LabelledCall(Frozen):
    """A past call with what is known about it. ``outcome`` is None while the deal is open, ``outcome_at`` its date."""

    transcript: Transcript
    call_id: str
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    account_id: str | None = None
    rep_id: str | None = None
    started_at: datetime | None = None
    split: str | None = None
    provenance: Provenance = "own"
    metadata: dict[str, str] = Field(default_factory=dict)


class Precedent(Frozen):
    """A moment of a past call, retrieved for comparison. ``similarity`` is a cosine in [-1, 1]."""

    call_id: str
    outcome: Outcome
    similarity: float
    turn_start: int
    turn_end: int
    quote: str
    metadata: dict[str, str] = Field(default_factory=dict)


class NextStep(Frozen):
    """The last thing to do that both sides of a call know of. ``when``: as it was said, None where nothing was."""

    turn_start: int
    turn_end: int
    quote: str
    when: str | None
    taken_on_by: tuple[Role, ...]
    is_agreed: bool


class PublishedFigure(Frozen):
    """What somebody published about a call metric. A correlation among their customers, never a rule for one call."""

    finding: Ours[str]
    n: str
    year: int | None
    calls: str = Field(description="what calls they were")
    tier: Literal["primary", "secondary", "weak"]
    source: Ours[str]
    caveat: Ours[str] = ""


class MetricReading(Frozen):
    """One call metric of a call beside the quartiles of past won and lost calls.

    ``value`` is None where the call doesn't show it, such as seconds in an untimed call. ``turns``: where it was
    counted, for metrics that count places. ``reading`` compares with past calls; ``published`` stands beside it.
    """

    name: str
    value: float | None
    unit: str
    won_quartiles: tuple[float, float, float] | None
    lost_quartiles: tuple[float, float, float] | None
    reading: Ours[str]
    turns: tuple[int, ...] = ()
    published: tuple[PublishedFigure, ...] = ()


class PassRate(Frozen):
    """How often a model did what a check of behaviour expects. ``mean_change``: of the probability, in [-1, 1]."""

    check: str
    expected: str
    passed: int
    n: int
    mean_change: float


class Citation(Frozen):
    """A marker in an answer and the evidence that it points to."""

    marker: str
    call_id: str
    turn_start: int
    turn_end: int
    quote: str
