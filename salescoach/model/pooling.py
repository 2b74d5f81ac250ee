"""Turn vectors -> one call vector: attention, mean, and a mean of the end of the call, of each side of the table.

Everything that knows about order and role is here, so a prefix of a call or a call without one of its turns
is pooled again from the same turn vectors; nothing is encoded twice.

For side r, over its kept turns i at relative position t_i in (0, 1) of the kept call:

    attention_r = sum_i softmax_i(query_r . x_i + position_r . (t_i, t_i^2)) x_i
    mean_r      = sum_i x_i / n_r * min(sqrt(n_r / usual), MAX_GROWTH)
    end_r       = sum_i t_i^2 x_i / sum_i t_i^2

``usual`` is how many turns a side has in the training calls: what is said more often counts for more, up to a bound, so
that a very long call doesn't drown in its length. The call vector is [attention_rep, attention_customer, mean_rep,
mean_customer, end_rep, end_customer]; a side that doesn't speak is zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.types import Role

SIDES: tuple[Role, Role] = ("rep", "customer")
N_BLOCKS = 3 * len(SIDES)
MAX_GROWTH = 2.0  # reached at four times the usual number of turns
_VARIANTS_AT_ONCE = 512  # bounds the memory of long calls: 512 x 5,000 turns x 4 bytes = 10 MB


@dataclass(frozen=True)
class Pooling:
    """Trained attention. ``query``: shape (2, dimension); ``position``: shape (2, 2); both float32.

    ``usual_turns``: of a side in the training calls, over 0.
    """

    query: np.ndarray
    position: np.ndarray
    usual_turns: float

    @property
    def dimension(self) -> int:
        """Length of a call vector."""
        return N_BLOCKS * int(self.query.shape[1])

    def pool(self, vectors: np.ndarray, roles: Sequence[Role], keep: np.ndarray | None = None) -> np.ndarray:
        """Call vectors of variants of one call.

        Args:
            vectors: shape (n_turns, dimension), float32, unit length.
            roles: the role of each turn.
            keep: shape (n_variants, n_turns), bool: which turns each variant has. Default: the whole call only.

        Returns:
            Shape (n_variants, n_blocks * dimension), float32.
        """
        if keep is None:
            keep = np.ones((1, len(roles)), dtype=bool)
        return np.concatenate(self._average([vectors] * N_BLOCKS, vectors, roles, keep), axis=1).astype(np.float32)

    def products(self, vectors: np.ndarray, roles: Sequence[Role], keep: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Inner products of the call vectors with ``weights``, without making the call vectors: far fewer steps.

        Args:
            vectors: as in ``pool``.
            roles: as in ``pool``.
            keep: as in ``pool``.
            weights: shape (n_blocks * dimension,).

        Returns:
            Shape (n_variants,), float64.
        """
        projected = [vectors @ part[:, None] for part in np.split(weights, N_BLOCKS)]  # each (n_turns, 1)
        return np.asarray(sum(self._average(projected, vectors, roles, keep)))[:, 0]

    def _average(
        self, blocks: Sequence[np.ndarray], vectors: np.ndarray, roles: Sequence[Role], keep: np.ndarray
    ) -> list[np.ndarray]:
        """Weighted averages of what each block holds for the turns, shape (n_turns, width), for every variant."""
        chunks = [keep[start : start + _VARIANTS_AT_ONCE] for start in range(0, len(keep), _VARIANTS_AT_ONCE)]
        # BLAS kernels now and then raise the flag for lanes that they then drop; a result that isn't finite is refused
        # where it is used.
        with np.errstate(invalid="ignore"):
            averaged = [
                [weights @ block for weights, block in zip(self._weights(vectors, roles, chunk), blocks, strict=True)]
                for chunk in chunks
            ]
        return [np.concatenate(parts) for parts in zip(*averaged, strict=True)]

    def _weights(self, vectors: np.ndarray, roles: Sequence[Role], keep: np.ndarray) -> list[np.ndarray]:
        """What each turn weighs in each block of each variant: of shape (n_variants, n_turns)."""
        position = relative_positions(keep)
        by_role = np.array(roles, dtype=object)
        attentions, means, ends = [], [], []
        for side, role in enumerate(SIDES):
            mine = keep & (by_role == role)
            logits = vectors @ self.query[side]  # (n_turns,)
            logits = logits + self.position[side, 0] * position + self.position[side, 1] * position**2
            attentions.append(_softmax(logits, mine))
            means.append(_shares(mine) * self._growth(mine))
            ends.append(_shares(mine * position**2))
        return attentions + means + ends

    def _growth(self, mine: np.ndarray) -> np.ndarray:
        """How much the mean grows with the turns of a side: shape (n_variants, 1), float32."""
        growth = np.sqrt(mine.sum(axis=1, keepdims=True) / self.usual_turns)
        return np.asarray(np.minimum(growth, MAX_GROWTH), dtype=np.float32)


def relative_positions(keep: np.ndarray) -> np.ndarray:
    """Where each kept turn stands in its variant, in (0, 1): shape and meaning of ``keep`` as in ``Pooling.pool``."""
    counts = keep.sum(axis=1, keepdims=True)
    return np.asarray((np.cumsum(keep, axis=1) - 0.5) / np.maximum(counts, 1))


def without_each(n_turns: int) -> np.ndarray:
    """``keep`` for the call without its first turn, without its second, …: shape (n_turns, n_turns)."""
    return ~np.eye(n_turns, dtype=bool)


def without_all(n_turns: int, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """``keep`` for the call without each of some groups of turns, from 1: shape (n_groups, n_turns)."""
    keep = np.ones((len(groups), n_turns), dtype=bool)
    for row, turns in enumerate(groups):
        keep[row, [turn - 1 for turn in turns]] = False
    return keep


def each_prefix(n_turns: int) -> np.ndarray:
    """``keep`` for the first turn, the first two turns, …: shape (n_turns, n_turns)."""
    return np.tri(n_turns, dtype=bool)


def _shares(weights: np.ndarray) -> np.ndarray:
    """Weights of one side's turns, made to sum to 1; a row of zeros stays so. Shape (n_variants, n_turns), float32."""
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.maximum(total, 1e-30), dtype=np.float32)


def _softmax(logits: np.ndarray, mine: np.ndarray) -> np.ndarray:
    """Softmax over the turns of one side; a row without such turns is zero. Shape (n_variants, n_turns), float32."""
    masked = np.where(mine, logits, -np.inf)
    top = np.max(masked, axis=1, keepdims=True)
    raised = np.exp(masked - np.where(np.isfinite(top), top, 0.0))
    total = raised.sum(axis=1, keepdims=True)
    return np.asarray(raised / np.maximum(total, 1e-30), dtype=np.float32)
