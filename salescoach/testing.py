"""Public test doubles: narrow, deterministic, honest about what they are. Not for answers that a user sees."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from salescoach.moves.results import CallMoves, ReadMove, ReadNextStep, ReadObjection, TurnMoves
from salescoach.moves.taxonomy import MoveName, ObjectionKind
from salescoach.types import LabelledCall, Outcome, Transcript, Turn

ASKED = ("How do you plan the shifts today?", "What would change your mind?", "Shall I explain the price once more?")
SAID: dict[Outcome, tuple[str, str, str]] = {
    "converted": ("That would help us a lot.", "Send me the contract, please.", "Can we start next Monday?"),
    "lost": ("It is too expensive for us.", "We are happy with what we have.", "Please don't call again."),
}


class WordHashEncoder:
    """An encoder without a model: a text is the sum of fixed random vectors, one for each of its words.

    Texts that share words are near each other, and a text's vector depends on that text alone.
    """

    def __init__(self, dimension: int = 32) -> None:
        self.dimension = dimension
        self.fingerprint = f"word-hash-{dimension}"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of ``texts``: shape (n_texts, dimension), float32, unit length."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._vector(text) for text in texts])

    def without_cache(self) -> "WordHashEncoder":
        """Itself: it has none."""
        return self

    def _vector(self, text: str) -> np.ndarray:
        total = np.zeros(self.dimension)
        for word in text.lower().split() or [""]:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
            total += np.random.default_rng(seed).normal(size=self.dimension)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


class WordReader:
    """A move reader that goes by single words of the customer's, so that a test knows what it reads."""

    heard: Mapping[str, ObjectionKind] = {"expensive": "price", "busy": "timing", "provider": "competitor"}

    def __init__(self, model_id: str = "word-reader") -> None:
        self.model_id = model_id
        self.n_read = 0

    def read(self, transcript: Transcript) -> CallMoves:
        """Concerns by their words, each answered by the rep's next turn; "agreed" is a commitment, "Friday" a step."""
        self.n_read += 1
        moves: dict[int, list[MoveName]] = {}
        concerns: list[tuple[int, ObjectionKind, int | None]] = []
        roles = [turn.role for turn in transcript.turns]
        for number, turn in enumerate(transcript.turns, start=1):
            said = turn.text.lower() if turn.role == "customer" else ""
            answer = next((later for later in range(number, len(roles)) if roles[later] == "rep"), None)
            found = [kind for word, kind in self.heard.items() if word in said]
            concerns += [(number, kind, None if answer is None else answer + 1) for kind in found]
            moves[number] = ["competitor"] if "competitor" in found else []
            moves[number] += ["commitment"] if "agreed" in said else []
        dated = [number for number, turn in enumerate(transcript.turns, start=1) if "Friday" in turn.text]
        said = transcript.turns[dated[-1] - 1].text if dated else ""
        step = ReadNextStep(turn=dated[-1], what=said, who="both", when="Friday", committed=False) if dated else None
        return make_moves(transcript, moves, concerns, step, self.model_id)


def make_moves(
    transcript: Transcript,
    moves: Mapping[int, Sequence[MoveName]] | None = None,
    concerns: Sequence[tuple[int, ObjectionKind, int | None]] = (),
    next_step: ReadNextStep | None = None,
    model_id: str = "word-reader",
) -> CallMoves:
    """What a reader might have made of a call: moves by turn, and concerns as (turn, kind, answered at)."""
    given = moves or {}
    return CallMoves(
        turns=tuple(
            TurnMoves(
                turn=number,
                role=turn.role,
                moves=tuple(ReadMove(name=name, probability=0.9) for name in given.get(number, ())),
            )
            for number, turn in enumerate(transcript.turns, start=1)
        ),
        objections=tuple(
            ReadObjection.of(transcript.turns, turn, kind, at, "not" if at is None else "partly")
            for turn, kind, at in concerns
        ),
        next_step=next_step,
        reader="test",
        model_id=model_id,
    )


def make_transcript(*lines: str, call_id: str | None = None) -> Transcript:
    """A transcript from lines such as ``"Rep: Hello."`` and ``"Customer: Hi."``."""
    turns = []
    for line in lines:
        speaker, _, text = line.partition(": ")
        role = {"Rep": "rep", "Customer": "customer"}.get(speaker, "unknown")
        turns.append(Turn.model_validate({"speaker": speaker, "role": role, "text": text}))
    return Transcript(turns=tuple(turns), call_id=call_id)


def make_call(
    call_id: str,
    *lines: str,
    outcome: Outcome | None = "converted",
    account_id: str | None = None,
    split: str | None = None,
) -> LabelledCall:
    """A labelled call from lines."""
    return LabelledCall(
        transcript=make_transcript(*lines, call_id=call_id),
        call_id=call_id,
        outcome=outcome,
        account_id=account_id,
        split=split,
    )


def make_calls(n: int) -> list[LabelledCall]:
    """Short calls whose outcome can be heard, half of them converted; they share most turns, so they encode fast."""
    calls = []
    for row in range(n):
        outcome: Outcome = "converted" if row % 2 else "lost"
        asked = ASKED[row % 3 :] + ASKED[: row % 3]
        pairs = zip(asked, SAID[outcome], strict=True)
        lines = [line for question, answer in pairs for line in (f"Rep: {question}", f"Customer: {answer}")]
        lines.insert(2, f"Customer: We are {row + 5} people and have been looking at this for a while now.")
        calls.append(make_call(f"made-{row:03}", *lines, outcome=outcome, account_id=f"acc-{row // 2 % 20}"))
    return calls
