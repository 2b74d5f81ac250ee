"""How scorecards agree with labels of authored calls, and whether the same call gives the same bytes.

    python benchmarks/scorecards.py LABELS.jsonl[.gz] … [--runs 20]

For each criterion of the bundled playbooks: Cohen's kappa with linear weights over no, partly and yes; plain kappa of
met, at least partly, against not met, each with the interval of 95 % of a bootstrap over calls. Beside them how often
labels are met exactly, how often by always saying the commonest, and how often the turn that is shown lies within one
of the labelled turn, where both name one. Labels "not applicable" are left out. Labels that the heads learned from
flatter; training/authored/scorecards/judging.jsonl.gz is of writers that no head learned from.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.model.loading import load_reader
from salescoach.scorecards.desk import ScorecardDesk
from salescoach.scorecards.playbook import BUNDLED, bundled_playbook
from salescoach.scorecards.results import JudgedCriterion
from salescoach.stats.agreement import weighted_kappa
from training.authored import labelled
from training.authored.corpus import read_calls
from training.authored.scorecards import LEVELS, CriterionLabel, read_criterion_labels

N_DRAWS = 2000
NEAR = 1  # turns

Pairs = Sequence[tuple[CriterionLabel, JudgedCriterion]]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=0, help="judge one call so often, with nothing kept")
    given = parser.parse_args()
    labels = read_criterion_labels(given.labels)
    calls = read_calls(labelled.AUTHORED / "calls")
    settings = Settings.load()
    desk = ScorecardDesk.of(settings, None)
    found = {
        (one.call, name, criterion.name): criterion
        for one in {label.call: label for label in labels}.values()
        for name in BUNDLED
        for criterion in desk.score(calls[one.call], bundled_playbook(name)).criteria
    }
    by_criterion: dict[tuple[str, str], list[tuple[CriterionLabel, JudgedCriterion]]] = {}
    for one in labels:
        judged = found.get((one.call, one.playbook, one.criterion))
        if judged is not None and one.met in LEVELS and judged.met in LEVELS:
            by_criterion.setdefault((one.playbook, one.criterion), []).append((one, judged))
    print(f"{len({one.call for one in labels})} calls\n")
    print("| playbook | criterion | no, partly, yes | found | same | commonest | weighted kappa | met or not | turn |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    kappas = []
    for (playbook, criterion), pairs in by_criterion.items():
        labelled_as, found_as = levels(pairs)
        counts = [", ".join(map(str, np.bincount(some, minlength=3))) for some in (labelled_as, found_as)]
        same = f"{np.mean(labelled_as == found_as):.2f} | {np.bincount(labelled_as).max() / len(pairs):.2f}"
        kappas.append([measure(labelled_as, found_as) for measure in (weighted, met_or_not)])
        intervals = " | ".join(with_interval(labelled_as, found_as, measure) for measure in (weighted, met_or_not))
        row = (playbook, criterion, *counts, same, intervals, f"{same_turn(pairs):.2f}")
        print(f"| {' | '.join(row)} |", flush=True)
    for name, values in zip(("weighted kappa", "kappa, met or not"), np.array(kappas).T, strict=True):
        known = values[~np.isnan(values)]
        mean = known.sum() / max(len(known), 1)
        print(f"\n{name}: mean {mean:.2f}; 0.6 or more on {np.sum(known >= 0.6)} of {len(values)}")
    if given.runs:
        call = calls[labels[0].call]
        cards = [
            "".join(anew.score(call, bundled_playbook(name)).model_dump_json() for name in BUNDLED)
            for anew in (ScorecardDesk(lambda: load_reader(settings, cached=False), None) for _ in range(given.runs))
        ]
        print(f"\n{given.runs} runs, each with a reader of its own: {len(set(cards))} distinct")


def weighted(labelled_as: np.ndarray, found_as: np.ndarray) -> float:
    """Linear weights over no, partly and yes."""
    return weighted_kappa(labelled_as, found_as, len(LEVELS))


def met_or_not(labelled_as: np.ndarray, found_as: np.ndarray) -> float:
    """Partly counts as met."""
    return weighted_kappa((labelled_as > 0).astype(int), (found_as > 0).astype(int), 2)


def same_turn(pairs: Pairs) -> float:
    """Share of pairs with a turn each whose turns are near each other."""
    turns = [(one.turn, judged.turn) for one, judged in pairs if one.turn is not None and judged.turn is not None]
    return float(np.mean([abs(first - second) <= NEAR for first, second in turns])) if turns else float("nan")


def levels(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Labelled and found: both of shape (n_pairs,), int."""
    return np.array([LEVELS[one.met] for one, _ in pairs]), np.array([LEVELS[judged.met] for _, judged in pairs])


def with_interval(
    labelled_as: np.ndarray, found_as: np.ndarray, measure: Callable[[np.ndarray, np.ndarray], float]
) -> str:
    """A measure with its bootstrap interval."""
    value = measure(labelled_as, found_as)
    if np.isnan(value):
        return "undefined"
    rows = np.random.default_rng(0).integers(0, len(found_as), (N_DRAWS, len(found_as)))
    low, high = np.nanquantile([measure(labelled_as[drawn], found_as[drawn]) for drawn in rows], [0.025, 0.975])
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
