"""What a call is like in a few numbers that say nothing of what was said: by them it is noticed when a feed breaks."""

import re
from typing import Final

from salescoach.types import Frozen, Transcript

_MARKS: Final = re.compile(r"[.,;:?!…]")


class CallShape(Frozen):
    """Numbers of a transcript. Shares are in [0, 1].

    ``customer_share``: of the words whose side is known, those of the customer; None where no side is known.
    ``unknown_share`` and ``timed_share``: of the turns. ``marks_per_word``: punctuation, by which recognisers differ.
    """

    n_turns: int
    n_words: int
    customer_share: float | None
    unknown_share: float
    timed_share: float
    marks_per_word: float


def shape_of(transcript: Transcript) -> CallShape:
    """The shape of a call; of one without turns or words, shares are 0."""
    words = {"rep": 0, "customer": 0, "unknown": 0}
    n_marks = n_unknown = n_timed = 0
    for turn in transcript.turns:
        words[turn.role] += len(turn.text.split())
        n_marks += len(_MARKS.findall(turn.text))
        n_unknown += turn.role == "unknown"
        n_timed += turn.start_s is not None
    n_turns, n_words, n_known = len(transcript), sum(words.values()), words["rep"] + words["customer"]
    return CallShape(
        n_turns=n_turns,
        n_words=n_words,
        customer_share=words["customer"] / n_known if n_known else None,
        unknown_share=n_unknown / max(n_turns, 1),
        timed_share=n_timed / max(n_turns, 1),
        marks_per_word=n_marks / max(n_words, 1),
    )
