"""What a batch of call vectors is asked to be: close to its like, far from the others, or told apart by a line.

| objective | inputs | labels | what it asks | when to use |
| --- | --- | --- | --- | --- |
| ``joint`` | call vectors, classifier logits | 1 / 0 | classification + weight * SupCon | the default |
| ``supcon`` | call vectors | 1 / 0 | one outcome's calls closer than the other's | similarity search matters most |
| ``triplet`` | call vectors | 1 / 0 | each pair of one outcome closer, by a margin | to compare with the literature |
| ``simclr`` | two views of each call | none | a call closer to itself than to others | many calls, few or no labels |

``joint`` trains a linear classifier along with the encoder. The others have none: what they leave behind is the nearest
prototype (``training.loop.Loop.place_prototypes``), and the calibrated head is fitted on the call vectors anyway.
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Objective = Literal["joint", "supcon", "triplet", "simclr"]

TEMPERATURE = 0.1  # of cosines; Khosla et al. and Chen et al. both end near it
MARGIN = 0.5  # of distances between unit vectors, which lie in [0, 2]


def supcon(vectors: "Tensor", labels: "Tensor") -> "Tensor":
    """Supervised contrastive loss, the form with the mean outside of the logarithm (Khosla et al., NeurIPS 2020).

    For each call, the other calls of its outcome are positives and all other calls are candidates.
    sentence-transformers has no such loss, so it is written here.

    Args:
        vectors: shape (n_calls, dimension), float, any length: cosines are compared.
        labels: shape (n_calls,), 1 converted, 0 lost.

    Returns:
        The mean over calls that have a positive; zero if none has, so that a tiny batch teaches nothing.
    """
    import torch
    from torch.nn import functional

    unit = functional.normalize(vectors.float(), dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    cosines = (unit @ unit.T / TEMPERATURE).masked_fill(itself, -torch.inf)  # (n, n)
    log_shares = torch.log_softmax(cosines, dim=1).masked_fill(itself, 0.0)
    positives = (labels[:, None] == labels[None, :]) & ~itself
    n_positives = positives.sum(dim=1)
    losses = -(log_shares * positives).sum(dim=1) / n_positives.clamp(min=1)  # (n,)
    has_positive = n_positives > 0
    return (losses * has_positive).sum() / has_positive.sum().clamp(min=1)


def semi_hard_triplet(vectors: "Tensor", labels: "Tensor") -> "Tensor":
    """Triplet loss over the batch's semi-hard negatives (Schroff et al., CVPR 2015), as sentence-transformers has it.

    For each pair of one outcome the nearest call of the other outcome that is further off than the positive, else the
    farthest one.

    Args:
        vectors: shape (n_calls, dimension), float; compared at unit length by Euclidean distance.
        labels: shape (n_calls,), 1 converted, 0 lost.
    """
    import torch
    from sentence_transformers.sentence_transformer.losses import BatchSemiHardTripletLoss
    from torch.nn import functional

    unit = functional.normalize(vectors.float(), dim=1)
    if bool((labels == labels[0]).all()):  # no negatives in the batch
        return unit.sum() * 0.0
    loss = BatchSemiHardTripletLoss(torch.nn.Identity(), margin=MARGIN)  # type: ignore[arg-type]
    return loss.compute_loss_from_embeddings([unit], labels)


def nt_xent(first: "Tensor", second: "Tensor") -> "Tensor":
    """Normalised temperature-scaled cross-entropy of two views (Chen et al., ICML 2020), made of a library's parts.

    The views differ by dropout in the layers (as in SimCSE; Gao et al., EMNLP 2021) and by the turns that each is
    without. Each view must find the other view of its call among all views of the batch.

    Args:
        first: shape (n_calls, dimension), float: one view of each call.
        second: the same calls in the same order, seen with other dropout.
    """
    import torch
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    loss = MultipleNegativesRankingLoss(
        torch.nn.Identity(),  # type: ignore[arg-type]
        scale=1 / TEMPERATURE,
        directions=("query_to_doc", "query_to_query"),
    )
    unused = torch.empty(0)
    views = first.float(), second.float()
    there = loss.compute_loss_from_embeddings([views[0], views[1]], unused)
    back = loss.compute_loss_from_embeddings([views[1], views[0]], unused)
    return (there + back) / 2
