"""How often what the coach says of a call agrees with the labels of authored calls: reasons, endings and advice.

    COACH_HOME=WORK python benchmarks/advice.py [--readings FILE.npz] [--calls 200] [--list KIND]

The floors of ``salescoach/advice`` were chosen on the calls by writers who teach, which the reader knows; so they are
read as if they were unseen (``training/moves/unseen.py``). Calls by writers who judge show what they come to. Reading
takes minutes and is kept in FILE. ``--list`` prints the turns that one kind of advice is given on.
"""

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salescoach.advice.ending import CallEnding, ending_of
from salescoach.advice.missed import MISSED_KINDS, Missed, missed_in
from salescoach.advice.sure import FLOORS, SureCall
from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.library.lookups import wilson
from salescoach.model.base_model import resolve_base_model
from salescoach.moves.heads import CONCERN, MoveHeads
from salescoach.moves.next_step import next_step
from salescoach.moves.objections import HandlingModel
from salescoach.moves.profile import CallProfile, figures
from salescoach.moves.reader import (
    BUNDLED_READER,
    HANDLING,
    HEADS,
    PROFILE,
    WORTH,
    EncoderReader,
    above_thresholds,
    turn_moves,
)
from salescoach.moves.results import CallMoves, ReadObjection
from salescoach.moves.taxonomy import OBJECTIONS
from salescoach.moves.worth import TurnsWorth
from salescoach.types import Transcript
from training.authored.corpus import Labels, Objection, read_calls
from training.authored.labelled import AUTHORED, JUDGES, labels_by
from training.moves.run import writer_of
from training.moves.unseen import as_if_unseen, heard_by_words

SEED = 1
NEAR = 2  # turns within which a labelled concern is the one that was read


@dataclass(frozen=True)
class Known:
    """A call, what was read of it and what its labels say."""

    call: Transcript
    labels: Labels
    sure: SureCall
    ending: CallEnding
    missed: tuple[Missed, ...]

    def concern(self, turn: int) -> Objection | None:
        """The labelled concern at a turn, or near it."""
        near = [one for one in self.labels.objections if abs(one.turn - turn) <= NEAR]
        return min(near, key=lambda one: abs(one.turn - turn), default=None)

    @property
    def is_refused(self) -> bool:
        """Whether, by the labels, the customer's last word is a no and there is no next step."""
        said = {move: max((t for t, own in self.labels.moves.items() if move in own), default=0) for move in _LAST}
        return said["refusal"] > said["commitment"] and self.labels.next_step is None


_LAST = ("refusal", "commitment")


