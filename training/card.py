"""The model card: what the model is, for people. It quotes no training text."""

from collections.abc import Mapping, Sequence
from typing import Any

from salescoach.stats.measures import Measure
from salescoach.types import PassRate
from training.judge import Verdict

_SHOWN = {
    "auc": "AUROC",
    "f1": "F1",
    "accuracy": "accuracy",
    "brier": "Brier",
    "ece": "ECE",
    "ece_by_chance": "ECE by chance alone",
}
_SCORERS = {
    "finetuned": "the fine-tuned embedding",
    "generic": "the generic embedding",
    "tfidf": "words and word pairs (TF-IDF)",
    "blend": "a blend of embedding and words",
    "moves": "what the move reader makes of its turns (docs/moves.md)",
}

_INTERVALS = {
    True: "The interval is as wide as it takes to hold what people who read such calls expected, nine times in ten",
    False: "The interval adds a bootstrap of classifier and calibrator to the reading error of simulated calls, so it "
    "is estimated",
}


def model_card(facts: Mapping[str, Any], verdict: Verdict, *, is_refit: bool) -> str:
    """Markdown from the fields of a manifest; its first line says whether fine-tuning was worth it.

    ``is_refit``: the calls that calibrate have been learned from in a second training.
    """
    encoder = "fine-tuned on these calls" if facts["embedding"] == "finetuned" else "not fine-tuned"
    held_out = "calibrate, and are learned from afterwards" if is_refit else "choose the epoch and calibrate"
    return f"""{worth_it(verdict)}

# {facts["name"]}

It scores by {_SCORERS[facts["scorer"]]}. Its encoder, {facts["base_model"]}, is {encoder}; pooling and classifier are
trained with it. Trained on {facts["data"]}.

- **Calls**: {facts["n_train"]} train, {facts["n_calibration"]} {held_out}, \
{facts["n_test"]} judge; accounts never cross. Share of converted calls: {facts["base_rate"]:.0%}.
- **Probability**: calibrated on calls that weren't learned from by then (Platt). \
{_INTERVALS[facts["scorer"] == "moves"]}; the prediction set is conformal at 0.90.
- **It abstains** on calls that are too short, not in English, without known sides, or unlike its training calls.
- **Good for**: calls like those it was trained on. It scores calls, not people: don't rank, pay or dismiss by it.
- Made {facts["created_at"]} with seed {facts["seed"]}, engine {facts["engine"]}, split {facts["split_hash"]}.

## Measures on the calls that judged

{_table(verdict.measures)}
{_gaps(verdict)}{_behaviour(facts.get("behaviour", ()))}"""


def worth_it(verdict: Verdict) -> str:
    """One sentence."""
    if "finetuned" not in verdict.measures:
        tried = verdict.embedding == "finetuned"
        return "Nothing is known of what fine-tuning was worth: no calls judged." if tried else "Not fine-tuned."
    auc = {name: verdict.measures[name]["auc"].value for name in ("finetuned", "generic", "tfidf")}
    figures = (
        f"AUROC {auc['finetuned']:.3f} on calls it hasn't seen, against {auc['generic']:.3f} with the generic encoder "
        f"and {auc['tfidf']:.3f} with words alone"
    )
    said = "Fine-tuning was worth it" if verdict.is_worth_it else "Fine-tuning was not shown to be worth it"
    return f"{said}: {figures}."


def _table(measures: Mapping[str, Mapping[str, Measure]]) -> str:
    if not measures:
        return "There were no calls of both outcomes to judge by, so nothing is claimed."
    lines = ["| arm | " + " | ".join(_SHOWN.values()) + " |", "| --- |" + " --- |" * len(_SHOWN)]
    for arm, values in measures.items():
        lines.append(f"| {arm} | " + " | ".join(str(values[name]) for name in _SHOWN) + " |")
    return "\n".join([*lines, "", "In brackets: 95 % interval from resampling accounts."])


def _gaps(verdict: Verdict) -> str:
    lines = [f"- {arm} over {over}: AUROC {gap}" for (arm, over), gap in verdict.gaps.items()]
    return "\nPaired, on the same calls:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _behaviour(checks: Sequence[PassRate]) -> str:
    if not checks:
        return ""
    lines = ["", "## Behaviour", "", "| check | the probability | passed |", "| --- | --- | --- |"]
    lines += [f"| {one.check} | {one.expected} | {one.passed} of {one.n} |" for one in checks]
    return "\n".join([*lines, ""])
