"""Reading transcripts: the public face, and properties of any text."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salescoach.errors import TranscriptError
from salescoach.reading import table
from salescoach.reading.formats.lines import Lines
from salescoach.reading.source import Source
from salescoach.reading.transcripts import (
    ReadCall,
    ReadTurn,
    looks_like_transcript,
    parse_transcript,
    read_calls_of,
    read_transcript,
    to_transcript,
    transcript_of,
)
from salescoach.types import Role
from tests.transcript_examples import has_warning, said


@pytest.mark.parametrize(
    "text", ["", " \n\t\n", "00:10\n00:20\n", "[00:10]\n", "WEBVTT\n\n", "Rep:\nCustomer:\n", "\x00\u200b"]
)
def test_nothing_to_read(text: str) -> None:
    with pytest.raises(TranscriptError, match="no speech in this text"):
        parse_transcript(text)


def test_hidden_characters_go_and_emoji_stay() -> None:
    call = parse_transcript(
        "R\u200bep: a\u202eb\x00c 👩\u200d⚕️ ❤️\u200d🔥\nCustomer: \udc00x\ud83d\ude42 p\u200dq \U000e0041"
    )
    assert [turn.text for turn in call.turns] == ["abc 👩\u200d⚕️ ❤️\u200d🔥", "x🙂 pq"]
    assert has_warning(call, "6 hidden or control characters were removed")
    assert len(call.content_hash) == 64


def test_markup_and_wide_letters_stay_as_they_are() -> None:
    text = "Rep: <b>40</b> & **bold** \ufdfa \uff21\nCustomer: &amp; <script>x</script>"
    assert [turn.text for turn in parse_transcript(text).turns] == [line.split(": ", 1)[1] for line in text.split("\n")]


def test_read_transcript(tmp_path: Path) -> None:
    path = tmp_path / "call.txt"
    path.write_bytes("Rep: A coffee?\nCustomer: A café crème.".encode("cp1252"))
    call = read_transcript(path, call_id="c2")
    assert (len(call), call.call_id) == (2, "c2")
    assert has_warning(call, "Windows-1252")


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match=r"no file .*missing\.txt; check the path"):
        read_transcript(tmp_path / "missing.txt")
    with pytest.raises(TranscriptError, match="is a folder"):
        read_transcript(tmp_path)
    with pytest.raises(TranscriptError, match="can't be read"):
        read_transcript(tmp_path / "a\x00b")
    big = tmp_path / "big.txt"
    big.write_bytes(b"Rep: hello there\n" * 120_000)
    with pytest.raises(TranscriptError, match=r"big\.txt: The text is larger than 1 MB"):
        read_transcript(big)


@pytest.mark.parametrize(
    "text",
    [
        "Rep: hi\nCustomer: hello",
        "What should I answer?\nRep: It is 40.\nCustomer: Too dear.",
        "Anna: hi\nBen: hello\nAnna: so\nBen: no",
        "Anna: hi there\nBen: hello, how are you?",
        "[0:01] hello\n[0:04] hi\n[0:09] so",
        "Rep: a long line\nthat wraps\nand wraps\n" * 6,
    ],
)
def test_a_pasted_call_is_seen(text: str) -> None:
    assert looks_like_transcript(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Show me similar won deals",
        "Rep: what did I do wrong?",
        "Why did I lose?\nAnd what next?\nThanks",
        "How do I answer this:\nCustomer: it's too expensive",
        "Two things:\n1. why is it so low?\nNote: be brief",
        "Question: why did I lose?\nContext: I sell houses",
        "Industry: insurance\nProduct: life\nWhat should I ask?",
        "At 12:30 he said no.\nAt 14:20 he said yes.\nWhy?",
        "10:30 or 11:00?",
        "What happened at\n[00:12] and [00:40]?",
        "Compare these:\n- price: 40\n- price: 50\nwhich is better?",
        "See https://example.com\nand https://example.org",
        "Here's what happened:\nRep: it costs 40\nCustomer: too much\nWhat should I have said?",
    ],
)
def test_a_question_is_no_pasted_call(text: str) -> None:
    assert not looks_like_transcript(text)


_WORDS = """Rep: Anna:_ WEBVTT/ / // 00:00:01.000_-->_00:00:02.000/ --> [00:01] (1:99) <v_Bo> NOTE 1/ Anna__0:12/
Bo_0:12 &#0; &lt; : ** _ x ? 99:99_ 0:0 999:59:59,5 <b> STYLE/ [ Note:_ https: hello_there Customer:_no/"""
_PIECES = st.sampled_from(
    [*(word.replace("_", " ").replace("/", "\n") for word in _WORDS.split()), "\ud800", "\u200d", "\r", "\0", "\u2028"]
)


@settings(max_examples=300, deadline=None)
@given(st.text() | st.lists(_PIECES, max_size=40).map("".join))
@example("0:0 --> 0:0")
@example("Rep: \ud800")
def test_any_text_is_read_or_refused(text: str) -> None:
    looks_like_transcript(text)
    try:
        call = parse_transcript(text)
    except TranscriptError:
        return
    assert call.turns
    for turn in call.turns:
        assert turn.text == turn.text.strip() != ""
        assert "\n" not in turn.text
        turn.text.encode()
        turn.speaker.encode()
    starts = [turn.start_s for turn in call.turns if turn.start_s is not None]
    assert starts == sorted(starts)


