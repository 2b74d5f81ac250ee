"""The tool ``what_if``: the score of a call with some turns replaced, inserted or taken out. Nothing is stored."""

from collections.abc import Sequence
from typing import Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from salescoach.errors import InputError
from salescoach.model.abstention import is_english_turn
from salescoach.reading.transcripts import tidy
from salescoach.redact.our_words import Ours
from salescoach.stats.splits import evenly
from salescoach.types import Frozen, LabelledCall, Role, Transcript, Turn
from tools.document import AnswerDocument, AnswerLine, Part, document, line
from tools.parts import Direction, Parts, direction, numbered_turn, percent, points, scored_by, turn_marker
from tools.phrases import caveat, cite, quote, say
from tools.spec import CallArguments, Detail, ToolSpec

MAX_EDITS: Final = 5
MAX_CHARS: Final = 5_000  # more isn't even read
MAX_WORDS: Final = 150  # of 3,000 turns of real chats the longest has 106
MIN_WORDS_TO_REPEAT: Final = 10
MIN_SHARE_DISTINCT: Final = 0.3  # of those turns the most repetitive has 0.48
N_PAST: Final = 60  # calls of the library that say what an ordinary turn is
ORDINARY_SHARE: Final = 0.995  # of their turns
MAX_SHARE_CHANGED: Final = 1 / 3
NAMES: Final[dict[Role, str]] = {"rep": "Rep", "customer": "Customer", "unknown": "Speaker"}
UNLIKE: Final = (
    "The text is unlike what is said in the calls that the model learned from, so a score of it would mean nothing; "
    "put it as it would be said in this call."
)
NO_CAUSE: Final = (
    "This is how the model scores such words, an association in the calls that it learned from, not a cause: all other "
    "turns stay as they were said, and nobody knows what the customer would have answered."
)


class Edit(Frozen):
    """A change of a call, whose turns keep their numbers. ``insert`` puts ``text`` after ``turn``, 0: at the start.

    Without a ``role`` a replaced turn keeps its own, and an inserted one is the rep's.
    """

    action: Literal["replace", "insert", "delete"]
    turn: int = Field(
        ge=0, description="number of the turn as the call stands; insert puts the text after it, 0: first"
    )
    text: str | None = Field(None, max_length=MAX_CHARS, description="what is said instead; none for delete")
    role: Literal["rep", "customer"] | None = Field(None, description="who says it; default: as it was, or the rep")

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Self:
        if self.action == "delete" and (self.text is not None or self.role is not None):
            raise ValueError("delete takes a turn and nothing else")
        if self.action != "delete" and self.text is None:
            raise ValueError(f"{self.action} needs the text that is to be said")
        if self.action != "insert" and self.turn == 0:
            raise ValueError("turns count from 1; only insert takes 0, for the start of the call")
        return self


class WhatIfArguments(CallArguments):
    """Which call, and what in it would have been said otherwise."""

    edits: list[Edit] = Field(min_length=1, max_length=MAX_EDITS, description="all of them are made at once")


class ShownEdit(Frozen):
    """An edit, with what stands at the turn now; ``marker`` and ``quote`` are None for a text put at the start."""

    marker: str | None
    action: Literal["replace", "insert", "delete"]
    turn: int
    quote: str | None
    text: str | None
    role: Role


class WhatIfResult(Frozen):
    """The score before and after the edits, or why there is none. ``direction`` is that of the change."""

    call_id: str
    edits: tuple[ShownEdit, ...]
    before_percent: int | None = None
    after_percent: int | None = None
    change_points: float | None = None
    direction: Direction | None = None
    unavailable: Ours[str | None] = None
    reading: Ours[str] = NO_CAUSE
    scored_by: Ours[str | None] = None


def what_if(parts: Parts, call_id: str, edits: Sequence[Edit]) -> WhatIfResult:
    """Scores a call as if some of its turns had been others.

    Raises:
        InputError: there is no such call, it has no such turn, or a turn is edited twice.
    """
    call = parts.library.get(call_id)
    turns = call.transcript.turns
    shown = tuple(_shown(call, edit) for edit in edits)
    _refuse_twice(edits)

    def refused(why: str) -> WhatIfResult:
        return WhatIfResult(call_id=call_id, edits=shown, unavailable=why)

    before = parts.scorer.score(call.transcript)
    if before.probability is None:
        return refused(" ".join(before.reasons))
    if len(edits) > MAX_SHARE_CHANGED * len(turns):
        return refused(
            f"That changes {len(edits)} of {len(turns)} turns; "
            "with more than a third of them changed it would be another call."
        )
    # What somebody said in this call may be said again.
    new = [edit for edit in shown if edit.text is not None and edit.text not in {turn.text for turn in turns}]
    max_words = max(MAX_WORDS, *(len(turn.text.split()) for turn in turns))
    if why := next((why for edit in new if (why := _why_not_said(edit.text or "", max_words))), None):
        return refused(why)
    if new and not _is_known(parts, turns, [_said(turns, edit) for edit in new]):
        return refused(UNLIKE)
    after = parts.scorer.score(edited(call.transcript, shown))
    if after.probability is None:
        return refused(f"The edited call can't be judged. {' '.join(after.reasons)}")
    change = after.probability - before.probability
    return WhatIfResult(
        call_id=call_id,
        edits=shown,
        before_percent=percent(before.probability),
        after_percent=percent(after.probability),
        change_points=points(change),
        direction=direction(change),
        scored_by=scored_by(parts.scorer),
    )


