"""Reading transcripts: one real-looking text per format, the guards against false speakers, and properties."""

import contextlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salescoach.errors import InputError, TranscriptError
from salescoach.reading.transcripts import (
    MAX_BYTES,
    MAX_LINES,
    MAX_TURN_CHARS,
    MAX_TURNS,
    assign_roles,
    decode,
    looks_like_transcript,
    parse_transcript,
    read_transcript,
    speakers,
)
from salescoach.types import Transcript, Turn

PLAIN = """\
[00:00:03] Rep: Hi Dana, thanks for taking the time.
[00:00:07] Customer: Sure. I have until 10:30, is that OK?
[00:00:12] Rep: Plenty. Note: I sent the deck, see https://example.com/deck
[00:00:15] Rep: So, what made you look around?
[01:02:03] Customer: Price, mostly.
"""
ZOOM = """\
WEBVTT

1
00:00:02.310 --> 00:00:04.120
Anna Weber: Hi Dana &amp; Tom, welcome

2
00:00:04.120 --> 00:00:06.000
to the demo.

3
00:00:06.500 --> 00:00:09.870
Dana Roy: Thanks. Quick question:

4
00:00:09.870 --> 00:00:11.000
Dana Roy: what does it cost?

5
00:00:12.000 --> 00:00:13.000
Anna Weber: It depends.
"""
TEAMS = """\
WEBVTT

NOTE exported from the meeting
00 participants muted

STYLE
::cue { color: white }

3f2a-11/14-0
00:00:09.000 --> 00:00:12.500
<v Dana Roy>We looked at three vendors,
and yours is &lt;i&gt; the second.</v>

3f2a-11/9-0
00:00:01.000 --> 00:00:03.000
<v.loud Anna Weber>Where are you in <i>your</i> search?</v>

3f2a-11/20-0
00:00:13.000 --> 00:00:14.000
Somebody coughs.

3f2a-11/22-0
00:00:15.000 --> 00:00:17.000
<v Anna Weber>Who</v> <v Dana Roy>Sorry</v>
"""
SRT = """\
1
00:00:01,000 --> 00:00:02,500
<i>Rep: Hello</i>
and welcome.

2
00:00:03,000 --> 00:00:04,000
Customer: Yes.

3
00:00:04,500 --> 00:00:05,000
Customer: Yes, I see.

4
00:00:06,000 --> 00:00:07,000
{\\an8}Rep: Good.
"""
OTTER = """\
Anna Weber  0:03
Hi there. How are you?
Note: the sound is bad.

Unknown Speaker  0:09
Fine.

Dana Roy  1:00:12
The renewal is at 10:30 tomorrow.

Transcribed by https://otter.ai
"""
TEAMS_DOCUMENT = """\
Renewal call-20250304-Meeting Recording

Anna Weber started transcription

Anna Weber   0:03
Morning, everyone.

Dana Roy   0:07
Hello.
Anna Weber   0:09
Shall we?
"""


def _said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in transcript.turns]


def _roles(text: str, rep: str | None = None) -> dict[str, str]:
    return {turn.speaker: turn.role for turn in parse_transcript(text, rep=rep).turns}


def _has_warning(transcript: Transcript, pattern: str) -> bool:
    return any(re.search(pattern, warning) for warning in transcript.warnings)


def test_plain_lines_with_times() -> None:
    call = parse_transcript(PLAIN, call_id="c1")
    assert call.call_id == "c1"
    assert call.warnings == ()
    assert [turn.role for turn in call.turns] == ["rep", "customer", "rep", "rep", "customer"]
    assert [turn.start_s for turn in call.turns] == [3, 7, 12, 15, 3723]
    assert [turn.end_s for turn in call.turns] == [None] * 5
    assert call.turns[2].text == "Plenty. Note: I sent the deck, see https://example.com/deck"


@pytest.mark.parametrize(
    "text",
    [
        "Rep: hello\nCustomer: hi there",
        "(0:01) Rep: hello\n(0:05) Customer: hi there",
        "00:01 Rep: hello\r\n00:05 Customer: hi there\r\n",
        "0:01\tRep:\thello\n0:05\tCustomer:\thi there",
        "[00:01 - 00:04] Rep: hello\n[00:05 - 00:06] Customer: hi there",
        "Rep (0:01): hello\nCustomer [0:05]: hi there",
        "**Rep:** hello\n**Customer**: hi there",
        "Rep:\nhello\n\nCustomer:\nhi there",
        "0:01\nRep: hello\n0:05\nCustomer: hi there",
        "\n\n  Rep : hello  \n\n\n\tCustomer:hi there",
    ],
)
def test_variants_of_plain_lines(text: str) -> None:
    call = parse_transcript(text)
    assert _said(call) == [("Rep", "hello"), ("Customer", "hi there")]
    if "0:01" in text:
        assert [turn.start_s for turn in call.turns] == [1, 5]
    assert call.warnings == ()


