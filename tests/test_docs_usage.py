"""The pages: every block of docs/usage.md runs, and every link between pages leads somewhere."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable

from tests.homes import clone
from training.sample import write_sample

ROOT = Path(__file__).parent.parent
USAGE = ROOT / "docs" / "usage.md"
NOT_OURS = {"build", "dist", "node_modules", "shared"}


def files(*endings: str) -> Iterator[Path]:
    """The project's files with some of these endings."""
    places = [
        place for place in sorted(ROOT.iterdir()) if not place.name.startswith(".") and place.name not in NOT_OURS
    ]
    for place in places:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.suffix in endings:
                yield file


def without_code(page: Path) -> str:
    """A page's text without blocks of code, in which a link or a heading is none."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a link can name in a page, made of its headings as GitHub does it."""
    titles = re.findall(r"^#+ +(.+?) *$", without_code(page), flags=re.MULTILINE)
    words = [re.sub(r"\]\([^)]*\)", "", title).lower() for title in titles]
    return frozenset(re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in words)


def links(page: Path) -> Iterator[str]:
    """Where a page's links lead within the project."""
    text = re.sub(r"`[^`\n]*`", "", without_code(page))
    for link in re.findall(r"\]\(([^()\s]+)\)", text):
        if not re.match(r"[a-z]+:", link):
            yield link


def leads_nowhere(page: Path, link: str) -> bool:
    """Whether the file or the heading that a link names is missing."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target.resolve()))


def test_every_link_of_a_page_leads_to_a_file_and_a_heading() -> None:
    found = [(page, link) for page in files(".md") for link in links(page)]
    assert len(found) > 100
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in found if leads_nowhere(page, link)] == []


def test_a_link_to_a_missing_page_or_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# How it's done\n\n```\n# no heading\n```\n[a](#how-its-done) [b](#no-heading) [c](gone.md) [d](page.md)\n",
        encoding="utf-8",
    )
    assert [link for link in links(page) if leads_nowhere(page, link)] == ["#no-heading", "gone.md"]


def test_every_page_that_a_file_names_is_there() -> None:
    named = {
        (file, name)
        for file in files(".md", ".py", ".toml")
        for name in re.findall(r"\bdocs/[\w/-]+\.md\b", file.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert [f"{file.relative_to(ROOT)}: {name}" for file, name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.slow
def test_every_block_runs(coach_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone(coach_home, tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    write_sample(tmp_path / "calls.csv", n_calls=48, seed=3)
    blocks = re.findall(r"^```python\n(.*?)^```", USAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"docs/usage.md, block {number}", "exec"), names)
    # What each block is there to show, by the names that it leaves.
    assert names["generic"].fingerprint != names["scorer"].encoder.fingerprint
    assert len(names["scores"]) == 4
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
