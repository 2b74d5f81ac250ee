"""What becomes of single statements of a language model: shown as checked, shown apart, or refused."""

from collections.abc import Iterator
from typing import Any, Literal

from agent.grounding import read_draft
from salescoach.redact.sanitise import sanitise
from tools.registry import SPECS

Outcome = Literal["checked", "apart", "refused"]

QUESTION = "Why?"


def outcomes(known: dict[str, Any], statements: list[Any]) -> Iterator[tuple[Outcome, str]]:
    """What becomes of each statement, with its text.

    A false one is checked only where it stands in the answer itself; where a fact took its place it counts as refused.
    So does a true one that another fact than the one that says it took the place of.

    Args:
        known: ``call_id`` and ``results``, which tools found for it.
        statements: false ones as texts; true ones as ``text`` and ``rests_on``, words of the facts that say it.
    """
    types = {spec.name: spec.result for spec in SPECS}
    results = [types[one["tool"]].model_validate(one["result"]) for one in known["results"]]
    for one in statements:
        text, rests_on = (one, None) if isinstance(one, str) else (one["text"], one["rests_on"])
        answer, problems = read_draft(sanitise(text), results, QUESTION, [known["call_id"]])
        shown = answer.markdown()
        if problems:
            yield "refused", text
        elif answer.not_checked():
            yield "apart", text
        elif rests_on is None:
            yield ("checked" if text in shown else "refused"), text
        else:
            yield ("checked" if all(words in shown for words in rests_on) else "refused"), text