def test_successive_lines_of_one_speaker_stay_apart() -> None:
    call = parse_transcript("Rep: one\nRep: two\nCustomer: three\nCustomer: three")
    assert [turn.text for turn in call.turns] == ["one", "two", "three", "three"]


def test_a_wrapped_line_goes_to_the_turn_above_and_is_said_once() -> None:
    call = parse_transcript("Rep: It is a long\nsentence that wraps\nCustomer: I\nsee")
    assert [turn.text for turn in call.turns] == ["It is a long sentence that wraps", "I see"]
    assert call.warnings == ("2 lines without a speaker were added to the turn above (first: line 2).",)


@pytest.mark.parametrize(
    "line",
    [
        "Note: price is 40",
        "10:30",
        "10:30 works for me",
        "https://example.com/a:b",
        "See you at 10:30: fine",
        "12345: a number",
        "x" * 65 + ": too long for a name",
        "Here is what I think: no",
        "Ola: once only",
    ],
)
def test_what_is_no_speaker(line: str) -> None:
    call = parse_transcript(f"Rep: one\nCustomer: two\n{line}\nRep: three")
    assert _said(call) == [("Rep", "one"), ("Customer", f"two {line}"), ("Rep", "three")]


def test_a_label_that_occurs_once_is_named_in_a_warning() -> None:
    assert _has_warning(parse_transcript("Rep: a\nCustomer: b\nOla: c\nRep: d"), "“Ola:”.*read as text")


def test_a_third_speaker_recurs_is_declared_or_has_a_time() -> None:
    assert speakers(parse_transcript("Rep: a\nCustomer: b\nOla: c\nOla: d")) == ("Rep", "Customer", "Ola")
    assert speakers(parse_transcript("Rep: a\nCustomer: b\nOla: c", rep="Ola")) == ("Rep", "Customer", "Ola")
    timed = "[0:01] Rep: a\n[0:02] Customer: b\n[0:03] Ola: c\n[0:04] Note: d"
    assert speakers(parse_transcript(timed)) == ("Rep", "Customer", "Ola")


def test_text_without_labels_is_one_unknown_turn_a_line() -> None:
    call = parse_transcript("hello there\nhow are you?\n10:30 works")
    assert _said(call) == [("unknown", "hello there"), ("unknown", "how are you?"), ("unknown", "10:30 works")]
    assert {turn.role for turn in call.turns} == {"unknown"}
    assert _has_warning(call, "names no speakers")


def test_timed_lines_without_labels() -> None:
    call = parse_transcript("[00:00.000 --> 00:05.500]  Hello\n[00:05.500 --> 00:06.000]  Bye now")
    assert [(turn.text, turn.start_s, turn.end_s) for turn in call.turns] == [("Hello", 0, 5.5), ("Bye now", 5.5, 6)]


def test_a_heading_above_the_call_is_left_out_with_a_warning() -> None:
    call = parse_transcript("Call with Acme, May 3\n\nRep: hi\nCustomer: hello")
    assert len(call) == 2
    assert _has_warning(call, "1 line above .* left out, beginning “Call with Acme")
    assert len(parse_transcript("one\ntwo\nthree\nRep: hi\nCustomer: hello")) == 5


def test_one_turn_is_a_transcript() -> None:
    assert _said(parse_transcript("Rep: Hello?")) == [("Rep", "Hello?")]


def test_zoom_captions_are_merged_by_speaker() -> None:
    call = parse_transcript(ZOOM, rep="Anna")
    assert _said(call) == [
        ("Anna Weber", "Hi Dana & Tom, welcome to the demo."),
        ("Dana Roy", "Thanks. Quick question: what does it cost?"),
        ("Anna Weber", "It depends."),
    ]
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(2.31, 6.0), (6.5, 11.0), (12.0, 13.0)]
    assert [turn.role for turn in call.turns] == ["rep", "customer", "rep"]


