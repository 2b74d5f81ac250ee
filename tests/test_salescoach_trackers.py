"""Trackers: the file they are kept in, what is learned of a few examples, and what is found and counted."""

import re
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.errors import CoachError, InputError
from salescoach.library import Library
from salescoach.moves.reader import BUNDLED_READER, reader_id
from salescoach.moves.trackers import learning
from salescoach.moves.trackers.background import Background, background, bundled
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.moves.trackers.fitted import fit, threshold_of
from salescoach.moves.trackers.kept import KeptTrackers, read_trackers, write_trackers
from salescoach.moves.trackers.learning import OddsOfHits, learn, scores
from salescoach.moves.trackers.tracker import (
    MAX_GIVEN,
    MAX_KEPT,
    MAX_NAME,
    MAX_TEXT,
    MAX_TRACKERS,
    Tracker,
    TrackerExample,
    example_text,
    new_tracker,
)
from salescoach.testing import WordHashEncoder, make_call, make_calls, make_transcript
from salescoach.types import LabelledCall, Turn

DISCOUNT = (
    "Could you give us a discount on that?",
    "Is there any discount if we pay for the year?",
    "We would want a discount, honestly.",
)


def tracker(name: str = "asks for a discount", **fields: object) -> Tracker:
    return new_tracker({"name": name, "side": "customer", "examples": list(DISCOUNT), **fields})


class WordReader:
    """Feature vectors that depend on the words of a turn alone."""

    def __init__(self) -> None:
        self._encoder = WordHashEncoder(64)
        self.n_read = 0

    def features(self, turns: Sequence[Turn]) -> np.ndarray:
        self.n_read += len(turns)
        return self._encoder.encode([re.sub(r"\W", " ", turn.text) for turn in turns])


@pytest.fixture(scope="module")
def reader() -> WordReader:
    return WordReader()


@pytest.fixture(scope="module")
def usual(reader: WordReader) -> Background:
    return background(reader, "customer", None)


@pytest.fixture
def kept(tmp_path: Path) -> KeptTrackers:
    return KeptTrackers(tmp_path / "home" / "trackers.yaml")


def test_trackers_are_kept_in_a_file_of_their_owner_alone(kept: KeptTrackers, tmp_path: Path) -> None:
    file = tmp_path / "home" / "trackers.yaml"
    assert kept.all() == ()
    kept.add([tracker(), tracker("Names a rival", counters=["We had a rival bid once."])])
    assert [one.name for one in kept.all()] == ["asks for a discount", "Names a rival"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept.get(" NAMES a  rival ").counters[0].text == "We had a rival bid once."
    assert kept.remove("names a rival").name == "Names a rival"
    with pytest.raises(InputError, match=r"no tracker 'Names a rival'; there are: 'asks for a discount'"):
        kept.get("Names a rival")


def test_a_name_is_taken_once(kept: KeptTrackers) -> None:
    kept.add([tracker()])
    with pytest.raises(InputError, match="is there already"):
        kept.add([tracker("other"), tracker("Asks for a DISCOUNT")])
    assert len(kept.all()) == 1
    kept.add([tracker("Asks for a DISCOUNT", precision=0.9)], replace=True)
    assert [(one.name, one.precision) for one in kept.all()] == [("Asks for a DISCOUNT", 0.9)]
    with pytest.raises(InputError, match=f"at most {MAX_TRACKERS}"):
        kept.add([tracker(f"tracker {number}") for number in range(MAX_TRACKERS)])


texts = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and text.strip())