def test_the_bytes_of_a_file_are_read_with_all_warnings_in_order() -> None:
    call = transcript_of("\u0081Rep: caf\u00e9 au lait\nDana: hm".encode("utf-16-le"), "call.txt", call_id="c3")
    assert call.call_id == "c3"
    assert [warning.split(";")[0].split(",")[0] for warning in call.warnings] == [
        "The file does not say its encoding",
        "1 hidden or control character was removed.",
        "Roles: “Dana” was taken as the customer",
    ]
    assert [turn.role for turn in transcript_of(b"Anna: hi\nBen: ho", rep="Ben").turns] == ["customer", "rep"]


def test_of_several_calls_none_is_chosen_silently(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Pages(Lines):
        def read(self, source: Source) -> list[ReadCall]:
            return [call for page in source.text.split("===") for call in super(Pages, self).read(Source(page))]

    monkeypatch.setattr(table, "READERS", (Pages(),))
    path = tmp_path / "calls.txt"
    path.write_bytes(b"Rep: one\n===\nRep: two\n===\nRep: three")
    assert [said(call) for call in read_calls_of(path.read_bytes())] == [
        [("Rep", "one")],
        [("Rep", "two")],
        [("Rep", "three")],
    ]
    with pytest.raises(TranscriptError, match=r"calls\.txt: There are 3 calls .*each in a file of its own"):
        read_transcript(path)
    with pytest.raises(TranscriptError, match="There are 3 calls"):
        parse_transcript(path.read_text())


def test_of_several_all_is_said_in_the_plural() -> None:
    warnings = []
    for n in (1, 2):
        backwards = "".join(f"00:0{4 + turn}.000 --> 00:01.000\nRep {turn}: h&#8203;i\n\n" for turn in range(n))
        call = parse_transcript(f"WEBVTT\n\n00:01.000 --> 00:02.000\nC: so\n\n{backwards}")
        warnings += [warning for warning in call.warnings if "Cue" in warning or "hidden" in warning]
    labels = ("Anna", "Dana", "Kim Lee")
    for n in (2, 3):
        once = "".join(f"{label}: hi\n" for label in labels[1:n])
        warnings += parse_transcript(f"Rep: hi\nCustomer: hi\n{once}Rep: so\nCustomer: no\nand on\n").warnings
    assert warnings == [
        "Cue 2 ends before it starts; the end was dropped.",
        "1 hidden or control character was removed from the captions.",
        "Cues 2 and 3 end before they start; the ends were dropped.",
        "2 hidden or control characters were removed from the captions.",
        "“Dana:” begins a line and was read as text, not as a speaker.",
        "2 lines without a speaker were added to the turn above (first: line 3).",
        "“Dana:” and “Kim Lee:” begin lines and were read as text, not as speakers.",
        "3 lines without a speaker were added to the turn above (first: line 3).",
    ]


def test_a_call_keeps_what_was_read_when_a_transcript_is_made_of_it() -> None:
    call = ReadCall(title="Renewal", account="Acme")
    for turn in (ReadTurn("Anna", "hi", 5.0), ReadTurn("Dana", "", 6.0), ReadTurn("Dana", "ho", 3.0, 2.0)):
        call.add(turn)
    first = to_transcript(call)
    assert [warning.split(" ", 1)[1] for warning in first.warnings[:2]] == [
        "turn without any words was left out.",
        "time of turn 2 runs backwards and was dropped.",
    ]
    assert to_transcript(call) == first
    assert (len(call.turns), call.turns[2].start_s, call.warnings, call.title) == (3, 3.0, [], "Renewal")


@pytest.mark.parametrize(
    ("sides", "rep", "expected"),
    [
        ({"Anna": "rep", "Dana": "customer"}, None, ["rep", "customer"]),
        ({"Anna": "rep"}, None, ["rep", "customer"]),
        ({"Dana": "rep", "Anna": "customer"}, "Anna", ["rep", "customer"]),  # the user's word counts more
        ({}, None, ["unknown", "unknown"]),
    ],
)
def test_a_side_that_the_file_states_is_taken(sides: dict[str, Role], rep: str | None, expected: list[str]) -> None:
    call = ReadCall()
    for name in ("Anna", "Dana"):
        call.add(ReadTurn(name, "hello", side=sides.get(name)))
    assert [turn.role for turn in to_transcript(call, rep=rep).turns] == expected


def test_a_file_that_contradicts_itself_states_no_side() -> None:
    call = ReadCall(turns=[ReadTurn("Anna", "hi", side="rep"), ReadTurn("Anna", "ho", side="customer")])
    assert {turn.role for turn in to_transcript(call).turns} == {"unknown"}


def test_pieces_of_one_speaker_are_one_turn() -> None:
    call = ReadCall()
    for speaker, text, start_s, end_s in [
        ("Anna  Weber", "so the", 0.0, 1.0),
        ("Anna Weber", "price\nis", 1.0, 2.0),
        ("Anna Weber", "", 2.0, 3.0),
        (None, "who", 3.0, 4.0),
        (None, "else", 4.0, 5.0),
        ("Dana", "", 5.0, 6.0),
    ]:
        call.add_piece(ReadTurn(speaker, text, start_s, end_s))
    assert call.turns == [
        ReadTurn("Anna Weber", "so the price is", 0.0, 3.0),
        ReadTurn(None, "who", 3.0, 4.0),
        ReadTurn(None, "else", 4.0, 5.0),
    ]
