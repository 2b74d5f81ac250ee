"""Every tool through all the places where a tool must be known: a new one needs its module and a line in the list."""

import re
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from agent.intents import read_examples
from agent.memory import LEFT_OUT, remembered
from agent.replies import PLAIN_QUESTIONS, UNSURE, ask_back
from agent.wording import Wish, word
from eval.routing import TOOLS
from salescoach.types import Frozen
from serving.chat.steps import step_details, step_result, step_title
from tests.base import faults_of
from tools.document import Quote, document
from tools.parts import Parts
from tools.registry import SPECS, TOOL_OF, make_tools, spec_of
from tools.spec import ToolSpec

PAGE = Path(__file__).parent.parent / "docs" / "add-a-tool.md"
CALL, OTHER = "ex-06", "ex-07"
# What a tool may ask for; of these it gets the arguments that it can't do without.
GIVEN: dict[str, Any] = {
    "call_id": CALL,
    "other_call_id": OTHER,
    "turn": 9,
    "edits": [{"action": "delete", "turn": 9}],
}
every_tool = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


def asked(spec: ToolSpec[Any]) -> dict[str, Any]:
    return {name: GIVEN[name] for name, field in spec.arguments.model_fields.items() if field.is_required()}


@pytest.fixture(scope="module")
def results(parts: Parts) -> dict[str, Frozen]:
    """What each tool says of an example call, by its name."""
    found = {}
    for tool, spec in zip(make_tools(parts), SPECS, strict=True):
        call = {"type": "tool_call", "id": "1", "name": tool.name, "args": asked(spec)}
        message = tool.invoke(call)
        assert isinstance(message, ToolMessage)
        found[tool.name] = message.artifact
    return found


def test_no_two_tools_are_taken_for_each_other() -> None:
    for said in ("name", "result", "description", "doing"):
        assert len({getattr(spec, said) for spec in SPECS}) == len(SPECS)
    assert len(TOOL_OF) == sum(len(spec.intents) for spec in SPECS)


@every_tool
def test_its_results_are_worded_short_and_full(results: dict[str, Frozen], spec: ToolSpec[Any]) -> None:
    result = results[spec.name]
    assert type(result) is spec.result
    assert spec_of(result) is spec
    answers = [word([result], Wish(detail=detail)) for detail in ("short", "full")]
    for answer in answers:
        assert answer.markdown().strip()
        assert answer != document(UNSURE)
        assert faults_of(answer, [result]) == []
    assert len(answers[0].markdown()) <= len(answers[1].markdown())


@every_tool
def test_the_conversation_keeps_its_own_sentences(results: dict[str, Frozen], spec: ToolSpec[Any]) -> None:
    result = results[spec.name]
    answer = word([result])
    quotes = [str(span) for span in answer.spans() if isinstance(span, Quote)]
    kept = remembered(answer, [result])
    assert kept.count(LEFT_OUT) == len(quotes)
    assert not [quote for quote in quotes if quote in kept]


@every_tool
def test_the_page_says_what_it_does_and_what_it_found(results: dict[str, Frozen], spec: ToolSpec[Any]) -> None:
    result = results[spec.name]
    title, found = step_title(spec.name), step_result(spec.name, result)
    assert title == spec.doing != step_title("no_such_tool")
    assert found
    assert "\n" not in found
    assert title not in found
    assert step_result(spec.name, None) == f"{title}: not possible"
    details = step_details(result, "", asked(spec)).split("\n")
    assert len([line for line in details if line]) >= len(asked(spec))


@every_tool
def test_users_are_led_to_it(spec: ToolSpec[Any]) -> None:
    assert spec.intents
    assert set(spec.intents) <= {example.intent for example in read_examples()}
    for intent, question in spec.intents.items():
        assert PLAIN_QUESTIONS[intent] == question
        assert question in ask_back([intent])
        assert TOOLS[intent] == spec.name


@every_tool
def test_it_takes_no_argument_that_nobody_knows(spec: ToolSpec[Any]) -> None:
    assert spec.arguments.model_json_schema()["additionalProperties"] is False


def test_the_tools_that_are_judged_are_those_of_the_list() -> None:
    assert {intent: spec.name for spec in SPECS for intent in spec.intents} == TOOLS
    assert set(TOOLS.values()) == {spec.name for spec in SPECS}


def test_the_page_on_adding_a_tool_shows_one_that_works(parts: Parts) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": "tools.list_objections"}
    exec(compile(block, str(PAGE), "exec"), names)
    spec: ToolSpec[Any] = names["SPEC"]
    result = spec.function(parts, **asked(spec))
    assert type(result) is spec.result
    for detail in ("short", "full"):
        assert faults_of(spec.words(result, detail), [result]) == []
    assert spec.found(result).startswith("Found ")


def test_what_no_tool_gives_has_no_words() -> None:
    with pytest.raises(TypeError, match="no tool gives a Frozen"):
        word([Frozen()])
