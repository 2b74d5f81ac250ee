"""From a question to tool calls: its intent, the arguments that it names, and what to ask where one is missing."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent import arguments, replies
from agent.arguments import Known, Outcome
from agent.intents import INTENTS, MIN_PROBABILITY, SIMILAR, Intent, IntentRouter, Reading
from agent.state import MAX_TOOL_CALLS
from agent.wording import ASK_FOR_A_CALL
from tools.registry import TOOL_OF
from tools.what_won_calls_did import DEFAULT_REPLIES

N_OFFERED = 2  # readings that the coach offers when it asks back
MIN_OFFERED = 0.12  # the least probability of one
MAX_LOOKED_BACK = 4  # questions that a chain of follow-ups may go back
FOLLOW_UP_WORDS = 9

Kind = Intent | Literal["ask_for_a_call", "ask_edit", "ask_turn", "ask_compare", "ask_call"]
_OUTCOMES: dict[Intent, Outcome] = {intent: outcome for outcome, intent in SIMILAR.items()}
_WITHOUT_A_CALL: frozenset[Intent] = frozenset(
    intent for intent in INTENTS if intent not in TOOL_OF or not TOOL_OF[intent].takes_a_call
)
_TAKES_TURNS: frozenset[Intent] = frozenset({"explain", "what_if", "won_did", *SIMILAR.values()})
_SAID: dict[Intent, str] = {
    "help": replies.HELP,
    "greeting": replies.GREETING,
    "thanks": replies.THANKS,
    "privacy": replies.PRIVACY,
}
_FOLLOWS = re.compile(
    r"^(?:(?:ok(?:ay)?|so|and|now|but|hm+),?\s+)*(?:and|now|what about|how about|same|only|just|but|or"
    r"|also|per|by|for|in"
    r"|then|vs)\b",
    re.I,
)
_OBJECTION = re.compile(
    r"\b(?:same|this|that|such|like|their|her|his)\b[\w\s]{0,12}\b(?:objections?|concerns?|worr(?:y|ies))\b", re.I
)
_BARE_TURN = re.compile(r"^(?:the\s+)?[\[\w\s-]{0,20}?(?:turn\s*\w+|\[?t\s?\d+\]?|\w+ turn)\W*$", re.I)


@dataclass(frozen=True)
class PlannedCall:
    """A tool call without its id."""

    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to do about a question: call tools, or say ``reply`` where there are none to call."""

    kind: Kind
    calls: tuple[PlannedCall, ...] = ()
    reply: str = ""


