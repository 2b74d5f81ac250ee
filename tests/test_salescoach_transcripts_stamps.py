"""Times as plain text writes them, and where they stand on a line."""

import re

import pytest

from salescoach.reading.stamps import IN_BRACKETS, moment
from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import has_warning, said


@pytest.mark.parametrize(
    ("stamp", "at_s", "is_clock"),
    [
        ("0:12", 12, False),
        ("1:02:03.5", 3723.5, False),
        ("00:00:07:19", 7, False),
        ("00:00:07;19", 7, False),
        ("12.5s", 12.5, False),
        ("1m 3s", 63, False),
        ("1 hour 2 minutes 5 seconds", 3725, False),
        ("1 Stunde, 3 Sekunden", 3603, False),
        ("2 minutos y 4 segundos", 124, False),
        ("12:05 AM", 300, True),
        ("12:05:10 p.m.", 43510, True),
        ("1:05pm", 47100, True),
        ("2026-03-05T10:02:11.250Z", 36131.25, True),
        ("5.3.2026 klo 14.05", 50700, True),
        ("March 5, 2026 at 2:05 PM", 50700, True),
        ("5. März 2026, 14:05", 50700, True),
    ],
)
def test_a_stamp_is_read(stamp: str, at_s: float, is_clock: bool) -> None:
    assert re.fullmatch(IN_BRACKETS, stamp)
    found = moment(stamp)
    assert found and (found.at_s, found.is_clock) == (at_s, is_clock)


@pytest.mark.parametrize("stamp", ["0:75", "1:61:00", "", "12:99 PM"])
def test_what_is_no_time(stamp: str) -> None:
    assert moment(stamp) is None


_SAID = [("Rep", "Which bay?"), ("Customer", "Number 4."), ("Rep", "Good.")]


@pytest.mark.parametrize(
    "line",
    [
        "[{time}] {name}: {text}",
        "({time}) {name}: {text}",
        "{{{time}}} {name}: {text}",
        "{time} {name}: {text}",
        "{time} - {name}: {text}",
        "{time} | {name}: {text}",
        "{time}> {name}: {text}",
        "{name} [{time}]: {text}",
        "{name} ({time} - 59:00): {text}",
        "{name} - {time}: {text}",
        "{name} | {time}: {text}",
        "{name}: [{time}] {text}",
        "{name}: ({time}) {text}",
        "{name}: {time} {text}",
        "{name}: {text} [{time}]",
        "**[{time}] {name}:** {text}",
        "**[{time}]** **{name}:** {text}",
        "[{time}] **{name}**: {text}",
        "**{name}** [{time}]: {text}",
        "**{name} ({time}):** {text}",
        "**{name}:** [{time}] {text}",
        "*{name}* ({time}): {text}",
        "__{name}:__ [{time}] {text}",
        "- [{time}] {name}: {text}",
        "[{time} --> 59:00] [{name}] {text}",
        "[{time}] <{name}> {text}",
    ],
)
@pytest.mark.parametrize(
    "times", [("00:03", "00:09", "1:00:15"), ("00:00:03:12", "00:00:09:02", "01:00:15:24"), ("0:03.0", "0:09", "60:15")]
)
def test_where_a_time_may_stand(line: str, times: tuple[str, str, str]) -> None:
    lines = [line.format(time=time, name=name, text=text) for time, (name, text) in zip(times, _SAID, strict=True)]
    for text in ("\n".join(lines), "\n\n".join(lines)):
        call = parse_transcript(text)
        assert said(call) == _SAID
        assert [turn.start_s for turn in call.turns] == [3, 9, 3615]
        assert has_warning(call, "frames in the times") == (times[0].count(":") == 3)


@pytest.mark.parametrize(
    "line",
    ["{time} {name}: {text}", "({time}) {name}: {text}", "{time} - {name}: {text}", "{name} ({time}): {text}"],
)
@pytest.mark.parametrize(
    "times",
    [
        ("11:58 AM", "11:59 AM", "12:01 PM"),
        ("11:58:00 pm", "11:59:00 pm", "12:01:00 am"),
        ("2026-03-05 23:58:00", "2026-03-05 23:59:00", "2026-03-06 00:01:00"),
        ("2026-03-05T23:58:00Z", "2026-03-05T23:59:00Z", "2026-03-06T00:01:00Z"),
        ("Mar 5, 2026 11:58 PM", "Mar 5, 2026 11:59 PM", "Mar 6, 2026 12:01 AM"),
        ("05.03.2026 23:58", "05.03.2026 23:59", "06.03.2026 00:01"),
    ],
)
def test_times_of_a_clock_are_counted_from_the_first(line: str, times: tuple[str, str, str]) -> None:
    lines = [line.format(time=time, name=name, text=text) for time, (name, text) in zip(times, _SAID, strict=True)]
    call = parse_transcript("\n".join(lines))
    assert said(call) == _SAID
    assert [turn.start_s for turn in call.turns] == [0, 60, 180]
    assert has_warning(call, "those of a clock; they were counted from the first")


def test_a_time_that_somebody_says_is_no_stamp() -> None:
    for text in ("Rep: 10:30 works\nCustomer: I am late\nRep: ok", "Rep: so [0:03]\nCustomer: why\nRep: no"):
        assert parse_transcript(text).turns[0].text in ("10:30 works", "so [0:03]")
