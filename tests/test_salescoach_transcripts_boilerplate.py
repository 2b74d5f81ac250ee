"""What a recorder wrote is nobody's words."""

import pytest

from salescoach.reading.boilerplate import is_boilerplate
from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import has_warning, said

_WRITTEN = [
    "Iris Kern started transcription",
    "Iris Kern stopped transcription.",
    "Iris Kern started the recording",
    "Iris Kern hat die Transkription gestartet",
    "Iris Kern hat die Transkription beendet",
    "Iris Kern a démarré la transcription",
    "Iris Kern a arrêté l’enregistrement",
    "Iris Kern inició la transcripción",
    "Iris Kern ha detenido la transcripción",
    "Iris Kern iniciou a transcrição",
    "Iris Kern interrompeu a transcrição",
    "Iris Kern ha avviato la trascrizione",
    "Iris Kern ha interrotto la trascrizione",
    "Iris Kern heeft de transcriptie gestart",
    "Iris Kern is gestopt met transcriberen",
    "Recording stopped",
    "Transcription ended after 00:41:07",
    "Transkription endete nach 00:41:07",
    "La transcription s'est terminée après 00:41:07",
    "La transcripción finalizó después de 00:41:07",
    "Transcrição encerrada após 00:41:07",
    "Trascrizione terminata dopo 00:41:07",
    "Transcriptie beëindigd na 00:41:07",
    "This editable transcript was computer generated and might contain errors. People can also change the text.",
    "Dieses bearbeitbare Transkript wurde computergeneriert und kann Fehler enthalten.",
    "Cette transcription modifiable a été générée par ordinateur et peut contenir des erreurs.",
    "Esta transcripción editable se ha generado por ordenador y puede contener errores.",
    "Esta transcrição editável foi gerada por computador e pode conter erros.",
    "Questa trascrizione modificabile è stata generata dal computer e potrebbe contenere errori.",
    "Dit bewerkbare transcript is door de computer gegenereerd en kan fouten bevatten.",
    "Transcribed by https://otter.ai",
    "Transcribed with Happy Scribe",
    "(Transcribed by TurboScribe. Go Unlimited to remove this message.)",
    "This transcript was exported on Mar 05, 2026 - view latest version here.",
    "VIEW RECORDING - 33 mins (No highlights): https://fathom.example/share/7",
    "ACTION ITEM: Send the plan - WATCH: https://fathom.example/share/7?timestamp=3",
    "---",
]


@pytest.mark.parametrize("line", _WRITTEN)
def test_it_is_left_out_and_said(line: str) -> None:
    for text in (
        f"{line}\nIris Kern: hello\nPaul Ott: hi\n{line}\nIris Kern: so\n{line}",
        f"{line}\n\nIris Kern  0:03\nhello\n\nPaul Ott  0:07\nhi\n\n{line}\n\nIris Kern  0:09\nso\n\n{line}\n",
        f"{line}\n0:03\tIris Kern\thello\n0:07\tPaul Ott\thi\n{line}\n0:09\tIris Kern\tso\n{line}",
    ):
        call = parse_transcript(text)
        assert said(call) == [("Iris Kern", "hello"), ("Paul Ott", "hi"), ("Iris Kern", "so")]
        assert has_warning(call, "3 lines that a recorder wrote were left out") == any(map(str.isalpha, line))


@pytest.mark.parametrize(
    "line",
    [
        "we started recording",
        "I stopped the recording",
        "The transcript is due at 10:30",
        "Transcription is what we sell",
        "Rep: Transcribed by hand",
        "This transcript is mine",
        "[We met on Zoom]",
        "We started",
        "--",
    ],
)
def test_what_people_say_of_recordings_stays(line: str) -> None:
    assert not is_boilerplate(line)


def test_what_stands_above_a_heading_of_the_transcript_is_left_out() -> None:
    head = "Silo review\nMay 4, 2026\n\nParticipants\nIris Kern, Paul Ott\n\n## Transcript\n\n"
    call = parse_transcript(f"{head}Iris Kern: hello\nPaul Ott: hi\nIris Kern: so\nPaul Ott: no")
    assert said(call) == [("Iris Kern", "hello"), ("Paul Ott", "hi"), ("Iris Kern", "so"), ("Paul Ott", "no")]
    assert has_warning(call, "4 lines above the transcript were left out, beginning “Silo review”")


def test_a_time_of_google_meet_is_that_of_the_next_turn() -> None:
    text = "00:00:00\n\nIris Kern: hello\nPaul Ott: hi\n\n00:05:00\n\nIris Kern: so\nPaul Ott: no\nIris Kern: well\n"
    call = parse_transcript(text)
    assert [turn.text for turn in call.turns] == ["hello", "hi", "so", "no", "well"]
    assert [turn.start_s for turn in call.turns] == [0, None, 300, None, None]
