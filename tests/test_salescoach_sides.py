"""Sides by names in any spelling, by role words of several languages, by domain, channel, and the saved team."""

import pytest

from salescoach.errors import InputError
from salescoach.reading.drafts import Participant, ReadCall, ReadTurn
from salescoach.reading.finish import to_transcript
from salescoach.reading.role_words import side_named_in, side_of
from salescoach.reading.spelling import is_nobody, is_personal
from salescoach.reading.team import Team
from salescoach.reading.transcripts import parse_transcript, transcript_of
from salescoach.types import Role, Transcript
from tests.transcript_examples import has_warning

APART, TOGETHER = "Andre\u0301 Mu\u0308ller", "Andr\u00e9 M\u00fcller"


def call_of(*names: str, participants: tuple[Participant, ...] = (), sides: dict[str, Role] | None = None) -> ReadCall:
    call = ReadCall(participants=list(participants))
    for number, name in enumerate(names):
        call.add(ReadTurn(name, f"What I say in line {number}.", side=(sides or {}).get(name)))
    return call


def roles(transcript: Transcript) -> dict[str, Role]:
    return {turn.speaker: turn.role for turn in transcript.turns}


# Spellings


@pytest.mark.parametrize("given", [APART, TOGETHER, "ANDRE MULLER", "andre", "Andr\u00e9", "  andre\u0301   muller "])
@pytest.mark.parametrize("written", [APART, TOGETHER])
def test_a_name_is_found_in_any_spelling(given: str, written: str) -> None:
    lines = parse_transcript(f"{written}: When do you open?\nTess: At nine.\n{written}: Good.\nTess: Yes.", rep=given)
    captions = f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v {written}>Hi.</v>\n\n00:03.000 --> 00:04.000\n<v Tess>Ho.</v>\n"
    for read in (lines, transcript_of(captions.encode(), rep=given)):
        assert roles(read) == {TOGETHER: "rep", "Tess": "customer"}


def test_one_person_in_two_spellings_is_one_speaker() -> None:
    text = f"{APART}: One.\nTess: Two.\n{TOGETHER}: Three.\nTESS: Four."
    assert list(roles(parse_transcript(text, rep="Tess"))) == [TOGETHER, "Tess"]
    captions = "WEBVTT\n\n" + "".join(
        f"00:0{n}.000 --> 00:0{n + 1}.000\n<v {name}>Part {n}.</v>\n\n"
        for n, name in enumerate((APART, TOGETHER, "Tess"))
    )
    read = transcript_of(captions.encode())
    assert [(turn.speaker, turn.text) for turn in read.turns] == [(TOGETHER, "Part 0. Part 1."), ("Tess", "Part 2.")]


def test_names_that_differ_in_accents_are_two_people_unless_one_is_asked_for() -> None:
    call = call_of("Ren\u00e9", "Rene", "Tess")
    assert roles(to_transcript(call, rep="Ren\u00e9")) == {"Ren\u00e9": "rep", "Rene": "customer", "Tess": "customer"}
    with pytest.raises(InputError, match="could be"):
        to_transcript(call, rep="r\u00e8ne")


def test_words_stay_as_they_were_typed() -> None:
    assert parse_transcript("Rep: Cafe\u0301?\nCustomer: Caf\u00e9.").turns[0].text == "Cafe\u0301?"


# Role words

REPS = (
    "Agent Kim", "Sales Rep Lou", "Kim (Agent)", "AGENT KIM", "agent kim", "Agent-Kim", "Lou, Account Executive",
    "Verk\u00e4ufer", "Verka\u0308ufer 2", "VERK\u00c4UFERIN", "Verkaeufer", "Berater*in", "Kundenberater Timo",
    "Au\u00dfendienst", "vendeur", "Vendeuse", "Conseill\u00e8re Anne", "CONSEILLERE", "charg\u00e9e d'affaires",
    "Vendedor", "Asesora Marta", "asesor comercial", "Ejecutiva de ventas", "consultor(a)", "Corretora", "Atendente",
    "venditrice", "Consulente Aldo", "Verkoper", "adviseur Piet", "Accountmanager", "Customer Service",
    "Customer Support Kim", "Inside Sales", "Agent Jan van Dijk",
)  # fmt: skip
CUSTOMERS = (
    "Customer Lee", "Kunde", "Kundin", "Kund*in", "Kundin Frau Vogt", "K\u00e4ufer 1", "Interessentin", "client",
    "Cliente", "Clienta Eva", "acheteuse", "Comprador", "Compradora Rita", "cliente potencial", "Acquirente", "klant",
    "Klant Bram", "Koper", "Opdrachtgever", "Lee (Kunde)", "Prospect Ada Moll",
)  # fmt: skip
NEITHER = (
    "Lead Engineer", "Customer Satisfaction", "Client Name", "Agent Notes", "Kim", "Tom Seller", "Sales Pipeline",
    "Buyer Persona", "customer wants", "Agent and Customer", "Rep / Customer", "Kundera", "Commercial Director",
)  # fmt: skip


