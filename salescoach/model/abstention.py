"""When the coach gives no probability, and says why."""

from collections.abc import Callable, Collection
from typing import Final, Literal

import numpy as np

from salescoach.types import Role, Transcript

Code = Literal["too_short", "sides_unknown", "not_english", "unlike", "other"]

MIN_TURNS = 6
MIN_WORDS = 40
MIN_CHARS_TO_TELL = 30  # of shorter English turns, py3langid takes one in ten for another language
MIN_SHARE_ENGLISH = 0.6  # one odd quarter of a chatty call is no reason to abstain

_BEGINNINGS: Final[dict[Code, str]] = {
    "too_short": "The call is too short",
    "sides_unknown": "It is not known which turns are the",
    "not_english": "The call doesn't seem to be in English",
    "unlike": "The call is unlike the calls that the model has learned from",
}


def reasons_not_to_judge(transcript: Transcript) -> list[str]:
    """What about the text itself forbids a probability, each as a sentence; empty where nothing does."""
    n_words = sum(len(turn.text.split()) for turn in transcript.turns)
    sides = {turn.role for turn in transcript.turns}
    return reasons_by_size(len(transcript), n_words, sides, lambda: is_english(transcript))


def reasons_by_size(
    n_turns: int, n_words: int, heard: Collection[Role], is_in_english: Callable[[], bool]
) -> list[str]:
    """As ``reasons_not_to_judge``, of a call that is known by its size, by who was heard and by its language.

    Args:
        n_turns: of the call.
        n_words: of the call, parted by spaces.
        heard: the sides of its turns.
        is_in_english: asked only where there is enough to tell.
    """
    reasons = []
    if n_turns < MIN_TURNS or n_words < MIN_WORDS:
        reasons.append(
            f"{_BEGINNINGS['too_short']} to judge: {n_turns} turns and {n_words} words; "
            f"at least {MIN_TURNS} turns and {MIN_WORDS} words are needed."
        )
    missing = {"rep", "customer"} - set(heard)
    if missing:
        sides = " and which the ".join(f"{side}'s" for side in sorted(missing))
        reasons.append(f"{_BEGINNINGS['sides_unknown']} {sides}; say who is on your side (--rep NAME).")
    if n_words >= MIN_WORDS and not is_in_english():
        reasons.append(f"{_BEGINNINGS['not_english']}, the only language that the model has learned.")
    return reasons


def unlike_what_was_learned(data: str) -> str:
    """The reason not to judge a call that is unlike the training calls; ``data``: what those were."""
    return f"{_BEGINNINGS['unlike']} ({data})."


def code_of(reason: str) -> Code:
    """The short code of a reason, which says nothing of the call; ``other`` for what this module doesn't say."""
    return next((code for code, beginning in _BEGINNINGS.items() if reason.startswith(beginning)), "other")


def is_english(transcript: Transcript) -> bool:
    """Whether most of the call reads as English.

    Judged by quarters, so that a call that changes its language is noticed; single turns are too short to tell.
    """
    from py3langid import classify

    size = -(-len(transcript) // 4)
    quarters = [transcript.turns[start : start + size] for start in range(0, len(transcript), size)]
    texts = [" ".join(turn.text for turn in turns) for turns in quarters]
    n_english = sum(len(text) for text in texts if classify(text)[0] == "en")
    return n_english >= MIN_SHARE_ENGLISH * sum(map(len, texts))


def is_english_turn(text: str) -> bool:
    """Whether one turn reads as English; a short one in Latin letters always does, as it can't be told."""
    from py3langid import classify

    letters = [char for char in text if char.isalpha()]
    if len(text) < MIN_CHARS_TO_TELL:
        return sum(char.isascii() for char in letters) >= len(letters) / 2
    return bool(classify(text)[0] == "en")


def unlikeness_of_turns(vectors: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """As ``unlikeness``, of each turn by itself: shape (n_turns,).

    A single turn lies further out than the mean of many, so these compare with those of other turns only.
    """
    differences = vectors - mean
    return np.asarray(np.sqrt(np.sum(differences @ precision * differences, axis=1)))


def unlikeness(vectors: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> float:
    """How unlike the training calls a call is: the Mahalanobis distance of its mean turn (Mahalanobis, 1936).

    Args:
        vectors: the call's turns, shape (n_turns, dimension), unit length.
        mean: the training calls' mean turn, shape (dimension,).
        precision: inverse covariance of the training calls' mean turns, shape (dimension, dimension).

    Returns:
        From 0 up; about the square root of the dimension for a call like those of training.
    """
    difference = vectors.mean(axis=0) - mean
    return float(np.sqrt(difference @ precision @ difference))
