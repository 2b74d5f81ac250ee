"""Is what is cited the reason? Evidence taken out and put back, against random turns; effects against true ones.

Deletion: the k strongest turns of one direction are taken out of a call. Insertion: they are put back into the call
that lacks all of them and all of the random turns. Each time the same is done with random turns of the same side and
about the same length. What counts is how far the probability moves in the direction that the evidence claims.

Evidence is found by taking out single turns, so k = 1 only shows the size of an effect; several turns at once, and
putting them back, are the test.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import Field
from scipy.stats import spearmanr

from salescoach.model.embedding_arm import EncodedCall
from salescoach.model.encoder import encode_turns
from salescoach.model.pooling import without_each
from salescoach.model.scoring import N_EVIDENCE, CallScorer
from salescoach.progress import Progress, silent
from salescoach.stats.measures import Measure, interval
from salescoach.stats.splits import evenly, group_of
from salescoach.types import Frozen, LabelledCall, Turn

MAX_TURNS = 4  # of one direction
N_RANDOM = 5  # random choices, whose mean movement is taken
N_ALIKE = 5  # a random turn is one of so many that are nearest in length
MAX_CALLS = 100
N_RESAMPLES = 400
TOP = 3


class Movement(Frozen):
    """How far the probability moves as the evidence claims, in [-1, 1], when ``k`` turns are taken out or put back."""

    k: int
    evidence: Measure
    random: Measure


class TruthAgreement(Frozen):
    """Effects of a model's what-if against the true ones of a simulated corpus."""

    n: int
    first_found: Measure = Field(description="share of calls whose turn of largest true effect is among the top three")
    sign_right: Measure = Field(description="share of the top three with the true sign, where they have a true effect")
    rank: Measure = Field(description="Spearman correlation over the turns of a call, mean over calls")


class Faithfulness(Frozen):
    """What taking out and putting back evidence did."""

    n: int
    deletion: tuple[Movement, ...]
    insertion: tuple[Movement, ...]
    agreement: TruthAgreement | None = Field(None, description="where the true effects are known")


def check_faithfulness(
    scorer: CallScorer,
    calls: Sequence[LabelledCall],
    true_effects: Mapping[str, np.ndarray] | None = None,
    *,
    progress: Progress = silent,
) -> Faithfulness | None:
    """Takes evidence out of calls and puts it back.

    Args:
        scorer: the model.
        calls: of many, ``MAX_CALLS`` spread evenly over them.
        true_effects: call_id -> effect of each turn, shape (n_turns,), where it is known.
        progress: called with the stage, what is done and what there is to do.

    Returns:
        None where no call has evidence with random turns to set against it.
    """
    rows = evenly(len(calls), MAX_CALLS).tolist()
    moved: list[np.ndarray] = []  # each of shape (deletion or insertion, evidence or random, MAX_TURNS)
    groups: list[str] = []
    known: list[tuple[np.ndarray, np.ndarray, str]] = []
    for done, row in enumerate(rows):
        progress("taking out evidence", done, len(rows))
        call = calls[row]
        encoded = EncodedCall(call.transcript.turns, encode_turns(scorer.encoder, call.transcript.turns))
        effects = effects_of(scorer, encoded)
        rng = np.random.default_rng([scorer.manifest.seed, row])
        of_call = [one for sign in (1, -1) if (one := _moved(scorer, encoded, effects, sign, rng)) is not None]
        moved += of_call
        groups += [group_of(call)] * len(of_call)
        if true_effects is not None and call.call_id in true_effects:
            known.append((effects, true_effects[call.call_id], group_of(call)))
    progress("taking out evidence", len(rows), len(rows))
    if not moved:
        return None
    values, seed = np.array(moved), scorer.manifest.seed
    deletion, insertion = (
        tuple(
            Movement(k=k + 1, evidence=_mean(of[:, 0, k], groups, seed), random=_mean(of[:, 1, k], groups, seed))
            for k in range(MAX_TURNS)
            if np.isfinite(of[:, 0, k]).any()
        )
        for of in (values[:, 0], values[:, 1])
    )
    return Faithfulness(
        n=len(rows),
        deletion=deletion,
        insertion=insertion,
        agreement=agreement(known, seed) if known else None,
    )


def effects_of(scorer: CallScorer, call: EncodedCall) -> np.ndarray:
    """Probability less probability without each turn: shape (n_turns,)."""
    n_turns = len(call.turns)
    p = scorer.probabilities(call, np.ones((1, n_turns), dtype=bool))
    return np.asarray(np.round(p - scorer.probabilities(call, without_each(n_turns)), 4))


