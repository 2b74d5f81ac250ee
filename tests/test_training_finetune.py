"""Fine-tuning: learns what can be heard, the same again, goes on after a kill, and is saved as it was trained."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.errors import ModelError
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import TurnEncoder, encode_turns
from salescoach.model.pooling import N_BLOCKS
from salescoach.testing import make_transcript
from salescoach.types import Transcript
from training import layers, loop
from training.activations import Activations, cached_activations
from training.calls import TrainingCalls
from training.finetune import Finetuned, Run, finetune
from training.layers import TRAINED_LAYERS, TopLayers, apply_trained_layers
from training.losses import nt_xent, semi_hard_triplet, supcon
from training.options import FinetuneOptions
from training.resume import Epoch

FAST = FinetuneOptions(
    epochs=3, head_epochs=2, n_trained_layers=1, batch_calls=16, learning_rate=1e-3, min_steps=0, layer_dropout=0.1
)
SAID = {1: ("That would help us.", "Send me the contract."), 0: ("It is too expensive.", "Please don't call again.")}


@pytest.fixture(scope="module")
def real_base() -> Path:
    return Path(resolve_base_model(BUNDLED_BASE_MODEL))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, real_base: Path) -> Path:
    """A small untrained encoder with the real tokenizer: fast, and built like the real one."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder / "bert")
    AutoTokenizer.from_pretrained(real_base).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=256)
    SentenceTransformer(modules=[transformer, Pooling(32), Normalize()], device="cpu").save_pretrained(
        str(folder / "model"), create_model_card=False
    )
    return folder / "model"


