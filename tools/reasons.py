"""Why a score is what it is: exchanges and moves that a person would name, each with its exact effect.

A reason is a concern with its reply, or a turn that surely does something. What only makes conversation is no reason,
however much it moves the score; it is counted together, and its effect is that of taking it all out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from salescoach.advice.missed import is_unsettled
from salescoach.advice.sure import SureCall
from salescoach.moves.results import ReadObjection
from salescoach.moves.taxonomy import OBJECTIONS, MoveName, ObjectionKind
from salescoach.types import Frozen, LabelledCall, Score
from tools.document import AnswerLine, Part, line
from tools.parts import Direction, Parts, QuotedTurn, direction, points, quoted_turn
from tools.phrases import cite, count, quote, say, who

MAX_REASONS: Final = 4
MIN_POINTS: Final = 0.5
ANSWERED_WITHIN: Final = 3  # turns after a proposal, in which the customer's answer stands
REPLY_WORDS: Final = 14  # that are quoted of what followed a concern
_DIGITS: Final = 4

# What a turn did, for whom it speaks; and which way a turn that does it can be understood to move a score.
_DID: Final[Mapping[str, tuple[str, Literal["raised", "lowered", "either"]]]] = {
    "authority": ("said that somebody else has to agree", "lowered"),
    "stall": ("put it off", "lowered"),
    "refusal": ("said no", "lowered"),
    "pain": ("told what is wrong today", "raised"),
    "criteria": ("said what it must have", "either"),
    "decision_process": ("told how it is decided", "raised"),
    "buying_signal": ("showed interest", "raised"),
    "commitment": ("agreed to something", "raised"),
    "discovery": ("asked about the customer's situation", "raised"),
    "pitch": ("explained the offer", "either"),
    "proof": ("backed it by a case, a figure or a guarantee", "raised"),
    "price_talk": ("named price or terms", "either"),
    "acknowledge": ("took up a concern in the customer's terms", "raised"),
    "answer_objection": ("answered a concern", "raised"),
    "dismiss": ("pushed past what was said", "lowered"),
    "next_step": ("proposed a next step", "raised"),
    "close": ("asked for the decision", "raised"),
}
_ABOUT: Final[Mapping[str, str]] = {
    "price": "about the price",
    "timing": "about the time",
    "need": "about whether it is needed",
    "fit": "about what the offer lacks",
    "trust": "about trust",
    "authority": "that somebody else decides",
    "competitor": "about another offer",
    "stall": "and put it off",
}
_REPLIED: Final[Mapping[str, str]] = {
    "proof": "a case, a figure or a guarantee",
    "price_talk": "price or terms",
    "acknowledge": "the customer's own terms",
    "answer_objection": "a reason or an offer",
}


class ShownReason(Frozen):
    """Turns that moved the score together, and what they are.

    ``kind``: a concern with its replies, a proposal with the customer's answer, or a turn. ``turns``: what is quoted,
    the concern, the customer's answer or the turn itself first; ``taken_out``: all turns that the effect is of.
    ``about``: what a concern surely is about, None where that isn't sure or it is none. ``replied_at``: the rep's turn,
    with ``replied_with``; ``back_at``: where a concern of the same kind came up again; ``is_unsettled``: nothing that
    was said after it settled it. ``effect``: p(call) less p(call without those turns), exact.
    """

    turns: tuple[QuotedTurn, ...]
    taken_out: tuple[int, ...]
    kind: Literal["concern", "proposal", "turn"]
    moves: tuple[MoveName, ...]
    about: ObjectionKind | None = None
    replied_at: int | None = None
    replied_with: tuple[MoveName, ...] = ()
    back_at: int | None = None
    is_unsettled: bool = False
    effect: float
    effect_points: float
    direction: Direction


_SETTLED: Final[Mapping[str, str]] = {
    "commitment": "agreed to what was proposed",
    "stall": "put off what was proposed",
    "refusal": "said no to what was proposed",
}


class OtherTurns(Frozen):
    """The turns in which nothing was read but small talk and logistics, taken out together."""

    n_turns: int
    effect: float
    effect_points: float
    direction: Direction


class Reasons(Frozen):
    """The reasons, that which moved the score most first, and what the conversation between them did."""

    shown: tuple[ShownReason, ...] = ()
    others: OtherTurns | None = None


@dataclass(frozen=True)
class _Exchange:
    """Concerns of one kind, or one concern, with their replies."""

    concerns: tuple[ReadObjection, ...]

    @property
    def turns(self) -> tuple[int, ...]:
        places = {one.turn for one in self.concerns}
        return tuple(sorted(places | {one.handled_at for one in self.concerns if one.handled_at is not None}))


@dataclass(frozen=True)
class _Proposal:
    """What a rep proposed or asked for, and what the customer made of it: ``answer``, which does ``move``."""

    proposed: tuple[int, ...]
    answer: int
    move: MoveName

    @property
    def turns(self) -> tuple[int, ...]:
        return tuple(sorted({*self.proposed, self.answer}))


def reasons_of(parts: Parts, call: LabelledCall, sure: SureCall, score: Score) -> Reasons:
    """The reasons for the score of a call; none where there is no score.

    Args:
        parts: what tools read.
        call: the call.
        sure: what was read of it.
        score: its score.
    """
    if score.probability is None and score.uncalibrated_probability is None:
        return Reasons()
    exchanges, proposals = _exchanges(sure), _proposals(sure)
    together = [*(one.turns for one in exchanges), *(one.turns for one in proposals)]
    held = {turn for turns in together for turn in turns}
    chat = [turn for turn in range(1, len(sure) + 1) if turn not in held and sure.is_chat(turn)]
    chat = chat if len(chat) < len(sure) else []
    groups = [*together, *([tuple(chat)] if chat else [])]
    effects = parts.scorer.effects_together(call.transcript, groups) if groups else ()
    found = [_of_exchange(call, sure, one, effect) for one, effect in zip(exchanges, effects, strict=False)]
    after = effects[len(exchanges) :]
    found += [_of_proposal(call, one, effect) for one, effect in zip(proposals, after, strict=False)]
    found = [one for one in found if _is_understood(one)]
    for one in score.evidence:
        did = None if one.turn in held else _did(sure, one.turn, one.effect)
        if did is not None:
            found.append(_of_turn(call, one.turn, did, one.effect))
    told = sorted((one for one in found if one.effect_points >= MIN_POINTS), key=lambda one: -abs(one.effect))
    others = None
    if chat:
        effect = effects[-1]
        others = OtherTurns(n_turns=len(chat), effect=effect, effect_points=points(effect), direction=direction(effect))
    return Reasons(shown=cut(told), others=others)


def cut(told: Sequence[ShownReason]) -> tuple[ShownReason, ...]:
    """The strongest of reasons in their order, the strongest each way among them."""
    kept = strongest_each_way(told)
    kept += [one for one in told if one not in kept][: MAX_REASONS - len(kept)]
    return tuple(one for one in told if one in kept)


def _exchanges(sure: SureCall) -> list[_Exchange]:
    """Concerns with their replies; those of one kind together where the kind is sure, as it came back then."""
    of_kind: dict[str, list[ReadObjection]] = {}
    for one in sure.concerns:
        kind = sure.sure_kind(one)
        of_kind.setdefault(kind or f"at {one.turn}", []).append(one)
    return [_Exchange(tuple(found)) for found in of_kind.values()]


def _proposals(sure: SureCall) -> list[_Proposal]:
    """Proposals near each other, with the customer's clearest answer to them; proposals without one are turns."""
    found: list[_Proposal] = []
    taken = {turn for one in _exchanges(sure) for turn in one.turns}
    proposed = [at for at in sure.said_by("rep") if sure.is_sure(at, "next_step") or sure.is_sure(at, "close")]
    answers: dict[int, list[int]] = {}
    for at in proposed:
        near = range(at + 1, min(len(sure), at + ANSWERED_WITHIN) + 1)
        answer = next((one for one in near if one not in taken and _settles(sure, one) is not None), None)
        if answer is not None and at not in taken:
            answers.setdefault(answer, []).append(at)
    for answer, own in answers.items():
        move = _settles(sure, answer)
        if move is not None:
            found.append(_Proposal(tuple(own), answer, move))
    return found