@pytest.mark.parametrize(
    ("label", "side"),
    [
        *((label, "rep") for label in REPS),
        *((label, "customer") for label in CUSTOMERS),
        *((one, None) for one in NEITHER),
    ],
)
def test_role_words_name_sides(label: str, side: Role | None) -> None:
    assert side_named_in(label) == side


def test_a_role_word_before_a_name_makes_no_label_a_speaker() -> None:
    assert side_of("Customer Budget") is side_of("Agent Kim") is None
    read = parse_transcript(
        "Rep: Hi.\nCustomer: Ho.\nCustomer Wishes: a blue one\nand a red one\nRep: I see.\nCustomer: Yes."
    )
    assert set(roles(read)) == {"Rep", "Customer"}


@pytest.mark.parametrize(
    ("ours", "theirs"), [("Vertrieb", "Anrufer"), ("Conseiller Luc", "Cliente Ada"), ("Verkoper", "Klant")]
)
def test_a_call_with_role_words_needs_no_rep(ours: str, theirs: str) -> None:
    read = parse_transcript(f"{ours}: Bonjour.\n{theirs}: Hallo.\n{ours}: Ja.\n{theirs}: Si.")
    assert (roles(read), read.warnings) == ({ours: "rep", theirs: "customer"}, ())


# Several on our side, and what was taken


def test_a_second_colleague_is_on_our_side_when_named() -> None:
    call = call_of("Uma Hart", "Piet Vos", "Lena Ott")
    assert roles(to_transcript(call, rep=["uma", "Piet Vos"])) == {
        "Uma Hart": "rep", "Piet Vos": "rep", "Lena Ott": "customer"
    }  # fmt: skip


def test_whoever_was_taken_as_a_customer_is_named() -> None:
    read = to_transcript(call_of("Uma Hart", "Piet Vos", "Lena Ott", "Customer Moss"), rep="Uma Hart")
    assert has_warning(read, "“Piet Vos” and “Lena Ott” were taken as the customer's side")
    assert not has_warning(read, "Moss")


def test_a_side_that_the_file_states_holds_beside_the_users_word() -> None:
    call = call_of("Uma", "Piet", "Lena", sides={"Piet": "rep", "Lena": "customer"})
    read = to_transcript(call, rep="Uma")
    assert roles(read) == {"Uma": "rep", "Piet": "rep", "Lena": "customer"}
    assert read.warnings == ()


# Nobody, numbers and dial-ins


@pytest.mark.parametrize(
    "name", ["None", "UNKNOWN", "Unknown Speaker", "null", "(Unknown)", "Unbekannt", "Inconnu", "N/A"]
)
def test_nobodys_name_is_on_no_side(name: str) -> None:
    read = to_transcript(call_of(name, "Uma", "Lena", name), rep="Uma")
    assert roles(read)[name] == "unknown"
    assert has_warning(read, "no known speaker")
    assert roles(to_transcript(call_of(name, "Rep", "Customer")))[name] == "unknown"


@pytest.mark.parametrize("name", ["Unknown speaker 2", "3", "####", "+1 212-555-0147", "Nonna", "Nulla Rossi"])
def test_who_is_told_apart_is_somebody(name: str) -> None:
    assert not is_nobody(name)
    assert roles(to_transcript(call_of("Uma", name), rep="Uma"))[name] == "customer"
    assert roles(to_transcript(call_of("Uma", name), rep=name))[name] == "rep"


# Domains and channels

