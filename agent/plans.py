"""From a request to tool calls: a table, and what to ask where something is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from agent import replies
from agent.intents import SIMILAR, Intent
from agent.request import WITHOUT_A_CALL, Request, RequestReader
from agent.state import MAX_TOOL_CALLS
from tools.brief import PARTS
from tools.registry import TOOL_OF
from tools.what_won_calls_did import DEFAULT_REPLIES

Kind = Intent | Literal["ask_for_a_call", "ask_edit", "ask_turn", "ask_compare", "ask_call"]
Args = dict[str, Any]
Step = tuple[str, Callable[[Request, Sequence[str]], Sequence[Args]]]  # a tool, and how often it is called with what


@dataclass(frozen=True)
class PlannedCall:
    """A tool call without its id."""

    name: str
    args: Args


@dataclass(frozen=True)
class Plan:
    """What to do about a question: call tools, or say ``reply`` where there are none to call."""

    kind: Kind
    calls: tuple[PlannedCall, ...] = ()
    reply: str = ""


def _each_call(request: Request, calls: Sequence[str]) -> list[Args]:
    more: Args = {"force": True} if request.is_anyway else {**request.tracker, **request.playbook}
    return [{"call_id": one} | more for one in request.about[-MAX_TOOL_CALLS:]]


def _beside(more: Args) -> Callable[[Request, Sequence[str]], list[Args]]:
    """What an answer to one call has beside its score."""

    def args(request: Request, calls: Sequence[str]) -> list[Args]:
        return [{"call_id": request.about[0]} | more] if len(request.about) == 1 and not request.is_anyway else []

    return args


def _at_first(request: Request, calls: Sequence[str]) -> list[Args]:
    """What stands on top under a call that was just given."""
    return [{"call_id": request.about[0]}] if request.is_first and len(request.about) == 1 else []


def _each_turn(request: Request, calls: Sequence[str]) -> list[Args]:
    return [{"call_id": request.about[0], "turn": turn} for turn in request.turns[:MAX_TOOL_CALLS]]


def _edited(request: Request, calls: Sequence[str]) -> list[Args]:
    return [{"call_id": request.about[0], "edits": request.edits}]


def _moment(request: Request, calls: Sequence[str]) -> list[Args]:
    turn = {"turn": request.turns[0]} if request.turns else {}
    return [{"call_id": request.about[0]} | ({} if request.k is None else {"k": request.k}) | turn]


def _alike(request: Request, calls: Sequence[str]) -> list[Args]:
    [args] = _moment(request, calls)
    objection = {"objection": True} if request.of_objection and not request.turns else {}
    return [args | {"outcome": request.outcome} | objection | dict(request.values)]


def _part(about: str) -> Callable[[Request, Sequence[str]], list[Args]]:
    """A part of the brief of each call."""
    return lambda request, calls: [{"call_id": one, "about": about} for one in request.about[-MAX_TOOL_CALLS:]]


def _two(request: Request, calls: Sequence[str]) -> list[Args]:
    """Two calls, the later one first; this call and the one before it where none is named."""
    chosen = [one for one in request.named if one is not None][:2]
    chosen += [one for one in (calls[-1], calls[-2]) if one not in chosen][: 2 - len(chosen)]
    later, before = sorted(chosen, key=calls.index, reverse=True)
    return [{"call_id": later, "other_call_id": before}]


_CALL: Final[tuple[Step, ...]] = (
    ("score_call", _each_call),
    # Of these the best is shown; how many precedents somebody likes to read makes no difference.
    ("what_won_calls_did", _beside({"k": DEFAULT_REPLIES})),
    ("look_up_metrics", _beside({})),
    ("brief", _at_first),
)
# What is called for an intent; for any other it is the tool that claims it, for each call or without any.
_STEPS: Final[Mapping[Intent, tuple[Step, ...]]] = {
    "score": _CALL,
    "advice": _CALL,
    "explain": (("explain_turn", _each_turn),),
    "what_if": (("what_if", _edited),),
    "compare": (("compare_calls", _two),),
    "won_did": (("what_won_calls_did", _moment),),
    **dict.fromkeys(SIMILAR.values(), (("find_similar_calls", _alike),)),
    "library": (("look_up_library", lambda request, calls: [dict(request.library)]),),
    **{about: (("brief", _part(about)),) for about in PARTS},
    "losing": (("won_and_lost", lambda request, calls: [dict(request.values)]),),
}
_TAKES_TURNS: Final[frozenset[Intent]] = frozenset({"explain", "what_if", "won_did", *SIMILAR.values()})
_SAID: Final[Mapping[Intent, str]] = {
    "help": replies.HELP,
    "greeting": replies.GREETING,
    "thanks": replies.THANKS,
    "privacy": replies.PRIVACY,
    "unsure": replies.UNSURE,
}


class Planner(RequestReader):
    """Reads a question, and plans tool calls for it."""

    def plan(self, question: str, earlier: Sequence[str], calls: Sequence[str]) -> Plan:
        """The plan for a question, of which ``read`` tells more."""
        return plan_of(self.read(question, earlier, calls), calls)


def plan_of(request: Request, calls: Sequence[str]) -> Plan:
    """The plan for a request in a conversation with calls."""
    intent = request.intent
    if intent is None:
        return Plan("unsure", reply=replies.ask_back(request.likeliest))
    if intent in _SAID:
        return Plan(intent, reply=_SAID[intent])
    if (missing := _missing(request, intent, calls)) is not None:
        return missing
    default = _each_call if TOOL_OF[intent].takes_a_call else lambda request, calls: [{}]
    steps = _STEPS.get(intent, ((TOOL_OF[intent].name, default),))
    return Plan(intent, tuple(PlannedCall(name, args) for name, made in steps for args in made(request, calls)))


def _missing(request: Request, intent: Intent, calls: Sequence[str]) -> Plan | None:
    """What to ask before any tool can be called; None where nothing is missing."""
    if intent in WITHOUT_A_CALL:
        return None
    if not calls:
        return Plan("ask_for_a_call", reply=replies.ASK_FOR_A_CALL)
    if intent == "compare" and len(calls) < 2:
        return Plan("ask_compare", reply=replies.ASK_FOR_SECOND_CALL)
    if None in request.named:
        return Plan("ask_call", reply=replies.NO_SUCH_CALL)
    if intent in _TAKES_TURNS and request.n_turns and not all(turn <= request.n_turns for turn in request.turns):
        return Plan("ask_turn", reply=replies.NO_SUCH_TURN)
    if intent == "explain" and not request.turns:
        return Plan("ask_turn", reply=replies.ASK_WHICH_TURN)
    if intent == "what_if" and isinstance(request.edits, str):
        return Plan("ask_edit", reply=replies.ASK_FOR_EDIT[request.edits])
    return None