def test_teams_captions_with_voices_entities_notes_and_disorder() -> None:
    call = parse_transcript(TEAMS)
    assert _said(call) == [
        ("Anna Weber", "Where are you in your search?"),
        ("Dana Roy", "We looked at three vendors, and yours is <i> the second."),
        ("unknown", "Somebody coughs."),
        ("Anna Weber", "Who"),
        ("Dana Roy", "Sorry"),
    ]
    assert _has_warning(call, "were sorted")


def test_srt() -> None:
    call = parse_transcript(SRT)
    assert _said(call) == [("Rep", "Hello and welcome."), ("Customer", "Yes. Yes, I see."), ("Rep", "Good.")]
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(1, 2.5), (3, 5), (6, 7)]
    assert call.warnings == ()


def test_srt_without_blank_lines_between_cues() -> None:
    assert _said(parse_transcript(re.sub(r"\n\n", "\n", SRT))) == _said(parse_transcript(SRT))


def test_captions_without_labels_are_a_turn_each() -> None:
    call = parse_transcript("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n\n00:02.000 --> 00:03.000\nhow are you\n")
    assert _said(call) == [("unknown", "hello"), ("unknown", "how are you")]


def test_rolling_captions_are_said_once() -> None:
    rolling = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nso the price\n\n00:02.000 --> 00:03.000\nso the price\nis forty\n\n"
        "00:03.000 --> 00:04.000\nis forty\nper seat\n"
    )
    call = parse_transcript(rolling)
    assert " ".join(turn.text for turn in call.turns) == "so the price is forty per seat"
    assert _has_warning(call, "repeated words")
    growing = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nRep: so the price\n\n00:02.000 --> 00:03.000\nRep: so the price is forty\n"
    )
    assert _said(parse_transcript(growing)) == [("Rep", "so the price is forty")]


def test_bad_cues_are_named_and_nothing_is_read_from_them() -> None:
    cues = ["00:00:01.000 --> 00:00:02.000\nRep: one", "00:xx:02.000 --> 00:00:03.000\nRep: lost"]
    cues += ["00:00:09.000 --> 00:00:04.000\nCustomer: two", "00:75:00.000 --> 00:80:00.000\nRep: lost too"]
    call = parse_transcript("WEBVTT\n\n" + "\n\n".join(cues))
    assert [(turn.text, turn.start_s, turn.end_s) for turn in call.turns] == [("one", 1, 2), ("two", 9, None)]
    assert _has_warning(call, "Cue 2 and 4 was left out")
    assert _has_warning(call, "Cue 3 ends before it starts")


def test_all_cues_bad() -> None:
    with pytest.raises(TranscriptError, match="None of the 2 caption cues"):
        parse_transcript("WEBVTT\n\n00:xx --> 00:03\nhi\n\naa:bb:cc --> x\nho")


def test_otter_blocks() -> None:
    call = parse_transcript(OTTER, rep="anna")
    assert _said(call) == [
        ("Anna Weber", "Hi there. How are you? Note: the sound is bad."),
        ("Unknown Speaker", "Fine."),
        ("Dana Roy", "The renewal is at 10:30 tomorrow."),
    ]
    assert [turn.start_s for turn in call.turns] == [3, 9, 3612]
    assert [turn.role for turn in call.turns] == ["rep", "unknown", "customer"]


def test_teams_document_blocks() -> None:
    call = parse_transcript(TEAMS_DOCUMENT)
    assert _said(call) == [("Anna Weber", "Morning, everyone."), ("Dana Roy", "Hello."), ("Anna Weber", "Shall we?")]
    assert _has_warning(call, "left out, beginning “Renewal call")
    narrow = TEAMS_DOCUMENT.replace("   ", " ")
    assert _said(parse_transcript(narrow)) == _said(call)


def test_a_time_at_the_end_of_a_plain_line_makes_no_block() -> None:
    text = "Rep: When?\nCustomer: Let us say  10:30\nRep: Fine  10:30"
    assert [turn.text for turn in parse_transcript(text).turns] == ["When?", "Let us say  10:30", "Fine  10:30"]


