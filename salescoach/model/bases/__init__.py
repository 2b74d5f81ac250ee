"""Base encoders that come in packages of their own, to be installed by whoever wants them; see docs/encoders.md."""

from salescoach.model.bases.all_mpnet import ALL_MPNET
from salescoach.model.bases.multilingual_e5 import MULTILINGUAL_E5
from salescoach.model.bases.packages import PackagedBase

PACKAGED: dict[str, PackagedBase] = {
    "mpnet": ALL_MPNET,
    "all-mpnet-base-v2": ALL_MPNET,
    "multilingual": MULTILINGUAL_E5,
    "multilingual-e5-small": MULTILINGUAL_E5,
}
"""By the names that ``--base`` takes."""
