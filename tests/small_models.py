"""Model folders that are whole by their manifest and can score nothing: for what is decided about models."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salescoach.model.artifact import MANIFEST, ModelFolder, seal, whole_folder
from salescoach.stats.measures import Thresholds

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def small_model(folder: Path, *, data: str = "a few calls") -> ModelFolder:
    """A folder with a card and a manifest, written as training writes one."""
    fields: dict[str, Any] = {
        "name": folder.name, "created_at": NOON.isoformat(), "scorer": "tfidf", "embedding": "generic",
        "blend": (1.0, 0.0), "base_model": "none", "engine": "torch-fp32", "encoder_fingerprint": "0", "versions": {},
        "data": data, "data_hash": "0", "split_hash": "0", "seed": 1, "n_train": 0, "n_calibration": 0, "n_test": 0,
        "base_rate": 0.5, "conformal_quantile": 0.5, "thresholds": Thresholds(), "max_unlikeness": 1.0,
        "training_calls": (), "measures": {},
    }  # fmt: skip
    with whole_folder(folder) as temporary:
        (temporary / "MODEL_CARD.md").write_text("A model.\n")
        seal(temporary, **fields)
    return ModelFolder.open(folder)


def namesake(folder: Path, target: Path) -> ModelFolder:
    """A model that scores as another one does, under an id of its own."""
    known = ModelFolder.open(folder).manifest
    shutil.copytree(folder, target)
    (target / MANIFEST).unlink()
    fields = {name: getattr(known, name) for name in type(known).model_fields if name not in {"files", "model_id"}}
    seal(target, **{**fields, "name": target.name})
    return ModelFolder.open(target)
