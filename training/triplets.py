"""Hard triplets from labelled calls: a moment, one like it from a call with the same outcome, one from another call.

The unit is a run of ``TURNS_PER_MOMENT`` turns. A whole call is too long for one text of an encoder, and two calls
differ in so much that the triplet wouldn't say what to learn; a single turn is often "Okay." on both sides. Vectors of
moments are means of turn vectors, as everywhere.

An outcome belongs to a call, not to a moment: much of what is said in a lost call could stand in a won one. So the
nearest moment of the other outcome is often no negative at all. Two guards: a negative must be less similar to the
anchor than the positive by a margin (as in NV-Retriever; Moreira et al., 2024), and a moment that has a near-copy in a
call of the other outcome is left out altogether.

Fine-tuning doesn't learn from these files (its objectives mine within each batch of calls), so they are written only on
request; they are for reading, and for other trainers, such as that of sentence-transformers with ``TripletLoss``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salescoach.errors import DataError
from salescoach.model.encoder import Encoder, encode_turns, turn_text
from salescoach.stats.splits import evenly, group_of
from salescoach.types import Frozen, LabelledCall, Outcome
from salescoach.whole_file import whole_file

TURNS_PER_MOMENT = 4  # two exchanges
MIN_WORDS = 12  # shorter moments are greetings and nods
MAX_CALLS = 1_500  # the search for near-copies grows with their square
MAX_TRIPLETS = 5_000
MAX_PER_CALL = 8  # so that long calls don't crowd out the others
MAX_NEGATIVE_SHARE = 0.95  # a negative's cosine is at most this share of the positive's
NEAR_COPY = 0.95  # cosine from which two moments count as the same words
ROWS_AT_ONCE = 512

TRAIN_FILE, VALIDATION_FILE = "train_triplets.json", "val_triplets.json"


class Triplet(Frozen):
    """Three texts, and why they belong together."""

    anchor: str
    positive: str
    negative: str
    why: str


def write_triplets(
    train: Sequence[LabelledCall], validation: Sequence[LabelledCall], encoder: Encoder, runs: Path, seed: int
) -> tuple[Path, Path]:
    """Mines both parts, each within itself, and writes ``train_triplets.json`` and ``val_triplets.json``.

    The files hold text of calls, so ``runs`` should be ``COACH_HOME/runs``.

    Args:
        train: labelled calls; those without an outcome are left out.
        validation: labelled calls of other accounts.
        encoder: the current embedder, which decides what is hard.
        runs: the folder to write to.
        seed: of the choice of anchors.

    Raises:
        DataError: an account is in both parts.
    """
    shared = {group_of(call) for call in train} & {group_of(call) for call in validation}
    if shared:
        raise DataError(
            f"{len(shared)} accounts, such as {sorted(shared)[0]}, are in both parts; split the calls by account."
        )
    files = runs / TRAIN_FILE, runs / VALIDATION_FILE
    for file, calls in zip(files, (train, validation), strict=True):
        triplets = mine_triplets(calls, encoder, seed)
        text = json.dumps([triplet.model_dump() for triplet in triplets], ensure_ascii=False, indent=1)
        with whole_file(file) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    return files


def mine_triplets(
    calls: Sequence[LabelledCall], encoder: Encoder, seed: int, max_triplets: int = MAX_TRIPLETS
) -> list[Triplet]:
    """For each anchor the most similar moment of its outcome, and the hardest of the other that passes the guards.

    The three moments are from three accounts. Fewer than asked for are found where calls are few, or alike. Of very
    many calls, ``MAX_CALLS`` spread evenly over them are searched.

    Args:
        calls: labelled calls of one part; those without an outcome are left out.
        encoder: the current embedder.
        seed: of the choice of anchors.
        max_triplets: at most so many.
    """
    labelled = [call for call in calls if call.outcome is not None]
    kept = evenly(len(labelled), MAX_CALLS)
    moments, vectors = _moments([labelled[row] for row in kept.tolist()], encoder)
    if not moments:
        return []
    outcomes = np.array([moment.call.outcome for moment in moments])
    _, accounts = np.unique([group_of(moment.call) for moment in moments], return_inverse=True)
    tells = ~_has_copy_elsewhere(vectors, outcomes)
    triplets = []
    for row in _anchors(moments, tells, np.random.default_rng(seed), max_triplets):
        cosines = vectors @ vectors[row]
        allowed = tells & (accounts != accounts[row])
        positive = _best(cosines, allowed & (outcomes == outcomes[row]) & (cosines < NEAR_COPY))
        if positive is None:
            continue
        below = cosines <= MAX_NEGATIVE_SHARE * cosines[positive]
        others = allowed & (accounts != accounts[positive])
        negative = _best(cosines, others & (outcomes != outcomes[row]) & below)
        if negative is None or cosines[negative] <= 0:  # nothing that could be mistaken for the positive
            continue
        own, like, unlike = moments[row], moments[positive], moments[negative]
        why = (
            f"anchor: {own}, {own.call.outcome}; "
            f"positive: {like}, {like.call.outcome} too, the most similar of other accounts "
            f"(cosine {cosines[positive]:.2f}); "
            f"negative: {unlike}, {unlike.call.outcome}, the most similar clearly further off than the positive "
            f"(cosine {cosines[negative]:.2f})"
        )
        triplets.append(Triplet(anchor=own.text, positive=like.text, negative=unlike.text, why=why))
    return triplets


@dataclass(frozen=True)
class _Moment:
    call: LabelledCall
    first: int  # turn, from 0
    stop: int

    @property
    def text(self) -> str:
        return "\n".join(turn_text(turn) for turn in self.call.transcript.turns[self.first : self.stop])

    def __str__(self) -> str:
        return f"{self.call.call_id} turns {self.first + 1}-{self.stop}"


def _moments(calls: Sequence[LabelledCall], encoder: Encoder) -> tuple[list[_Moment], np.ndarray]:
    """The moments of all calls and their vectors: shape (n_moments, dimension), float32, unit length."""
    moments: list[_Moment] = []
    vectors = []
    for call in calls:
        by_turn = encode_turns(encoder, call.transcript.turns)
        for first in range(0, len(by_turn), TURNS_PER_MOMENT):
            moment = _Moment(call, first, min(first + TURNS_PER_MOMENT, len(by_turn)))
            if len(moment.text.split()) >= MIN_WORDS:
                moments.append(moment)
                vectors.append(by_turn[first : moment.stop].mean(axis=0))
    means = np.stack(vectors) if vectors else np.zeros((0, encoder.dimension), dtype=np.float32)
    return moments, means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)


def _has_copy_elsewhere(vectors: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Whether a call of the other outcome holds nearly the same moment: shape (n_moments,), bool."""
    found = np.zeros(len(vectors), dtype=bool)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        is_copy = vectors[rows] @ vectors.T >= NEAR_COPY
        found[rows] = (is_copy & (outcomes[rows, None] != outcomes[None, :])).any(axis=1)
    return found


def _anchors(moments: Sequence[_Moment], tells: np.ndarray, rng: np.random.Generator, n: int) -> list[int]:
    """Moments to start from, in random order: both outcomes equally often, at most ``MAX_PER_CALL`` of a call."""
    by_outcome: dict[Outcome | None, list[int]] = {"converted": [], "lost": []}
    per_call: dict[str, int] = {}
    for row in rng.permutation(np.flatnonzero(tells)):
        call = moments[row].call
        per_call[call.call_id] = per_call.get(call.call_id, 0) + 1
        if per_call[call.call_id] <= MAX_PER_CALL:
            by_outcome[call.outcome].append(int(row))
    each = min(n // 2, *(len(rows) for rows in by_outcome.values()))
    return [row for pair in zip(*(rows[:each] for rows in by_outcome.values()), strict=True) for row in pair]


def _best(cosines: np.ndarray, allowed: np.ndarray) -> int | None:
    return int(np.argmax(np.where(allowed, cosines, -np.inf))) if allowed.any() else None
