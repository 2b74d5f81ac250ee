"""What is masked for a client: every text that isn't known to be the coach's own, and never a number."""

from typing import Annotated, Literal

from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen, Transcript, Turn
from serving.mcp.masks import LEFT_OUT, Masks
from serving.mcp.tools import TOOLS
from serving.mcp.untrusted import MARK, notice, output_schema, untrusted_fields

CALL = Transcript(
    turns=(
        Turn(speaker="Customer (Ingrid Vossberg)", role="customer", text="We at Brewmoor pay Tobias too much."),
        Turn(speaker="Rep", role="rep", text="I see, we can look at that."),
    )
)


class Inner(Frozen):
    speaker: str
    role: Literal["rep", "customer"]
    added_later: str | None = None


class Outer(Frozen):
    call_id: str
    account_id: str | None
    kind: Annotated[str, OURS]
    verdict: Ours[tuple[str, ...]]
    state: Literal["good", "bad"] | None
    said: tuple[Inner, ...]
    by_name: dict[str, Inner] = Field(default_factory=dict)
    metadata: dict[str, str] = Field(default_factory=dict)
    effect: float = 0.1234
    hidden: str = Field("Ingrid", exclude=True)


class Fixed(Frozen):
    state: Literal["a", "b"]


def masks(key: str = "k") -> Masks:
    return Masks(key, lambda call_id: None)


def outer(**changed: object) -> Outer:
    inner = Inner(speaker="Ingrid Vossberg", role="customer", added_later="Ask Tobias about 4,500 euros.")
    fields: dict[str, object] = {
        "call_id": "brewmoor-1", "account_id": "Brewmoor", "kind": "pricing", "state": "good", "said": (inner,),
        "verdict": ("“Ingrid” was taken as the customer; Ingrid decides.",), "by_name": {"x": inner},
        "metadata": {"industry": "food", "contact": "Ingrid"},
    }  # fmt: skip
    return Outer(**(fields | changed))  # type: ignore[arg-type]


def test_a_field_is_masked_unless_its_type_says_that_it_is_ours() -> None:
    found = masks().masked(outer(), CALL)
    assert found.said[0].speaker == "Customer"
    assert found.said[0].added_later == found.by_name["x"].added_later == "Ask [name] about [amount]."
    assert found.verdict == (f"{LEFT_OUT} was taken as the customer; [name] decides.",)
    assert (found.kind, found.state, found.effect) == ("pricing", "good", 0.1234)
    assert found.metadata == {"industry": "food"}
    assert found.call_id.startswith("call-")
    assert (found.account_id or "").startswith("account-")
    assert masks().masked(outer(account_id=None), CALL).account_id is None


@given(first=st.text(max_size=30), second=st.text(max_size=30), key=st.text(max_size=8))
def test_aliases_are_stable_tell_ids_apart_and_depend_on_the_library(first: str, second: str, key: str) -> None:
    assert masks(key).alias("call", first) == masks(key).alias("call", first)
    assert (masks(key).alias("call", first) == masks(key).alias("call", second)) == (first == second)
    assert masks(key).alias("call", first) != masks(key + "x").alias("call", first)
    assert masks(key).alias("call", first)[5:] != masks(key).alias("account", first)[8:]


@given(effect=st.floats(allow_nan=False), words=st.text(max_size=80))
def test_no_number_and_no_shape_is_ever_changed(effect: float, words: str) -> None:
    before = outer(effect=effect, said=(Inner(speaker=words, role="rep", added_later=words),))
    after = masks().masked(before, CALL)
    assert after.effect == before.effect
    assert after.model_dump().keys() == before.model_dump().keys()
    assert Outer.model_validate(after.model_dump() | {"hidden": ""})


def test_the_schema_marks_what_anybody_may_have_said() -> None:
    schema = output_schema(Outer)
    assert untrusted_fields(Outer) == [
        "by_name", "by_name.added_later", "by_name.speaker", "metadata", "said[].added_later", "said[].speaker",
    ]  # fmt: skip
    assert schema["$defs"]["Inner"]["properties"]["added_later"][MARK]
    assert MARK not in schema["properties"]["kind"] | schema["properties"]["verdict"] | schema["properties"]["call_id"]
    assert "hidden" not in schema["properties"]
    assert "`said[].speaker`" in notice(Outer)
    assert notice(Fixed) == ""


def test_every_tool_marks_every_quote() -> None:
    for tool in TOOLS:
        marked = untrusted_fields(tool.result)
        assert marked, tool.name
        schema = output_schema(tool.result)
        for one in (schema, *schema.get("$defs", {}).values()):
            if one.get("title") in {"SummarySentence", "OpenPoint"}:  # whose texts are the coach's own
                continue
            for name in {"quote", "answer", "what", "text"} & one.get("properties", {}).keys():
                assert one["properties"][name].get(MARK), (tool.name, name)