def edited(transcript: Transcript, edits: Sequence[ShownEdit]) -> Transcript:
    """The call with all edits made at once; texts inserted at one place stand in the order given."""
    changed = {edit.turn: edit for edit in edits if edit.action != "insert"}
    turns: list[Turn] = []
    for number, turn in enumerate((None, *transcript.turns)):
        edit = changed.get(number)
        if edit is None and turn is not None:
            turns.append(turn)
        elif edit is not None and edit.action == "replace":
            turns.append(_said(transcript.turns, edit))
        turns += [_said(transcript.turns, one) for one in edits if one.action == "insert" and one.turn == number]
    return transcript.model_copy(update={"turns": tuple(turns)})


def _said(turns: Sequence[Turn], edit: ShownEdit) -> Turn:
    """The turn that an edit puts in."""
    assert edit.text is not None
    if edit.action == "replace" and (now := turns[edit.turn - 1]).role == edit.role:
        return now.model_copy(update={"text": edit.text})
    speaker = next((turn.speaker for turn in turns if turn.role == edit.role), NAMES[edit.role])
    return Turn(speaker=speaker, role=edit.role, text=edit.text)


def _shown(call: LabelledCall, edit: Edit) -> ShownEdit:
    turn = numbered_turn(call, edit.turn) if edit.turn else None
    as_it_was: Role = "rep" if turn is None or edit.action == "insert" else turn.role
    return ShownEdit(
        marker=turn_marker(edit.turn) if turn else None,
        action=edit.action,
        turn=edit.turn,
        quote=turn.text if turn else None,
        text=None if edit.text is None else tidy(edit.text),
        role=edit.role or as_it_was,
    )


def _refuse_twice(edits: Sequence[Edit]) -> None:
    changed = [edit.turn for edit in edits if edit.action != "insert"]
    for turn in changed:
        if changed.count(turn) > 1:
            raise InputError(f"Turn {turn} is edited twice; say once what is to become of it.")


def _why_not_said(text: str, max_words: int) -> str | None:
    """Why a text is nothing that somebody says in a turn, as a sentence; None where it may be."""
    words = text.casefold().split()
    n_words = len(words)
    if not any(char.isalnum() for char in text):
        return "There is nothing in the text to be said; to see the call without a turn, delete it."
    if n_words > max_words:
        return f"The text has {n_words} words, more than a turn of this call; {max_words} are the limit."
    if n_words >= MIN_WORDS_TO_REPEAT and len(set(words)) < MIN_SHARE_DISTINCT * n_words:
        return "The text says the same words over and over, which no turn of a call does."
    if not is_english_turn(text):
        return "The text doesn't seem to be in English, the only language that the model has learned."
    return None


def _is_known(parts: Parts, turns: Sequence[Turn], said: Sequence[Turn]) -> bool:
    """Whether no text is less like what the model learned from than what is said in this call or in past ones."""
    past = [summary.call_id for summary in parts.library.summaries()]
    some = [parts.library.get(past[row]).transcript for row in evenly(len(past), N_PAST)]
    ordinary = parts.scorer.unlikeness_of([turn for call in some for turn in call.turns])
    bound = float(parts.scorer.unlikeness_of(turns).max())
    if len(ordinary):
        bound = max(bound, float(np.quantile(ordinary, ORDINARY_SHARE)))
    return bool((parts.scorer.unlikeness_of(said) <= bound).all())


def _words(result: WhatIfResult, detail: Detail) -> AnswerDocument:
    if result.unavailable is not None:
        return document(f"I can't say what that would change. {result.unavailable}")
    edits = [part for edit in result.edits for part in ("; ", _edit(result.call_id, edit))][1:]
    if result.direction == "did not move":
        change = f"the score would stay at {result.after_percent} %"
    else:
        way = "rise" if result.direction == "raised" else "fall"
        change = (
            f"the score would {way} by {say(result.change_points or 0)} points, from {result.before_percent} % to "
            f"{result.after_percent} %"
        )
    return document(line("**", *edits, f": {change}.**"), caveat(result.reading, detail))


def _edit(call_id: str, edit: ShownEdit) -> AnswerLine:
    who = {"rep": "the rep", "customer": "the customer", "unknown": "somebody"}[edit.role]
    where: Part = "the start" if edit.quote is None else cite(call_id, edit.turn, edit.quote)
    if edit.action == "delete":
        return line("Without ", where)
    preposition = "after" if edit.action == "insert" else "at"
    return line(f"If {who} had said ", quote(edit.text or ""), f" {preposition} ", where)


def _found(result: WhatIfResult) -> str:
    if result.unavailable is not None:
        return "Can't score the changed call"
    return f"Scored the changed call: {result.after_percent} %, before {result.before_percent} %"


def _details(result: WhatIfResult) -> list[str]:
    return [result.unavailable or result.reading]


SPEC = ToolSpec(
    function=what_if,
    result=WhatIfResult,
    arguments=WhatIfArguments,
    description="The score if some turns had been said otherwise, added or left out: an association, not a cause.",
    intents={"what_if": "What would the score be if something else had been said?"},
    words=_words,
    doing="Scoring the changed call",
    found=_found,
    details=_details,
)
