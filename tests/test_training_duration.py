"""How long a training takes is said before it begins."""

from pathlib import Path

import numpy as np
import pytest

from salescoach.config import Settings
from salescoach.model.bases.multilingual_e5 import write_encoder
from salescoach.model.encoder import TurnEncoder
from salescoach.testing import make_transcript
from salescoach.types import LabelledCall
from tests.packed_encoders import write_four_bit
from training.calls import TrainingCalls
from training.duration import in_words, n_layers_of, seconds_of_training
from training.options import FinetuneOptions, TrainingOptions
from training.run import train
from training.steps import n_epochs_of_layers, steps_in_epoch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("encoder")
    write_four_bit(made / "packed.bin")
    write_encoder([made / "packed.bin"], made)
    (made / "packed.bin").unlink()
    return made


def some_calls(n: int) -> list[LabelledCall]:
    return [
        LabelledCall(
            call_id=f"c{row}",
            account_id=f"a{row}",
            outcome="converted" if row % 2 else "lost",
            transcript=make_transcript(f"Rep: hello number {row}", f"Customer: we think it over {row % 5}"),
        )
        for row in range(n)
    ]


def test_more_work_takes_longer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0, 1000, 1.0))
    monkeypatch.setattr("training.duration.time.perf_counter", lambda: next(clock))  # each timing takes one second
    encoder = TurnEncoder.load(folder, fingerprint="own")
    calls = [call.transcript for call in some_calls(60)]

    def seconds(options: FinetuneOptions | None, n_held_out: int = 0) -> float:
        held_out = np.arange(60) < n_held_out
        seen = TrainingCalls(calls, np.arange(60) % 2, [f"a{row}" for row in range(60)], held_out, 0)
        return seconds_of_training(encoder, 3, seen, calls[:5], options)

    frozen = seconds(None)
    some = FinetuneOptions(min_steps=0)
    assert 0 < frozen < seconds(some.model_copy(update={"n_trained_layers": 1})) < seconds(some)
    assert seconds(some) < seconds(some.model_copy(update={"epochs": 8}))
    assert seconds(some, n_held_out=12) > seconds(some)  # learned from twice


def test_few_calls_get_more_epochs() -> None:
    options = FinetuneOptions(epochs=4, min_steps=60, batch_calls=32)
    assert steps_in_epoch(options, 640) == 20
    assert n_epochs_of_layers(options, 640) == 4
    assert steps_in_epoch(options, 64) == 6
    assert n_epochs_of_layers(options, 64) == 10


@pytest.mark.parametrize(
    ("seconds", "words"), [(12.4, "12 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (6300, "1 h 45 min")]
)
def test_durations_are_worded(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_an_encoder_that_does_not_say_its_layers_has_no_estimate(folder: Path, tmp_path: Path) -> None:
    assert n_layers_of(folder) == 3
    assert n_layers_of(tmp_path) is None
    (tmp_path / "config.json").write_text('{"num_hidden_layers": "many"}')
    assert n_layers_of(tmp_path) is None


def test_it_is_told_before_anything_is_encoded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class StoppedError(Exception):
        pass

    said: list[str] = []

    def tell(sentence: str) -> None:
        said.append(sentence)
        raise StoppedError

    def progress(stage: str, done: int, total: int) -> None:
        said.append(stage)

    monkeypatch.setattr("training.run.MIN_SECONDS_TO_TELL", 0.0)
    settings = Settings.load(home=tmp_path / "home", base_model=str(folder))
    options = TrainingOptions(name="own", data="some calls", finetuning=FinetuneOptions())
    with pytest.raises(StoppedError):
        train(some_calls(72), tmp_path / "model", settings, options, progress=progress, tell=tell)
    assert len(said) == 1
    assert said[0].startswith("Training takes about ")
    assert "`--objective none` takes a fraction" in said[0]
    assert not (tmp_path / "model").exists()
