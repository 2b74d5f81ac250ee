"""Who speaks in captions without voice tags."""

import pytest

from salescoach.reading.transcripts import parse_transcript
from salescoach.types import Transcript
from tests.transcript_examples import Said, has_warning, said


def read(*cues: str) -> Transcript:
    return parse_transcript(
        "\n\n".join(f"00:00:{at:02},000 --> 00:00:{at:02},900\n{cue}" for at, cue in enumerate(cues))
    )


@pytest.mark.parametrize(
    "label",
    [
        "33612345678",
        "+44 (20) 7946-0000",
        "1919***0188",
        "Rosa Lind, Kelp Ltd.",
        "Jose de la Vega Prado Munoz",
        "Tim (Kelp) [guest]",
        "J. P. Orr",
        'Ann "Bee" Cole',
        "Ola <ola@kelp.example>",
        "Speaker 3",
        "Unknown speaker",
        "ola_brandt",
        "ola",
        "OLA",
        "iPhone von Ola",
        "Chloé",
        "小林",
    ],
)
def test_a_label_that_recurs(label: str) -> None:
    call = read("Rep: Yes?", f"{label}: Is it dry?", "Rep: It is.", f"{label}: Good.")
    assert said(call) == [("Rep", "Yes?"), (label, "Is it dry?"), ("Rep", "It is."), (label, "Good.")]


@pytest.mark.parametrize(
    "label", ["Rosa Lind", "Rosa", "Rosa Lind (Kelp)", "33612345678", "Speaker 3", "Agent 2", "Dr. Rosa Lind"]
)
def test_who_speaks_once_is_a_speaker_and_that_is_said(label: str) -> None:
    call = read("Ida: The offer stands.", "Max: Fine.", f"{label}: I object.", "Max: Oh.", "Ida: Why?")
    assert said(call)[2:4] == [(label, "I object."), ("Max", "Oh.")]
    assert has_warning(call, "only once and was read as a speaker") == (label != "Agent 2")


@pytest.mark.parametrize(
    "phrase", ["Small question", "One more thing", "Honestly", "Next step", "The bottom line", "Note"]
)
def test_a_phrase_is_no_speaker(phrase: str) -> None:
    call = read(
        "Rep: Well.", f"{phrase}: is it flat?", "Client: It is.", "Rep: Ah.", f"{phrase}: since when?", "Client: May."
    )
    assert said(call) == [
        ("Rep", f"Well. {phrase}: is it flat?"),
        ("Client", "It is."),
        ("Rep", f"Ah. {phrase}: since when?"),
        ("Client", "May."),
    ]


def test_a_name_in_captions_without_labels_is_no_speaker() -> None:
    call = read("so we drove on", "Bergen: that is the place", "and it rained", "all day")
    assert {speaker for speaker, _ in said(call)} == {"unknown"}
    assert has_warning(call, "“Bergen:” at the beginning of a caption was read as text")


TWO: Said = [("Ida", "Is it far?"), ("Max", "Not very."), ("Ida", "Good.")]


@pytest.mark.parametrize(
    "form",
    ["[{}] {}", "[{}]: {}", "({}) {}", "({})\n{}", "[{}]\n{}", "{}:\n{}", "- [{}] {}", "- {}: {}", ">> {}: {}",
     ">>{}: {}", "<b>{}:</b> {}", "**{}:** {}", "{}\n{}", "<i>{}</i>\n{}", "{} (00:12): {}"],
)  # fmt: skip
def test_forms_of_labels(form: str) -> None:
    assert said(read(*(form.format(speaker, text) for speaker, text in TWO))) == TWO


def test_several_voices_in_a_cue() -> None:
    assert said(read("- Ida: Is it far?\n- Max: Not\nvery.", "Ida: Good.")) == TWO
    assert said(read("Ida: Is it far? Max: Not very.", "Ida: Good.", "Max: Yes.")) == [*TWO, ("Max", "Yes.")]


def test_sounds_in_brackets_are_no_speakers() -> None:
    call = read("[Ida] Hi", "[laughs] well", "[Max] Ho", "[Music]", "[Ida] Good", "[inaudible] it", "[laughs] so")
    assert said(call) == [
        ("Ida", "Hi [laughs] well"),
        ("Max", "Ho [Music]"),
        ("Ida", "Good [inaudible] it [laughs] so"),
    ]


def test_the_lines_of_a_caption_are_no_names_where_this_is_not_the_custom() -> None:
    assert said(read("Okay\nlet us go", "Bergen\nis wet", "Okay\nthanks"))[0] == ("unknown", "Okay let us go")


def test_a_cue_without_a_name_line_goes_on() -> None:
    call = read("Ida Voss\nIs it far?", "Max Orr\nNot very.", "and it is flat", "Ida Voss\nGood.")
    assert said(call) == [("Ida Voss", "Is it far?"), ("Max Orr", "Not very. and it is flat"), ("Ida Voss", "Good.")]


def test_marks_of_another_speaker_without_a_name_are_nobody() -> None:
    call = read(">> Ida: Hi", ">> Who is there?", "and why?", ">> Ida: Me")
    assert said(call) == [("Ida", "Hi"), ("unknown", "Who is there?"), ("unknown", "and why?"), ("Ida", "Me")]
    assert has_warning(call, "1 line is marked as another speaker's")
    assert said(read("- Is it far?\n- No.")) == [("unknown", "Is it far?"), ("unknown", "No.")]


def test_numbers_are_speakers_where_most_captions_begin_with_them() -> None:
    assert said(read("0: Hi", "1: Ho", "0: Well", "1: Yes")) == [("0", "Hi"), ("1", "Ho"), ("0", "Well"), ("1", "Yes")]
    assert said(read("Rep: The odds are", "3: 1", "Client: Oh", "Rep: Or", "3: 2"))[0] == ("Rep", "The odds are 3: 1")


@pytest.mark.parametrize("label", ["(212) 555-0188", "(020) 7946-0188", "Kelp! Desk", "Kelp; Desk 2"])
def test_odd_labels_that_recur_are_speakers_where_all_cues_have_a_label(label: str) -> None:
    call = read("Rosa Lind: Hi.", f"{label}: Hello.", "Rosa Lind: So?", f"{label}: Yes.")
    assert said(call) == [("Rosa Lind", "Hi."), (label, "Hello."), ("Rosa Lind", "So?"), (label, "Yes.")]


def test_an_odd_label_is_text_where_it_is_there_once_or_other_cues_have_none() -> None:
    once = read("Rosa Lind: Hi.", "Ola: Yes.", "Rosa Lind: So?", "Kelp! Desk: no", "Ola: Well.")
    assert said(once)[-2:] == [("Rosa Lind", "So? Kelp! Desk: no"), ("Ola", "Well.")]
    others = read("Rosa Lind: Hi.", "Kelp! Desk: yes", "and", "Rosa Lind: So?", "that is", "Kelp! Desk: no")
    assert {speaker for speaker, _ in said(others)} == {"Rosa Lind"}


def test_the_end_of_a_sentence_is_no_part_of_a_label() -> None:
    call = read("Rosa Lind: Hi.", "Ola: Yes.", "Danke! Ola: Moin.", "Rosa Lind: So?", "Danke! Ola: Moin.")
    assert {speaker for speaker, _ in said(call)} == {"Rosa Lind", "Ola"}
