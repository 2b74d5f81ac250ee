"""Checks authored calls, labels and pairs before they are added; prints what is wrong, and exits with 1 if anything is.

python scripts/check_authored.py calls FILE... | labels FOLDER CALLS_FOLDER | pairs FOLDER
"""

import sys
from collections import Counter
from pathlib import Path

from salescoach.errors import CoachError
from training.authored.corpus import Labels, read_call, read_labels, read_pairs

N_TURNS = range(24, 91)
KINDS = {"authority", "competitor", "stall"}


def main() -> int:
    """Checks what is asked for."""
    what, *paths = sys.argv[1:]
    checks = {"calls": check_calls, "labels": check_labels, "pairs": check_pairs}
    wrong = checks[what]([Path(path) for path in paths])
    print("\n".join(wrong) or "Nothing is wrong.")
    return bool(wrong)


def check_calls(files: list[Path]) -> list[str]:
    """Form, length, both sides, and names that say on which side they are."""
    wrong = []
    for file in files:
        try:
            call = read_call(file)
        except (CoachError, KeyError) as error:
            wrong.append(f"{file.name}: {error}")
            continue
        roles = Counter(turn.role for turn in call.turns)
        if call.call_id != file.stem:
            wrong.append(f"{file.name}: the header calls it {call.call_id}.")
        if len(call) not in N_TURNS:
            wrong.append(f"{file.name}: {len(call)} turns.")
        if min(roles["rep"], roles["customer"]) < len(call) / 5:
            wrong.append(f"{file.name}: one side hardly speaks: {dict(roles)}.")
    return wrong


def check_labels(paths: list[Path]) -> list[str]:
    """What `corpus` refuses, and concerns without their move or answered before they were raised."""
    folder, calls = paths
    wrong = []
    for file in sorted(folder.glob("*.txt")):
        try:
            call = read_call(calls / file.name)
            labels = read_labels(file, call)
        except (CoachError, OSError, ValueError) as error:
            wrong.append(f"{file.name}: {error}")
            continue
        wrong += [f"{file.name}: {problem}" for problem in problems(labels, len(call))]
    return wrong


def problems(labels: Labels, n_turns: int) -> list[str]:
    """What doesn't fit together in the labels of a call."""
    found = []
    for one in labels.objections:
        move = one.kind if one.kind in KINDS else f"objection_{one.kind}"
        if move not in labels.moves.get(one.turn, ()):
            found.append(f"objection at T{one.turn} ({one.kind}), but that turn has no {move}.")
        if one.handled_at is not None and not one.turn < one.handled_at <= n_turns:
            found.append(f"the objection at T{one.turn} can't be answered at T{one.handled_at}.")
    raised = {one.turn for one in labels.objections}
    for turn, moves in labels.moves.items():
        if turn not in raised and any(move.startswith("objection_") or move == "stall" for move in moves):
            found.append(f"T{turn} has {', '.join(moves)}, but there is no objection line for it.")
    if not 2 <= len(labels.decisive) <= 5 or max(labels.decisive) > n_turns:
        found.append(f"decisive turns {labels.decisive}.")
    return found


def check_pairs(paths: list[Path]) -> list[str]:
    """What `corpus` refuses, and versions that are the same."""
    try:
        pairs = read_pairs(paths[0])
    except (CoachError, ValueError) as error:
        return [str(error)]
    return [f"{pair.id}: both versions are the same." for pair in pairs if pair.a == pair.b]


if __name__ == "__main__":
    sys.exit(main())
