"""``coach live``: plays a transcript as if the call were going on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.cli import printing, render
from serving.cli.options import AsJson, File, ModelDir, RepNames, file_or_stdin

app = typer.Typer(help="Follow calls while they go on.", no_args_is_help=True)


@app.command()
def replay(
    file: File,
    speed: Annotated[float, typer.Option(help="how many times faster than it was said", min=0.1, max=10_000)] = 20.0,
    url: Annotated[
        str | None, typer.Option(help="a server to play it into, such as ws://127.0.0.1:8080; default: here")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="a file with a key of that server")] = None,
    call_id: Annotated[str | None, typer.Option(help="names the call at that server")] = None,
    planned: Annotated[float | None, typer.Option(help="minutes that the call is to last", min=0.1, max=1_440)] = None,
    rep: RepNames = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Play a transcript turn by turn: the probability after each turn, cues, and at the end the whole score."""
    import asyncio

    from serving.usecases.live_replay import LiveAddress, Pace, replay_here, replay_to
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side

    settings = Settings.load(model=model)
    transcript = read_call(file_or_stdin(file), our_side(settings, rep)).model_copy(update={"call_id": call_id})
    pace, planned_s = Pace(speed), None if planned is None else 60 * planned

    def tell(update: Mapping[str, Any]) -> None:
        if not as_json:
            for told in render.live_update(update):
                printing.line(told)

    if url is not None:
        server = LiveAddress(url, _key(key_file))
        score = asyncio.run(replay_to(server, transcript, pace, tell, planned_s=planned_s))
    else:
        from serving.usecases.live import warm_up
        from serving.usecases.live_home import open_live

        with open_live(settings, "cli") as parts:
            warm_up(parts)
            score = replay_here(parts, transcript, pace, tell, planned_s=planned_s)
    printing.result(score, render.score(score), as_json)


def _key(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"The key in {file} can't be read ({reason}); check the path.") from None
