"""Simulates the sequential tests of monitoring: how often they are wrong, and how soon they find what is.

    .venv/bin/python benchmarks/sequential.py sequences|labels|inputs|feeds [--runs 200] [--seed 20261201] [--calls 100]

sequences: confidence sequences; how often they ever miss the mean, and how wide they are beside a fixed-n interval.
labels: the base rate and the calibration, with baselines of 300 and 1,000 labelled deals, 2,000 looks, a look a deal.
inputs: streams of calls that never change, with the marginals of real calls; all ten streams together.
feeds: real calls scored by the current model (COACH_HOME) whose feed breaks: sides swapped, calls cut off, words
misheard and without punctuation. Streams are drawn with replacement from those calls: 1,000 sound ones, then broken.

Every share has its 95 % Wilson interval, every median the 95 % interval of its order statistics.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import binom

from eval.online.drift import INPUTS
from salescoach.config import Settings
from salescoach.library.lookups import wilson
from salescoach.library.scored_calls import SHAPE_COLUMNS, Coded, ScoredLog
from salescoach.model.abstention import code_of, reasons_not_to_judge
from salescoach.model.scoring import CallScorer
from salescoach.speech.shape import shape_of
from salescoach.stats.changes import find_change, find_miscalibration
from salescoach.stats.sequential import ConfidenceSequence, log_wealth
from salescoach.stats.splits import TEST, evenly
from salescoach.types import Role, Transcript
from training.authored.labelled import authored_calls
from training.sample.asr import mishear
from training.sample.draw import Draw

N_LOOKS = 2000
BASELINE = 1000
NEVER = 10**6
SWAPPED: dict[Role, Role] = {"rep": "customer", "customer": "rep", "unknown": "unknown"}
KEPT_TURNS = 0.3  # of a call that is cut off
MISHEARD = 0.12  # of the words


def main() -> None:
    """Prints one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["sequences", "labels", "inputs", "feeds"])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument(
        "--calls", type=int, default=36, help="feeds: that are scored four times over, a second or two each"
    )
    parser.add_argument("--without-model", action="store_true", help="feeds: only what needs no score is watched")
    parser.add_argument("--kept", type=Path, help="where what was read of them is kept, so that it is read once")
    args = parser.parse_args()
    {"sequences": sequences, "labels": labels, "inputs": inputs, "feeds": feeds}[args.part](args)


def sequences(args: argparse.Namespace) -> None:
    """Misses and widths."""
    makers: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], float, float]] = {
        "coins of 30 %": (lambda rng: (rng.random(N_LOOKS) < 0.3).astype(float), 0.3, 0.3 * 0.7),
        "differences of Brier scores": (lambda rng: np.clip(0.5 + rng.normal(0, 0.05, N_LOOKS), 0, 1), 0.5, 0.05**2),
    }
    for place, (name, (make, mean, variance)) in enumerate(makers.items()):
        missed, widths = 0, []
        for run in range(args.runs):
            values = make(np.random.default_rng([args.seed, place, run]))
            missed += max(log_wealth(values, mean, side).max() for side in (1, -1)) >= np.log(2 / 0.05)
            if run < 20:
                widths.append([_width(values[:n]) / (2 * 1.96 * np.sqrt(variance / n)) for n in (100, 300, 1000)])
        beside = ", ".join(f"{one:.2f}" for one in np.mean(widths, axis=0))
        say(f"{name}: ever wrong {_share(missed, args.runs)}; width by that of a fixed n of 100, 300, 1000: {beside}")


def labels(args: argparse.Namespace) -> None:
    """False alarms and delays of both label monitors."""
    for baseline in (300, BASELINE):
        quiet = [_labels(args.seed, run, baseline, 1.0) for run in range(args.runs)]
        false_rate = sum(rate < NEVER for rate, _ in quiet)
        false_calibration = sum(calibration < NEVER for _, calibration in quiet)
        both = sum(min(one) < NEVER for one in quiet)
        say(
            f"baseline {baseline}, no change, {N_LOOKS} looks: base rate {_share(false_rate, args.runs)}, "
            f"calibration {_share(false_calibration, args.runs)}, either {_share(both, args.runs)}"
        )
        for name, factor in (("30 to 20 %", 2 / 3), ("30 to 15 %", 1 / 2)):
            found = [_labels(args.seed + 1, run, baseline, factor, before=500) for run in range(args.runs)]
            for what, side in (("base rate", 0), ("calibration", 1)):
                say(f"baseline {baseline}, {name} after 500 deals, {what}: {_delays([one[side] for one in found])}")


