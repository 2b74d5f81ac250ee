"""The arrays of an embedding's arms in a file."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from salescoach.errors import ModelError
from salescoach.model.embedding_arm import ReferenceArm
from salescoach.model.pooling import N_BLOCKS, Pooling


def test_an_arm_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    file = tmp_path / "generic.safetensors"
    rng = np.random.default_rng(0)
    query, position = rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=(2, 2)).astype(np.float32)
    arm = ReferenceArm(
        Pooling(query, position, usual_turns=7.5), rng.normal(size=N_BLOCKS * 3).astype(np.float32), bias=0.25
    )
    arm.save(file)
    back = ReferenceArm.load(file)
    np.testing.assert_array_equal(back.pooling.query, query)
    np.testing.assert_array_equal(back.pooling.position, position)
    np.testing.assert_array_equal(back.weights, arm.weights)
    assert (back.pooling.usual_turns, back.bias) == (7.5, 0.25)


def test_an_arm_that_does_not_say_what_is_usual_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "generic.safetensors"
    pooling = Pooling(np.zeros((2, 3), dtype=np.float32), np.zeros((2, 2), dtype=np.float32), usual_turns=1.0)
    ReferenceArm(pooling, np.zeros(N_BLOCKS * 3), bias=0.0).save(file)
    arrays = load_file(file)
    del arrays["usual_turns"]
    save_file(arrays, file)
    with pytest.raises(ModelError, match="train again"):
        ReferenceArm.load(file)
