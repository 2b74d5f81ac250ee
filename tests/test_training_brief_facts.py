"""Facts that a brief of a call should have, as readers marked them."""

import gzip
import json
from pathlib import Path

import pytest

from salescoach.errors import DataError
from salescoach.types import Transcript
from training.authored.brief_facts import JUDGING, TEACHING, read_expert_facts, read_marked_facts
from training.authored.corpus import read_calls
from training.authored.labelled import AUTHORED, split_of


@pytest.fixture(scope="module")
def calls() -> dict[str, Transcript]:
    return read_calls(AUTHORED / "calls")


def test_facts_stand_in_their_calls(calls: dict[str, Transcript]) -> None:
    teaching, judging = read_marked_facts(TEACHING, calls), read_expert_facts(JUDGING, calls)
    assert len({one.call for one in teaching}) == 320
    assert len({one.call for one in judging}) == 50
    assert {split_of(one.call) for one in judging} == {"test"}
    assert "test" not in {split_of(one.call) for one in teaching}


@pytest.mark.parametrize("change", [{"end": 10_000}, {"turn": 900}, {"kind": "weather"}])
def test_what_stands_nowhere_is_refused(
    calls: dict[str, Transcript], tmp_path: Path, change: dict[str, object]
) -> None:
    one = read_marked_facts(TEACHING, calls)[0].model_dump() | change
    file = tmp_path / "wrong.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps(one).encode()))
    with pytest.raises(DataError, match=r"wrong\.jsonl\.gz, line 1"):
        read_marked_facts(file, calls)