def test_times_that_run_backwards_are_dropped_by_turn() -> None:
    lines = [
        ("0:10", "Rep"),
        ("0:05", "Customer"),
        ("0:20", "Rep"),
        ("9:00", "Customer"),
        ("0:30", "Rep"),
        ("0:40", "Rep"),
        ("0:75", "Rep"),
    ]
    call = parse_transcript("\n".join(f"[{at}] {name}: hm" for at, name in lines))
    assert [turn.start_s for turn in call.turns] == [10, None, 20, None, 30, 40, None]
    assert _has_warning(call, "turn 2 and 4 runs backwards")
    assert _has_warning(call, "turn 7 is no time")


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("REP", "rep"),
        ("Rep (Anna)", "rep"),
        ("Anna (Sales Rep)", "rep"),
        ("Account Executive", "rep"),
        ("SDR 2", "rep"),
        ("Agent", "rep"),
        ("customer 1", "customer"),
        ("Dana - Buyer", "customer"),
        ("Prospect", "customer"),
        ("Caller", "customer"),
        ("Customer Success Manager", "rep"),
        ("Reppert", "unknown"),
        ("Dana", "unknown"),
    ],
)
def test_role_words(label: str, role: str) -> None:
    assert _roles(f"{label}: hello\n{label}: again")[label] == role


def test_names_only_are_unknown_and_named() -> None:
    call = parse_transcript("Anna: hi\nBen: hello\nAnna: well")
    assert {turn.role for turn in call.turns} == {"unknown"}
    assert _has_warning(call, r"Anna and Ben.*--rep NAME")


def test_one_role_word_and_one_name() -> None:
    call = parse_transcript("Rep: hi\nDana: hello")
    assert [turn.role for turn in call.turns] == ["rep", "customer"]
    assert _has_warning(call, "“Dana” was taken as the customer")
    assert _roles("Rep: hi\nDana: hello\nTom: hm\nDana: so\nTom: no") == {
        "Rep": "rep",
        "Dana": "unknown",
        "Tom": "unknown",
    }


def test_rep_by_name() -> None:
    text = "Anna Weber: hi\nDana Roy: hello\nAgent 2: hm\nAnna Weber: so\nDana Roy: no"
    expected = {"Anna Weber": "rep", "Dana Roy": "customer", "Agent 2": "rep"}
    for rep in ("Anna Weber", "anna weber", "ANNA"):
        assert _roles(text, rep) == expected
    assert _roles("Agent: hi\nSeller: hello", "Agent") == {"Agent": "rep", "Seller": "customer"}


def test_assign_roles_replaces_the_warning() -> None:
    call = parse_transcript("Anna: hi\nBen: hello\nAnna: well\nBen: so")
    assigned = assign_roles(call, "ben")
    assert [turn.role for turn in assigned.turns] == ["customer", "rep", "customer", "rep"]
    assert assigned.warnings == ()
    assert call.turns[0].role == "unknown"