@settings(deadline=None)
@given(st.lists(texts, min_size=3, max_size=8, unique_by=lambda text: " ".join(text.split()).casefold()), texts)
def test_what_is_passed_on_comes_back(tmp_path_factory: pytest.TempPathFactory, said: list[str], name: str) -> None:
    file = tmp_path_factory.mktemp("passed") / "some.yaml"
    one = new_tracker({"name": name, "side": "rep", "examples": said})
    write_trackers(file, [one])
    assert read_trackers(file) == [one]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"examples": list(DISCOUNT[:2])}, "too few examples \\(2\\); give 3 to 8"),
        ({"examples": [f"discount {n}" for n in range(MAX_GIVEN + 1)]}, "give at most 8 of each"),
        ({"examples": [*DISCOUNT, "x" * (MAX_TEXT + 1)]}, "\\(examples 4 text\\): string should have at most 600"),
        ({"examples": [*DISCOUNT, DISCOUNT[0].upper()]}, "is given twice"),
        ({"counters": [DISCOUNT[0]]}, "is given twice"),
        ({"examples": [*DISCOUNT, " \n "]}, "it is empty"),
        ({"examples": [*DISCOUNT, "a\x1b[31mb"]}, "can't be shown"),
        ({"name": "n" * (MAX_NAME + 1)}, "\\(name\\): string should have at most 80"),
        ({"side": "nobody"}, "\\(side\\): input should be 'customer' or 'rep'"),
        ({"precision": 1.5}, "\\(precision\\)"),
        ({"wished": "more"}, "\\(wished\\): extra inputs are not permitted"),
        ({"examples": [*DISCOUNT, 12]}, "\\(examples 4\\)"),
    ],
)
def test_what_cant_be_a_tracker_is_said_in_a_sentence(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        new_tracker({"name": "discounts", "side": "customer", "examples": list(DISCOUNT)} | given)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"trackers: [",
        b"trackers: {}",
        b"[]",
        b"trackers: [1]",
        b"a: &a [x, x]\ntrackers: [*a, *a]",
        b"trackers: !!python/object/apply:os.getcwd []",
        b"[" * 20_000,
        b"#" * 4_000_001,
    ],
    ids=["no text", "no YAML", "a mapping", "a list", "a number", "an alias", "an object", "deep", "long"],
)
def test_a_file_without_trackers_is_refused(tmp_path: Path, kept: KeptTrackers, content: bytes) -> None:
    file = tmp_path / "given.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"given\.yaml (can't be read as YAML|holds no trackers); give a file"):
        read_trackers(file)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "trackers.yaml").write_bytes(content)
    with pytest.raises(CoachError, match="can't be read; mend the file"):
        kept.all()


def test_thumbs_move_what_was_said_and_a_deleted_call_takes_it_along(kept: KeptTrackers) -> None:
    kept.add([tracker()])
    hit = TrackerExample(text="Any discount for two?", call_id="c-1", turn=4)
    assert kept.judge("asks for a discount", hit, is_right=True).examples[-1] == hit
    moved = kept.judge("asks for a discount", hit, is_right=False)
    assert (len(moved.examples), moved.counters) == (3, (hit,))
    assert kept.all() == (moved,)
    of_file = TrackerExample(text="The discount of last year.", turn=9)
    kept.judge("asks for a discount", of_file, is_right=False)
    said = [Turn(speaker="Ann", role="customer", text=text) for text in ("The  discount of last year.", DISCOUNT[0])]
    assert kept.forget_call({"c-2"}, []) == 0
    assert kept.forget_call({"c-1"}, said) == 2
    assert kept.all() == (tracker(),)
    for number in range(MAX_KEPT - 3):
        kept.judge("asks for a discount", TrackerExample(text=f"A discount, {number}.", turn=1), is_right=True)
    with pytest.raises(InputError, match="as many as it can keep"):
        kept.judge("asks for a discount", hit, is_right=True)


def test_a_tracker_keeps_an_example(kept: KeptTrackers) -> None:
    kept.add([tracker()])
    for text in DISCOUNT[:2]:
        kept.judge("asks for a discount", TrackerExample(text=text, call_id="c-1", turn=1), is_right=False)
    with pytest.raises(InputError, match="without an example"):
        kept.judge("asks for a discount", TrackerExample(text=DISCOUNT[2], turn=1), is_right=False)


def test_an_example_of_a_turn_can_be_shown() -> None:
    assert example_text("  Any \x1b[31m discount\u2028for\ttwo? ") == "Any discount for two?"
    assert len(example_text("discount " * 400)) <= MAX_TEXT


def some_background(n: int = 40, dimension: int = 12) -> Background:
    return Background(np.random.default_rng(2).normal(1.5, 2.0, size=(n, dimension)).astype(np.float32), "own calls")


