"""``coach label``: is this right? One question at a time, and Label Studio's files both ways."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson
from serving.usecases.who import who_here

if TYPE_CHECKING:
    from salescoach.labels.answers import LabelQuestion

app = typer.Typer(help="Is this right? Say so where the coach is least sure.", invoke_without_command=True)

HowMany = Annotated[int, typer.Option("-n", "--number", help="how many questions", min=1, max=200)]
WhatAbout = Annotated[
    Literal["moves", "outcomes"], typer.Option(help="moves of turns, or outcomes that the score contradicts")
]
As = Annotated[str | None, typer.Option("--as", help="who answers; default: who is signed in at this machine")]
ASKS = "y yes, n no, u unsure, s skip, q quit; or the move that it is"


@app.callback()
def ask(context: typer.Context, number: HowMany = 10, about: WhatAbout = "moves", rater: As = None) -> None:
    """Ask one question after another, what the coach is least sure of first."""
    if context.invoked_subcommand is not None:
        return
    from serving.progress_bar import progress
    from serving.usecases.labels import label_queue

    settings, who = Settings.load(), who_here(rater)
    with progress() as report:
        found = label_queue(settings, who, number, about=about, progress=report)
    if not found.questions:
        printing.line("There is nothing to ask: every question is answered, or there are no calls.")
        return
    n = 0
    for place, one in enumerate(found.questions, start=1):
        printing.line(f"\n{place}/{len(found.questions)}  {one.call_id}" + (f", turn {one.turn}" if one.turn else ""))
        if one.before is not None:
            printing.line(f"  before: {one.before}")
        if one.quote is not None:
            printing.line(f"  {one.speaker} ({one.role}): {one.quote}")
        printing.line(f"{one.asks} The coach says {one.probability:.0%} (a yes from {one.threshold:.0%} on).")
        said = _answered(settings, one, who)
        if said is None:
            break
        n += said
    printing.line(f"\n{n} answers were kept. `coach label report` shows all of them.")


@app.command()
def queue(number: HowMany = 10, about: WhatAbout = "moves", rater: As = None, as_json: AsJson = False) -> None:
    """Print the questions without asking them."""
    from serving.progress_bar import progress
    from serving.usecases.labels import label_queue

    with progress() as report:
        found = label_queue(Settings.load(), who_here(rater), number, about=about, progress=report)
    said = [f"{one.call_id} T{one.turn}  {one.subject}  {one.probability:.0%}" for one in found.questions]
    printing.result(found, "\n".join(said) or "There is nothing to ask.", as_json)


@app.command()
def report(as_json: AsJson = False) -> None:
    """Show what people said, and how far they agree."""
    from serving.usecases.labels import label_report

    found = label_report(Settings.load())
    lines = [f"{found.n} labels."]
    lines += [f"  {one.subject}: {one.n_yes} yes, {one.n_no} no, {one.n_unsure} unsure" for one in found.subjects]
    for pair in found.agreement:
        kappa = "too few, or one answer only" if pair.kappa is None else f"{pair.kappa:.2f}"
        lines.append(f"  {' and '.join(pair.raters)}: kappa {kappa}, on {pair.n_shared} shared questions")
    printing.result(found, "\n".join(lines), as_json)


@app.command()
def learn(
    move: Annotated[str, typer.Argument(help="the move whose labels to learn from")],
    name: Annotated[str | None, typer.Option(help="the tracker's name; default: “our” and the move")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a tracker of the turns that people said are a move, and of those that are not."""
    from serving.cli.tracker_pages import report_page
    from serving.usecases.labels import learn_from_labels

    found = learn_from_labels(Settings.load(), move, name)
    printing.result(found, report_page(found), as_json)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="the JSON to write")],
    number: Annotated[int, typer.Option("-n", "--number", help="how many calls, the latest ones", min=1)] = 200,
    as_json: AsJson = False,
) -> None:
    """Write calls as Label Studio tasks, with what the coach read as predictions. The file holds words of calls."""
    from serving.progress_bar import progress
    from serving.usecases.labels import export_tasks

    with progress() as show:
        done = export_tasks(Settings.load(), file, number, show)
    printing.result(done, f"{done.n} calls are in {done.file}, the interface for them in {done.config}.", as_json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="a project's export from Label Studio, as JSON")], as_json: AsJson = False
) -> None:
    """Keep what people annotated in Label Studio, all of it or nothing."""
    from serving.usecases.labels import import_annotations

    done = import_annotations(Settings.load(), file)
    printing.result(done, done.reading, as_json)


def _answered(settings: Settings, one: "LabelQuestion", who: str) -> int | None:
    """How many answers came of a question; None to stop."""
    from salescoach.errors import InputError
    from salescoach.library.label_log import Answer
    from serving.usecases.labels import give_label

    answers: dict[str, Answer] = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "u": "unsure", "unsure": "unsure"}
    while True:
        said = typer.prompt(ASKS, default="s", show_default=False).strip().lower()
        if said in {"q", "quit"}:
            return None
        if said in {"s", "skip"}:
            return 0
        try:
            if said in answers:
                done = give_label(settings, one, answers[said], who).n
            else:
                done = give_label(settings, one, "no", who, instead=said.replace(" ", "_")).n
        except InputError as error:
            printing.note(str(error))
            continue
        if one.subject == "outcome" and said in {"y", "yes", "n", "no"}:
            ending = "converted" if answers[said] == "yes" else "lost"
            printing.line(f"Where the library has it otherwise, enter it: coach outcome {one.call_id} {ending}")
        return done
