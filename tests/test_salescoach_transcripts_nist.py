"""STM and CTM."""

from salescoach.reading.transcripts import looks_like_transcript, parse_transcript, read_calls_of
from tests.transcript_examples import Example, has_warning, said

STM = """\
;; a comment
kiln 1 rep_ida 0.50 2.00 <o,f0,female> when was it fired
kiln 1 ron 2.10 3.00 <o,f0,male> on tuesday
kiln 1 inter_segment_gap 3.00 4.00 <o,,>
"""
CTM = """\
kiln A 0.50 0.30 when 0.97
kiln A 0.85 0.20 then 0.91
kiln B 1.40 0.30 tuesday 0.88
"""
EXAMPLES = [
    Example("kiln.stm", STM, ([("rep_ida", "when was it fired"), ("ron", "on tuesday")],)),
    Example("kiln.ctm", CTM, ([("Channel A", "when then"), ("Channel B", "tuesday")],)),
]


def test_channels_are_speakers_and_that_is_said() -> None:
    call = parse_transcript(CTM)
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(0.5, 1.05), (1.4, 1.7)]
    assert has_warning(call, "its 2 channels were read as one speaker each")


def test_a_pause_ends_a_turn_of_nobody() -> None:
    call = parse_transcript(CTM.replace(" B 1.40", " A 3.40"))
    assert said(call) == [("unknown", "when then"), ("unknown", "tuesday")]


def test_each_recording_is_a_call() -> None:
    calls = read_calls_of((STM + STM.replace("kiln", "oven")).encode())
    assert [(call.call_id, len(call.turns)) for call in calls] == [("kiln", 2), ("oven", 2)]


def test_a_sentence_with_numbers_is_no_list_of_words() -> None:
    assert not looks_like_transcript("we paid 1.50 2.50 twice\nand then 9.00 again")
