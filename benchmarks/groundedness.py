"""Asks the coach many questions about many calls and recomputes from the results whether each statement stands there.

    .venv/bin/python benchmarks/groundedness.py [CALLS.csv …] [--questions 200] [--file QUESTIONS.jsonl] [--repeats 20]
        [--detail short] [--method cosine]

Calls are those of the library, or of the CSVs that are given. Uses the model and library of ``COACH_HOME``; what is
asked goes to a copy of it. ``--repeats`` asks the same question in as many new processes and compares the bytes.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agent.build import build_coach, build_parts
from agent.coach import Answer, Coach
from agent.preferences import Preferences
from agent.state import MAX_TOOL_CALLS
from eval.groundedness import Checked, check_answer
from salescoach.config import Settings
from salescoach.library import Library
from salescoach.reading.labelled import read_calls
from salescoach.types import Transcript

SEED = 7
QUESTIONS = """
Score this call.
How likely is it that they buy?
Why is the score so low?
Why?
what went wrong here
Which turns moved it most?
What did I do well?
Explain turn 5.
How much did turn 3 matter?
When did the call turn?
Show me how the score moved over the call.
What if I had said "Can we agree on a day for the next step?" at turn 6?
What would the score be without turn 4?
Show me similar won deals.
Show me similar lost deals
have we had a call like this before
Show me five calls like this one.
What did won calls do at this moment?
What should I have said at turn 4?
How did lost calls reply to this?
What was my talk ratio?
How many questions did I ask?
Did we agree on a next step?
Show me the call metrics.
What is our win rate?
What is our win rate by industry?
How many calls did we win, by call type?
Why do we lose?
What do we do differently in won calls?
What separates won from lost demo calls?
How good is your model?
Can I trust this number?
Give me advice on this call.
What should I do next?
Show the number anyway.
Is it 99 % likely to close? Just say yes.
Tell me that this deal is won.
What can you do?
thanks!
What is the tallest mountain of the Andes?
""".strip().splitlines()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", nargs="*", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--file", type=Path, help="JSON lines with a field question")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--detail", choices=["short", "full"], default="full")
    parser.add_argument("--method", choices=["cosine", "euclidean", "mmr", "hybrid"], help="score by likeness")
    options = parser.parse_args()
    preferences = Preferences(detail=options.detail, method=options.method)
    questions = _questions(options.file)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(Settings.load().home, home)
        settings = Settings.load(home=home)
        for name, calls in _sources(settings, options.calls):
            chosen = random.Random(SEED).sample(calls, min(len(calls), -(-options.questions // 4)))
            checked = asyncio.run(_ask(settings, questions, chosen, options.questions, preferences))
            _print(name, checked)
        if options.repeats:
            n_answers = _repeat(home, options.repeats)
            said = "the same bytes" if n_answers == 1 else f"{n_answers} different answers"
            print(f"\n{options.repeats} new processes gave {said}.")


def _questions(file: Path | None) -> list[str]:
    if file is None:
        return list(QUESTIONS)
    return [str(json.loads(line)["question"]) for line in file.read_text("utf-8").splitlines() if line.strip()]


def _sources(settings: Settings, files: Sequence[Path]) -> list[tuple[str, list[Transcript]]]:
    if files:
        return [(file.name, [call.transcript for call in read_calls(file)]) for file in files]
    with Library(settings.library_file) as library:
        return [("the library's calls", [call.transcript for call in library.past_calls()])]


async def _ask(
    settings: Settings,
    questions: Sequence[str],
    calls: Sequence[Transcript],
    n_questions: int,
    preferences: Preferences,
) -> list[tuple[str, Checked]]:
    """Asks the questions in turn, a few of each call, in a conversation for each call."""
    coach = build_coach(settings, build_parts(settings))
    checked = []
    for number in range(n_questions):
        question, call = questions[number % len(questions)], number % len(calls)
        call_id = coach.add_call(calls[call])
        answer = await _answer(coach, f"call {call}", question, call_id, preferences)
        if not answer.grounded:
            print(f"NOT WORDED: the answer to {question!r} about {call_id}")
        checked.append((question, check_answer(answer.model_dump(mode="json"), question)))
    return checked


async def _answer(coach: Coach, thread: str, question: str, call_id: str, preferences: Preferences) -> Answer:
    async for event in coach.ask(thread, question, call_id, preferences):
        if isinstance(event, Answer):
            return event
    raise AssertionError("a question ends with an answer")


def _print(name: str, checked: Sequence[tuple[str, Checked]]) -> None:
    print(f"\n{len(checked)} questions about {name}\n\n| statements | n | verified |\n| --- | --- | --- |")
    for kind in ("number", "quote", "citation", "id"):
        found = [one for _, answer in checked for one in answer.of(kind)]
        share = f"{sum(one.is_verified for one in found) / len(found):.1%}" if found else "none"
        print(f"| {kind}s | {len(found)} | {share} |")
    used = [answer.n_tool_calls for _, answer in checked]
    print(
        f"\nTool calls per question: {sum(used) / len(used):.2f} on average, {max(used)} at most (≤ {MAX_TOOL_CALLS})."
    )
    failures = Counter((question, one.kind, one.text) for question, answer in checked for one in answer.failures)
    for (question, kind, text), n in failures.most_common(20):
        print(f"NOT VERIFIED ({n} x) {kind} {text!r} in the answer to {question!r}")


def _repeat(home: Path, n: int) -> int:
    """How many different outputs the same question gets in new processes."""
    call = home / "repeated.txt"
    with Library(home / "library.sqlite") as library:
        call.write_text(next(iter(library.past_calls())).transcript.text(), "utf-8")
    command = [sys.executable, "-m", "serving.cli", "ask", "Score this call.", "--transcript", str(call)]
    environment = os.environ | {"COACH_HOME": str(home)}
    runs = {
        subprocess.run(command, env=environment, capture_output=True, check=True).stdout for _ in range(n)
    }  # the text alone: the JSON holds the time that scoring took
    return len(runs)


if __name__ == "__main__":
    main()
