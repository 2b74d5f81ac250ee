"""Moves: what a window holds, how probabilities become moves, how concerns are linked, and who does the next step."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.errors import ModelError
from salescoach.model.head import sigmoid
from salescoach.model.text_arm import term_keys
from salescoach.moves.heads import CONCERN, EASED, MET, N_OUTPUTS, MoveHeads, possible
from salescoach.moves.lexical import LexicalMoves
from salescoach.moves.next_step import next_step
from salescoach.moves.objections import N_LINK, N_MET, HandlingModel, kind_of, rep_turns_after
from salescoach.moves.profile import FADES, FIGURES, N_FIGURES, CallProfile, figures
from salescoach.moves.reader import BUNDLED_READER, above_thresholds, read_card
from salescoach.moves.taxonomy import CUSTOMER_MOVES, MOVES, OBJECTIONS, REP_MOVES, moves_of
from salescoach.moves.windows import BEFORE_TOKENS, CONTEXT_TOKENS, MAX_TOKENS, N_BEFORE, TURN_TOKENS, windows
from salescoach.moves.worth import N_GAZES, TurnsWorth
from salescoach.types import Role, Turn
from training.moves.calibrate import fit_profile
from training.moves.lexical import fit_lexical

CLS, SEP = 101, 102


def at(name: str) -> int:
    return MOVES.index(name)


def said(role: Role, text: str = "Mm.") -> Turn:
    return Turn(speaker=role.title(), role=role, text=text)


def some_heads() -> MoveHeads:
    rng = np.random.default_rng(3)
    one = np.ones(N_OUTPUTS)
    return MoveHeads(rng.normal(size=(N_OUTPUTS, 8)), 0 * one, one, 0.3 * one, 0 * one, 0.5 * one)


def some_handling(
    link: np.ndarray | None = None, met: np.ndarray | None = None, well: np.ndarray | None = None
) -> HandlingModel:
    nothing = np.zeros(N_MET + 1)
    return HandlingModel(
        np.zeros(N_LINK + 1) if link is None else link,
        np.array([0.5]),
        nothing if met is None else met,
        nothing if well is None else well,
    )


@given(st.lists(st.lists(st.integers(200, 30_000), max_size=300), max_size=12))
def test_a_window_is_bounded_and_ends_with_its_turn(turns: list[list[int]]) -> None:
    found = windows(turns, CLS, SEP)
    assert len(found) == len(turns)
    for turn, window in zip(turns, found, strict=True):
        assert len(window.ids) <= MAX_TOKENS
        assert (window.ids[0], window.ids[-1]) == (CLS, SEP)
        assert window.n_own == min(len(turn), TURN_TOKENS) + 1
        if len(turn) <= TURN_TOKENS:
            assert list(window.ids[-window.n_own : -1]) == turn


def test_a_window_depends_on_what_came_before_only() -> None:
    turns = [[place + 1_000] * 3 for place in range(8)]
    whole = windows(turns, CLS, SEP)
    for n in range(len(turns)):
        assert windows(turns[:n], CLS, SEP) == whole[:n]
    changed = windows([[7], *turns[1:]], CLS, SEP)
    assert [one != other for one, other in zip(whole, changed, strict=True)] == [True] * (N_BEFORE + 1) + [False] * (
        len(turns) - N_BEFORE - 1
    )


def test_a_long_turn_keeps_both_ends_and_the_nearest_context() -> None:
    long = list(range(1_000, 1_000 + 3 * TURN_TOKENS))
    window = windows([long, long], CLS, SEP)[1]
    own = window.ids[-window.n_own : -1]
    assert (own[0], own[-1]) == (long[0], long[-1])
    context = window.ids[1 : len(window.ids) - window.n_own - 1]
    assert len(context) == min(BEFORE_TOKENS, CONTEXT_TOKENS)
    assert context[-1] == long[-1]


def test_a_side_makes_only_its_own_moves() -> None:
    can = possible(["rep", "customer", "unknown"])
    assert {MOVES[k] for k in np.flatnonzero(can[0, :CONCERN])} == {*moves_of("rep")} >= {*REP_MOVES}
    assert can[1, CONCERN]
    assert not can[0, CONCERN]
    assert {MOVES[k] for k in np.flatnonzero(can[2])} == {"small_talk", "logistics"}
    p = some_heads().probabilities(np.ones((3, 8)), np.zeros((3, N_OUTPUTS)), ["rep", "customer", "unknown"])
    assert np.array_equal(p > 0, can)


def test_heads_are_read_as_they_were_written(tmp_path: Path) -> None:
    heads, features = some_heads(), np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    heads.save(tmp_path / "heads.safetensors")
    read = MoveHeads.load(tmp_path / "heads.safetensors")
    roles: list[Role] = ["customer"] * 5
    words = np.random.default_rng(2).normal(size=(5, N_OUTPUTS))
    found = heads.probabilities(features, words, roles)
    assert read.probabilities(features, words, roles) == pytest.approx(found, abs=1e-6)
    commitment = MOVES.index("commitment")
    z = heads.logits(features)[0, commitment] + 0.3 * words[0, commitment]
    assert found[0, commitment] == pytest.approx(sigmoid(z))
    (tmp_path / "heads.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="train again"):
        MoveHeads.load(tmp_path / "heads.safetensors")


def test_words_weigh_as_the_formula_says_and_are_read_as_they_were_written(tmp_path: Path) -> None:
    keys = np.sort(term_keys(["yes", "yes please", "before:price"]))
    at = {term: int(np.searchsorted(keys, term_keys([term])[0])) for term in ("yes", "yes please", "before:price")}
    weights = np.zeros((3, N_OUTPUTS), dtype=np.float16)
    weights[at["yes"], 0], weights[at["yes please"], 0], weights[at["before:price"], 0] = 1.0, 2.0, 4.0
    model = LexicalMoves(keys, np.array([1.0, 1.0, 1.0], dtype=np.float32), weights, np.full(N_OUTPUTS, -0.5))
    model.save(tmp_path / "words.safetensors")
    for one in (model, LexicalMoves.load(tmp_path / "words.safetensors")):
        found = one.logits([("", "Yes, YES please"), ("The price?", "Hm."), ("", "")])
        often = 1 + np.log(2)
        assert found[0, 0] == pytest.approx((often + 2) / np.hypot(often, 1) - 0.5)
        assert found[1, 0] == pytest.approx(0.5 * 4 - 0.5)
        assert found[2].tolist() == [-0.5] * N_OUTPUTS
    assert model.logits([]).shape == (0, N_OUTPUTS)
    some_heads().save(tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="train again"):
        LexicalMoves.load(tmp_path / "other.safetensors")


def test_words_are_learned_from_turns_whose_side_can_do_it() -> None:
    seen = [("", "sign me up please"), ("Well?", "that is far too much")] * 10
    labels, known = np.zeros((20, N_OUTPUTS)), np.ones((20, N_OUTPUTS), dtype=bool)
    commitment, refusal = MOVES.index("commitment"), MOVES.index("refusal")
    labels[::2, commitment] = 1
    known[:, refusal] = False
    model = fit_lexical(seen, labels, known)
    yes, no = model.logits([("", "Sign me up!"), ("", "Too much.")])
    assert yes[commitment] > 0 > no[commitment]
    assert yes[refusal] == no[refusal] < -5  # nothing teaches it


def test_a_concern_always_has_a_kind() -> None:
    p = np.zeros((2, N_OUTPUTS))
    p[0, [CONCERN, at("stall"), at("objection_fit")]] = 0.9, 0.2, 0.3
    p[1, at("objection_fit")] = 0.3
    above = above_thresholds(p, np.full(N_OUTPUTS, 0.5))
    assert [MOVES[k] for k in np.flatnonzero(above[0, :CONCERN])] == ["objection_fit"]
    assert not above[1].any()
    assert kind_of(p[0]) == "fit"
    assert len(OBJECTIONS) == 8 < len(CUSTOMER_MOVES)


def test_a_concern_is_answered_by_the_rep_later_and_within_reach() -> None:
    turns = [said("customer"), said("rep"), said("customer"), *([said("rep")] * 20)]
    found = rep_turns_after(turns, 0)
    assert found[:2] == [1, 3]
    assert max(found) <= 10
    assert rep_turns_after(turns, len(turns) - 1) == []


def test_a_concern_is_linked_to_the_turn_that_answers_it() -> None:
    link = np.zeros(N_LINK + 1)
    link[REP_MOVES.index("answer_objection")], link[-1] = 10, -5
    met, well = np.zeros(N_MET + 1), np.zeros(N_MET + 1)
    met[[-2, -1]] = 1, -0.5  # where the call stands well
    well[0] = 1
    turns = [said("customer"), said("rep"), said("customer"), said("rep"), said("customer")]
    p = np.zeros((5, N_OUTPUTS))
    p[0, [CONCERN, at("objection_price")]] = 0.9
    p[3, at("answer_objection")] = 0.9
    is_concern = np.array([True, False, False, False, False])
    model = some_handling(link, met, well)
    (found,) = model.concerns(turns, p, is_concern, outlook=1.0)
    assert (found.turn, found.kind, found.handled_at, found.handled) == (1, "price", 4, "partly")
    p[3, at(REP_MOVES[0])] = 0.5
    (found,) = model.concerns(turns, p, is_concern, outlook=1.0)
    assert found.handled == "well"
    (found,) = model.concerns(turns, p, is_concern, outlook=-1.0)
    assert (found.handled_at, found.handled) == (4, "badly")
    p[3, at("answer_objection")] = 0.1
    (missed,) = model.concerns(turns, p, is_concern, outlook=-1.0)
    assert (missed.handled_at, missed.handled) == (None, "not")
    assert model.concerns(turns[:1], p[:1], is_concern[:1], outlook=9.0)[0].handled == "not"  # nobody could


def test_a_model_of_handling_is_read_as_it_was_written(tmp_path: Path) -> None:
    some_handling().save(tmp_path / "handling.safetensors")
    assert HandlingModel.load(tmp_path / "handling.safetensors").met.shape == (N_MET + 1,)
    MoveHeads(*(np.ones(N_OUTPUTS) for _ in range(6))).save(tmp_path / "other.safetensors")
    with pytest.raises(ModelError):
        HandlingModel.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("turns", "moves", "expected"),
    [
        ([("rep", "I'll send the quotes on Thursday."), ("customer", "Do that.")], {0: "next_step", 1: "commitment"},
         (1, "rep", "Thursday", True)),
        ([("rep", "Shall we meet on Monday?"), ("customer", "We'll see.")], {0: "next_step"},
         (1, "both", "Monday", False)),
        ([("rep", "Could you send me the floor plan?"), ("customer", "Tomorrow.")], {0: "next_step"},
         (1, "customer", "Tomorrow", False)),
        ([("customer", "I'll pay the deposit tonight."), ("rep", "Lovely.")], {0: "commitment"},
         (1, "customer", "tonight", True)),
        ([("rep", "I'll ring you."), ("customer", "Don't. We've signed elsewhere.")],
         {0: "next_step", 1: "commitment refusal"}, (1, "rep", None, False)),
    ],
)  # fmt: skip
def test_who_does_what_by_when(
    turns: list[tuple[Role, str]], moves: dict[int, str], expected: tuple[int, str, str | None, bool]
) -> None:
    p = np.zeros((len(turns), N_OUTPUTS))
    for place, names in moves.items():
        p[place, [at(name) for name in names.split()]] = 0.9
    found = next_step([said(*turn) for turn in turns], p, p > 0.5)
    assert found is not None
    assert (found.turn, found.who, found.when, found.committed) == expected


def test_what_the_customer_declines_is_no_step() -> None:
    turns = [said("rep", "I could call you in January."), said("customer", "No, thank you.")]
    p = np.zeros((2, N_OUTPUTS))
    p[0, at("next_step")], p[1, at("refusal")], p[1, at("commitment")] = 0.9, 0.6, 0.2
    assert next_step(turns, p, p > 0.7) is None
    p[1, at("commitment")] = 0.65
    found = next_step(turns, p, p > 0.7)
    assert found is not None
    assert found.committed


def test_a_call_without_a_step_has_none() -> None:
    p = np.zeros((2, N_OUTPUTS))
    assert next_step([said("rep"), said("customer")], p, p > 0.5) is None


def test_worth_is_what_its_formula_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    worth = TurnsWorth(
        attention=rng.normal(size=(N_GAZES, 6)),
        position=rng.normal(size=(N_GAZES, 2)),
        value=rng.normal(size=(N_GAZES, 6)),
        bias=np.array([0.1]),
    )
    features = rng.normal(size=(4, 6)).astype(np.float32)
    t = (np.arange(4) + 0.5) / 4
    z = 0.1
    for attention, position, value in zip(worth.attention, worth.position, worth.value, strict=True):
        raised = np.exp(features @ attention + position[0] * t + position[1] * t**2)
        z += float(raised / raised.sum() @ (features @ value))
    assert worth.of(features) == pytest.approx([z])
    assert worth.of(features, [np.array([0, 2, 3])]) == pytest.approx(worth.of(features[[0, 2, 3]]))
    worth.save(tmp_path / "worth.safetensors")
    assert TurnsWorth.load(tmp_path / "worth.safetensors").of(features) == pytest.approx(worth.of(features), abs=1e-4)


def test_the_figures_of_a_call_are_of_its_concerns_and_its_end() -> None:
    roles: list[Role] = ["customer", "rep", "rep", "customer", "unknown"]
    p = np.zeros((5, N_OUTPUTS))
    p[0, [CONCERN, MOVES.index("pain")]] = 0.8, 0.5
    p[1, [MET, MOVES.index("rude")]] = 0.2, 0.4
    p[2, MET] = 0.6
    p[3, [CONCERN, EASED, MOVES.index("commitment")]] = 0.2, 0.3, 0.7
    found = dict(zip(FIGURES, figures(1.5, p, roles).tolist(), strict=True))
    assert found["worth of the turns"] == 1.5
    assert found["share of concerns met"] == pytest.approx(0.8 * 0.6 / (0.8 + 0.2))  # nobody answers the second one
    assert found["concerns eased"] == pytest.approx(0.15)
    assert found["concerns at the end"] == pytest.approx(0.5)
    assert (found["commitment"], found["pain"], found["refusal or insult"]) == (0.7, 0.5, 0.0)
    assert found["concerns dismissed, or impolite"] == pytest.approx(0.2)
    p[0, MOVES.index("hostility")] = 0.6  # a turn of the customer's follows
    assert figures(1.5, p, roles)[FIGURES.index("refusal or insult")] == pytest.approx(0.6 * np.exp(-1 / FADES))
    assert figures(1.5, p[:0], []).tolist() == [1.5, *[0.0] * (N_FIGURES - 1)]


def test_the_profile_follows_those_who_read_the_calls_and_is_calibrated_on_chances(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(120, N_FIGURES))
    rows[:, 5] = 0.0  # a figure that never varies weighs nothing
    truth = 0.8 * rows[:, 0] - 0.5 * rows[:, 4]
    forecasts = sigmoid(2 * truth + 0.2 * rng.normal(size=120))  # people who are twice too sure
    profile = fit_profile(rows, forecasts, sigmoid(truth), [f"w{one % 6}" for one in range(120)])
    assert np.corrcoef(profile.logits(rows), truth)[0, 1] > 0.98
    assert np.std(profile.logits(rows)) == pytest.approx(np.std(truth), rel=0.25)
    assert profile.error[0] == pytest.approx(np.std(truth), rel=0.25)  # as far as people are from the chances
    low, high = profile.interval(0.4)
    assert low < sigmoid(np.array(0.4)) < high
    profile.save(tmp_path / "profile.safetensors")
    assert CallProfile.load(tmp_path / "profile.safetensors").logits(rows) == pytest.approx(
        profile.logits(rows), abs=1e-5
    )


def test_the_page_of_moves_names_each_with_its_figures() -> None:
    page = (Path(__file__).parent.parent / "docs" / "moves.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^\| `(\w+)` \| [^|]+ \| \"", page, re.MULTILINE))
    assert said | {"small_talk", "logistics"} == {*MOVES}
    rows = re.findall(r"^\| (`?[\w ]+`?) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert {name.strip("`"): tuple(own) for name, *own in rows} == {
        name: (str(one.n), f"{one.precision:.2f}", f"{one.recall:.2f}", f"{one.f1:.2f}")
        for name, one in read_card(BUNDLED_READER).figures.items()
    }
