"""Fits what the bundled playbooks rest on and writes it into the package. Twenty minutes of two cores.

    python scripts/fit_scorecards.py --work FOLDER [--out FILE]

It learns from the labels in training/authored/scorecards but ``judging``; the cuts are taken from calls of judging
writers that nobody labelled. What words and the reader hear in the calls
is kept in FOLDER, so that another fit takes seconds.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

import salescoach.scorecards
from salescoach.config import Settings
from salescoach.model.loading import load_reader
from salescoach.scorecards.heads import FILE
from training.authored import labelled
from training.authored.corpus import read_calls
from training.authored.scorecards import FOLDER, read_criterion_labels
from training.criterion_heads import cut_on_unseen, fit_criterion_heads
from training.moves.run import writer_of
from training.moves.unseen import as_if_unseen, heard_by_words

JUDGING = "judging.jsonl.gz"
TEACHING = ("more.jsonl.gz", "teaching.jsonl.gz")


def kept(file: Path, make: Callable[[], Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
    """Arrays by call, from a file or, where there is none yet, made and kept there."""
    if not file.exists():
        save_file(dict(make()), file)
    return load_file(file)


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(salescoach.scorecards.__file__).parent / FILE)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    calls = read_calls(labelled.AUTHORED / "calls")
    labels = read_criterion_labels(FOLDER / name for name in TEACHING)
    ids = sorted({one.call for one in labels})
    settled = labelled.labels_by("settled", calls)
    learned = {one: calls[one] for one in calls if one in settled and writer_of(one) not in labelled.JUDGES}
    words = kept(
        given.work / "words.safetensors", lambda: heard_by_words(learned, {one: settled[one] for one in learned})
    )

    judged = {one.call for one in read_criterion_labels([FOLDER / JUDGING])}
    unseen = {one: calls[one] for one in settled if writer_of(one) in labelled.JUDGES and one not in judged}

    def heard_by_reader() -> dict[str, np.ndarray]:
        reader = load_reader(Settings.load())
        return {one: reader.probabilities(calls[one].turns) for one in (*ids, *unseen)}

    reader = kept(given.work / "reader.safetensors", heard_by_reader)
    heads = fit_criterion_heads(calls, labels, {one: as_if_unseen(words[one], reader[one]) for one in ids})
    cut_on_unseen(heads, unseen, reader, labels).save(given.out)
    print(f"{len(ids)} calls, {len(labels)} labels: {given.out}, {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