PEOPLE = (
    Participant("Uma Hart", email="u.hart@hexa.example"),
    Participant("", email="piet.vos@sales.hexa.example"),
    Participant("Lena Ott", email="lena@orchard.example"),
)


@pytest.mark.parametrize("given", ["@hexa.example", "hexa.example", "HEXA.example"])
def test_a_domain_means_everybody_who_has_it(given: str) -> None:
    read = to_transcript(call_of("Uma Hart", "Piet Vos", "Lena Ott", participants=PEOPLE), rep=given)
    assert roles(read) == {"Uma Hart": "rep", "Piet Vos": "rep", "Lena Ott": "customer"}
    labels = call_of("uma@hexa.example", "Lena (lena@orchard.example)", "Piet <p@hexa.example>")
    assert list(roles(to_transcript(labels, rep=given)).values()) == ["rep", "customer", "rep"]


def test_a_domain_that_is_part_of_another_name_is_not_that_one() -> None:
    with pytest.raises(InputError, match=r"Nobody with an address at “xa\.example”.*Uma Hart"):
        to_transcript(call_of("Uma Hart", participants=PEOPLE), rep="@xa.example")


@pytest.mark.parametrize(
    ("names", "given", "ours"),
    [
        (("Channel 0", "Channel 1"), "channel 1", "Channel 1"),
        (("Channel 0", "Channel 1"), "1", "Channel 1"),
        (("ch_0", "ch_1"), "Channel 0", "ch_0"),
        (("SPEAKER_00", "SPEAKER_01"), "1", "SPEAKER_01"),
        (("Channel 1", "Speaker 1"), "1", "Channel 1"),
        (("1", "2"), "2", "2"),
        (("Channel 1", "Channel 11"), "1", "Channel 1"),
    ],
)
def test_a_channel_can_be_our_side(names: tuple[str, ...], given: str, ours: str) -> None:
    assert roles(to_transcript(call_of(*names), rep=given))[ours] == "rep"


def test_a_channel_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="“channel 3” does not speak"):
        to_transcript(call_of("Channel 0", "Channel 1"), rep="channel 3")


# The saved team


def test_the_team_is_found_and_need_not_speak() -> None:
    team = Team(("Uma Hart", "Piet Vos", "@hexa.example"))
    assert roles(to_transcript(call_of("UMA HART", "Lena"), rep=team)) == {"UMA HART": "rep", "Lena": "customer"}
    assert set(roles(to_transcript(call_of("Jo", "Lena"), rep=team)).values()) == {"unknown"}
    assert roles(to_transcript(call_of("Rep", "Customer"), rep=team)) == {"Rep": "rep", "Customer": "customer"}
    assert roles(to_transcript(call_of("Vos, Piet (Hexa)", "Lena"), rep=team))["Vos, Piet (Hexa)"] == "rep"


def test_a_first_name_is_taken_for_a_colleague_only_where_it_is_one_persons_and_said() -> None:
    team = Team(("Uma Hart", "Piet Vos", "Piet Bos"))
    read = to_transcript(call_of("Uma", "Lena"), rep=team)
    assert roles(read)["Uma"] == "rep"
    assert has_warning(read, "“Uma” was taken as your colleague “Uma Hart”")
    assert set(roles(to_transcript(call_of("Piet", "Lena"), rep=team)).values()) == {"unknown"}
    assert set(roles(to_transcript(call_of("Uma Stone", "Lena"), rep=team)).values()) == {"unknown"}


def test_a_team_makes_labels_of_whole_names_only() -> None:
    text = "May: Hello there.\nLena: Hi.\nMay 5: the date\nwhich is a Tuesday\nMay: So.\nLena: Yes."
    assert set(roles(parse_transcript(text, rep=Team(("May",))))) == {"May", "Lena"}
    once = "Uma Hart: Hello there.\nLena: Hi.\nLena: Well.\nso it goes on\nand on\nand on"
    assert set(roles(parse_transcript(once, rep=Team(("Uma Hart",))))) == {"Uma Hart", "Lena"}


@pytest.mark.parametrize("name", ["Speaker 1", "SPEAKER_00", "Channel 0", "4", "####", "+49 30 1234", "Unknown", "You"])
def test_labels_of_one_call_are_nobodys_in_the_next(name: str) -> None:
    assert not is_personal(name)