def _settles(sure: SureCall, turn: int) -> MoveName | None:
    return next((name for name in sure.sure_moves(turn) if name in _SETTLED), None)


def _is_understood(reason: ShownReason) -> bool:
    """Whether the effect is what such turns do: a concern that helps has a reply that surely answers it."""
    raised = reason.direction == "raised"
    if reason.kind == "proposal":
        return raised == (reason.moves[0] == "commitment")
    answers = [name for name in reason.replied_with if name in _REPLIED]
    return not raised or (bool(answers) and not reason.is_unsettled)


def _of_proposal(call: LabelledCall, one: _Proposal, effect: float) -> ShownReason:
    return ShownReason(
        turns=(quoted_turn(call, one.answer), quoted_turn(call, one.proposed[-1])),
        taken_out=one.turns,
        kind="proposal",
        moves=(one.move,),
        effect=round(effect, _DIGITS),
        effect_points=points(effect),
        direction=direction(effect),
    )


def _of_exchange(call: LabelledCall, sure: SureCall, one: _Exchange, effect: float) -> ShownReason:
    first, last = one.concerns[0], one.concerns[-1]
    reply = first.handled_at
    back = last.turn if last is not first and (reply is None or last.turn > reply) else None
    quoted = [first.turn, *(at for at in (reply, back) if at is not None)]
    return ShownReason(
        turns=tuple(quoted_turn(call, at) for at in quoted),
        taken_out=one.turns,
        kind="concern",
        moves=sure.sure_moves(first.turn),
        about=sure.sure_kind(first),
        replied_at=reply,
        replied_with=()
        if reply is None
        else tuple(name for name in sure.sure_moves(reply) if name in (*_REPLIED, "dismiss")),
        back_at=back,
        is_unsettled=is_unsettled(sure, last),
        effect=round(effect, _DIGITS),
        effect_points=points(effect),
        direction=direction(effect),
    )


