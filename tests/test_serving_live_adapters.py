"""The adapters of docs/live.md do what the page says, with invented messages in the services' forms."""

import re
from pathlib import Path
from typing import Any

import pytest

from serving.api.live_messages import Said, read
from serving.usecases.live_turns import LiveTurns

PAGE = Path(__file__).parent.parent / "docs" / "live.md"


@pytest.fixture(scope="module")
def code() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, found)
    return found


def test_the_messages_of_the_page_are_read() -> None:
    [block] = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [read(line).type for line in block.splitlines()] == ["begin", "turn", "turn", "end"]


def test_assemblyai_style_messages_become_turns(code: dict[str, Any]) -> None:
    def message(text: str, *, is_end: bool) -> dict[str, Any]:
        words = [{"text": one, "start": 400 + 300 * at, "end": 650 + 300 * at} for at, one in enumerate(text.split())]
        return {"type": "Turn", "turn_order": 2, "transcript": text, "words": words, "end_of_turn": is_end}

    turns = LiveTurns()
    for said, is_end in (("what does", False), ("What does it cost?", True)):
        turns.put(Said.model_validate(code["of_assemblyai"](message(said, is_end=is_end), "Customer", 2, 1)))
    assert turns.now().orders == [5]
    [turn] = turns.now().turns
    assert (turn.text, turn.role, turn.start_s, turn.end_s) == ("What does it cost?", "customer", 0.4, 1.55)
    assert code["of_assemblyai"]({"type": "Begin"}, "Customer") is None


def test_deepgram_style_messages_become_turns(code: dict[str, Any]) -> None:
    def message(side: int, text: str, start: float, *, is_final: bool, ends: bool) -> dict[str, Any]:
        return {
            "type": "Results", "channel_index": [side, 2], "start": start, "duration": 1.0, "is_final": is_final,
            "speech_final": ends, "channel": {"alternatives": [{"transcript": text}]},
        }  # fmt: skip

    adapter, turns = code["OfDeepgram"](["Rep", "Customer"]), LiveTurns()
    for one in (
        message(0, "we could", 0.0, is_final=False, ends=False),
        message(0, "We could start", 0.0, is_final=True, ends=False),
        message(1, "mm", 0.5, is_final=True, ends=True),
        message(0, "in May.", 1.0, is_final=True, ends=True),
        message(1, "May is fine.", 2.5, is_final=True, ends=True),
    ):
        turns.put(Said.model_validate(adapter.turn(one)))
    assert [(turn.role, turn.text) for turn in turns.now().turns] == [
        ("rep", "We could start in May."), ("customer", "mm"), ("customer", "May is fine."),
    ]  # fmt: skip
    assert adapter.turn({"type": "Metadata"}) is None
