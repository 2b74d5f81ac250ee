"""Fits the question router on the examples and cues of today. Half a minute; run it when one of them has changed.

    python scripts/fit_router.py

It writes ``agent/router.safetensors``. The vectors are those of the fp32 engine, whatever this machine computes with.
"""

from importlib import resources
from pathlib import Path

from agent.intents import fit, name_of_features, read_examples
from agent.router_weights import FILE, PROBES, ShippedWeights
from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import TurnEncoder


def main() -> None:
    """Fit and write."""
    examples = read_examples()
    encoder = TurnEncoder.load(resolve_base_model(BUNDLED_BASE_MODEL), fingerprint="router", engine="torch-fp32")
    file = Path(str(resources.files("agent"))) / FILE
    ShippedWeights(fit(encoder, examples), name_of_features(examples), encoder.encode(PROBES)).save(file)
    print(f"{file.stat().st_size:,} bytes in {file}, fitted on {len(examples):,} examples")


if __name__ == "__main__":
    main()
