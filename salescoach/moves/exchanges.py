"""Exchanges of a call: a concern of the customer's with the rep's turn that took it up."""

from salescoach.moves.results import CallMoves


def exchanges_of(found: CallMoves) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
    """The turns of each exchange, from 1 and in order, and what they do, each move once.

    Concerns that were taken up together are one exchange; one that nobody took up stands alone.
    """
    by_answer: dict[tuple[int, int | None], set[int]] = {}
    for one in found.objections:
        key = (0, one.handled_at) if one.handled_at is not None else (one.turn, None)
        by_answer.setdefault(key, set()).update({one.turn} if one.handled_at is None else {one.turn, one.handled_at})
    moves = {turn.turn: [move.name for move in turn.moves] for turn in found.turns}
    exchanges = []
    for turns in map(sorted, by_answer.values()):
        done = dict.fromkeys(name for turn in turns for name in moves[turn])
        exchanges.append((tuple(turns), tuple(done)))
    return sorted(exchanges)