class Readings:
    """Probabilities of turns, and what the turns of a call are worth; kept in a file."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known = dict(np.load(file)) if file is not None and file.is_file() else {}
        self._reader: EncoderReader | None = None

    def of(self, call_id: str, call: Transcript) -> tuple[np.ndarray, float]:
        """Shape (n_turns, n_outputs), and the worth."""
        if f"{call_id}.p" not in self._known:
            if self._reader is None:
                self._reader = EncoderReader.load(BUNDLED_READER, Path(resolve_base_model(BUNDLED_BASE_MODEL)))
            worth = TurnsWorth.load(BUNDLED_READER / WORTH).of(self._reader.features(call.turns))
            self._known |= {f"{call_id}.p": self._reader.probabilities(call.turns), f"{call_id}.worth": worth}
        return self._known[f"{call_id}.p"], float(self._known[f"{call_id}.worth"].ravel()[0])

    def words(self, calls: Mapping[str, Transcript], labels: Mapping[str, Labels]) -> dict[str, np.ndarray]:
        """What words alone say of calls by writers who teach, each read by a model of the others."""
        if not all(f"{one}.words" in self._known for one in calls):
            self._known |= {f"{one}.words": p for one, p in heard_by_words(calls, labels).items()}
            self.keep()
        return {one: self._known[f"{one}.words"] for one in calls}

    def keep(self) -> None:
        """Writes the file."""
        if self._file is not None:
            np.savez_compressed(self._file, **self._known)


def read(call: Transcript, p: np.ndarray, worth: float) -> CallMoves:
    """What the reader makes of a call whose probabilities are known."""
    heads = MoveHeads.load(BUNDLED_READER / HEADS)
    handling = HandlingModel.load(BUNDLED_READER / HANDLING)
    profile = CallProfile.load(BUNDLED_READER / PROFILE)
    turns, above = call.turns, above_thresholds(p, heads.threshold)
    outlook = float(profile.logits(figures(worth, p, [turn.role for turn in turns])))
    concerns = handling.concerns(turns, p, above[:, CONCERN], outlook)
    return CallMoves(
        turns=turn_moves(turns, p, above),
        objections=tuple(ReadObjection.of(turns, one.turn, one.kind, one.handled_at, one.handled) for one in concerns),
        next_step=next_step(turns, p, above),
        reader="encoder",
        model_id="benchmark",
    )


def share(name: str, hits: Sequence[bool]) -> None:
    """Prints how many of how many, with a 95 % interval."""
    if not hits:
        print(f"  {name:46} none")
        return
    low, high = wilson(sum(hits) / len(hits), len(hits))
    print(f"  {name:46} {sum(hits):4} of {len(hits):4}  {np.mean(hits):.2f} ({low:.2f} to {high:.2f})")


def show(known: Mapping[str, Known]) -> None:
    """Prints all figures of some calls."""
    calls = list(known.values())
    print(f"{len(calls)} calls, {sum(len(one.call) for one in calls)} turns")
    print(" moves that are told")
    for move in FLOORS:
        hits = [
            move in one.labels.moves.get(turn, ())
            for one in calls
            for turn in range(1, len(one.call) + 1)
            if one.sure.is_sure(turn, move)
        ]
        share(move, hits)
    print(" concerns")
    concerns = [(one, concern) for one in calls for concern in one.sure.concerns]
    share(
        "a concern of any kind", [any(m in OBJECTIONS for m in one.labels.moves.get(c.turn, ())) for one, c in concerns]
    )
    print(" endings")
    share("said to be a no", [one.is_refused for one in calls if one.ending.kind == "refused"])
    refused = [one for one in calls if one.is_refused]
    share("noes that get no advice", [one.ending.kind in ("refused", "doubtful") for one in refused])
    share("other calls that may have been one", [one.ending.kind == "doubtful" for one in calls if not one.is_refused])
    print(f"  deals said to be made: {sum(one.ending.kind == 'made' for one in calls)}")
    print(" advice")
    judged: dict[str, Callable[[Known, Missed], bool]] = {
        "step_agreed": lambda one, _: one.labels.next_step is not None and one.labels.next_step.committed,
        "step_undated": lambda one, _: one.labels.next_step is not None and one.labels.next_step.committed,
        "step_left_open": lambda one, _: one.labels.next_step is None or not one.labels.next_step.committed,
        "no_step": lambda one, _: one.labels.next_step is None or not one.labels.next_step.committed,
        "stalled": lambda one, _: one.labels.next_step is None or not one.labels.next_step.committed,
        "concern_brushed_aside": lambda one, m: (found := one.concern(m.turn)) is not None and found.handled != "well",
        "concern_open": lambda one, m: (found := one.concern(m.turn)) is not None and found.handled != "well",
        "decider_left_out": lambda one, m: "authority" in one.labels.moves.get(m.turn, ()),
        "pain_unmeasured": lambda one, m: "pain" in one.labels.moves.get(m.turn, ()),
        "question_unanswered": lambda one, m: "buying_signal" in one.labels.moves.get(m.turn, ()),
    }
    for kind in MISSED_KINDS:
        given = [(one, m) for one in calls for m in one.missed if m.kind == kind]
        if kind in judged:
            share(kind, [judged[kind](one, m) for one, m in given])
        else:
            print(f"  {kind:46} {len(given)}, on which labels say nothing")
    for kind in ("concern_brushed_aside", "concern_open"):
        given = [(one, m) for one in calls for m in one.missed if m.kind == kind]
        open_ = [(found := one.concern(m.turn)) is not None and found.handled in ("badly", "not") for one, m in given]
        share(f"{kind}, labelled badly or not handled", open_)
    share("open calls with advice", [bool(one.missed) for one in calls if one.ending.kind == "open"])


def main() -> None:
    """Reads, and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", type=Path)
    parser.add_argument("--calls", type=int, default=200, help="how many of the writers who teach")
    parser.add_argument("--list", choices=MISSED_KINDS)
    given = parser.parse_args()
    calls = read_calls(AUTHORED / "calls")
    labels = labels_by("settled", calls)
    judged = [one for one in calls if one in labels and writer_of(one) in JUDGES]
    teaching = [one for one in calls if one in labels and writer_of(one) not in JUDGES]
    readings = Readings(given.readings)
    words = readings.words({one: calls[one] for one in teaching}, labels)
    random.Random(SEED).shuffle(teaching)
    chosen = teaching[: given.calls]
    for title, ids in (("writers who teach, as if unseen", chosen), ("writers who judge", judged)):
        known = {}
        for one in ids:
            p, worth = readings.of(one, calls[one])
            if one in words:
                p = as_if_unseen(words[one], p) * (p > 0)
            sure = SureCall(calls[one], read(calls[one], p, worth))
            ending = ending_of(sure)
            known[one] = Known(calls[one], labels[one], sure, ending, missed_in(sure, ending))
        readings.keep()
        print(f"\n{title}: ", end="")
        show(known)
        for call_id, own in known.items():
            for m in own.missed if given.list else ():
                if m.kind == given.list:
                    print(f"    {call_id} T{m.turn}: {own.sure.text(m.turn)[:160]}")


if __name__ == "__main__":
    main()
