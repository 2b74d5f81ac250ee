"""Whose a call is, and when an outcome that somebody entered in the chat counts."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from salescoach.errors import DataError, InputError
from salescoach.library import Library
from salescoach.testing import make_call, make_transcript
from salescoach.types import Transcript

ANNA, BEN, EVE = "anna", "ben", "eve"
LINES = ("Rep: Shall we start on Monday?", "Customer: Yes, please.")
OTHER = ("Rep: What do you think?", "Customer: No, thank you.")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


def named(transcript: Transcript, *speakers: str) -> Transcript:
    turns = [turn.model_copy(update={"speaker": name}) for turn, name in zip(transcript.turns, speakers, strict=True)]
    return transcript.model_copy(update={"turns": tuple(turns)})


def refusal(what: Callable[[], object]) -> str:
    with pytest.raises(InputError) as refused:
        what()
    return str(refused.value)


# Who sees a call


def test_a_private_call_is_for_its_owner_and_the_teams_for_everybody(library: Library) -> None:
    pasted = library.add_pasted(make_transcript(*LINES), ANNA)
    nobodys = library.add_pasted(make_transcript(*OTHER))
    library.add([make_call("team", "Rep: Hello.", "Customer: Hello you.")])
    assert library.visible(pasted, ANNA) == library.get(pasted)
    for user in (ANNA, BEN):
        assert library.visible("team", user).call_id == "team"
    for foreign, user in ((pasted, BEN), (nobodys, ANNA), (nobodys, BEN)):
        said = refusal(lambda foreign=foreign, user=user: library.visible(foreign, user))  # type: ignore[misc]
        missing = refusal(lambda user=user: library.visible("pasted-0000000000", user))  # type: ignore[misc]
        assert said.replace(foreign, "X") == missing.replace("pasted-0000000000", "X")


def test_two_who_paste_the_same_words_have_a_call_each(library: Library) -> None:
    call = make_transcript(*LINES)
    annas = library.add_pasted(named(call, "Anna", "Bo Miller, 0171"), ANNA)
    bens = library.add_pasted(call, BEN)
    assert annas != bens
    assert library.add_pasted(call, ANNA) == annas
    assert library.add_pasted(call, BEN) == bens
    library.set_outcome(annas, "lost", by=ANNA)
    seen = library.visible(bens, BEN)
    assert (seen.outcome, [turn.speaker for turn in seen.transcript.turns]) == (None, ["Rep", "Customer"])
    assert refusal(lambda: library.visible(annas, BEN))
    library.delete_private(annas, BEN)  # it isn't Ben's
    library.delete_private(bens, BEN)
    assert library.visible(annas, ANNA).outcome == "lost"
    assert refusal(lambda: library.visible(bens, BEN))


def test_the_teams_call_is_there_once_and_found_by_all_who_pasted_it(library: Library) -> None:
    call = make_transcript(*LINES)
    annas, bens = library.add_pasted(call, ANNA), library.add_pasted(call, BEN)
    assert library.adopt(annas, "converted", by=ANNA) == annas
    for user, known_as in ((ANNA, annas), (BEN, bens)):
        assert library.visible(known_as, user).call_id == annas
        assert library.add_pasted(call, user) == annas
    assert library.names(bens) == {annas, bens}
    library.delete_private(bens, BEN)  # what is the team's doesn't go with a conversation
    assert library.get(bens).outcome == "converted"
    library.delete(bens)
    assert refusal(lambda: library.get(annas))
    assert refusal(lambda: library.get(bens))


def test_a_table_takes_in_what_several_pasted(library: Library) -> None:
    call = make_transcript(*LINES)
    ids = {library.add_pasted(call, user) for user in (ANNA, BEN, None)}
    assert library.add([make_call("crm-1", *LINES, outcome="lost")]).updated == 1
    assert {library.get(one).call_id for one in ids} == {"crm-1"}
    assert library.names("crm-1") == {"crm-1", *ids}
    library.add([make_call("crm-1", *LINES, outcome="lost", account_id="acc")])  # an update keeps the former ids
    assert library.names("crm-1") == {"crm-1", *ids}


def test_deleting_a_call_deletes_it_with_everybody_who_pasted_it(library: Library, tmp_path: Path) -> None:
    call = make_transcript("Rep: Do you play the xylophone?", "Customer: The xylophone, no.")
    annas, bens = library.add_pasted(call, ANNA), library.add_pasted(call, BEN)
    assert [turn.text for turn in library.own_turns(annas)] == [turn.text for turn in call.turns]
    library.delete(annas)
    assert refusal(lambda: library.get(bens))
    assert b"xylophone" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_call_that_nobody_owns_is_given_to_somebody_once(library: Library) -> None:
    old = library.add_pasted(make_transcript(*LINES))
    assert library.private_calls(None) == [old]
    library.claim(old, ANNA)
    library.claim(old, BEN)
    assert library.private_calls(ANNA) == [old]
    assert library.private_calls(BEN) == library.private_calls(None) == []


def test_nobody_fills_the_library_with_private_calls(library: Library) -> None:
    def paste(number: int, user: str) -> str:
        return library.add_pasted(make_transcript(f"Rep: Is it {number}?", "Customer: Yes."), user, at_most=3)

    ids = [paste(number, ANNA) for number in range(3)]
    assert "You have 3 calls of your own here" in refusal(lambda: paste(3, ANNA))
    assert paste(1, ANNA) == ids[1]  # what is there is there
    assert paste(3, BEN)
    library.delete_private(ids[0], ANNA)
    assert paste(3, ANNA)


# Ids


def test_calls_whose_hashes_begin_alike_are_two(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def collides(self: Transcript) -> str:
        rest = hashlib.sha256(repr(self.turns).encode()).hexdigest()
        return "0123456789" + rest[10:]  # what 2^40 tries would find

    monkeypatch.setattr(Transcript, "content_hash", property(collides))
    first = library.add_pasted(make_transcript(*LINES))
    second = library.add_pasted(make_transcript(*OTHER))
    assert first != second
    assert library.get(first).transcript.turns[0].text == "Shall we start on Monday?"
    assert library.get(second).transcript.turns[0].text == "What do you think?"


def test_no_call_takes_the_place_of_a_private_one_of_the_same_id(library: Library) -> None:
    pasted = library.add_pasted(make_transcript(*LINES), ANNA)
    with pytest.raises(DataError, match="is in the library for another call"):
        library.add([make_call(pasted, *OTHER)])
    assert library.visible(pasted, ANNA).transcript.turns[0].text == "Shall we start on Monday?"


def test_ids_of_ten_digits_are_still_understood(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(Path(__file__).with_name("library_schema_1.sql").read_text(encoding="utf-8"))
    connection.close()
    with Library(file) as library:
        assert library.get("pasted-f6cd80606f").provenance == "pasted"
        assert library.get("pasted-7e26347b52").call_id == "c-1"  # as it was called before a table named it
        same = library.get("pasted-f6cd80606f").transcript
        assert library.add_pasted(same) == "pasted-f6cd80606f"


# The second person


def test_a_proposed_outcome_counts_once_somebody_else_confirms_it(library: Library) -> None:
    call_id = library.add_pasted(make_transcript(*LINES), ANNA)
    assert refusal(lambda: library.propose_outcome(call_id, "converted", BEN)).startswith("There is no call")
    library.propose_outcome(call_id, "converted", ANNA)
    assert (library.team_calls(), library.own_calls().n, list(library.past_calls())) == ([], 0, [])
    assert library.get(call_id).outcome is None
    assert library.proposals(ANNA) == []
    [waiting] = library.proposals(BEN)
    assert (waiting.call_id, waiting.outcome, waiting.by, waiting.n_turns) == (call_id, "converted", ANNA, 2)
    assert library.visible(call_id, BEN).call_id == call_id  # who is to confirm it may read it
    for by, outcome in ((ANNA, "converted"), (BEN, "lost"), (BEN, None)):
        assert "waits for you" in refusal(lambda by=by, to=outcome: library.confirm_outcome(call_id, to, by))  # type: ignore[misc]
    assert library.confirm_outcome(call_id, "converted", BEN) is None
    [summary] = library.summaries()
    assert (summary.call_id, summary.outcome, summary.outcome_entered_by) == (call_id, "converted", ANNA)
    assert library.own_calls().n_converted == 1
    assert library.proposals(BEN) == []
    assert "waits for you" in refusal(lambda: library.confirm_outcome(call_id, "converted", BEN))


def test_neither_who_pasted_a_call_nor_who_said_how_it_ended_confirms_it(library: Library) -> None:
    call_id = library.adopt(library.add_pasted(make_transcript(*LINES), ANNA))  # the team's, open
    library.propose_outcome(call_id, "lost", BEN)
    for user in (ANNA, BEN):
        assert library.proposals(user) == []
        assert "waits for you" in refusal(lambda user=user: library.confirm_outcome(call_id, "lost", user))  # type: ignore[misc]
    assert library.confirm_outcome(call_id, "lost", EVE) is None


def test_one_user_alone_takes_no_call_out_of_the_past_ones(library: Library) -> None:
    library.add([make_call("a", *LINES, outcome="converted")])
    library.propose_outcome("a", None, ANNA)
    assert [one.outcome for one in library.summaries()] == ["converted"]
    assert [one.outcome for one in library.proposals(BEN)] == [None]
    assert library.confirm_outcome("a", None, BEN) == "converted"
    assert library.summaries() == []


@pytest.mark.parametrize("how", ["outcome", "table"])
def test_what_the_operator_says_needs_nobody_else(library: Library, how: str) -> None:
    call_id = library.add_pasted(make_transcript(*LINES), ANNA)
    library.propose_outcome(call_id, "converted", ANNA)
    if how == "outcome":
        library.adopt(call_id, "lost", by="operator")
    else:
        library.add([make_call("crm-1", *LINES, outcome="lost")])
    assert [one.outcome for one in library.summaries()] == ["lost"]
    assert library.proposals(BEN) == []
    assert "waits for you" in refusal(lambda: library.confirm_outcome(call_id, "converted", BEN))


@pytest.mark.parametrize("is_teams", [True, False])
def test_a_table_without_the_outcome_leaves_what_waits(library: Library, is_teams: bool) -> None:
    if is_teams:
        library.add([make_call("a", *LINES, outcome=None)])
    else:
        library.add_pasted(make_transcript(*LINES), ANNA)
    [call_id] = ["a"] if is_teams else library.private_calls(ANNA)
    library.propose_outcome(call_id, "lost", ANNA)
    library.add([make_call("a", *LINES, outcome=None, account_id="acc")])
    assert [one.call_id for one in library.proposals(BEN)] == ["a"]


def test_a_sample_calls_outcome_is_not_proposed(library: Library) -> None:
    library.add([make_call("s", *LINES).model_copy(update={"provenance": "sample"})])
    assert "example call" in refusal(lambda: library.propose_outcome("s", "lost", ANNA))
