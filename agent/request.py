"""A question read once: what it asks for, and what it names to go by. A follow-up is the question before, changed."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from agent import arguments
from agent.arguments import Known, Missing, Outcome
from agent.intents import INTENTS, MIN_PROBABILITY, SIMILAR, Intent, IntentRouter, Reading
from tools.registry import TOOL_OF

N_OFFERED = 2  # readings that the coach offers when it asks back
MIN_OFFERED = 0.12  # the least probability of one
MAX_LOOKED_BACK = 4  # questions that a chain of follow-ups may go back
FOLLOW_UP_WORDS = 9

WITHOUT_A_CALL: Final[frozenset[Intent]] = frozenset(
    intent for intent in INTENTS if intent not in TOOL_OF or not TOOL_OF[intent].takes_a_call
)
_OUTCOMES: Final[Mapping[Intent, Outcome]] = {intent: outcome for outcome, intent in SIMILAR.items()}
_OF_SEVERAL: Final = frozenset({"score", "why", "metrics", "trajectory"})  # cheap enough for all calls at once
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


FIRST_QUESTION = "Score this call."  # for a user who gives a call and asks nothing


@dataclass(frozen=True)
class Request:
    """What is asked for.

    intent: None where it isn't clear; then ``likeliest`` has the readings that may be meant.
    named: calls that are named, None for one that this conversation doesn't have.
    about: the calls that it is about; by default "this call".
    turns: that are named, from 1, of a call that has ``n_turns`` (0: not known).
    edits: of the call, or what is missing to make them.
    values: industry and call type, as arguments; ``library``: all arguments of a question about the team's numbers;
        ``tracker`` and ``playbook``: the one that is named.
    is_anyway: a number is wanted although the coach gives none.
    is_first: nothing was asked, a call was just given.
    """

    intent: Intent | None
    likeliest: tuple[Intent, ...] = ()
    named: tuple[str | None, ...] = ()
    about: tuple[str, ...] = ()
    turns: tuple[int, ...] = ()
    n_turns: int = 0
    edits: Sequence[Mapping[str, Any]] | Missing = "both"
    outcome: Outcome = "any"
    k: int | None = None
    of_objection: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    library: Mapping[str, Any] = field(default_factory=dict)
    tracker: Mapping[str, Any] = field(default_factory=dict)
    playbook: Mapping[str, Any] = field(default_factory=dict)
    metric: str | None = None
    is_anyway: bool = False
    is_first: bool = False


class RequestReader:
    """Reads questions. The same question after the same questions gives the same request. Made anew for each question.

    Args:
        router: reads what a question asks for.
        known: the library's names and the roles of a call's turns, where they may be used.
    """

    def __init__(self, router: IntentRouter, known: Known | None = None) -> None:
        self._router = router
        known = known or Known()
        self._known = replace(known, values_of=functools.cache(known.values_of))  # read once for a question

    def read(self, question: str, earlier: Sequence[str], calls: Sequence[str]) -> Request:
        """What a question asks for.

        Args:
            question: the user's words.
            earlier: the questions before it in this conversation, oldest first.
            calls: ids of the conversation's calls in the order they came; the last one is "this call".
        """
        return self._follow_up(question, earlier, calls) or self._by_itself(question, calls)

    def _by_itself(self, question: str, calls: Sequence[str]) -> Request:
        reading = self._router.read(question)
        intent = reading.intent
        if not calls and _is_about_losing(question, reading):
            intent = "losing"
        named = tuple(arguments.calls_named(question, calls))
        about = tuple(one for one in named if one is not None) or tuple(calls[-1:])
        if arguments.wants_all_calls(question) and intent in _OF_SEVERAL:
            about = tuple(calls)
        roles = self._known.roles_of(about[0]) if about else ()
        turns = tuple(arguments.turns(question, roles))
        if intent == "why" and turns:  # “why, at T14?” is about the turn
            intent = "explain"
        is_anyway = len(about) == 1 and intent in ("score", "why") and arguments.wants_it_anyway(question)
        intent = "score" if is_anyway else intent
        offered = [one for one, p in reading.ranked if p >= MIN_OFFERED and one != "unsure"][:N_OFFERED]
        return Request(
            intent=intent,
            likeliest=tuple(offered),
            named=named,
            about=about,
            turns=turns,
            n_turns=len(roles),
            edits=arguments.edits(question, roles) if intent == "what_if" else "both",
            outcome=_OUTCOMES.get(intent or "", "any"),
            k=arguments.how_many(question),
            of_objection=not turns and _OBJECTION.search(question) is not None,
            values=arguments.filters(question, self._known) if intent in (*_OUTCOMES, "losing") else {},
            library=arguments.library_arguments(question, self._known) if intent == "library" else {},
            tracker=arguments.tracker_named(question, self._known) if intent == "tracker" else {},
            playbook=arguments.playbook_named(question) if intent == "scorecard" else {},
            metric=arguments.metric_named(question),
            is_anyway=is_anyway,
            is_first=question == FIRST_QUESTION,
        )

    def _follow_up(self, question: str, earlier: Sequence[str], calls: Sequence[str]) -> Request | None:
        """The request before, with what this question changes; None where this one stands by itself."""
        plain = arguments.without_quotes(question).strip()
        is_short = len(plain.split()) <= FOLLOW_UP_WORDS
        if not earlier or not is_short or not (_FOLLOWS.search(plain) or _BARE_TURN.search(plain)):
            return None
        before = self.read(earlier[-1], earlier[max(0, len(earlier) - 1 - MAX_LOOKED_BACK) : -1], calls)
        if before.intent not in TOOL_OF:
            return None
        named = tuple(arguments.calls_named(question, calls))
        turns = tuple(arguments.turns(question, self._known.roles_of(before.about[0]) if before.about else ()))
        changed = self._changes(before, question, turns)
        if not changed and len(named) == 1 and named[0] is not None and before.intent != "compare" and not turns:
            changed = {"about": (named[0],), "named": named, "n_turns": len(self._known.roles_of(named[0]))}
        return replace(before, **changed, metric=arguments.metric_named(question)) if changed else None

    def _changes(self, before: Request, question: str, turns: tuple[int, ...]) -> dict[str, Any]:
        """What a follow-up says of what its kind of request goes by; what it doesn't say stays as it was."""
        intent = before.intent
        changed: dict[str, Any] = {}
        if intent == "library":
            return self._changes_of_library(before, question)
        if intent in (*_OUTCOMES, "losing") and (values := arguments.filters(question, self._known, is_follow_up=True)):
            changed["values"] = {**before.values, **values}
        if intent in _OUTCOMES and (outcome := arguments.outcome(question)) is not None:
            changed |= {"outcome": outcome, "intent": SIMILAR[outcome]}
        if intent in (*_OUTCOMES, "won_did") and (k := arguments.how_many(question)) is not None:
            changed["k"] = k
        if intent == "scorecard" and (playbook := arguments.playbook_named(question)):
            changed["playbook"] = playbook
        if intent in (*_OUTCOMES, "won_did", "explain") and turns:
            changed["turns"] = turns
        return changed

    def _changes_of_library(self, before: Request, question: str) -> dict[str, Any]:
        """The numbers that were asked for last, by or for something else."""
        asked = arguments.library_arguments(question, self._known, is_follow_up=True)
        # The defaults of a question by itself are no wish.
        said = {name: value for name, value in asked.items() if name not in ("by", "measure")}
        if arguments.grouping(question, self._known) is not None:
            said["by"] = asked["by"]
        if arguments.metric_named(question) is not None or asked["measure"] == "count":
            said["measure"] = asked["measure"]
        return {"library": {**before.library, **said}} if said else {}


def _is_about_losing(question: str, reading: Reading) -> bool:
    """Whether a question that may ask for a call can be about the team's calls: where there is none, it is."""
    intent, p = reading.ranked[0][0], dict(reading.ranked)["losing"]
    why_lost = intent == "why" and arguments.outcome(question) is not None and p > 0  # “Why did we lose?”
    return intent not in WITHOUT_A_CALL and (why_lost or p >= MIN_PROBABILITY)
