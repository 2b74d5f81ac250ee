"""How many true and false statements of a language model reach the user, and as what.

    .venv/bin/python benchmarks/statements.py [STATEMENTS.json] [--show]

The file holds statements about one call with what the tools found for it (tests/statements.json has the form). Each is
given as a draft of its own. *Checked*: a fact stands in its place. *Apart*: it is shown as the model's own reading.
*Refused*: the draft goes back, then the offline coach words the answer.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from eval.statements import outcomes

STATEMENTS = Path(__file__).parent.parent / "tests" / "statements.json"


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=STATEMENTS)
    parser.add_argument("--show", action="store_true", help="each statement with what became of it")
    options = parser.parse_args()
    known = json.loads(options.file.read_text("utf-8"))
    print("| statements | n | checked | apart | refused |\n| --- | --- | --- | --- | --- |")
    shown: list[str] = []
    for truth in ("false", "true"):
        for name, kinds in known[truth].items():
            found = [(what, text) for one in kinds.values() for what, text in outcomes(known, one)]
            n = Counter(what for what, _ in found)
            print(f"| {truth}, {name} | {len(found)} | {n['checked']} | {n['apart']} | {n['refused']} |")
            shown += [f"{truth:5} {what:7} {text}" for what, text in found]
    if options.show:
        print("\n" + "\n".join(shown))


if __name__ == "__main__":
    main()