class Planner:
    """Plans tool calls. The same question after the same questions gives the same plan. Made anew for each question.

    Args:
        router: reads what a question asks for.
        known: the library's names and the roles of a call's turns, where the planner may use them.
    """

    def __init__(self, router: IntentRouter, known: Known | None = None) -> None:
        self._router = router
        known = known or Known()
        self._known = replace(known, values_of=functools.cache(known.values_of))  # read once for a question

    def plan(self, question: str, earlier: Sequence[str], calls: Sequence[str]) -> Plan:
        """The plan for a question.

        Args:
            question: the user's words.
            earlier: the questions before it in this conversation, oldest first.
            calls: ids of the conversation's calls in the order they came; the last one is "this call".
        """
        followed = self._follow_up(question, earlier, calls)
        if followed is not None:
            return followed
        reading = self._router.read(question)
        intent = reading.intent
        if not calls and _is_about_losing(question, reading):
            intent = "losing"
        if intent is None:
            offered = [one for one, p in reading.ranked if p >= MIN_OFFERED and one != "unsure"][:N_OFFERED]
            return Plan("unsure", reply=replies.ask_back(offered))
        return self._plan_intent(intent, question, calls)

    def _plan_intent(self, intent: Intent, question: str, calls: Sequence[str]) -> Plan:
        if intent == "unsure":
            return Plan("unsure", reply=replies.UNSURE)
        if intent in _SAID:
            return Plan(intent, reply=_SAID[intent])
        if not calls and intent not in _WITHOUT_A_CALL:
            return Plan("ask_for_a_call", reply=ASK_FOR_A_CALL)
        if intent == "library":
            return Plan(intent, (PlannedCall("look_up_library", arguments.library_arguments(question, self._known)),))
        if intent == "losing":
            return Plan(intent, (PlannedCall("won_and_lost", dict(arguments.filters(question, self._known))),))
        if intent in _WITHOUT_A_CALL:
            return Plan(intent, (PlannedCall(TOOL_OF[intent].name, {}),))
        named = arguments.calls_named(question, calls)
        if intent == "compare":
            return _compare(named, calls)
        if None in named:
            return Plan("ask_call", reply=replies.NO_SUCH_CALL)
        if arguments.wants_all_calls(question) and intent in ("score", "why", "metrics", "trajectory"):
            about = list(calls)
        else:
            about = [one for one in named if one is not None] or [calls[-1]]
        return self._about_calls(intent, question, about)

    def _about_calls(self, intent: Intent, question: str, about: Sequence[str]) -> Plan:
        """The plan for an intent that is about one call or, where it is cheap, several."""
        call_id = about[0]
        call = {"call_id": call_id}
        roles = self._known.roles_of(call_id)
        turns = arguments.turns(question, roles)
        if intent == "why" and turns:  # “why, at T14?” is about the turn
            intent = "explain"
        if roles and intent in _TAKES_TURNS and not all(turn <= len(roles) for turn in turns):
            return Plan("ask_turn", reply=replies.NO_SUCH_TURN)
        count = arguments.how_many(question)
        k = {} if count is None else {"k": count}
        if intent in ("score", "why") and len(about) == 1 and arguments.wants_it_anyway(question):
            return Plan("score", (PlannedCall("score_call", call | {"force": True}),))
        if intent in ("score", "advice") and len(about) == 1:
            return Plan(
                intent,
                (
                    PlannedCall("score_call", call),
                    # Of these the best is shown; how many precedents somebody likes to read makes no difference.
                    PlannedCall("what_won_calls_did", call | {"k": DEFAULT_REPLIES}),
                    PlannedCall("look_up_metrics", call),
                ),
            )
        if intent == "explain":
            if not turns:
                return Plan("ask_turn", reply=replies.ASK_WHICH_TURN)
            return Plan(
                intent, tuple(PlannedCall("explain_turn", call | {"turn": turn}) for turn in turns[:MAX_TOOL_CALLS])
            )
        if intent == "what_if":
            edits = arguments.edits(question, roles)
            if isinstance(edits, str):
                return Plan("ask_edit", reply=replies.ASK_FOR_EDIT[edits])
            return Plan(intent, (PlannedCall("what_if", call | {"edits": edits}),))
        if intent in _TAKES_TURNS:
            return self._precedents(intent, question, call | k, turns)
        name = TOOL_OF[intent].name
        more = arguments.tracker_named(question, self._known) if intent == "tracker" else {}
        return Plan(intent, tuple(PlannedCall(name, {"call_id": one} | more) for one in about[-MAX_TOOL_CALLS:]))

    def _precedents(self, intent: Intent, question: str, args: dict[str, Any], turns: Sequence[int]) -> Plan:
        """The plan for past moments or calls like this one's."""
        focus: dict[str, Any] = {"turn": turns[0]} if turns else {}
        if intent == "won_did":
            return Plan(intent, (PlannedCall("what_won_calls_did", args | focus),))
        if not turns and _OBJECTION.search(question):
            focus = {"objection": True}
        given = {"outcome": _OUTCOMES[intent]} | focus | arguments.filters(question, self._known)
        return Plan(intent, (PlannedCall("find_similar_calls", args | given),))

    def _follow_up(self, question: str, earlier: Sequence[str], calls: Sequence[str]) -> Plan | None:
        """The plan of the question before, with what this one changes; None where this one stands by itself."""
        plain = arguments.without_quotes(question).strip()
        is_short = len(plain.split()) <= FOLLOW_UP_WORDS
        if not earlier or not is_short or not (_FOLLOWS.search(plain) or _BARE_TURN.search(plain)):
            return None
        before = self.plan(earlier[-1], earlier[max(0, len(earlier) - 1 - MAX_LOOKED_BACK) : -1], calls)
        if not before.calls:
            return None
        main = before.calls[0]
        named = arguments.calls_named(question, calls)
        roles = self._known.roles_of(main.args["call_id"]) if "call_id" in main.args else ()
        turns = arguments.turns(question, roles)
        if before.kind == "library":
            return self._more_of_library(question, before)
        if before.kind == "losing" and (said := arguments.filters(question, self._known, is_follow_up=True)):
            return Plan("losing", (PlannedCall(main.name, main.args | said),))
        if before.kind in _OUTCOMES or before.kind == "won_did":
            changed = self._more_precedents(question, before, turns)
            if changed is not None:
                return changed
        if turns and before.kind == "explain":
            return Plan(before.kind, tuple(PlannedCall(main.name, main.args | {"turn": turn}) for turn in turns))
        if len(named) == 1 and named[0] is not None and before.kind != "compare" and not turns:
            return replace(
                before, calls=tuple(PlannedCall(one.name, one.args | {"call_id": named[0]}) for one in before.calls)
            )
        return None

    def _more_of_library(self, question: str, before: Plan) -> Plan | None:
        """The numbers that were asked for last, by or for something else."""
        asked = arguments.library_arguments(question, self._known, is_follow_up=True)
        # What isn't said stays as it was; the defaults of a question by itself are no wish.
        said = {name: value for name, value in asked.items() if name not in ("by", "measure")}
        if arguments.grouping(question, self._known) is not None:
            said["by"] = asked["by"]
        if arguments.metric_named(question) is not None or asked["measure"] == "count":
            said["measure"] = asked["measure"]
        if not said:
            return None
        main = before.calls[0]
        return Plan("library", (PlannedCall(main.name, main.args | said),))

    def _more_precedents(self, question: str, before: Plan, turns: Sequence[int]) -> Plan | None:
        """The past calls that were asked for last, of another outcome, industry, type, moment or number."""
        main = before.calls[0]
        is_similar = before.kind != "won_did"
        said: dict[str, Any] = arguments.filters(question, self._known, is_follow_up=True) if is_similar else {}
        outcome = arguments.outcome(question)
        if outcome is not None:
            said["outcome"] = outcome
        if turns:
            said["turn"] = turns[0]
        if (k := arguments.how_many(question)) is not None:
            said["k"] = k
        if not said:
            return None
        if not is_similar:  # its answer holds won and lost calls alike
            said.pop("outcome", None)
            return Plan(before.kind, (PlannedCall(main.name, main.args | said),))
        args = main.args | said
        return Plan(SIMILAR[args["outcome"]], (PlannedCall(main.name, args),))


def _is_about_losing(question: str, reading: Reading) -> bool:
    """Whether a question that may ask for a call can be about the team's calls: where there is none, it is."""
    intent, p = reading.ranked[0][0], dict(reading.ranked)["losing"]
    why_lost = intent == "why" and arguments.outcome(question) is not None and p > 0  # “Why did we lose?”
    return intent not in _WITHOUT_A_CALL and (why_lost or p >= MIN_PROBABILITY)


def _compare(named: Sequence[str | None], calls: Sequence[str]) -> Plan:
    """Two calls, the later one first; this call and the one before it where none is named."""
    if len(calls) < 2:
        return Plan("ask_compare", reply=replies.ASK_FOR_SECOND_CALL)
    if None in named:
        return Plan("ask_call", reply=replies.NO_SUCH_CALL)
    chosen = [one for one in named if one is not None][:2]
    for other in (calls[-1], calls[-2]):
        if len(chosen) < 2 and other not in chosen:
            chosen.append(other)
    later, before = sorted(chosen, key=calls.index, reverse=True)
    return Plan("compare", (PlannedCall("compare_calls", {"call_id": later, "other_call_id": before}),))
