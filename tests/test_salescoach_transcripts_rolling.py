"""Rolling captions: what is shown again is said once, and what people say twice stays."""

import pytest

from salescoach.reading.transcripts import parse_transcript
from salescoach.types import Transcript
from tests.transcript_examples import has_warning


def rolled(*cues: str, gap_s: float = 0.0) -> Transcript:
    """Cues of two seconds with that gap between them; a number before a cue is its own length."""
    lines = ["WEBVTT\n"]
    start_s = 0.0
    for cue in cues:
        length, _, text = cue.rpartition("@")
        end_s = start_s + float(length or 2)
        lines.append(f"00:{start_s:06.3f} --> 00:{end_s:06.3f}\n{text}\n")
        start_s = end_s + gap_s
    return parse_transcript("\n".join(lines))


def texts(call: Transcript) -> list[str]:
    """What is said in each turn."""
    return [turn.text for turn in call.turns]


@pytest.mark.parametrize(
    ("cues", "said"),
    [
        # The end of a cue begins the next one.
        (["the first truck leaves at seven and", "leaves at seven and the second at", "and the second at nine"],
         "the first truck leaves at seven and the second at nine"),
        # A cue grows, by words or by lines.
        (["we", "we need", "we need a crane", "we need a crane tomorrow"], "we need a crane tomorrow"),
        (["we need a crane", "we need a crane\nfor the roof", "for the roof\non Friday"],
         "we need a crane for the roof on Friday"),
        # The same, spelt better.
        (["we need a crane", "We need a crane, tomorrow."], "we need a crane tomorrow."),
        # YouTube shows the last line once more, for a hundredth of a second.
        (["we need a crane", "0.01@we need a crane", "we need a crane\nokay", "0.01@okay", "okay\nokay then"],
         "we need a crane okay okay then"),
        # Every cue comes twice.
        (["take the old road", "take the old road", "it is much shorter", "it is much shorter"],
         "take the old road it is much shorter"),
        # Nobody can say as much in so short a time, or while it is still said.
        (["bring the invoice", "0.2@bring the invoice"], "bring the invoice"),
        # So many words are hardly said twice, even where nothing else rolls.
        (["good", "morning", "here", "now we look at the big green map", "look at the big green map of Bonn"],
         "good morning here now we look at the big green map of Bonn"),
    ],
)  # fmt: skip
def test_what_is_shown_again(cues: list[str], said: str) -> None:
    voiced = [cue.replace("@", "@<v Una>") if "@" in cue else f"<v Una>{cue}" for cue in cues]
    for call in (rolled(*cues), rolled(*voiced)):
        assert " ".join(texts(call)) == said
        assert has_warning(call, "repeated words of the cue before")


def test_short_repetitions_and_gaps_where_most_cues_have_them() -> None:
    cues = ["the crane comes on Monday", "on Monday from Bergen", "from Bergen by ship", "by ship and rail"]
    for gap_s in (0.0, 1.0):
        assert " ".join(texts(rolled(*cues, gap_s=gap_s))) == "the crane comes on Monday from Bergen by ship and rail"


@pytest.mark.parametrize(
    "cues",
    [
        ["yes yes yes", "yes yes yes", "I heard you"],
        ["is that your last word?", "is that your last word?", "it is"],
        ["I don't know", "I don't know, I don't know", "nobody does"],
        ["right", "right. Right.", "good"],
        ["we meet at noon", "at noon it is", "fine", "see you"],
        ["thank you", "thank you very much", "bye"],
    ],
)
def test_what_is_said_twice(cues: list[str]) -> None:
    assert texts(rolled(*cues)) == cues
    call = rolled(*(f"<v Una>{cue}" for cue in cues))
    assert texts(call) == [" ".join(cues)]
    assert not has_warning(call, "repeated")


def test_what_is_said_twice_in_a_file_that_rolls() -> None:
    rolling = ["we need a crane", "we need a crane for the roof", "we need a crane for the roof on Friday"]
    assert " ".join(texts(rolled(*rolling, "no no", "no no", "not then"))).endswith("on Friday no no no no not then")


def test_another_speaker_repeats_nothing() -> None:
    call = rolled("<v Una>is the roof flat</v>", "<v Per>is the roof flat or not</v>")
    assert texts(call) == ["is the roof flat", "is the roof flat or not"]


def test_after_a_pause_it_is_said_again() -> None:
    cues = ["we need a big crane now", "we need a big crane now please"]
    assert texts(rolled(*cues, gap_s=5.0)) == cues


def test_lines_of_two_speakers_that_scroll() -> None:
    cues = ["Rep: who drives the van\nClient: my brother does it", "Client: my brother does it\nRep: is he there now"]
    text = "\n\n".join(f"00:0{at}.000 --> 00:0{at + 2}.000\n{cue}" for at, cue in zip((0, 2), cues, strict=True))
    assert texts(parse_transcript(text)) == ["who drives the van", "my brother does it", "is he there now"]


def test_one_cue_that_is_there_twice() -> None:
    cue = "00:01.000 --> 00:03.000\n<v Una>Hi all</v>\n\n"
    assert texts(parse_transcript(f"WEBVTT\n\n{cue}{cue}")) == ["Hi all"]