def ridge(usual: Background, examples: np.ndarray, counters: np.ndarray, without: int | None) -> np.ndarray:
    """Scores of all rows by a ridge regression in its plain form, fitted without one of them."""
    rows = np.concatenate([examples, counters, usual.rows])
    rows = np.column_stack([rows, np.ones(len(rows))])
    each = len(usual.features) / len(examples)
    weight = np.repeat([each, each, 1.0], [len(examples), len(counters), len(usual.features)])
    target = np.repeat([1.0, 0.0], [len(examples), len(rows) - len(examples)])
    if without is not None:
        weight[without] = 0
    gram = rows.T @ (rows * weight[:, None]) + learning.RIDGE * np.eye(rows.shape[1])
    return np.asarray(rows @ np.linalg.solve(gram, rows.T @ (weight * target)))


def test_left_out_rows_score_as_if_they_had_never_been_there() -> None:
    usual = some_background()
    rng = np.random.default_rng(3)
    said = rng.normal(2, 1, size=(6, 12))
    examples, counters = usual.scaled(said)[:4], usual.scaled(said)[4:]
    learned = learn(examples, counters, usual)
    plain = np.array([ridge(usual, examples, counters, row)[row] for row in range(46)])
    middle, spread = plain[6:].mean(), plain[6:].std()
    found = np.concatenate([learned.of_examples, learned.of_counters, learned.of_background])
    np.testing.assert_allclose(found, (plain - middle) / spread, atol=1e-6)
    whole = (ridge(usual, examples, counters, None) - middle) / spread
    np.testing.assert_allclose(scores([learned], usual, said)[:, 0], whole[:6], atol=1e-4)
    np.testing.assert_allclose(scores([learned, learned], usual, usual.features)[:, 1], whole[6:], atol=1e-4)


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 0.999), min_size=5, max_size=40), st.floats(0.05, 0.95), st.floats(0.001, 0.999))
def test_hits_of_the_background_are_as_right_as_wanted(usually: list[float], wanted: float, surest: float) -> None:
    sure = np.array(usually)
    threshold, is_reached = threshold_of(np.array([surest, 0.0005]), sure, wanted)
    assert surest >= threshold
    hits = sure[sure >= threshold]
    if is_reached and len(hits):
        assert hits.mean() >= wanted - 1e-9
        lower = sure[sure < threshold]
        if len(lower):  # and no lower threshold would do
            assert sure[sure >= lower.max()].mean() < wanted


def test_sureness_never_falls_with_the_score() -> None:
    odds = OddsOfHits(intercept=-5, z_weight=0.1, m_weight=0.2, zm_weight=-0.3, reader="none")
    sure = odds.confidence(np.linspace(-4, 9, 50), 3.0)
    assert (np.diff(sure) >= 0).all()


def test_how_sure_hits_are_was_fitted_on_the_bundled_reader() -> None:
    assert learning.odds_of_hits().reader == reader_id(BUNDLED_READER), "run python scripts/fit_trackers.py"


def test_a_tracker_finds_its_like_and_says_how_sure_it_is(reader: WordReader, usual: Background) -> None:
    ready = fit(tracker(precision=0.05), reader, usual)
    call = make_transcript(
        "Rep: We could give a discount on that.",
        "Customer: Then give us a discount on that.",
        "Customer: My brother in law has a farm near the lake.",
    )
    z = scores([ready.learned], usual, reader.features(call.turns))[:, 0]
    assert z[1] > 2 > z[2]
    hits = {hit.turn: hit for hit in ready.hits(call.turns, z)}
    assert hits[2].quote == call.turns[1].text
    assert hits[2].confidence == round(float(ready.confidence(z)[1]), 4) >= ready.threshold
    assert 1 not in hits  # which the rep says
    told = ready.estimate
    assert (told.n_examples, told.n_counters, told.background) == (3, 0, "bundled calls")
    for share, (low, high) in ((told.precision, told.precision_interval), (told.recall, told.recall_interval)):
        assert 0 <= low < share < high <= 1