def _labels(seed: int, run: int, baseline: int, factor: float, before: int = 0) -> tuple[int, int]:
    """How many deals after the change the alarms went off; an alarm before the change is begun again after."""
    rng = np.random.default_rng([seed, baseline, run, round(100 * factor)])
    said = rng.beta(2.1, 4.9, baseline + N_LOOKS)  # a mean of 30 %
    rate = np.where(np.arange(len(said)) < baseline + before, 1.0, factor)
    outcome = (rng.random(len(said)) < said * rate).astype(float)
    found = (
        find_change(outcome, "outcome", baseline=baseline),
        find_miscalibration(said, outcome, baseline=baseline),
    )
    first, second = (
        NEVER if one is None or one.crossed is None else max(one.crossed + 1 - baseline - before, 0) for one in found
    )
    return first, second


def inputs(args: argparse.Namespace) -> None:
    """False alarms of all ten streams together, at a call a look, and at five."""
    for per_look in (1, 5):
        n = N_LOOKS * per_look
        alarms = np.zeros((args.runs, len(INPUTS)), dtype=bool)
        for run in range(args.runs):
            rng = np.random.default_rng([args.seed, per_look, run])
            for place, (kind, _, _, form) in enumerate(INPUTS):
                rate = {"abstentions": 0.05, "sides_unknown": 0.02, "language": 0.01, "times": 0.5}
                values = (
                    rng.gamma(4.0, size=BASELINE + n) if form == "level" else
                    (rng.random(BASELINE + n) < rate[kind]).astype(float)
                )  # fmt: skip
                found = find_change(values, form, baseline=BASELINE, per_look=float(per_look))
                alarms[run, place] = found is not None and found.crossed is not None
        worst = int(alarms.sum(axis=0).max())
        say(
            f"{per_look} calls a look, {N_LOOKS} looks: any of ten streams "
            f"{_share(int(alarms.any(axis=1).sum()), args.runs)}, "
            f"the worst one {_share(worst, args.runs)}"
        )


def feeds(args: argparse.Namespace) -> None:
    """How many calls after the feed broke the first alarm came, and which one it was."""
    read = read_calls(args)
    sound = read["sound"]
    for name, after in read.items():
        delays, first = [], []
        n = N_LOOKS if name == "sound" else 400
        for run in range(args.runs):
            rng = np.random.default_rng([args.seed, run])
            rows = rng.integers(len(sound["score"]), size=BASELINE + n)
            found = {
                kind: _crossed(np.concatenate([sound[kind][rows[:BASELINE]], after[kind][rows[BASELINE:]]]), form)
                for kind, _, _, form in INPUTS
            }
            delays.append(min(found.values()))
            first.append(min(found, key=found.__getitem__))
        if name == "sound":
            say(f"sound, {N_LOOKS} looks: {_share(sum(one < NEVER for one in delays), args.runs)} with a false alarm")
            continue
        names, counts = np.unique(first, return_counts=True)
        which = ", ".join(f"{one} {count / args.runs:.0%}" for one, count in zip(names, counts, strict=True))
        say(f"{name}: {_delays(delays)}; first: {which}")


def read_calls(args: argparse.Namespace) -> dict[str, dict[str, np.ndarray]]:
    """What is watched of the calls as they are, and as each broken feed brings them."""
    if args.kept is not None and args.kept.exists():
        known = json.loads(args.kept.read_text())
        return {name: {kind: np.array(one, dtype=float) for kind, one in of.items()} for name, of in known.items()}
    judging = [call.transcript for call in authored_calls() if call.split == TEST]
    calls = [judging[row] for row in evenly(len(judging), args.calls)]
    scorer = None if args.without_model else CallScorer.load(Settings.load())
    feeds = {
        "sound": calls,
        "sides swapped": [swap(call) for call in calls],
        "cut off": [call.prefix(max(1, round(KEPT_TURNS * len(call)))) for call in calls],
        "another recogniser": [recognise(call, args.seed) for call in calls],
    }
    read = {name: facts(scorer, given) for name, given in feeds.items()}
    if args.kept is not None:
        args.kept.write_text(
            json.dumps({name: {kind: one.tolist() for kind, one in of.items()} for name, of in read.items()})
        )
    return read


