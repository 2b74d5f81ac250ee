"""Would 8 bits be faster than what scores today? Time and vectors of a static int8 encoder beside fp32 and bf16.

    python benchmarks/int8.py [--calls N] [--repeats N]

Matrices have one scale for each output, what goes into them one fixed scale over inputs that were evened out first
(SmoothQuant; Xiao et al., ICML 2023), from the largest values on some authored turns. Texts of one length go together,
so nothing is padded. Prints CPU seconds of one thread for an hour-long call, beside sentence-transformers in fp32 in
the same run, and cosines to fp32 on authored turns that set no scale. Needs a processor with VNNI.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from speed import made_up_call

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model import encoder as encoders
from salescoach.model.base_model import resolve_base_model
from salescoach.model.bert import Bert
from salescoach.model.encoder import TurnEncoder, turn_text
from training.authored.labelled import authored_calls

if TYPE_CHECKING:
    from torch import Tensor

EVENNESS = (0.7, 0.85)  # how much of the difference between inputs goes over to the matrix
N_TURNS_FOR_SCALES = 250


class Recorded(Bert):
    """Notes the largest value of every input of every matrix."""

    largest: "dict[str, Tensor]"

    def _linear(self, name: str, hidden: "Tensor") -> "Tensor":
        now = hidden.reshape(-1, hidden.shape[-1]).abs().amax(0)
        self.largest[name] = torch.maximum(self.largest.get(name, now), now)
        return super()._linear(name, hidden)


class Int8(Bert):
    """Multiplies bytes; everything between the matrices stays float32."""

    packed: dict[str, tuple[Any, "Tensor", float]]

    def pack(self, largest: "dict[str, Tensor]", evenness: float) -> "Int8":
        """Takes the matrices over in 8 bits."""
        self.packed = {}
        for name, seen in largest.items():
            matrix, inputs = self._weights[f"{name}.weight"], seen.clamp(min=1e-4)
            smooth = inputs**evenness / matrix.abs().amax(0).clamp(min=1e-5) ** (1 - evenness)
            evened = matrix * smooth
            scales = evened.abs().amax(1).double() / 127
            zeros = torch.zeros(len(scales), dtype=torch.long)
            steps = torch.quantize_per_channel(evened, scales, zeros, 0, torch.qint8)
            weights = torch.ops.quantized.linear_prepack(steps, self._weights[f"{name}.bias"])
            self.packed[name] = (weights, 1 / smooth, float((inputs / smooth).max() / 127))
        return self

    def _linear(self, name: str, hidden: "Tensor") -> "Tensor":
        weights, evening, step = self.packed[name]
        return torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(hidden * evening, step, 128, weights)


def wrapped(network: Bert, folder: Path) -> TurnEncoder:
    """An encoder over a network of this file."""
    return TurnEncoder(network, source=str(folder), fingerprint="bench", engine="torch-fp32").without_cache()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20, help="authored calls whose vectors are compared")
    parser.add_argument("--repeats", type=int, default=3, help="of each timing; the shortest counts")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.quantized.engine = "fbgemm"
    folder = Path(resolve_base_model(BUNDLED_BASE_MODEL))
    hour = [turn_text(turn) for turn in made_up_call(360, 25, seed=0).turns]
    calls = authored_calls()
    learned = [turn_text(turn) for call in calls[:5] for turn in call.transcript.turns][:N_TURNS_FOR_SCALES]
    judged = list(dict.fromkeys(turn_text(t) for call in calls[-given.calls :] for t in call.transcript.turns))

    recorded = Recorded.load(folder, "float32")
    if recorded is None:
        raise SystemExit("The bundled encoder is no BERT.")
    recorded.largest = {}
    wrapped(recorded, folder).encode(learned)
    plain = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    subjects: dict[str, Any] = {
        "sentence-transformers fp32": plain,
        "torch-fp32": TurnEncoder.load(folder, fingerprint="fp32", engine="torch-fp32").without_cache(),
        "torch-bf16": TurnEncoder.load(folder, fingerprint="bf16", engine="torch-bf16").without_cache(),
    }
    for evenness in EVENNESS:
        network = Int8.load(folder, "float32")
        assert network is not None
        subjects[f"int8, evenness {evenness}"] = wrapped(network.pack(recorded.largest, evenness), folder)

    exact = subjects["torch-fp32"].encode(judged)
    cosines, times = {}, {}
    pad_to = encoders.PAD_TO
    for _ in range(given.repeats):
        for name, subject in subjects.items():
            encoders.PAD_TO = 1 if name.startswith("int8") else pad_to
            if name not in cosines:
                vectors = subject.encode(judged)
                cosines[name] = (vectors * exact).sum(axis=1) / np.linalg.norm(vectors, axis=1)
            start = time.process_time()
            subject.encode(hour)
            times[name] = min(times.get(name, np.inf), time.process_time() - start)
    print("| engine | hour-long call, CPU s | to plain fp32 | cosine to fp32: least, 1 %, mean |")
    print("| --- | --- | --- | --- |")
    for name, seconds in times.items():
        least, low, mean = cosines[name].min(), np.quantile(cosines[name], 0.01), cosines[name].mean()
        print(f"| {name} | {seconds:.2f} | {seconds / times['sentence-transformers fp32']:.2f} |", end="")
        print(f" {least:.4f}, {low:.4f}, {mean:.4f} |")


if __name__ == "__main__":
    main()