def some_calls(n: int, seed: int = 0) -> tuple[list[Transcript], np.ndarray, list[str]]:
    """Calls whose outcome can be heard in two customer turns; two calls of each account."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2)
    calls = []
    for row, label in enumerate(labels):
        first, second = SAID[int(label)]
        calls.append(
            make_transcript(
                f"Rep: Hello, this is call {row % 7}.",
                f"Customer: {first}",
                f"Rep: I see, {row % 5} it is.",
                f"Customer: {second}",
            )
        )
    return calls, labels, [f"acc-{row // 2}" for row in range(n)]


def run(base: Path, runs: Path, options: FinetuneOptions = FAST, n: int = 40, **fields: Any) -> Finetuned:
    """Of many calls a sixth, by account, choose the epoch."""
    calls, labels, groups = some_calls(n)
    held_out = np.arange(n) // 2 % 6 == 0 if n >= 150 else np.zeros(n, dtype=bool)
    train = TrainingCalls(calls, labels, groups, held_out, fields.pop("seed", 1))
    return finetune(base, TurnEncoder.load(base, fingerprint="base"), train, options, Run(runs, **fields))


def kill_half_way(stage: str, done: int, total: int) -> None:
    if stage == "fine-tuning" and done > total // 2:
        raise KeyboardInterrupt


def logits(trained: Finetuned, encoder: TurnEncoder, calls: Sequence[Transcript]) -> np.ndarray:
    pooled = [
        trained.pooling.pool(encode_turns(encoder, call.turns), [turn.role for turn in call.turns])[0] for call in calls
    ]
    return np.stack(pooled) @ trained.weights + trained.bias


def load(trained: Finetuned, folder: Path) -> TurnEncoder:
    trained.save_encoder(folder)
    return TurnEncoder.load(folder, fingerprint=folder.name)


@pytest.mark.parametrize("objective", ["joint", "supcon", "triplet", "simclr"])
def test_every_objective_trains_and_tells_new_calls_apart(base: Path, tmp_path: Path, objective: str) -> None:
    options = FAST.model_copy(update={"objective": objective})
    trained = run(base, tmp_path / "runs", options)
    calls, labels, _ = some_calls(30, seed=9)
    assert roc_auc_score(labels, logits(trained, load(trained, tmp_path / "encoder"), calls)) > 0.9
    assert trained.weights.shape == (N_BLOCKS * 32,)
    assert [line.stage for line in trained.history] == ["head"] * 2 + ["layers"] * 3


def test_no_trained_layer_leaves_the_encoder_as_it_is(base: Path, tmp_path: Path) -> None:
    trained = run(base, tmp_path / "runs", FAST.model_copy(update={"n_trained_layers": 0}))
    texts = ["Rep: Hello.", "Customer: It is too expensive."]
    plain = TurnEncoder.load(base, fingerprint="base").encode(texts)
    np.testing.assert_array_equal(load(trained, tmp_path / "encoder").encode(texts), plain)
    assert {line.stage for line in trained.history} == {"head"}
    assert trained.chosen_epoch == 0


def test_training_moves_only_the_trained_layers(base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    run(base, tmp_path / "runs").save_encoder(tmp_path / "encoder")
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "encoder"))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("encoder.layer.2." in name for name in moved)
    for name in moved:
        difference = (after[name] - before[name]).reshape(-1, before[name].shape[-1])
        steps = 127 * difference / difference.abs().amax(dim=1, keepdim=True).clamp(min=1e-20)
        assert (steps - steps.round()).abs().max() < 0.02  # 8 bits hold it


def test_the_same_seed_trains_the_same(base: Path, tmp_path: Path) -> None:
    first, again, other = (run(base, tmp_path / name, seed=seed) for name, seed in (("a", 5), ("b", 5), ("c", 6)))
    for left, right in ((first.weights, again.weights), (first.pooling.query, again.pooling.query)):
        np.testing.assert_array_equal(left, right)
    assert first.history == again.history != other.history
    before = torch.get_rng_state()
    run(base, tmp_path / "a")
    assert torch.equal(torch.get_rng_state(), before)  # nobody else's random numbers are touched


@pytest.mark.parametrize("stage", ["head", "layers"])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_a_killed_training_goes_on_as_if_unbroken(base: Path, tmp_path: Path, stage: str, decay: float) -> None:
    options = FAST.model_copy(update={"average_decay": decay})
    whole = run(base, tmp_path / "whole", options, n=160)

    def kill(now: str, done: int, total: int) -> None:
        if now == loop.STAGES[stage] and done == 11:  # in the second epoch: 132 calls are fitted, nine steps
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(base, tmp_path / "runs", options, n=160, progress=kill)
    assert len(list((tmp_path / "runs").glob("finetune-*"))) == 1
    steps = []
    resumed = run(base, tmp_path / "runs", options, n=160, resume=True, progress=lambda *step: steps.append(step[:2]))
    assert min(done for now, done in steps if now == loop.STAGES[stage]) == 9  # it didn't start anew
    np.testing.assert_allclose(resumed.weights, whole.weights, atol=1e-3)
    np.testing.assert_allclose(resumed.pooling.query, whole.pooling.query, atol=1e-3)
    assert resumed.history == whole.history
    assert resumed.chosen_epoch == whole.chosen_epoch
    assert not list((tmp_path / "runs").glob("finetune-*.safetensors"))  # gone on success


def test_another_run_is_never_resumed(base: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(base, tmp_path / "runs", progress=kill_half_way)
    starts: list[int] = []

    def note(now: str, done: int, total: int) -> None:
        if now in loop.STAGES.values():
            starts.append(done)

    run(base, tmp_path / "runs", seed=2, resume=True, progress=note)
    assert starts[0] == 0
    assert len(list((tmp_path / "runs").glob("finetune-*.safetensors"))) == 1  # the broken one is still there
    starts.clear()
    run(base, tmp_path / "runs", resume=False, progress=note)
    assert starts[0] == 0


def test_a_damaged_checkpoint_is_no_checkpoint(base: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(base, tmp_path, progress=kill_half_way)
    (file,) = tmp_path.glob("finetune-*.safetensors")
    file.write_bytes(file.read_bytes()[:100])
    whole = run(base, tmp_path / "other")
    np.testing.assert_array_equal(run(base, tmp_path, resume=True).weights, whole.weights)


def test_nothing_that_is_left_behind_holds_a_text(base: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(base, tmp_path, progress=kill_half_way)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.parent.name == "activations" for file in files)
    for file in files:
        content = file.read_bytes()
        for word in (b"expensive", b"contract", b"acc-1"):
            assert word not in content, file


def test_validation_chooses_the_epoch_and_stops(base: Path, tmp_path: Path) -> None:
    options = FAST.model_copy(update={"epochs": 12, "patience": 2})
    trained = run(base, tmp_path / "runs", options, n=160)
    layers_lines = [line for line in trained.history if line.stage == "layers"]
    assert len(layers_lines) < 12  # the calls are easy: it is perfect at once, and no epoch is better
    assert trained.chosen_epoch <= len(layers_lines) - 2
    assert all(line.validation_auc is not None and line.validation_loss is not None for line in trained.history)
    few = run(base, tmp_path / "few")
    assert all(line.validation_auc is None for line in few.history)
    assert few.chosen_epoch == FAST.epochs


def test_few_calls_get_enough_steps(base: Path, tmp_path: Path) -> None:
    trained = run(base, tmp_path / "runs", FAST.model_copy(update={"min_steps": 40}), n=40)
    assert sum(line.stage == "layers" for line in trained.history) == 8  # five steps an epoch
    assert run(base, tmp_path / "runs", n=4).weights.shape == (N_BLOCKS * 32,)


def test_saved_layers_make_the_same_encoder(base: Path, tmp_path: Path) -> None:
    trained = run(base, tmp_path / "runs")
    trained.save_encoder(tmp_path / "whole")
    apply_trained_layers(base, tmp_path / "whole" / TRAINED_LAYERS, tmp_path / "applied")
    names = sorted(
        str(file.relative_to(tmp_path / "whole")) for file in (tmp_path / "whole").rglob("*") if file.is_file()
    )
    assert "model.safetensors" in names
    assert "README.md" not in names
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "applied" / name).read_bytes(), name


def test_layers_that_do_not_fit_are_refused(base: Path, real_base: Path, tmp_path: Path) -> None:
    run(base, tmp_path / "runs").save_encoder(tmp_path / "encoder")
    layers = tmp_path / "encoder" / TRAINED_LAYERS
    with pytest.raises(ModelError, match="doesn't fit the base model"):
        apply_trained_layers(real_base, layers, tmp_path / "out")
    (tmp_path / "broken.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="holds no trained layers"):
        apply_trained_layers(base, tmp_path / "broken.safetensors", tmp_path / "out")
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        apply_trained_layers(tmp_path / "nowhere", layers, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_real_encoder_gives_at_run_time_what_it_gave_in_training(real_base: Path, tmp_path: Path) -> None:
    options = FAST.model_copy(update={"n_trained_layers": 2, "epochs": 2, "learning_rate": 2e-4})
    trained = run(real_base, tmp_path / "runs", options, n=20)
    encoder = load(trained, tmp_path / "encoder")
    long = "Customer: " + " ".join(f"We have asked about point {number} of the offer before." for number in range(60))
    texts = ["Rep: Hello.", "Customer: It is too expensive.", long]
    states = cached_activations(texts, real_base, 4, tmp_path / "states", progress=lambda *_: None)
    assert states.first_piece.tolist()[-1] > len(texts)  # the long turn is in pieces
    apply = TopLayers(tmp_path / "encoder", 2, states, dropout=0.1)
    apply.layers.eval()
    with torch.no_grad():
        cosines = (apply.vectors(np.arange(3)).numpy() * encoder.encode(texts)).sum(axis=1)
    assert cosines.min() >= 0.999
    plain = TurnEncoder.load(real_base, fingerprint="base").encode(texts)
    assert (encoder.encode(texts) * plain).sum(axis=1).max() < 0.9999  # it was trained
    assert (tmp_path / "encoder" / TRAINED_LAYERS).stat().st_size <= 4_000_000


def test_of_many_calls_each_epoch_takes_others() -> None:
    fitted = np.array([3, 5, 8, 13, 21, 34, 55])
    epochs = [loop.order_of(fitted, epoch, 3, seed=1) for epoch in range(1, 8)]
    assert all(len(set(epoch.tolist())) == 3 for epoch in epochs[:2])
    seen = np.concatenate(epochs)
    for start in range(0, 21, 7):
        assert sorted(seen[start : start + 7].tolist()) == fitted.tolist()
    whole = [loop.order_of(fitted, epoch, 7, seed=1).tolist() for epoch in (1, 2)]
    assert [sorted(order) for order in whole] == [fitted.tolist()] * 2
    assert whole[0] != whole[1]


def test_states_are_computed_once(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def states(texts: Sequence[str]) -> tuple[Any, list[int]]:
        stages: list[int] = []
        found = cached_activations(texts, base, 2, tmp_path, progress=lambda stage, done, total: stages.append(total))
        return found.read(np.arange(len(texts))), stages

    texts = [f"Rep: number {number}" for number in range(5)]
    (first, mask), stages = states(texts[:3])
    assert first.shape == (3, int(mask.sum(dim=1).max()), 32)
    assert max(stages) == 3
    (later, _), stages = states(texts[::-1])
    assert max(stages) == 2  # only what is new
    assert torch.equal(later.flip(0)[:3], first)
    assert states(texts)[1] == []


def test_states_that_are_lost_are_computed_again_once(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Rep: number {number}" for number in range(5)]
    found = cached_activations(texts, base, 2, tmp_path, progress=lambda *_: None)
    first, _ = found.read(np.arange(5))
    with closing(sqlite3.connect(*tmp_path.glob("*.sqlite"))) as database, database:
        database.execute("UPDATE kept SET value = substr(value, 3)")
    again, _ = found.read(np.arange(5))
    assert torch.equal(again, first)

    def not_again(*_: object) -> None:
        raise AssertionError("what was lost is computed in every epoch")

    monkeypatch.setattr(Activations, "_compute", not_again)
    later, _ = found.read(np.arange(5))
    assert torch.equal(later, first)


def test_a_tokenizer_that_cuts_texts_otherwise_gets_states_of_its_own(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Rep: number {number}" for number in range(5)]
    before = cached_activations(texts, base, 2, tmp_path, progress=lambda *_: None)
    counts = TurnEncoder.token_counts
    monkeypatch.setattr(TurnEncoder, "token_counts", lambda self, some: [n - 1 for n in counts(self, some)])
    after = cached_activations(texts, base, 2, tmp_path, progress=lambda *_: None)
    states, mask = after.read(np.arange(5))
    assert mask.sum(dim=1).tolist() == (before.lengths - 1).tolist()
    assert states.shape[:2] == mask.shape


def test_passes_are_computed_twice_where_memory_is_short(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Rep: number {number}" for number in range(5)]
    states = cached_activations(texts, base, 2, tmp_path, progress=lambda *_: None)
    gradients = []
    monkeypatch.setattr(layers, "TOKENS_AT_ONCE", 1)  # a pass for each text
    n_tokens = int(states.lengths.sum())
    for limit in (n_tokens, n_tokens // 2, 1):
        monkeypatch.setattr(layers, "MAX_TOKENS_KEPT", limit)
        top = TopLayers(base, 1, states, dropout=0.1)
        torch.manual_seed(3)
        top.layers.train()
        (top.vectors(np.arange(5)) @ torch.arange(32.0)).sum().backward()  # type: ignore[no-untyped-call]
        gradients.append([parameter.grad for parameter in top.parameters()])
    for kept, some_again, all_again in zip(*gradients, strict=True):
        assert kept is not None
        torch.testing.assert_close(kept, some_again)
        torch.testing.assert_close(kept, all_again)


def test_an_encoder_that_can_not_be_cut_is_refused(base: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import BoW

    SentenceTransformer(modules=[BoW(["price", "plan"])], device="cpu").save_pretrained(
        str(tmp_path / "base"), create_model_card=False
    )
    with pytest.raises(ModelError, match="built like BERT"):
        run(tmp_path / "base", tmp_path / "runs")
    with pytest.raises(ModelError, match="has 3 layers; 4 can't be trained"):
        run(base, tmp_path / "runs", FAST.model_copy(update={"n_trained_layers": 4}))


def test_history_goes_to_tensorboard_where_it_is_installed(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, float, int]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            self.folder = folder

        def add_scalar(self, name: str, value: float, number: int) -> None:
            written.append((name, value, number))

        def flush(self) -> None:
            pass

        def close(self) -> None:
            pass

    import sys
    import types

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    trained = run(base, tmp_path / "runs")
    assert written == [("loss", line.loss, number) for number, line in enumerate(trained.history, start=1)]


def test_supcon_by_hand() -> None:
    vectors = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 2.0]])
    labels = torch.tensor([1, 1, 0])
    near, far, middle = 0.6 / 0.1, 0.0, 0.8 / 0.1
    expected = (
        -near + np.log(np.exp(near) + np.exp(far)) - near + np.log(np.exp(near) + np.exp(middle))
    ) / 2  # the third call has no positive
    assert supcon(vectors, labels).item() == pytest.approx(expected, rel=1e-5)
    assert supcon(vectors[1:], labels[1:]).item() == 0.0  # no call has a positive


def test_losses_fall_where_calls_of_an_outcome_come_together() -> None:
    labels = torch.tensor([1, 0, 1, 0])
    together = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]])
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    for loss in (supcon, semi_hard_triplet):
        assert loss(together, labels) < loss(apart, labels)
    assert semi_hard_triplet(together, torch.ones(4)).item() == 0.0
    assert nt_xent(together, together) < nt_xent(together, together.flip(0))


def test_nt_xent_by_hand() -> None:
    first, second = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.8, 0.6], [0.6, 0.8]])
    views = torch.cat([first, second]) / 0.1
    cosines = torch.cat([first, second]) @ views.T
    cosines.fill_diagonal_(-torch.inf)
    expected = torch.nn.functional.cross_entropy(cosines, torch.tensor([2, 3, 0, 1]))
    assert nt_xent(first, second).item() == pytest.approx(expected.item(), rel=1e-5)


def test_one_history_line_says_what_is_known() -> None:
    line = Epoch(stage="layers", epoch=1, loss=0.5)
    assert line.model_dump() == {
        "stage": "layers", "epoch": 1, "loss": 0.5, "validation_loss": None, "validation_auc": None
    }  # fmt: skip
