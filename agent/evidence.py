"""What results let an answer point to and quote. Goes by their fields, so a new tool needs no change here.

``turn`` and its like are places of a call, ``quote``, ``reply`` and ``..._quote`` what was said there, ``marker`` how
it is cited.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from salescoach.types import Citation, Frozen
from tools.document import AnswerDocument, Quote
from tools.parts import turn_marker


class Passage(Frozen):
    """A place that may be cited, and what its result says of it."""

    citation: Citation
    role: str | None
    direction: str | None
    outcome: str | None


def unfounded(answer: AnswerDocument, results: Sequence[BaseModel]) -> list[str]:
    """What a document quotes or cites that no result holds, each as a short phrase: empty, or code has a mistake."""
    said = list(texts(results))
    places = {one.citation for one in passages(results)}
    wrong = []
    for span in answer.spans():
        if isinstance(span, Quote) and not any(span.text in text for text in said):
            wrong.append(f"the quote {span} is nowhere in the results")
        if isinstance(span, Citation) and span not in places:
            wrong.append(f"the marker {span.marker} points to nothing")
    return wrong


def texts(results: Sequence[BaseModel]) -> Iterator[str]:
    """All text of results, whoever said it."""
    for result in results:
        yield from _texts(result.model_dump(mode="json"))


def passages(results: Sequence[BaseModel]) -> Iterator[Passage]:
    """Every place of results that may be cited."""
    for result in results:
        yield from _passages(result.model_dump(mode="json"), None)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _passages(value: Any, call_id: str | None) -> Iterator[Passage]:
    if isinstance(value, dict):
        call_id = value.get("call_id") or call_id
        yield from _passage(value, call_id)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _passages(inner, call_id)


def _passage(node: dict[str, Any], call_id: str | None) -> Iterator[Passage]:
    start = next((node[name] for name in ("turn_start", "turn", "focus") if isinstance(node.get(name), int)), None)
    own = next((name for name in ("quote", "focus_quote") if isinstance(node.get(name), str)), None)
    if start is None or own is None or call_id is None:
        return
    end = node["turn_end"] if isinstance(node.get("turn_end"), int) else start
    is_own = own == "quote"
    yield Passage(
        citation=Citation(
            marker=node.get("marker") or turn_marker(start),
            call_id=call_id,
            turn_start=start,
            turn_end=end,
            quote=node[own],
        ),
        role=node.get("role") if is_own else None,
        direction=node.get("direction"),
        outcome=node.get("outcome") if is_own else None,
    )
