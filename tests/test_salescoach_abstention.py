"""When there is no probability, and what is said in its place."""

from pathlib import Path

import numpy as np
import pytest

from salescoach.config import Settings
from salescoach.model.abstention import is_english, reasons_not_to_judge, unlikeness
from salescoach.model.scoring import CallScorer
from salescoach.reading.transcripts import read_transcript
from salescoach.testing import make_transcript
from salescoach.types import Transcript

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.txt"))

GERMAN = make_transcript(
    "Rep: Guten Tag, Frau Keller, schön, dass Sie sich heute Zeit für uns nehmen.",
    "Customer: Gerne, aber ich habe nur eine halbe Stunde, danach ist die nächste Besprechung.",
    "Rep: Das reicht uns. Wie planen Sie im Moment die Schichten in Ihren sechs Häusern?",
    "Customer: Mit Tabellen, und jede Leiterin macht es anders, das ist wirklich mühsam.",
    "Rep: Und was passiert, wenn sich am Wochenende jemand krank meldet?",
    "Customer: Dann klingelt mein Telefon, und wir bezahlen teure Leute von der Agentur.",
    "Rep: Mit unserem Programm geht die offene Schicht als Nachricht an alle, die frei haben.",
    "Customer: Das klingt gut, aber was kostet das denn im Monat für dreihundert Leute?",
    "Rep: Sechs Euro je Person, dazu einmalig viertausend Euro für die Einrichtung.",
    "Customer: Die Einrichtung ist mir zu teuer, da müssen Sie mir entgegenkommen.",
    "Rep: Ich frage nach und melde mich bis Freitag mit einem neuen Angebot bei Ihnen.",
    "Customer: Gut, dann sprechen wir am Freitag um acht Uhr noch einmal darüber.",
)
RECIPE = make_transcript(
    "Rep: First you take two large onions and chop them as finely as you can.",
    "Customer: And then do I fry them in butter or in olive oil?",
    "Rep: Olive oil, over a low flame, until they are soft and golden, about ten minutes.",
    "Customer: When does the garlic go into the pan?",
    "Rep: After the onions. Two cloves, crushed, and only for a minute so it does not burn.",
    "Customer: Then the tomatoes, I suppose, with a pinch of salt and some basil leaves.",
    "Rep: Yes, and let the sauce simmer for half an hour while you boil the pasta water.",
    "Customer: How much salt goes in the water for a pound of spaghetti?",
    "Rep: A heaped tablespoon. It should taste like the sea, as my grandmother used to say.",
    "Customer: And the parmesan is grated on top at the very end, with a bit of black pepper.",
)
PHYSICS = make_transcript(
    "Rep: The photon has no rest mass, so its energy is proportional to its frequency.",
    "Customer: Then how can gravity bend the path of light near a star?",
    "Rep: Because mass curves spacetime, and light follows the geodesics of that curved geometry.",
    "Customer: Is that what the eclipse expedition of 1919 measured?",
    "Rep: Exactly, the stars near the sun appeared displaced by about one point seven arc seconds.",
    "Customer: And a black hole is where the curvature becomes so strong that no geodesic leads out?",
    "Rep: Right, the event horizon is the boundary of that region of spacetime.",
    "Customer: What happens to entropy when matter falls through the horizon?",
    "Rep: Bekenstein proposed that the area of the horizon is itself a measure of entropy.",
    "Customer: So thermodynamics and quantum fields meet there, with Hawking radiation.",
)
TALE = make_transcript(
    "Rep: The dragon landed on the tower and the knights drew their swords.",
    "Customer: Did the princess escape through the secret tunnel under the chapel?",
    "Rep: She did, but the wizard had enchanted the door with an ancient spell.",
    "Customer: So she sang to the stones until the moon rose over the mountains.",
    "Rep: And the old wolf from the forest heard her and broke the door with his shoulder.",
    "Customer: What became of the dragon when the morning came?",
    "Rep: It slept on its treasure while the river froze around the castle walls.",
    "Customer: My favourite part is when the shepherd boy finds the golden egg in the snow.",
    "Rep: He hides it in a barrel of apples and walks three days to the sea.",
)
ONE_TURN = make_transcript("Rep: " + "Hello, this is a long introduction of our company and its history. " * 10)
FEW_WORDS = make_transcript(*["Rep: Yes.", "Customer: No."] * 5)


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home))


def no_sides() -> Transcript:
    call = read_transcript(EXAMPLES[0])
    turns = tuple(turn.model_copy(update={"role": "unknown", "speaker": "Speaker"}) for turn in call.turns)
    return call.model_copy(update={"turns": turns})


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (ONE_TURN, "too short.* 1 turns"),
        (FEW_WORDS, "too short.* 10 words"),
        (GERMAN, "English"),
        (no_sides(), "the customer's and which the rep's; .*--rep NAME"),
        (RECIPE, "unlike the calls that the model has learned from"),
        (PHYSICS, "unlike the calls that the model has learned from"),
        (TALE, "unlike the calls that the model has learned from"),
    ],
    ids=["one turn", "few words", "German", "no sides", "recipe", "physics", "tale"],
)
def test_no_probability_but_a_reason(scorer: CallScorer, call: Transcript, reason: str) -> None:
    score = scorer.score(call)
    assert score.abstained
    assert (score.probability, score.uncalibrated_probability, score.interval) == (None, None, None)
    assert (score.prediction_set, score.evidence, score.trajectory) == ((), (), ())
    assert len(score.reasons) == len(set(score.reasons))
    with pytest.raises(AssertionError, match=reason):  # a reason is a sentence that says so
        raise AssertionError(" ".join(score.reasons))

    forced = scorer.score(call, force=True)
    assert forced.abstained
    assert forced.probability is None
    assert forced.interval is None
    assert forced.uncalibrated_probability is not None
    assert 0 <= forced.uncalibrated_probability <= 1
    assert forced.reasons == score.reasons
    assert len(forced.trajectory) == len(call)


def test_force_changes_nothing_where_the_coach_judges(scorer: CallScorer) -> None:
    call = read_transcript(EXAMPLES[0])
    plain, forced = (scorer.score(call, force=force).model_copy(update={"latency_ms": 0.0}) for force in (False, True))
    assert plain == forced


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_none_of_the_examples_is_abstained_on(scorer: CallScorer, file: Path) -> None:
    score = scorer.score(read_transcript(file))
    assert not score.abstained, score.reasons


def test_one_known_side_is_not_enough() -> None:
    call = read_transcript(EXAMPLES[0])
    turns = tuple(turn if turn.role == "rep" else turn.model_copy(update={"role": "unknown"}) for turn in call.turns)
    (reason,) = reasons_not_to_judge(call.model_copy(update={"turns": turns}))
    assert "customer's" in reason


def test_a_call_that_begins_in_english_and_goes_on_in_german_is_noticed() -> None:
    english = read_transcript(EXAMPLES[0])
    assert is_english(english)
    mixed = english.model_copy(update={"turns": english.turns[:8] + GERMAN.turns * 2})
    assert not is_english(mixed)


def test_a_foreign_name_or_sentence_is_no_reason() -> None:
    english = read_transcript(EXAMPLES[0])
    turns = (*english.turns[:20], GERMAN.turns[0], *english.turns[20:])
    assert reasons_not_to_judge(english.model_copy(update={"turns": turns})) == []


def test_unlikeness_by_hand() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]])
    mean, precision = np.array([0.0, 0.5]), np.diag([16.0, 9.0])
    assert unlikeness(vectors, mean, precision) == pytest.approx(2.0)  # (0.5, 0) from the mean, 4 a unit