def test_judged_hits_move_the_estimate(reader: WordReader, usual: Background) -> None:
    right = TrackerExample(text="Could we have a discount on that?", turn=3)
    plain, judged = fit(tracker(), reader, usual), fit(tracker(examples=[*DISCOUNT, right]), reader, usual)
    assert judged.estimate.n_examples == plain.estimate.n_examples + 1
    wrong = tuple(
        TrackerExample(text=text, turn=3)
        for text in ("No discount was given on that.", "Is the discount gone, honestly?")
    )
    warned = fit(tracker().model_copy(update={"counters": wrong}), reader, usual)
    told = scores(
        [plain.learned, warned.learned],
        usual,
        reader.features([Turn(speaker="C", role="customer", text=wrong[0].text)]),
    )
    assert told[0, 1] < told[0, 0]


def test_the_bundled_pieces_are_turns_of_both_sides() -> None:
    pieces = list(bundled())
    assert len(pieces) > 20
    roles = [turn.role for piece in pieces for turn in piece]
    assert {role: roles.count(role) > 200 for role in set(roles)} == {"rep": True, "customer": True}


def asking(calls: list[LabelledCall], every: int) -> list[LabelledCall]:
    """Calls of the team, in some of which the customer asks for a discount, with industries."""
    asked = Turn(speaker="Customer", role="customer", text="Could you give us a discount on that?")
    return [
        call.model_copy(
            update={
                "transcript": call.transcript.model_copy(update={"turns": (*call.transcript.turns, asked)})
                if row % every == 0
                else call.transcript,
                "metadata": {"industry": ("insurance", "software")[row % 2]},
            }
        )
        for row, call in enumerate(calls)
    ]


def test_calls_are_counted_by_whether_it_comes_up(tmp_path: Path, kept: KeptTrackers) -> None:
    reader = WordReader()
    with Library(tmp_path / "library.sqlite") as library:
        library.add(asking(make_calls(60), 3))
        desk = TrackerDesk(kept, lambda: reader, library)
        (found,) = desk.in_library([tracker()])
        assert (found.whose, found.n_calls) == ("own", 60)
        hits = {call.call_id: desk.in_call(call.transcript, [tracker()])[0].hits for call in library.past_calls()}
        n_heard = sum(bool(some) for some in hits.values())
        assert found.whole.n_hits == sum(map(len, hits.values()))
        assert (found.whole.heard.n_calls, found.whole.not_heard.n_calls) == (n_heard, 60 - n_heard)
        assert found.whole.heard.n_won + found.whole.heard.n_lost == n_heard >= 20
        assert [one.name for one in found.by_industry] == ["insurance", "software"]
        assert sum(one.n_hits for one in found.by_industry) == found.whole.n_hits
        assert sum(one.heard.n_calls for one in found.by_industry) == n_heard
        assert found.by_month == ()
        n_read = reader.n_read
        desk.in_call(next(library.past_calls()).transcript, [tracker()])
        assert reader.n_read < n_read + 10  # what was learned is kept


def longer(call: LabelledCall) -> list[str]:
    """Lines of a call and, said once more by the customer, of those that the customer said."""
    lines = call.transcript.text().split("\n")
    return lines + [f"{line} So." for line in lines if line.startswith("Customer")]


def test_a_background_of_their_own_is_used_where_there_is_enough(tmp_path: Path, reader: WordReader) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        assert background(reader, "rep", library).name == "bundled calls"
        library.add([make_call(call.call_id, *longer(call)) for call in make_calls(40)])
        found = background(reader, "customer", library)
        assert found.name == "own calls"
        assert len(found.features) == 40 * 8


def test_an_empty_library_counts_nothing(tmp_path: Path, kept: KeptTrackers, reader: WordReader) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        (found,) = TrackerDesk(kept, lambda: reader, library).in_library([tracker()])
        assert (found.n_calls, found.whole.n_hits, found.by_industry) == (0, 0, ())
    assert TrackerDesk(kept, lambda: reader, None).in_library([tracker()]) == []
    assert TrackerDesk(kept, lambda: reader, None).in_call(make_transcript("Rep: Hello."), []) == []
