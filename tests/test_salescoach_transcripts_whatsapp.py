"""WhatsApp's exported chats."""

import pytest

from salescoach.reading.transcripts import parse_transcript, read_calls_of
from tests.transcript_examples import Example, has_warning, said

ANDROID = """\
03/04/2026, 09:15 - Messages and calls are end-to-end encrypted. Only people in this chat can read them.
03/04/2026, 09:15 - Marta Vidal: Good morning: is the boiler still for sale?
03/04/2026, 09:16 - Sergio Prats: It is.
Shall I keep it for you?
03/04/2026, 09:16 - Marta Vidal: <Media omitted>
03/04/2026, 09:17 - Marta Vidal: Please do. <This message was edited>
03/04/2026, 09:18 - Sergio Prats changed this group's icon
03/04/2026, 09:19 - Sergio Prats: This message was deleted
"""
ANDROID_SAID = [
    ("Marta Vidal", "Good morning: is the boiler still for sale?"),
    ("Sergio Prats", "It is. Shall I keep it for you?"),
    ("Marta Vidal", "Please do."),
]
IOS = """\
[04.03.26, 09:15:01] Heizung Nord: \u200eNachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.
[04.03.26, 09:15:40] Heizung Nord: Guten Tag, was fehlt?
[04.03.26, 09:16:02] +49 151 2345678: Die Pumpe
\u200e[04.03.26, 09:16:09] +49 151 2345678: \u200eirgendein neuer Systemtext
[04.03.26, 09:16:30] ~\u202fUwe: Ich auch.
[04.03.26, 09:17:30] Heizung Nord: Gut.
"""
IOS_SAID = [
    ("Heizung Nord", "Guten Tag, was fehlt?"),
    ("+49 151 2345678", "Die Pumpe"),
    ("~ Uwe", "Ich auch."),
    ("Heizung Nord", "Gut."),
]
EXAMPLES = [
    Example("WhatsApp Chat with Marta.txt", ANDROID, (ANDROID_SAID,)),
    Example("_chat.txt", IOS, (IOS_SAID,)),
]


def test_what_whatsapp_wrote_is_left_out_and_said() -> None:
    call = parse_transcript(ANDROID)
    assert said(call) == ANDROID_SAID
    assert has_warning(call, r"^4 lines that WhatsApp wrote were left out, such as “Messages and calls are")
    assert has_warning(parse_transcript(IOS), r"^2 lines that WhatsApp wrote")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[12/03/2026, 14:05:33] ", "[12/03/2026, 14:06:34] "),
        ("[3/12/26, 2:05:33\u202fPM] ", "[3/12/26, 2:06:34\u202fPM] "),
        ("12/03/26, 14:05 - ", "12/03/26, 14:06 - "),
        ("12/03/2026, 2:05 pm - ", "12/03/2026, 2:06 pm - "),
        ("12/03/2026, 2:05 p. m. - ", "12/03/2026, 2:06 p. m. - "),
        ("12.03.26, 14:05 - ", "12.03.26, 14:06 - "),
        ("2026-03-12, 14:05 - ", "2026-03-12, 14:06 - "),
        ("12/03/2026 14:05 - ", "12/03/2026 14:06 - "),
        ("[2026/03/12 14:05:33] ", "[2026/03/12 14:06:34] "),
    ],
)
def test_dates_of_all_forms(first: str, second: str) -> None:
    call = parse_transcript(f"{first}Ana: hello\n{second}+44 7700 900456: hi\n{second}Ana: so")
    assert said(call) == [("Ana", "hello"), ("+44 7700 900456", "hi"), ("Ana", "so")]
    assert [turn.start_s for turn in call.turns[:2]] in ([0, 61], [0, 60])


def test_days_are_counted_and_the_order_of_day_and_month_is_seen() -> None:
    for dates, days in ((("31/01/26", "01/02/26"), 1), (("1/31/26", "2/1/26"), 1), (("05/03/26", "06/03/26"), 1)):
        text = "".join(f"{date}, 10:00 - {name}: hi\n" for date, name in zip(dates, ("Ana", "Bo"), strict=True))
        assert [turn.start_s for turn in parse_transcript(text).turns] == [0, days * 86_400]


def test_a_start_is_kept_only_where_its_date_is_beyond_doubt() -> None:
    for date, is_sure in (("2026-03-05", True), ("25/03/2026", True), ("05.03.2026", True), ("05/03/2026", False)):
        [call] = read_calls_of(f"{date}, 10:00 - Ana: hi\n{date}, 10:01 - Bo: ho".encode())
        assert (call.started_at is not None) == is_sure
