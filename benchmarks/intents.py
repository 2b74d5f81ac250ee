"""How well the offline coach plans: labelled questions, as the coach ships and with whole requests held out.

    python benchmarks/intents.py

Needs the base encoder only. Prints Markdown; ``--misses`` adds the questions that were planned wrongly (reading them
and then changing the router makes the set one for building: write new questions before judging again).
"""

import sys

from agent.intents import read_examples
from eval.routing import judge_intents, read_questions, report_table
from salescoach.config import Settings
from salescoach.model.encoder import best_engine
from salescoach.model.loading import load_base_encoder


def main() -> None:
    """Measures and prints."""
    encoder = load_base_encoder(Settings.load())
    print(f"engine {best_engine()}; {len(read_questions())} judged questions, {len(read_examples())} examples")
    for as_shipped in (True, False):
        report = judge_intents(encoder, as_shipped=as_shipped)
        title = "Another wording may be among the examples" if as_shipped else "No wording of the request is an example"
        print(f"\n## {title}\n\n{report_table(report)}")
        if "--misses" in sys.argv[1:]:
            print("\n".join(f"- {m.question.question} -> {m.kind}" for m in report.judged if not m.has_right_tool))


if __name__ == "__main__":
    main()
