"""Tells whether two calls are nearly the same call: copied with other names, misheard words, or cut short.

The rule is that of ``coach audit``: containment of runs of four words (Broder, On the resemblance and containment of
documents, 1997). With every tenth word changed 66 % of the runs survive; unlike calls share 31 % at most.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np

from salescoach.types import Transcript

SHINGLE_WORDS = 4
SAME_CALL = 0.45
MIN_SHINGLES = 20  # a call of a sentence or two is like many others without being a copy

_WORD = re.compile(r"\w+")


def shingles(transcript: Transcript) -> np.ndarray:
    """Hashes of all runs of four words: shape (n_runs,), uint32, each once, ascending."""
    words = _WORD.findall(" ".join(turn.text for turn in transcript.turns).lower())
    runs = {" ".join(words[start : start + SHINGLE_WORDS]) for start in range(len(words) - SHINGLE_WORDS + 1)}
    return np.array(sorted(zlib.crc32(run.encode()) for run in runs), dtype=np.uint32)


def nearly_same(calls: Sequence[np.ndarray]) -> np.ndarray:
    """Which calls are nearly the same, given the shingles of each: shape (n_calls, n_calls), bool, False for itself."""
    from scipy.sparse import csr_array

    sizes = np.array([len(runs) for runs in calls])
    known, columns = np.unique(np.concatenate(calls), return_inverse=True)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    has = csr_array((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(calls), max(len(known), 1)))
    shared = (has @ has.T).toarray()
    share = shared / np.maximum(np.minimum.outer(sizes, sizes), 1)
    is_judged = sizes >= MIN_SHINGLES
    same = (share >= SAME_CALL) & np.logical_and.outer(is_judged, is_judged)
    np.fill_diagonal(same, False)
    return np.asarray(same)