@pytest.mark.parametrize(
    ("text", "rep", "message"),
    [
        ("Anna: hi\nBen: hello", "Carl", "“Carl” does not speak .* Anna and Ben"),
        ("Anna Weber: hi\nAnna Roy: hello", "anna", "could be Anna Weber and Anna Roy"),
        ("hello\nthere", "Anna", "names no speakers"),
        ("Anna: hi\nBen: hello", "  ", "does not speak"),
    ],
)
def test_unclear_rep(text: str, rep: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_transcript(text, rep=rep)


def test_one_side_only_is_said() -> None:
    assert _has_warning(parse_transcript("Rep: hi\nRep: hello"), "customer does not speak")


@pytest.mark.parametrize(
    "text", ["", " \n\t\n", "00:10\n00:20\n", "[00:10]\n", "WEBVTT\n\n", "Rep:\nCustomer:\n", "\x00\u200b"]
)
def test_nothing_to_read(text: str) -> None:
    with pytest.raises(TranscriptError, match="no speech in this text"):
        parse_transcript(text)


def test_too_large_or_too_long() -> None:
    with pytest.raises(TranscriptError, match="larger than 1 MB"):
        parse_transcript("Rep: a word or two\n" * 100_000)
    with pytest.raises(TranscriptError, match="larger than 1 MB"):
        parse_transcript("\u20ac" * (MAX_BYTES // 2))
    with pytest.raises(TranscriptError, match=f"{MAX_TURNS + 1} turns"):
        parse_transcript("Rep: a\n" * (MAX_TURNS + 1))
    assert TranscriptError.exit_code == 2


def test_hidden_characters_go_and_emoji_stay() -> None:
    call = parse_transcript(
        "R\u200bep: a\u202eb\x00c 👩\u200d⚕️ ❤️\u200d🔥\nCustomer: \udc00x\ud83d\ude42 p\u200dq \U000e0041"
    )
    assert [turn.text for turn in call.turns] == ["abc 👩\u200d⚕️ ❤️\u200d🔥", "x🙂 pq"]
    assert _has_warning(call, "6 hidden or control characters were removed")
    assert len(call.content_hash) == 64


def test_entities_can_not_bring_hidden_characters_back() -> None:
    call = parse_transcript("WEBVTT\n\n00:01.000 --> 00:02.000\nRep: a&#8238;b&#10;c\n")
    assert call.turns[0].text == "ab c"


def test_markup_and_wide_letters_stay_as_they_are() -> None:
    text = "Rep: <b>40</b> & **bold** \ufdfa \uff21\nCustomer: &amp; <script>x</script>"
    assert [turn.text for turn in parse_transcript(text).turns] == [line.split(": ", 1)[1] for line in text.split("\n")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = "Rep: café \u2014 fine\nCustomer: “yes”"
    decoded, warnings = decode(text.encode(encoding))
    assert decoded == text
    assert bool(warnings) == (encoding in {"utf-16-le", "utf-16-be", "cp1252"})


def test_damaged_utf8_is_not_read_as_another_encoding() -> None:
    decoded, warnings = decode("Rep: größer, schöner".encode()[:-1] + b"\xc3")
    assert decoded.startswith("Rep: größer, schöne")
    assert "damaged in 1 place" in warnings[0]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"PK\x03\x04\x14\x00", "Word document"),
        (b"ID3\x03\x00\x00", "audio"),
        (b"\xff\xfb\x90\x00", "audio"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x00\x00\x00\x20ftypisom", "recording"),
        (bytes(range(256)) * 20, "binary"),
        (b"Rep: a" + b"\x00" * 50, "binary"),
    ],
)
def test_binary(data: bytes, kind: str) -> None:
    with pytest.raises(TranscriptError, match=f"This is .*{kind}.*export the transcript as text"):
        decode(data)


def test_read_transcript(tmp_path: Path) -> None:
    path = tmp_path / "call.txt"
    path.write_bytes(PLAIN.replace("Sure", "Café").encode("cp1252"))
    call = read_transcript(path, call_id="c2")
    assert (len(call), call.call_id) == (5, "c2")
    assert _has_warning(call, "Windows-1252")


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
        PLAIN,
        ZOOM,
        TEAMS,
        SRT,
        OTTER,
        TEAMS_DOCUMENT,
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


_NAMES = st.sampled_from(["Rep", "Customer", "Customer 2"])
# Variation selectors are marks that can carry hidden text, so the reader may remove them.
_SELECTORS = "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
_CHARS = st.characters(exclude_categories=("C", "Z"), exclude_characters=_SELECTORS) | st.just(" ")
_TEXTS = st.text(_CHARS, min_size=1).map(str.strip).filter(bool)
_CALLS = st.lists(st.tuples(_NAMES, _TEXTS), min_size=1, max_size=30)
# A piece per word; "_" is a space and "/" a line break.
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


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        text, _ = decode(data)
    except TranscriptError:
        return
    text.encode()


@settings(max_examples=200, deadline=None)
@given(_CALLS)
@example([("Rep", "0:01"), ("Customer", "-->"), ("Rep", ": x"), ("Rep", "Customer: y"), ("Rep", "a\u0301 \ufdfa")])
def test_one_labelled_line_is_one_turn_verbatim(call: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{name}: {said}" for name, said in call)
    parsed = parse_transcript(text)
    assert _said(parsed) == call
    for turn, line in zip(parsed.turns, text.split("\n"), strict=True):
        assert turn.text in line


@settings(max_examples=200, deadline=None)
@given(_CALLS, st.lists(st.integers(0, 99 * 3600), min_size=30, max_size=30))
def test_a_rendered_transcript_comes_back(call: list[tuple[str, str]], seconds: list[int]) -> None:
    turns = tuple(
        Turn(speaker=name, role="rep" if name == "Rep" else "customer", text=said, start_s=float(at))
        for (name, said), at in zip(call, sorted(seconds), strict=False)
    )
    lines = []
    for turn in turns:
        minutes, second = divmod(int(turn.start_s or 0), 60)
        lines.append(f"[{minutes // 60:02}:{minutes % 60:02}:{second:02}] {turn.speaker}: {turn.text}")
    assert parse_transcript("\n".join(lines)).turns == turns


_LINE = 19_990  # characters, just below the limit
_ODD_LINES = (
    "a",
    "x ",
    ": ",
    "<v ",
    "<v a",
    "<c ",
    "{\\",
    "<",
    "[0:00",
    "\t",
    "A ",
    "1:",
    "0:00 --> ",
    "&#",
    "- ",
    "“",
    "(",
)


@pytest.mark.parametrize(
    "text",
    [
        *(f"Rep: {piece * (_LINE // len(piece))}\nCustomer: hm" for piece in _ODD_LINES),
        *(f"{piece * (_LINE // len(piece))} x-->\nRep: hi\nCustomer: ho" for piece in _ODD_LINES),
        *(f"WEBVTT\n\n0:00 --> 0:01\n{piece * (_LINE // len(piece))}\n" for piece in _ODD_LINES),
        "WEBVTT\n\n0:00 --> 0:01\n" + "a\n" * 12_000 + "b\n\n0:01 --> 0:02\n" + "a\n" * 12_000 + "c\n",
        "a:\n" * 330_000,
        "a:\n" * 24_999,
        "Rep: a\n" * 100_000,
        "Rep: a\n" * 24_999,
        "a\n" * 500_000,
        "0:01\n" * 24_999,
        "Bo  0:12\n" * 24_999,
        "\n" * 999_990 + "Rep: hi",
        ("word " * 7 + "\n") * 4_900,
        "WEBVTT\n\n" + "0:00 --> 0:01\nRep: a b c d\n\n" * 8_000,
        "Rep: hi\nCustomer: ho\n" + "x\n" * 9_000,
        "<v " * 300_000,
    ],
)
def test_no_text_is_read_slowly(text: str) -> None:
    """Well under a second of the processor; the best of three, so that nothing else on the machine counts."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        looks_like_transcript(text)
        with contextlib.suppress(TranscriptError):
            parse_transcript(text)
        spent.append(time.process_time() - started)
        if spent[-1] < 0.8:
            break
    assert min(spent) < 0.8


def test_a_line_or_turn_that_is_too_long_is_named() -> None:
    long = "word " * 4_001
    with pytest.raises(TranscriptError, match=r"Line 3 has 20,009 characters and at most 20,000 .* such as “Rep: …”"):
        parse_transcript(f"Rep: hi\nCustomer: ho\nRep: {long}\nCustomer: x")
    wrapped = "\n".join(["word " * 100] * 41)
    with pytest.raises(TranscriptError, match=r"Turn 2 has more than 20,000 characters.* such as “Rep: …”"):
        parse_transcript(f"Rep: hi\nCustomer: {wrapped}\nRep: x\nCustomer: y")
    with pytest.raises(TranscriptError, match="Turn 2 has more than"):
        parse_transcript(f"Anna  0:01\nhi\n\nBo  0:02\n{wrapped}")
    with pytest.raises(TranscriptError, match="Turn 1 has more than"):
        parse_transcript(f"WEBVTT\n\n0:00 --> 0:01\nRep: {wrapped}")
    just_short_enough = "a" * (MAX_TURN_CHARS - len("Rep: "))
    assert parse_transcript(f"Rep: {just_short_enough}\nCustomer: x").turns[0].text == just_short_enough


def test_more_lines_or_words_than_a_call_has_are_refused() -> None:
    with pytest.raises(TranscriptError, match=r"more than 25,000 lines, .*split it into single calls"):
        parse_transcript("Rep: a\n" * (MAX_LINES + 1))
    assert len(parse_transcript("Rep: a\n" + "\n" * MAX_LINES + "Customer: b")) == 2
    with pytest.raises(TranscriptError, match="200,050 characters are said in this text and at most 200,000"):
        parse_transcript("\n".join(f"Rep: {'a' * 10_000}" for _ in range(20)) + f"\nCustomer: {'b' * 50}")


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("0:0x --> 1", True),
        ("00:xx:02.000 --> 00:00:03.000", True),
        ("aa:bb:cc --> x", True),
        ("--> 1:", True),
        ("-->1:", True),
        ("1:-->", True),
        ("1:  -->", True),
        ("-->1:-->", True),
        ("[0:00 --> 0:01", False),
        ("1 --> x", False),
        ("a: --> x", False),
        (":1 --> x", False),
        ("see 0:00 --> x", False),
        ("--> x 1:", False),
    ],
)
def test_a_misspelt_cue_time_is_one(line: str, is_one: bool) -> None:
    """Such a cue is named as one that can't be read; a line that is no cue is text."""
    captions = f"WEBVTT\n\n0:00 --> 0:01\nRep: hi\n\n{line}\nRep: ho"
    assert _has_warning(parse_transcript(captions), "Cue 2 was left out") == is_one


def test_a_huge_entity_is_no_character() -> None:
    call = parse_transcript("WEBVTT\n\n0:00 --> 0:01\nRep: a&#" + "1" * 5_000 + ";b &#65;")
    assert call.turns[0].text == "a\ufffdb A"