def _crossed(values: np.ndarray, form: str) -> int:
    kept = values[np.isfinite(values)]
    if not len(kept):
        return NEVER
    n_before = int(np.isfinite(values[:BASELINE]).sum())
    found = find_change(kept, form, baseline=n_before)  # type: ignore[arg-type]
    if found is None or found.crossed is None:
        return NEVER
    return int(np.flatnonzero(np.isfinite(values))[found.crossed]) + 1 - BASELINE


def facts(scorer: CallScorer | None, calls: Sequence[Transcript]) -> dict[str, np.ndarray]:
    """What is watched of each call, as it would stand in the log; without a model, no score and no unlikeness."""
    scores = [None if scorer is None else scorer.score(call, n_evidence=1) for call in calls]
    reasons = [
        reasons_not_to_judge(call) if score is None else list(score.reasons)
        for call, score in zip(calls, scores, strict=True)
    ]
    shapes = [shape_of(call).model_dump() for call in calls]
    n = len(calls)
    log = ScoredLog(
        key=np.arange(n), account=np.arange(n), is_known=np.ones(n, dtype=bool),
        probability=np.array([one and one.probability for one in scores], dtype=float),
        abstained=np.array([bool(one) for one in reasons]),
        scored=np.arange(n, dtype=float), outcome=np.full(n, np.nan), ended=np.full(n, np.nan),
        model=Coded.of(["m"] * n), scorer=Coded.of(["moves"] * n),
        reasons=Coded.of([",".join(map(code_of, one)) for one in reasons]), facts={},
        shape={name: np.array([shape.get(name) for shape in shapes], dtype=float) for name in SHAPE_COLUMNS}
        | {"unlikeness": np.array([one and one.unlikeness for one in scores], dtype=float)},
    )  # fmt: skip
    return {kind: np.asarray(of(log), dtype=float) for kind, _, of, _ in INPUTS}


def swap(call: Transcript) -> Transcript:
    """The customer's turns as the rep's, and the other way round."""
    return call.model_copy(
        update={"turns": tuple(turn.model_copy(update={"role": SWAPPED[turn.role]}) for turn in call.turns)}
    )


def recognise(call: Transcript, seed: int) -> Transcript:
    """As another recogniser hears it: words misheard, no capitals, no punctuation."""
    draw = Draw("another recogniser", seed, call.content_hash)
    turns = []
    for turn in call.turns:
        heard = mishear(draw, turn.text, MISHEARD).lower()
        plain = "".join(char for char in heard if char.isalnum() or char in " '").strip()
        turns.append(turn.model_copy(update={"text": plain or "um"}))
    return call.model_copy(update={"turns": tuple(turns)})


def _width(values: np.ndarray) -> float:
    sequence = ConfidenceSequence(0, 1)
    sequence.extend(values.tolist())
    low, high = sequence.interval
    return high - low


def _share(n: int, of: int) -> str:
    low, high = wilson(n / of, of)
    return f"{n / of:.1%} ({low:.1%} to {high:.1%})"


def _delays(found: Sequence[int]) -> str:
    """The median of those that went off after the change, with the 95 % interval of order statistics."""
    after = np.sort([one for one in found if one > 0])
    n = len(after)
    low, high = after[int(binom.ppf(0.025, n, 0.5))], after[min(n - 1, int(binom.ppf(0.975, n, 0.5)))]
    late = int((after >= NEVER).sum())
    return (
        f"median {_number(np.median(after))} ({_number(low)} to {_number(high)}), nine of ten within "
        f"{_number(np.quantile(after, 0.9, method='lower'))}; missed {_share(late, n)}, "
        f"too early {_share(len(found) - n, len(found))}"
    )


def _number(n: float) -> str:
    return "never" if n >= NEVER else f"{n:.0f}"


def say(line: str) -> None:
    """Prints at once, as some parts take minutes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
