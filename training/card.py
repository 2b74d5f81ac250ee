"""The model card: what the model is, for people. It quotes no training text."""

from collections.abc import Mapping
from typing import Any

from salescoach.measures import Measure

_SHOWN = {"auc": "AUROC", "f1": "F1", "accuracy": "accuracy", "brier": "Brier", "ece": "ECE"}


def model_card(facts: Mapping[str, Any]) -> str:
    """Markdown from the fields of a manifest."""
    return f"""# {facts["name"]}

The generic encoder {facts["base_model"]} with a trained pooling and head; the encoder itself is not fine-tuned.
Trained on {facts["data"]}.

- **Calls**: {facts["n_train"]} train, {facts["n_calibration"]} calibrate, {facts["n_test"]} test; \
accounts never cross. Share of converted calls: {facts["base_rate"]:.0%}.
- **Probability**: calibrated on held-out and cross-fitted calls (Platt). The interval is a bootstrap of both, so \
estimated; the prediction set is conformal at 0.90.
- **It abstains** on calls that are too short, not in English, without known sides, or unlike its training calls.
- **Good for**: calls like those it was trained on. It scores calls, not people: don't rank, pay or dismiss by it.
- Made {facts["created_at"]} with seed {facts["seed"]}, engine {facts["engine"]}, split {facts["split_hash"]}.

## Measures on the test calls

{_table(facts["measures"])}
"""


def _table(measures: Mapping[str, Mapping[str, Measure]]) -> str:
    if not measures:
        return "There were no test calls of both outcomes, so nothing is claimed."
    lines = ["| arm | " + " | ".join(_SHOWN.values()) + " |", "| --- |" + " --- |" * len(_SHOWN)]
    for arm, values in measures.items():
        lines.append(f"| {arm} | " + " | ".join(_cell(values[name]) for name in _SHOWN) + " |")
    return "\n".join([*lines, "", "In brackets: 95 % interval from resampling accounts."])


def _cell(measure: Measure) -> str:
    interval = f" ({measure.ci[0]:.3f} to {measure.ci[1]:.3f})" if measure.ci else ""
    return f"{measure.value:.3f}{interval}"
