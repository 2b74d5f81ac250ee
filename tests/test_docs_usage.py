"""The blocks of docs/usage.md run, one after the other, as a reader would paste them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable

from tests.homes import clone
from training.sample import write_sample

pytestmark = pytest.mark.slow

USAGE = Path(__file__).parent.parent / "docs" / "usage.md"


def test_every_block_runs(coach_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone(coach_home, tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    write_sample(tmp_path / "calls.csv", n_calls=80, seed=3)
    blocks = re.findall(r"^```python\n(.*?)^```", USAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"docs/usage.md, block {number}", "exec"), names)
    # What each block is there to show, by the names that it leaves.
    assert names["generic"].fingerprint != names["scorer"].encoder.fingerprint
    assert len(names["scores"]) == 10
    assert set(names["past"].scores(names["vectors"][-5:])) == {"cosine", "euclidean", "mmr", "hybrid"}
    assert isinstance(names["CustomEmbedder"](names["scorer"].encoder), Embeddings)
    assert isinstance(names["chain"], Runnable)
    assert isinstance(names["SimilarityScorer"].load(names["settings"], names["scorer"]), Runnable)
    assert names["judged"].score.n_turns == len(names["call"])
    assert names["triplets"]
    for part in ("train", "val"):
        assert json.loads((tmp_path / "triplets" / f"{part}_triplets.json").read_text(encoding="utf-8"))
    assert names["manifest"].measures
    assert {"generic", "finetuned", "blend"} <= {arm.name for arm in names["comparison"].arms}
    assert names["comparison"].improvement is not None
    assert set(names["maps"]) in ({"UMAP", "t-SNE"}, {"PCA", "t-SNE"})
    assert {placed.shape for _, placed in names["maps"].values()} == {(20, 2)}
