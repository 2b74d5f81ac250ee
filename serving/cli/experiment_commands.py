"""``coach experiment``: A/B tests of what people are shown."""

from typing import Annotated, Any, Literal

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson
from serving.usecases.who import who_here

app = typer.Typer(
    help="A/B tests of what people are shown; never of the number itself. Those concerned must know and can opt out.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="the experiment's name: small letters, digits and hyphens")]
Metric = Literal["converted", "another_call", "next_step"]
People = Annotated[bool, typer.Option("--person", help="they are people who look at the coach, not accounts")]
Names = Annotated[list[str], typer.Argument(help="ids of accounts")]


@app.command()
def new(
    name: Name,
    metric: Annotated[Metric, typer.Option(help="the one that decides, fixed from now on")],
    arms: Annotated[list[str], typer.Option(help="two or more; the first is what everybody sees otherwise")],
    more_arms: Annotated[list[str] | None, typer.Argument(metavar="[ARM]...", help="further arms")] = None,
    surface: Annotated[
        Literal["deal-cues", "own"],
        typer.Option(help="what the arms change; deal-cues: plain, with-cue; own: you ask for arms with assign"),
    ] = "own",
    guard_rail: Annotated[
        list[str] | None, typer.Option(help="a metric that must not suffer; may be given several times")
    ] = None,
    baseline: Annotated[float, typer.Option(help="the metric's rate today")] = 0.3,
    effect: Annotated[float, typer.Option(help="the least difference in rate that is worth finding")] = 0.03,
    follow_up_days: Annotated[int, typer.Option(help="days after which an account is judged")] = 30,
    confirmed_by: Annotated[
        str | None, typer.Option(help="the administrator who confirms that those concerned know and can opt out")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say how many accounts it takes")] = False,
    as_json: AsJson = False,
) -> None:
    """Start an experiment: its plan is fixed, and how many accounts it takes is said."""
    from pydantic import ValidationError

    from salescoach.errors import InputError
    from serving.usecases.experiments import ExperimentBegun, NewExperiment, begin, metric_names, planned, said_of

    fields: dict[str, Any] = {
        "name": name, "metric": metric, "arms": (*arms, *(more_arms or [])), "surface": surface,
        "guard_rails": tuple(guard_rail or ()), "baseline": baseline, "effect": effect,
        "follow_up_days": follow_up_days, "confirmed_by": confirmed_by,
    }  # fmt: skip
    try:
        given = NewExperiment.model_validate(fields)
    except ValidationError as error:
        if error.errors()[0]["loc"][0] == "guard_rails":
            raise InputError(f"A guard rail is one of the metrics: {', '.join(metric_names())}.") from None
        raise InputError("An experiment's name has small letters, digits and hyphens, at most 60.") from None
    if dry_run:
        plan = planned(given.model_copy(update={"confirmed_by": confirmed_by or "nobody yet"}), who_here())
        done = ExperimentBegun(plan=plan, reading=said_of(plan))
    else:
        done = begin(Settings.load(), given, who_here())
    printing.result(done, done.reading, as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the experiments."""
    from serving.usecases.experiments import list_experiments

    found = list_experiments(Settings.load())
    said = f"Running: {', '.join(found.running) or 'none'}.\nEnded: {', '.join(found.ended) or 'none'}."
    printing.result(found, said, as_json)


@app.command()
def status(name: Name, as_json: AsJson = False) -> None:
    """Show how an experiment stands; look as often as you like."""
    from serving.cli.experiment_page import status_page
    from serving.usecases.experiments import status as look

    found = look(Settings.load(), name)
    printing.result(found, status_page(found), as_json)


@app.command()
def stop(name: Name, as_json: AsJson = False) -> None:
    """End an experiment: everybody sees the first arm again."""
    from serving.cli.experiment_page import status_page
    from serving.usecases.experiments import stop as end

    found = end(Settings.load(), name, who_here())
    printing.result(found, status_page(found), as_json)


@app.command()
def assign(
    name: Name,
    account: Annotated[str, typer.Argument(help="the account's id")],
    person: Annotated[str | None, typer.Option(help="who looks; who has opted out sees the first arm")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the arm of an account and note that it is shown now."""
    from serving.usecases.experiments import assign as arm_for

    found = arm_for(Settings.load(), name, account, person=person)
    printing.result(found, found.arm, as_json)


@app.command("opt-out")
def opt_out(names: Names, person: People = False) -> None:
    """Take accounts, or people, out of every experiment; what was noted of an account is deleted."""
    _set_out(names, person, out=True)


@app.command("opt-in")
def opt_in(names: Names, person: People = False) -> None:
    """Let accounts, or people, take part again."""
    _set_out(names, person, out=False)


def _set_out(names: list[str], person: bool, *, out: bool) -> None:
    from serving.usecases.experiments import opt_out as set_out

    set_out(Settings.load(), "person" if person else "account", names, out=out)
    printing.line(f"{', '.join(names)} {'take no part in any experiment' if out else 'take part again'}.")
