"""What past calls say to one that goes on: how a concern of the same kind was answered, and how much reps spoke."""

from collections.abc import Sequence
from typing import Final

from salescoach.errors import UnavailableError
from salescoach.library.precedents import PrecedentQuery, Reply
from salescoach.moves.results import ReadObjection
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.speech.readings import choose_peers, quartiles
from salescoach.types import Transcript, Turn
from serving.usecases.live_cues import PastAnswer, Usual
from tools.parts import Parts, reader_of
from tools.what_won_calls_did import MIN_SIMILARITY

AROUND: Final = 8  # turns up to the concern by which moments like it are found
N_NEAREST: Final = 10
_BEST_FIRST: Final = ("well", "partly")


class PastCallsOf:
    """What a running call is set beside."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, turns: Sequence[Turn], row: int, kind: ObjectionKind) -> PastAnswer | None:
        """How a won call answered a concern of the same kind at the moment most like this one.

        None where no moment is like it, where nobody took up such a concern, or where past calls can't be searched.

        Args:
            turns: of the call so far.
            row: the turn that raised the concern, from 0.
            kind: of the concern.
        """
        around = turns[max(0, row + 1 - AROUND) : row + 1]
        query = PrecedentQuery(
            transcript=Transcript(turns=tuple(around)),
            outcome="converted",
            n_results=N_NEAREST,
            focus=len(around),
        )
        try:
            near = [one for one in self._parts.index.replies(query) if one.similarity >= MIN_SIMILARITY]
        except UnavailableError:
            return None
        said = {turn.text for turn in turns}
        found = [
            (one, concern) for one in near if (concern := self._taken_up(one, kind)) and concern.answer not in said
        ]
        for how in _BEST_FIRST:
            for one, concern in found:
                if concern.handled == how and concern.handled_at is not None and concern.answer is not None:
                    return PastAnswer(call_id=one.call_id, turn=concern.handled_at, quote=concern.answer)
        return None

    def usual(self) -> Usual | None:
        """How much of the words was the rep's in half of the won calls; None where too few show it."""
        peers = choose_peers(self._parts.library.summaries(), reader=reader_of(self._parts))
        found = quartiles([call.get("talk_ratio_words") for call in peers.won])
        whose = "the team's" if peers.whose == "own" else "the machine-written"
        return None if found is None else Usual(found[0], found[2], whose)

    def _taken_up(self, reply: Reply, kind: ObjectionKind) -> ReadObjection | None:
        """The concern of a past moment that is of this kind."""
        kept = self._parts.library.moves_of(reply.call_id)
        if kept is None or kept.model_id != reader_of(self._parts):
            return None
        raised = [one for one in kept.objections if reply.turn_start <= one.turn < reply.reply_turn]
        return next((one for one in raised if one.kind == kind), None)
