"""Makes the bundled model from the authored calls: one training, one bundle. A quarter of an hour; resumable.

    python scripts/bundled_model.py --home WORK

The move reader must be there already (``scripts/move_reader.py``); what it makes of calls whose writers it never saw
stands on its card. The same calls make the same model on a machine of the same kind.
"""

import argparse
from pathlib import Path

from eval.behaviour import check_behaviour
from salescoach.config import Settings
from salescoach.moves.reader import BUNDLED_READER, read_card
from salescoach.stats.splits import TEST
from serving.progress_bar import progress
from serving.usecases.setup import STARTER
from training.authored.labelled import authored_calls
from training.bundle import BUNDLED_MODEL, pack
from training.options import FinetuneOptions, TrainingOptions
from training.run import train


def main() -> None:
    """Training and bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="where everything but the bundle is written")
    settings = Settings.load(home=parser.parse_args().home)
    calls = authored_calls()
    judged = read_card(BUNDLED_READER).judged
    checked = [call.transcript for call in calls if call.split == TEST]
    folder = settings.models_dir / STARTER
    with progress() as report:
        train(
            calls,
            folder,
            settings,
            TrainingOptions(
                name=STARTER,
                data=f"{len(calls)} written calls: speech as people speak, but not your market",
                finetuning=FinetuneOptions(),
                resume=True,
                moves=True,
                unlikeness_slack=1.75,  # the calls that calibrate are by other writers than those that train
            ),
            judge=lambda scorer: check_behaviour(scorer, checked, progress=report),
            known_moves=[judged[call.call_id] for call in calls if call.split == TEST],
            progress=report,
        )
    print(f"{pack(folder, BUNDLED_MODEL):,} bytes in {BUNDLED_MODEL}")


if __name__ == "__main__":
    main()
