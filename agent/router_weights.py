"""The router's weights as the package ships them, so that a new home doesn't have to encode every example first.

``scripts/fit_router.py`` makes the file; a test fails when the examples or the cues have changed since.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from salescoach.errors import ModelError
from salescoach.model.arrays import read_arrays
from salescoach.model.encoder import Encoder

FILE = "router.safetensors"  # beside this module
PROBES = ("why is the score so low", "show me lost deals like this one", "how often does the team win")
MIN_PROBE_COSINE = 0.999  # engines round differently: between fp32 and bf16 it is 0.9999


@dataclass(frozen=True)
class RouterWeights:
    """A multinomial logistic regression: ``weights`` (n_features, n_intents) and ``bias`` (n_intents,), float64."""

    weights: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class ShippedWeights:
    """Weights with what tells whether they can be used.

    fitted_on: names the features of the examples, as ``intents.name_of_features`` does.
    probes: the encoder's vectors of ``PROBES``, shape (n_probes, dimension).
    """

    weights: RouterWeights
    fitted_on: str
    probes: np.ndarray

    @classmethod
    def load(cls, file: Path) -> "ShippedWeights":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged.
        """
        weights, bias, probes = read_arrays(
            file, "router", lambda arrays: tuple(arrays[name] for name in ("weights", "bias", "probes"))
        )
        with safe_open(file, framework="np") as opened:
            fitted_on = (opened.metadata() or {}).get("fitted_on", "")
        return cls(RouterWeights(weights.astype(np.float64), bias.astype(np.float64)), fitted_on, probes)

    def save(self, file: Path) -> None:
        """Writes arrays in float32, and ``fitted_on`` among the metadata."""
        arrays = {"weights": self.weights.weights, "bias": self.weights.bias, "probes": self.probes}
        save_file(
            {name: array.astype(np.float32) for name, array in arrays.items()},
            file,
            metadata={"fitted_on": self.fitted_on},
        )

    def suit(self, encoder: Encoder, n_cues: int, n_intents: int) -> bool:
        """Whether they were fitted on vectors of this encoder, whatever its engine, and on so many cues and intents."""
        if self.weights.weights.shape != (encoder.dimension + n_cues, n_intents):
            return False
        return bool((np.sum(encoder.encode(PROBES) * self.probes, axis=1) >= MIN_PROBE_COSINE).all())


@cache
def shipped_weights() -> ShippedWeights | None:
    """The weights in the package; None where the file is missing or damaged."""
    with resources.as_file(resources.files("agent").joinpath(FILE)) as file:
        try:
            return ShippedWeights.load(file)
        except ModelError:
            return None
