"""Calls that are nearly the same call: copied with changed words, other names, or cut short."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

from salescoach.types import LabelledCall
from vectorstore.duplicates import MIN_SHINGLES, SAME_CALL, SHINGLE_WORDS

# Runs that more calls than this share are a script, a notice or a greeting. It also bounds the work.
SCRIPT_SHARE: Final = 0.2
SCRIPT_CALLS: Final = (10, 1000)
HASH_SIZE: Final = 2**22
BLOCK_ROWS: Final = 256


@dataclass(frozen=True)
class NearPairs:
    """Calls that are nearly the same: ``first`` and ``second`` are row numbers, ``share`` is in (0, 1].

    All have shape (n_pairs,); ``share`` is how much of the shorter call is in the other one. ``n_too_short`` calls
    couldn't be judged.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray
    n_too_short: int


def near_duplicates(texts: Sequence[str]) -> NearPairs:
    """All pairs of texts where 45 % of the shorter one's runs of four words are in the other, by exact counting.

    Containment (Broder, On the resemblance and containment of documents, 1997) rather than Jaccard, so that a call
    that was cut short is still found. Runs that very many texts share are left out: they are the script.
    """
    vectorizer = HashingVectorizer(
        ngram_range=(SHINGLE_WORDS, SHINGLE_WORDS),
        token_pattern=r"\w+",
        binary=True,
        norm=None,
        alternate_sign=False,
        n_features=HASH_SIZE,
        dtype=np.float32,
    )
    shingles = vectorizer.transform(texts)
    least, most = SCRIPT_CALLS
    limit = max(least, min(most, int(SCRIPT_SHARE * len(texts))))
    n_texts_with = np.bincount(shingles.indices, minlength=HASH_SIZE)
    shingles.data[n_texts_with[shingles.indices] > limit] = 0
    shingles.eliminate_zeros()
    sizes = shingles.getnnz(axis=1)
    is_judged = sizes >= MIN_SHINGLES
    transposed = shingles.T.tocsr()
    found = []
    for start in range(0, len(texts), BLOCK_ROWS):
        shared = (shingles[start : start + BLOCK_ROWS] @ transposed).tocoo()
        first, second = shared.row + start, shared.col
        share = shared.data / np.maximum(np.minimum(sizes[first], sizes[second]), 1)
        keep = (first < second) & (share >= SAME_CALL) & is_judged[first] & is_judged[second]
        found.append((first[keep], second[keep], share[keep]))
    firsts, seconds, shares = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return NearPairs(firsts, seconds, shares, int((~is_judged).sum()))


def clusters(n_calls: int, pairs: NearPairs) -> np.ndarray:
    """The cluster of each call, a row number: shape (n_calls,). Calls linked by near-duplicates share one."""
    cluster = np.arange(n_calls)
    while True:
        before = cluster.copy()
        least = np.minimum(cluster[pairs.first], cluster[pairs.second])
        np.minimum.at(cluster, pairs.first, least)
        np.minimum.at(cluster, pairs.second, least)
        if (cluster == before).all():
            return cluster


def words_of(call: LabelledCall) -> str:
    """All that is said in a call, without who says it."""
    return " ".join(turn.text for turn in call.transcript.turns)
