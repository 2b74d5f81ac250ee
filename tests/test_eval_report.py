"""The report: what its first screen says, what is in it, and that data can't break out of it."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect, sync_playwright

from eval import embedding_map
from eval.answers import best_arm, evaluation_headline, headline, more_calls, ranks_right, top_of_list, trust
from eval.compare import Details
from eval.comparison import Comparison, report_arm, report_difference
from eval.curves import Bin, by_group, learning_curve, precision_at_counts, precision_recall, reliability, roc
from eval.embedding_map import place
from eval.evaluate import Evaluation
from eval.folds import Fold, make_fold, make_splits, part_of
from eval.judgements import SHARES, Judgements
from eval.report import write_comparison
from eval.space import mean_over_accounts, space_of
from salescoach.model.head import sigmoid
from salescoach.stats.measures import METRICS, Judged, Measure, Thresholds, averaged
from salescoach.stats.splits import labels_of
from salescoach.testing import make_calls
from salescoach.types import LabelledCall

pytestmark = pytest.mark.slow

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
ARMS = {"prior": 0.0, "tfidf": 0.4, "generic": 0.3, "finetuned": 0.6, "blend": 0.7}  # how much an arm knows
SIZES = (40, 80, 160)
SCREENSHOTS = Path(__file__).parent / "screenshots"


def some_calls(n: int = 240) -> list[LabelledCall]:
    kinds = ("b2b_software", "insurance", HOSTILE)
    return [
        call.model_copy(update={"metadata": {"industry": kinds[row % 3], "call_type": "demo"}})
        for row, call in enumerate(make_calls(n))
    ]


def said(labels: np.ndarray, strength: float, seed: int) -> np.ndarray:
    """Probabilities that know the outcome as well as ``strength`` says; 0 is the same for all."""
    noise = np.random.default_rng(seed).normal(size=len(labels))
    return sigmoid(2 * strength * (labels - 0.5) + noise * bool(strength))


def judge(folds: list[Fold], share: float = 1.0) -> Judgements:
    by_arm = {
        arm: {s: [said(fold.labels, strength * share * s / 100, nth) for nth, fold in enumerate(folds)] for s in SHARES}
        for arm, strength in ARMS.items()
    }
    return Judgements([fold.test for fold in folds], by_arm, {arm: [Thresholds()] * len(folds) for arm in ARMS})


@pytest.fixture(scope="module")
def folds() -> list[Fold]:
    calls = some_calls()
    return [make_fold(calls, names, 1) for names in make_splits(calls, 3, seed=1)]


@pytest.fixture(scope="module")
def details(folds: list[Fold]) -> Details:
    """A comparison as ``compare`` gives it, with made-up judgements and vectors."""
    found = judge(folds)
    lines = {arm: report_arm(arm, {s: found.judged(arm, s) for s in SHARES}, 1.0, 1, 25) for arm in ARMS}
    pairs = [("finetuned", "generic"), ("finetuned", "tfidf")]
    calls = [call for fold in folds for call in fold.test]
    comparison = Comparison(
        n=len(calls),
        positives=int(labels_of(calls).sum()),
        groups=20,
        folds=len(folds),
        split_hash="0123456789abcdef",
        seed=1,
        arms=tuple(line.report for line in lines.values()),
        differences=tuple(report_difference(lines[arm], lines[over]) for arm, over in pairs),
    )
    spaces = {
        name: [
            space_of(vectors(fold.train.labels, pull, 1), fold.train, vectors(fold.labels, pull, 2), fold.labels)
            for fold in folds
        ]
        for name, pull in (("generic", 0.0), ("finetuned", 3.0))
    }
    return Details(comparison, found, {n: judge(folds, n / SIZES[-1]) for n in SIZES}, spaces, folds)


def vectors(labels: np.ndarray, pull: float, seed: int) -> np.ndarray:
    """Call vectors that lie apart by outcome as far as ``pull`` says."""
    points = np.random.default_rng(seed).normal(size=(len(labels), 24))
    points[:, 0] += pull * (2 * labels - 1)
    return points.astype(np.float32)


@pytest.fixture(scope="module")
def page(details: Details, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "new" / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eval.curves.N_RESAMPLES", 30)
        write_comparison(file, details, HOSTILE, f"coach compare '{HOSTILE}'")
    return file


def test_the_page_is_small_and_data_stays_data(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert page.stat().st_size <= 5_000_000
    assert "<script>alert" not in html
    assert "<img" not in html
    assert html.count("<script") == 3  # figures, Plotly, and what draws them
    assert "&lt;/script&gt;" in html
    assert not any(turn.text in html for call in some_calls(40) for turn in call.transcript.turns)
    assert [file.name for file in sorted(page.parent.iterdir())] == ["report.html", "report.json"]


def test_the_json_beside_it_has_the_commands_fields_and_the_curves(page: Path, details: Details) -> None:
    raw = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert {name: value for name, value in raw.items() if name != "report"} == json.loads(
        json.dumps(details.comparison.as_json())
    )
    report = raw["report"]
    assert report["roc"].keys() == report["reliability"].keys() == {"tfidf", "generic", "finetuned", "blend"}
    assert [point["n_calls"] for point in report["learning"][0]["points"]] == list(SIZES)
    assert {(one["column"], one["value"]) for one in report["groups"]} == {
        ("industry", "b2b_software"), ("industry", "insurance"), ("industry", HOSTILE), ("call_type", "demo"),
    }  # fmt: skip
    purity = {name: space["purity"]["ci"] for name, space in report["spaces"].items()}
    assert purity["finetuned"][0] > 0.9 > 0.7 > purity["generic"][1]


def test_the_best_is_chosen_among_what_can_score(details: Details) -> None:
    arms = details.comparison.arms
    lucky = arms[0].model_copy(update={"name": "finetuned_mmr", "auc": 0.99})
    given = arms[0].model_copy(update={"name": "mine-0123", "auc": 0.98})
    found = details.comparison.model_copy(update={"arms": (*arms, lucky, given)})
    assert best_arm(found) == "blend"
    assert best_arm(found, "mine-0123") == "mine-0123"


def measured(value: float, low: float, high: float) -> Measure:
    return Measure(value=value, ci=(low, high))


@pytest.mark.parametrize(
    ("over_generic", "over_words", "told", "tone"),
    [
        ((0.01, 0.05), (0.01, 0.05), "beats the generic encoder and plain words", "good"),
        ((0.01, 0.05), (-0.02, 0.05), "whether it beats plain words is open", "open"),
        ((0.01, 0.05), (-0.05, -0.01), "plain words alone do better", "open"),
        ((-0.01, 0.05), (0.01, 0.05), "not shown that fine-tuning helps", "open"),
        ((-0.05, -0.01), (0.01, 0.05), "made it worse", "bad"),
        (None, None, "not shown", "open"),
    ],
)
def test_the_headline_claims_no_more_than_the_intervals(
    details: Details,
    over_generic: tuple[float, float] | None,
    over_words: tuple[float, float] | None,
    told: str,
    tone: str,
) -> None:
    cis = {"generic": over_generic, "tfidf": over_words}
    differences = [one.model_copy(update={"auc_delta_ci": cis[one.over]}) for one in details.comparison.differences]
    said, found = headline(details.comparison.model_copy(update={"differences": tuple(differences)}))
    assert told in said
    assert found == tone


def test_figures_in_words() -> None:
    assert "74 times of 100 (70 to 78); a coin would 50 times." in ranks_right(measured(0.742, 0.701, 0.779))
    assert "a coin would 50 times, so this may be chance." in ranks_right(measured(0.542, 0.48, 0.6))
    bins = [
        Bin(n=30, probability=0.2, rate=measured(0.1, 0.0, 0.2)),
        Bin(n=31, probability=0.7, rate=measured(0.66, 0.5, 0.8)),
    ]

    def trusted(ece: float, by_chance: float, n_folds: int = 5) -> str:
        return trust({"ece": measured(ece, 0, 1), "ece_by_chance": measured(by_chance, 0, 1)}, bins, n_folds)

    assert trusted(0.04, 0.01).startswith("Yes: percentages seem off by 4 points")
    assert "right ones would seem off by 1, by chance alone" in trusted(0.04, 0.01)
    assert trusted(0.09, 0.02).startswith("Roughly")
    assert trusted(0.15, 0.1).startswith("Not much")
    assert trusted(0.11, 0.1).startswith("Nothing speaks against it")  # few calls
    assert trusted(0.06, 0.055).startswith("Nothing speaks against it")
    assert trusted(0.31, 0.25, n_folds=1).startswith("Nothing speaks against it")  # one split strays further than five
    assert trusted(0.31, 0.25, n_folds=5).startswith("Not much")
    assert "Where it says 70%, 66% (50 to 80) converted (31 calls)" in trusted(0.04, 0.01)
    assert top_of_list(10, 0.8, 0.55) == "Of the 10 calls with the highest score, 8 converted; of any 10, 6 would."
    auc = {"auc": measured(0.6, 0.52, 0.68)}
    found = Evaluation(n=9, positives=4, model_id="m", measures=auc, answered_share=1, answered=None, seen=0)
    assert "not shown" in evaluation_headline(found)[0]
    assert "seen in training" in evaluation_headline(found.model_copy(update={"seen": 2}))[0]


labelled = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=6, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@hypothesis_settings(deadline=None, max_examples=25)
@given(labelled)
def test_curves_agree_with_the_measures(rows: list[tuple[int, float]]) -> None:
    labels, probabilities = (np.array(column) for column in zip(*rows, strict=True))
    folds = [Judged(labels, probabilities, [str(row) for row in range(len(rows))])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eval.curves.N_RESAMPLES", 5)
        curve = roc(folds, 0)
        precise = precision_recall(folds, 0)
        top = precision_at_counts(folds, 0)
        bins = reliability(folds, 0)
    assert np.diff(curve.y).min() >= -1e-9
    assert curve.y[-1] == 1
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(averaged(folds, METRICS["auc"]), abs=0.03)
    assert precise.y[-1] >= labels.mean() - 1e-4
    assert min(precise.y) > 0
    assert 0 <= min(top.y) <= max(top.y) <= 1
    assert sum(one.n for one in bins) == len(rows)
    assert sum(one.n * one.rate.value for one in bins) == pytest.approx(labels.sum(), abs=0.01)
    assert [one.probability for one in bins] == sorted(one.probability for one in bins)


def judged_at(strength: float, n: int = 200) -> list[Judged]:
    labels = np.arange(n) % 2
    return [Judged(labels, said(labels, strength, 5), [str(row // 2) for row in range(n)])]


def test_more_calls_are_promised_only_where_they_have_helped() -> None:
    grown = learning_curve("blend", {50: judged_at(0.2), 100: judged_at(0.5), 200: judged_at(0.8)}, 0)
    assert grown is not None
    assert grown.per_doubling.ci is not None
    assert grown.per_doubling.ci[0] > 0
    aucs = [point.auc.value for point in grown.points]
    assert grown.per_doubling.value == pytest.approx((aucs[2] - aucs[0]) / 2, abs=1e-4)
    expected = 200 * 2 ** (0.05 / grown.per_doubling.value)
    assert grown.calls_needed["+0.05"] == pytest.approx(expected, abs=6)
    assert "So far yes" in more_calls(grown)
    assert "count on needing more" in more_calls(grown)

    flat = learning_curve("blend", {50: judged_at(0.5), 100: judged_at(0.5), 200: judged_at(0.5)}, 0)
    assert flat is not None
    assert set(flat.calls_needed.values()) == {None}
    assert "can't be told" in more_calls(flat)
    assert learning_curve("blend", {50: judged_at(0.5), 100: judged_at(0.5)}, 0) is None
    assert "too few calls" in more_calls(None)


def test_a_group_without_both_outcomes_or_with_few_calls_gets_no_figure(folds: list[Fold]) -> None:
    calls = some_calls()
    for row, call in enumerate(calls):
        kind = "won" if call.outcome == "converted" and row < 120 else "rare" if row > 225 else "usual"
        calls[row] = call.model_copy(update={"metadata": {"industry": kind}})
    again = [make_fold(calls, names, 1) for names in make_splits(calls, 3, seed=1)]
    found = {one.value: one for one in by_group(judge(again), "blend", 0)}
    assert (found["won"].auc, found["rare"].auc) == (None, None)
    assert found["usual"].auc is not None
    assert sum(one.n for one in found.values()) == len(calls)


def test_a_smaller_part_lies_within_a_larger_one_and_never_reaches_the_test(folds: list[Fold]) -> None:
    quarter, half = part_of(folds[0], 25), part_of(folds[0], 50)
    assert quarter is not None
    assert half is not None
    ids = [{call.call_id for call in part.train.calls} for part in (quarter, half, folds[0])]
    assert ids[0] < ids[1] < ids[2]
    assert quarter.test == folds[0].test
    assert not set(half.train.groups) & set(half.groups)
    assert part_of(folds[0], 1) is None


def test_judged_calls_have_no_say_in_where_anything_lies(folds: list[Fold]) -> None:
    fold = folds[0]
    past, new = vectors(fold.train.labels, 1.0, 1), vectors(fold.labels, 1.0, 2)
    space = space_of(past, fold.train, new, fold.labels)
    turned = space_of(past, fold.train, new[::-1], 1 - fold.labels[::-1])
    assert turned.fitted == space.fitted
    assert turned.judged == space.judged[::-1]
    assert turned.purities == pytest.approx([1 - purity for purity in space.purities[::-1]])
    assert not fold.train.held_out[list(space.fitted_rows)].any()


def test_purity_and_silhouette_know_noise_from_two_clusters(folds: list[Fold]) -> None:
    found = {}
    for pull in (0.0, 30.0):
        spaces = [
            space_of(vectors(fold.train.labels, pull, 1), fold.train, vectors(fold.labels, pull, 2), fold.labels)
            for fold in folds
        ]
        judged = judge(folds).judged("prior")
        found[pull] = [
            mean_over_accounts(judged, [getattr(space, name) for space in spaces], 0)
            for name in ("purities", "silhouettes")
        ]
    purity, silhouette = found[30.0]
    assert purity.value == 1
    assert silhouette.value > 0.8
    purity, silhouette = found[0.0]
    assert purity.ci is not None
    assert purity.ci[0] < 0.5 < purity.ci[1]
    assert abs(silhouette.value) < 0.05


def test_a_map_is_of_training_calls_and_a_copy_of_one_lies_by_it() -> None:
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.eye(3, 8) * 20, 30, axis=0) + rng.normal(size=(90, 8))
    other = rng.normal(size=(5, 8))
    views, again = place(clusters, clusters[:6], 0), place(clusters, other, 0)
    assert list(views) == ["UMAP", "t-SNE"]
    for name, (fitted, judged) in views.items():
        np.testing.assert_array_equal(fitted, again[name][0])
        assert fitted.shape == (90, 2)
        own, others = fitted[:30].mean(axis=0), fitted[30:60].mean(axis=0)
        assert np.linalg.norm(judged - own, axis=1).max() < np.linalg.norm(judged - others, axis=1).min()


def test_without_umap_there_is_a_map_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_map, "_umap", lambda *_: None)
    points = np.random.default_rng(0).normal(size=(40, 5))
    views = place(points, points[:3], 0)
    assert list(views) == ["PCA", "t-SNE"]
    np.testing.assert_array_equal(views["PCA"][1], points[:3, :2])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None and os.environ.get("CI"):
        pytest.fail("There is no Chromium on this machine.")
    if path is None:
        pytest.skip("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.mark.e2e
@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("width", "scheme", "media"),
    [(1280, "light", "screen"), (1280, "dark", "screen"), (390, "light", "screen"), (800, "dark", "print")],
    ids=["light", "dark", "phone", "print"],
)
def test_the_page_in_a_browser(
    browser: Browser, page: Path, details: Details, width: int, scheme: str, media: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    opened = context.new_page()
    opened.emulate_media(media=media)  # type: ignore[arg-type]
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(page.as_uri())
    drawn = opened.locator("body[data-drawn]")
    expect(drawn).to_be_attached(timeout=60_000)
    if media == "print":
        opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    n_figures = opened.locator("[data-figure]").count()
    assert n_figures == 11
    assert drawn.get_attribute("data-drawn") == str(n_figures)
    assert opened.locator("[data-figure] .main-svg").count() >= n_figures
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    headline_box = opened.locator("h1").bounding_box()
    assert headline_box is not None
    assert headline_box["y"] + headline_box["height"] < 300
    expect(opened.locator("h1")).to_have_text(headline(details.comparison)[0])
    expect(opened.get_by_text("a coin would 50 times")).to_be_in_viewport()
    assert opened.locator("img").count() == 0
    SCREENSHOTS.mkdir(exist_ok=True)
    opened.screenshot(path=SCREENSHOTS / f"report-{scheme}-{width}.png", full_page=True)
    assert said == []
    assert asked == [page.as_uri()]
    context.close()