def agreement(known: Sequence[tuple[np.ndarray, np.ndarray, str]], seed: int) -> TruthAgreement | None:
    """Of effects with the true ones, both of shape (n_turns,), and the account; calls without true effects don't count.

    Returns:
        None where no call has a true effect.
    """
    first, signs, ranks, groups = [], [], [], []
    for own, true, group in known:
        if not true.any():
            continue
        top = np.argsort(-np.abs(own), kind="stable")[:TOP]
        judged = [turn for turn in top.tolist() if true[turn] != 0]
        first.append(float(int(np.argmax(np.abs(true))) in top))
        signs.append(np.mean([np.sign(own[turn]) == np.sign(true[turn]) for turn in judged]) if judged else np.nan)
        ranks.append(float(spearmanr(own, true).statistic) if np.ptp(own) and np.ptp(true) else np.nan)
        groups.append(group)
    if not groups:
        return None
    figures = (_mean(np.array(values, dtype=float), groups, seed) for values in (first, signs, ranks))
    return TruthAgreement(n=len(groups), **dict(zip(("first_found", "sign_right", "rank"), figures, strict=True)))


def read_true_effects(sample: Path) -> dict[str, np.ndarray] | None:
    """call_id -> true effect of each turn, from the file beside a sample corpus; None if it isn't there."""
    file = sample.with_suffix(".truth-turns.csv")
    if not file.is_file():
        return None
    found: dict[str, list[float]] = defaultdict(list)
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["call_id"]].append(float(row["true_effect"]))
    return {call_id: np.array(own) for call_id, own in found.items()}


def _moved(
    scorer: CallScorer, call: EncodedCall, effects: np.ndarray, sign: int, rng: np.random.Generator
) -> np.ndarray | None:
    """Movements by deletion and insertion, of evidence and of random turns: shape (2, 2, MAX_TURNS), nan beyond.

    None where no evidence points that way, or no turn is left to set against it.
    """
    shown = np.argsort(-np.abs(effects), kind="stable")[:N_EVIDENCE]
    cited = set(shown[effects[shown] != 0].tolist())
    evidence = [turn for turn in shown.tolist() if sign * effects[turn] > 0][:MAX_TURNS]
    choices = [chosen for _ in range(N_RANDOM) if (chosen := _random_turns(call.turns, evidence, cited, rng))]
    if not evidence or len(choices) < N_RANDOM:
        return None
    n_turns, n_taken = len(call.turns), len(evidence)
    keeps = [np.ones(n_turns, dtype=bool)]
    for chosen in choices:
        bare = np.ones(n_turns, dtype=bool)
        bare[[*evidence, *chosen]] = False
        keeps.append(bare)
        for turns in (evidence, chosen):
            for k in range(1, n_taken + 1):
                without, put_back = np.ones(n_turns, dtype=bool), bare.copy()
                without[turns[:k]] = False
                put_back[turns[:k]] = True
                keeps += [without, put_back]
    p = scorer.probabilities(call, np.array(keeps))
    by_choice = p[1:].reshape(N_RANDOM, -1)
    ways = by_choice[:, 1:].reshape(N_RANDOM, 2, n_taken, 2)  # choice, evidence or random, k, taken out or put back
    found = np.full((2, 2, MAX_TURNS), np.nan)
    found[0, :, :n_taken] = sign * (p[0] - ways[..., 0]).mean(axis=0)
    found[1, :, :n_taken] = sign * (ways[..., 1] - by_choice[:, :1, None]).mean(axis=0)
    return found


def _random_turns(
    turns: Sequence[Turn], evidence: Sequence[int], cited: set[int], rng: np.random.Generator
) -> list[int] | None:
    """For each turn of the evidence one that isn't cited, of its side and about its length; None if they run out."""
    chosen: list[int] = []
    n_words = np.array([len(turn.text.split()) for turn in turns])
    for turn in evidence:
        others = [
            row
            for row, other in enumerate(turns)
            if other.role == turns[turn].role and row not in cited and row not in chosen
        ]
        if not others:
            return None
        others.sort(key=lambda row: abs(int(n_words[row]) - int(n_words[turn])))
        chosen.append(int(rng.choice(others[:N_ALIKE])))
    return chosen


def _mean(values: np.ndarray, groups: Sequence[str], seed: int) -> Measure:
    """Mean of what is known, and its interval from resampling accounts."""
    names, codes = np.unique(np.array(groups), return_inverse=True)
    known = np.isfinite(values)
    totals = np.bincount(codes[known], weights=values[known], minlength=len(names))
    counts = np.bincount(codes[known], minlength=len(names))
    draws = np.random.default_rng(seed).integers(len(names), size=(N_RESAMPLES, len(names)))
    drawn_counts = counts[draws].sum(axis=1)
    means = totals[draws].sum(axis=1)[drawn_counts > 0] / drawn_counts[drawn_counts > 0]
    return Measure(value=round(float(values[known].mean()), 4), ci=interval(means) if len(names) > 1 else None)
