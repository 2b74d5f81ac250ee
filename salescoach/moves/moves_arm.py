"""Scores a call by what the move reader makes of its turns, each in the light of what came before it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from salescoach.model.embedding_arm import EncodedCall, ScoringArm
from salescoach.moves.profile import CallProfile
from salescoach.moves.reader import EncoderReader

# Without a turn its followers are read anew, which costs most of a score. So the turns that may move it most are picked
# by taking out their feature vectors alone; this many times as many as are shown are then tried in earnest.
TRIED: Final = 5


@dataclass(frozen=True)
class MovesArm(ScoringArm):
    """What is likely to come of a call by its profile. It looks at the turns only.

    ``profile``: as the reader has it, or calibrated on other calls.
    """

    reader: EncoderReader
    profile: CallProfile

    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        return self.profile.logits(self.reader.figures(call.turns, keep))

    def interval(self, call: EncodedCall, strangeness: float) -> tuple[float, float]:
        """As ``ScoringArm`` has it; as wide for a strange call as for others."""
        whole = np.ones((1, len(call.turns)), dtype=bool)
        return self.profile.interval(float(self.logits(call, whole)[0]))

    def whole(self, call: EncodedCall, strangeness: float) -> tuple[float, tuple[float, float] | None]:
        """As ``ScoringArm`` has it; nothing is read again where the figures of the call are known."""
        if call.figures is None:
            return super().whole(call, strangeness)
        logit = float(self.profile.logits(call.figures))
        return logit, self.profile.interval(logit)

    def telling_turns(self, call: EncodedCall, n: int) -> np.ndarray:
        """As ``ScoringArm`` has it; picked by an estimate."""
        n_turns = len(call.turns)
        if n_turns <= TRIED * n:
            return np.arange(n_turns)
        whole, *without = self.profile.logits(self.reader.figures_without_each(call.turns))
        return np.sort(np.argsort(-np.abs(whole - np.array(without)), kind="stable")[: TRIED * n])
