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
    """Markdown from the fields of a manifest; its first line says whether anything was learned, and by fine-tuning.

    ``is_refit``: the calls that calibrate have been learned from in a second training.
    """
    encoder = "fine-tuned on these calls" if facts["embedding"] == "finetuned" else "not fine-tuned"
    held_out = "calibrate, and are learned from afterwards" if is_refit else "choose the epoch and calibrate"
    n_learned, n_judged = facts["n_learned"], facts["n_test"]
    learns_all = n_learned == facts["n_train"] + facts["n_calibration"] + n_judged
    afterwards = f" Then the same was fitted on all {n_learned}." if learns_all and n_judged else ""
    return f"""{first_line(verdict)}

# {facts["name"]}

It scores by {_SCORERS[facts["scorer"]]}. Its encoder, {facts["base_model"]}, is {encoder}; pooling and classifier are
trained with it. Trained on {facts["data"]}.

- **Calls**: {facts["n_train"]} train, {facts["n_calibration"]} {held_out}, \
{n_judged} judge; accounts never cross.{afterwards} Share of converted calls: {facts["base_rate"]:.0%}.
- **Probability**: calibrated on calls that weren't learned from by then (Platt, shrunk towards the base rate). \
{_INTERVALS[facts["scorer"] == "moves"]}; the prediction set is conformal at 0.90.
- **It abstains** on calls that are too short, not in English, without known sides, or unlike its training calls.
- **Good for**: calls like those it was trained on. It scores calls, not people: don't rank, pay or dismiss by it.
- Made {facts["created_at"]} with seed {facts["seed"]}, engine {facts["engine"]}, split {facts["split_hash"]}.

## Measures on the calls that judged

{_before(n_judged) if afterwards else ""}{_table(verdict.measures)}
{_gaps(verdict)}{_behaviour(facts.get("behaviour", ()))}"""


def first_line(verdict: Verdict) -> str:
    """One or two sentences: whether anything was learned, where it wasn't, and what fine-tuning was worth."""
    if verdict.has_learned:
        return worth_it(verdict)
    brier, base = (verdict.measures[name]["brier"].value for name in (verdict.scorer, "prior"))
    return (
        f"It has learned nothing that shows: its Brier score on calls it hadn't seen is {brier:.3f}, and {base:.3f} "
        f"for saying the share of converted calls each time. {worth_it(verdict)}"
    )


def _before(n_judged: int) -> str:
    return f"Of what had not learned from these {n_judged} calls by then; what scores now has seen more.\n\n"


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
