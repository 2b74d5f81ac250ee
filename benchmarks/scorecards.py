"""How scorecards agree with labels of authored calls, and whether the same call gives the same bytes.

    python benchmarks/scorecards.py LABELS.jsonl[.gz] … [--runs 20]

For each criterion of the bundled playbooks: Cohen's kappa with linear weights over no, partly and yes; plain kappa of
met, at least partly, against not met; and how often the turn that is shown lies within one of the labelled turn, where
both name one. Labels "not applicable" are left out. Intervals of 95 % are bootstraps over calls. Labels that the heads
learned from flatter; training/authored/scorecards/judging.jsonl.gz is of writers that nothing learned from.
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
    parser.add_argument("--runs", type=int, default=0, help="make the cards of one call so often, with nothing cached")
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
    print("| playbook | criterion | labelled no, partly, yes | weighted kappa | kappa, met or not | same turn |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (playbook, criterion), pairs in by_criterion.items():
        n = [sum(one.met == met for one, _ in pairs) for met in LEVELS]
        cells = [with_interval(pairs, weighted), with_interval(pairs, met_or_not), with_interval(pairs, same_turn)]
        print(f"| {playbook} | {criterion} | {n[0]}, {n[1]}, {n[2]} | {' | '.join(cells)} |", flush=True)
    for name, measure in (("weighted kappa", weighted), ("kappa, met or not", met_or_not)):
        values = [measure(pairs) for pairs in by_criterion.values()]
        reached = sum(value >= 0.6 for value in values)
        print(f"\n{name}: mean {np.nanmean(values):.2f}; 0.6 or more on {reached} of {len(values)} criteria")
    if given.runs:
        call = calls[labels[0].call]
        reader = load_reader(settings, cached=False)
        cards = {
            ScorecardDesk(lambda: reader, None).score(call, bundled_playbook(name)).model_dump_json()
            for _ in range(given.runs)
            for name in BUNDLED
        }
        print(f"\n{given.runs} runs of {len(BUNDLED)} playbooks: {len(cards)} different cards")


def weighted(pairs: Pairs) -> float:
    """Linear weights over no, partly and yes."""
    return weighted_kappa(*levels(pairs), len(LEVELS))


def met_or_not(pairs: Pairs) -> float:
    """Partly counts as met."""
    first, second = levels(pairs)
    return weighted_kappa((first > 0).astype(int), (second > 0).astype(int), 2)


def same_turn(pairs: Pairs) -> float:
    """Share of pairs with a turn each whose turns are near each other."""
    turns = [(one.turn, judged.turn) for one, judged in pairs if one.turn is not None and judged.turn is not None]
    return float(np.mean([abs(first - second) <= NEAR for first, second in turns])) if turns else float("nan")


def levels(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Labelled and found: both of shape (n_pairs,), int."""
    return np.array([LEVELS[one.met] for one, _ in pairs]), np.array([LEVELS[judged.met] for _, judged in pairs])


def with_interval(pairs: Pairs, measure: Callable[[Pairs], float]) -> str:
    """A measure with its bootstrap interval."""
    rng = np.random.default_rng(0)
    drawn = [measure([pairs[place] for place in rng.integers(0, len(pairs), len(pairs))]) for _ in range(N_DRAWS)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return f"{measure(pairs):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
