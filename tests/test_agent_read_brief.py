"""A language model words a brief over real HTTP; a line that the call doesn't bear out is left out, and said so."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.read_brief import FELL_BACK, LEFT_OUT, brief_writer
from salescoach.brief.results import Brief
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.model.loading import load_reader
from salescoach.moves.reader import EncoderReader
from salescoach.reading.transcripts import parse_transcript
from tests.test_agent_openai import ChatServer

CALL = parse_transcript(
    "Rep: Shall we go through the quote? It's four hundred and ten a month.\n"
    "Customer: It's a lot for two vans, to be frank.\n"
    "Rep: A lot against what?\n"
    "Customer: Against nothing at all. Maureen signs it. Send it again on Friday.\n"
)
PRICE = {"text": "The price is four hundred and ten a month", "quote": "four hundred and ten a month", "turn": 1}
SIGNS = {"text": "Maureen signs", "quote": "Maureen signs it.", "turn": 4}
CONCERN = {
    "text": "It is a lot for two vans; answered with a question", "quote": "a lot for two vans", "turn": 2,
    "kind": "price", "handled": "partly", "handled_at": 3,
}  # fmt: skip
STEP = {
    "text": "The rep sends it again", "quote": "Send it again on Friday", "turn": 4, "who": "rep", "when": "Friday",
    "committed": True,
}  # fmt: skip
READING: dict[str, Any] = {"price": [PRICE], "decision": [SIGNS], "concerns": [CONCERN], "next_steps": [STEP]}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> EncoderReader:
    return load_reader(Settings.load(home=tmp_path_factory.mktemp("home")), cached=False)


@pytest.fixture
def write(
    server: ChatServer, own: EncoderReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Brief]:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("COACH_LLM", "openai:local-model")

    def ask(reply: object, *, with_mail: bool = False) -> Brief:
        server.respond = lambda _: reply if isinstance(reply, int) else [{"content": json.dumps(reply)}]
        return brief_writer(Settings.load(home=tmp_path), own).brief(CALL, with_mail=with_mail)

    return ask


def test_it_words_the_brief_and_says_so(write: Callable[..., Brief]) -> None:
    found = write(READING, with_mail=True)
    assert found.reader == "openai:local-model"
    assert [one.text for one in found.price] == [PRICE["text"]]
    assert [one.text for one in found.decision] == ["Maureen signs"]
    assert (found.objections[0].handled, found.objections[0].answer) == ("partly", "A lot against what?")
    assert found.next_steps[0].when == "Friday"
    assert found.email is not None
    assert "“Send it again on Friday”" in found.email
    assert not [one for one in found.warnings if "left out" in one]


@pytest.mark.parametrize(
    "wrong",
    [
        {**PRICE, "quote": "five hundred a month"},
        {**PRICE, "text": "The price is five hundred a month"},
        {**PRICE, "text": "The price is 9 % too high"},
        {**PRICE, "text": "They pay Stonefield four hundred and ten"},
        {**PRICE, "text": "Karen asks four hundred and ten"},
        {**PRICE, "text": "Stonefield asks four hundred and ten"},
        {**PRICE, "text": "The price is four hundred a month"},
        {**PRICE, "text": "The price of the 'Comet' is four hundred and ten"},
        {**PRICE, "quote": "It's four hundred and ten a mon"},
        {**PRICE, "quote": "month"},
        {**PRICE, "turn": 9},
        {**PRICE, "turn": 2},
        {**PRICE, "text": "  "},
        {**PRICE, "text": "word " * 40},
    ],
)
def test_what_the_call_does_not_bear_out_is_left_out(write: Callable[..., Brief], wrong: dict[str, Any]) -> None:
    found = write({**READING, "price": [wrong]})
    assert found.price == ()
    assert LEFT_OUT.format(n=1) in found.warnings
    assert [one.text for one in found.decision] == ["Maureen signs"]


@pytest.mark.parametrize(
    "wrong",
    [
        {**CONCERN, "handled": "not"},
        {**CONCERN, "handled_at": None},
        {**CONCERN, "handled_at": 4},
        {**CONCERN, "handled_at": 1},
    ],
)
def test_an_answer_that_is_none_is_left_out(write: Callable[..., Brief], wrong: dict[str, Any]) -> None:
    assert write({**READING, "concerns": [wrong]}).objections == ()


@pytest.mark.parametrize("when", ["Monday", "tomorrow", "in spring", "as soon as you like, " * 20])
def test_a_time_that_nobody_named_is_none(write: Callable[..., Brief], when: str) -> None:
    [step] = write({**READING, "next_steps": [{**STEP, "when": when}]}).next_steps
    assert step.when is None


def test_what_a_side_said_is_quoted_from_that_side(write: Callable[..., Brief]) -> None:
    of_the_rep = {**SIGNS, "text": "The quote is gone through", "quote": "go through the quote", "turn": 1}
    assert write({**READING, "needs": [of_the_rep], "decision": [of_the_rep]}).needs == ()


def test_how_it_ended_stays_the_coachs_own_reading(write: Callable[..., Brief]) -> None:
    no = {"text": "The customer ended it", "quote": "Against nothing at all.", "turn": 4}
    found = write({**READING, "refusals": [no]})
    assert (found.ending, found.refusals) == ("open", ())
    assert write({**READING, "next_steps": []}).next_steps == ()


@pytest.mark.parametrize("reply", [500, {"price": "none"}, {"price": [{**PRICE, "turn": 9}]}, {}])
def test_where_nothing_is_left_the_coach_writes(write: Callable[..., Brief], reply: object) -> None:
    found = write(reply)
    assert FELL_BACK in found.warnings
    assert found.reader == "encoder"


def test_without_a_language_model_nobody_is_asked(own: EncoderReader, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="COACH_LLM"):
        brief_writer(Settings.load(home=tmp_path), own)
