"""``coach models``: the champion, what contends with it, and who decided what."""

from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson
from serving.usecases.who import who_here

app = typer.Typer(
    help="The models of this home: which one scores, and which contend with it in shadow.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="the model's folder, as `coach models list` shows it")]
By = Annotated[str | None, typer.Option("--by", help="who decides; default: who is signed in at this machine")]


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the models, how each challenger does against the champion, and the decisions so far."""
    from serving.cli.models_table import models_page
    from serving.usecases.models import list_models

    found = list_models(Settings.load())
    printing.result(found, models_page(found), as_json)


@app.command()
def challenge(name: Name, by: By = None, as_json: AsJson = False) -> None:
    """Enter a model as challenger: it scores in shadow, and nobody is shown what it says."""
    from serving.usecases.models import challenge as enter

    done = enter(Settings.load(), name, who_here(by))
    printing.result(done, done.reading, as_json)


@app.command()
def retire(name: Name, by: By = None, as_json: AsJson = False) -> None:
    """Take a challenger out; its folder stays."""
    from serving.usecases.models import retire as take_out

    done = take_out(Settings.load(), name, who_here(by))
    printing.result(done, done.reading, as_json)


@app.command()
def shadow(as_json: AsJson = False) -> None:
    """Let champion and challengers score every open call in shadow, and stop challengers that are worse."""
    from serving.progress_bar import progress
    from serving.usecases.models import run_shadow

    with progress() as report:
        done = run_shadow(Settings.load(), report)
    said = [f"{done.n_scored} scores in shadow were noted; {done.n_settled} calls have got their outcome since."]
    said += [f"{one.folder} is stopped. {one.reading}" for one in done.stopped]
    printing.result(done, "\n".join(said), as_json)


@app.command()
def propose(
    frozen: Annotated[bool, typer.Option("--frozen", help="leave the encoder as it is, which is faster")] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Train on the library's calls, if enough is new, and enter the model as challenger; a person promotes it."""
    from serving.progress_bar import progress
    from serving.usecases.propose import propose as train_and_enter

    with progress() as report:
        done = train_and_enter(Settings.load(), who_here(by), report, finetunes=not frozen)
    printing.result(done, done.reading, as_json)


@app.command()
def promote(
    name: Name,
    even_if: Annotated[
        bool, typer.Option("--even-if", help="promote it although it has not shown to be better")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make a challenger the champion; the decision is recorded with how its duel stood."""
    from serving.progress_bar import progress
    from serving.usecases.models import promote as crown

    with progress() as report:
        done = crown(Settings.load(), name, who_here(by), even_if=even_if, progress=report)
    printing.result(done, done.reading, as_json)


@app.command()
def use(name: Name, by: By = None, as_json: AsJson = False) -> None:
    """Make any model of this home the champion, without a duel."""
    from serving.progress_bar import progress
    from serving.usecases.models import use as choose

    with progress() as report:
        done = choose(Settings.load(), name, who_here(by), progress=report)
    printing.result(done, done.reading, as_json)


@app.command()
def rollback(by: By = None, as_json: AsJson = False) -> None:
    """Make the champion before this one the champion again."""
    from serving.progress_bar import progress
    from serving.usecases.models import roll_back

    with progress() as report:
        done = roll_back(Settings.load(), who_here(by), progress=report)
    printing.result(done, done.reading, as_json)