def _of_turn(call: LabelledCall, turn: int, did: MoveName, effect: float) -> ShownReason:
    before = turn - 1 if did == "dismiss" and turn > 1 else None
    return ShownReason(
        turns=tuple(quoted_turn(call, at) for at in (turn, before) if at is not None),
        taken_out=(turn,),
        kind="turn",
        moves=(did,),
        effect=effect,
        effect_points=points(effect),
        direction=direction(effect),
    )


def _did(sure: SureCall, turn: int, effect: float) -> MoveName | None:
    """What a turn surely did that explains its effect; None where nothing does."""
    way = direction(effect)
    for name in sure.sure_moves(turn):
        if name not in OBJECTIONS and name in _DID and _DID[name][1] in ("either", way):
            return name
    return None


def word_reason(call_id: str, reason: ShownReason) -> AnswerLine:
    """A reason with its quotes, and what its turns did to the score together."""
    return line(*_told(call_id, reason), _effect(reason))


def word_others(others: OtherTurns | None) -> str | None:
    """What the conversation between the reasons did; None where there is none."""
    if others is None:
        return None
    turns = f"The {count(others.n_turns, 'turn')} of small talk or without any move, taken out together,"
    if others.direction == "did not move":
        return f"{turns} change nothing."
    return f"{turns} {others.direction} it by {say(others.effect_points)} points."


def kind_in_words(about: ObjectionKind | None) -> str:
    """What a concern is about, after the word "concern"; empty where that isn't known."""
    return "" if about is None else f" {_ABOUT[about]}"


def _told(call_id: str, reason: ShownReason) -> Iterator[Part]:
    first, *after = reason.turns
    place = cite(call_id, first.turn, first.quote, first.marker)
    if reason.kind == "proposal":
        yield from (place, f" {who(first)} {_SETTLED[reason.moves[0]]}: ", quote(first.quote))
        for turn in after:
            yield from ("; that was ", cite(call_id, turn.turn, turn.quote, turn.marker), " ")
            yield quote(turn.quote, REPLY_WORDS)
        return
    if reason.kind == "turn" and after:
        past = cite(call_id, after[0].turn, after[0].quote, after[0].marker)
        yield from (place, f" {who(first)} pushed past ", past, " ", quote(after[0].quote, REPLY_WORDS), ": ")
        yield quote(first.quote)
        return
    if reason.kind == "turn":
        yield from (place, f" {who(first)} {_DID[reason.moves[0]][0]}: ", quote(first.quote))
        return
    yield from (place, f" {who(first)} raised a concern{kind_in_words(reason.about)}: ", quote(first.quote))
    for turn in after:
        marker = cite(call_id, turn.turn, turn.quote, turn.marker)
        if turn.turn == reason.replied_at:
            yield from ("; the reply at ", marker, f" {how}: " if (how := _how(reason.replied_with)) else ": ")
        else:
            yield from ("; it came back at ", marker, ": ")
        yield quote(turn.quote, REPLY_WORDS)
    if reason.is_unsettled:
        yield "; nothing said after that settled it"


def _how(replied_with: Sequence[MoveName]) -> str:
    """What a reply did, as a verb; empty where nothing is sure."""
    if "dismiss" in replied_with:
        return "pushed past it"
    means = " and ".join(_REPLIED[name] for name in replied_with[:2])
    return f"came with {means}" if means else ""


def _effect(reason: ShownReason) -> str:
    together = "together " if len(reason.taken_out) > 1 else ""
    return f" ({together}{reason.direction} it by {say(reason.effect_points)} points)"


def strongest_each_way(reasons: Sequence[ShownReason]) -> list[ShownReason]:
    """The reason that lowered the score most and the one that raised it most, as far as there are any."""
    found = [next((one for one in reasons if one.direction == way), None) for way in ("lowered", "raised")]
    return [one for one in found if one is not None]
