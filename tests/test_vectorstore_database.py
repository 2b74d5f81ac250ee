"""An index that somebody else wrote: no code that it names is ever run, and what it says is compared."""

import json
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.utils.embedding_functions.sentence_transformer_embedding_function import (
    SentenceTransformerEmbeddingFunction,
)

from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery
from salescoach.testing import make_call, make_calls
from tests.test_vectorstore_faults import QUERY, mean_scorer
from vectorstore.build import build_index
from vectorstore.chroma import StoreBefore, write_store
from vectorstore.database import DATABASE, STORE, UnsoundStoreError, check_database, digest_of_database
from vectorstore.generation import CURRENT, current_generation, open_shelves
from vectorstore.opened import is_sound
from vectorstore.search import PastCalls


class Home:
    """A library, its index, and a folder with a model whose code leaves a mark where it is run."""

    def __init__(self, folder: Path) -> None:
        self.index_dir = folder / "index"
        self.library, self.scorer = Library(folder / "library.sqlite"), mean_scorer(folder)
        self.library.add(make_calls(40))
        build_index(self.library, self.scorer, self.index_dir)
        self.past_calls = PastCalls(self.index_dir, self.library, self.scorer, exact_below=0)
        self.mark, self.model = folder / "mark", folder / "model"
        self.model.mkdir()
        (self.model / "foreign.py").write_text(f"open({str(self.mark)!r}, 'w').close()\nclass Foreign: pass\n")
        modules = [{"idx": 0, "name": "0", "path": "", "type": "foreign.Foreign"}]
        (self.model / "modules.json").write_text(json.dumps(modules))

    @property
    def folder(self) -> Path:
        return self.index_dir / current_generation(self.index_dir, self.scorer).name

    @property
    def database(self) -> Path:
        return self.folder / STORE / DATABASE

    @property
    def function(self) -> dict[str, Any]:
        kwargs = {"trust_remote_code": True}
        config = {"model_name": str(self.model), "device": "cpu", "normalize_embeddings": False, "kwargs": kwargs}
        return {"name": "sentence_transformer", "type": "known", "config": config}

    def poison(self, column: str = "schema_str", kind: str = "known") -> None:
        """Names the function in the stored configuration of every collection, as Chroma itself would write it."""
        function = self.function | {"type": kind}
        with sqlite3.connect(self.database) as database:
            rows = database.execute("SELECT id, schema_str FROM collections").fetchall()
            for row_id, text in rows:
                schema = json.loads(text)
                for part in (schema["defaults"], schema["keys"]["#embedding"]):
                    part["float_list"]["vector_index"]["config"]["embedding_function"] = function
                value = schema if column == "schema_str" else {"embedding_function": function}
                database.execute(f"UPDATE collections SET {column} = ? WHERE id = ?", (json.dumps(value), row_id))
        database.close()

    def ask(self) -> list[Any]:
        return self.past_calls.similar(PrecedentQuery(transcript=QUERY, n_results=5))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.past_calls.close()
    home.library.close()
    SentenceTransformerEmbeddingFunction.models.clear()


def test_the_poison_works_where_nobody_looks(home: Home) -> None:
    """What the other tests keep from happening: adding a row to such a collection runs the code."""
    home.poison()
    client = chromadb.PersistentClient(path=str(home.folder / STORE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collection = client.get_collection(client.list_collections()[0].name, embedding_function=None)
        collection.add(ids=["x"], embeddings=[[0.1] * 64], documents=["0"])
    client.close()  # type: ignore[attr-defined]
    assert home.mark.exists()


@pytest.mark.parametrize("forged", [False, True], ids=["found by what it says", "found by the function"])
@pytest.mark.parametrize(
    ("column", "kind"), [("schema_str", "known"), ("schema_str", "unknown"), ("config_json_str", "known")]
)
def test_foreign_code_is_never_run_and_the_index_is_built_anew(
    home: Home, column: str, kind: str, forged: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = home.ask()
    home.past_calls.close()
    home.poison(column, kind)
    if forged:
        # Who can write the database can also write the pointer, with a digest that fits.
        monkeypatch.setattr("vectorstore.chroma.check_database", lambda file, _: digest_of_database(file))
    assert home.ask() == before  # by exact search
    assert "searched exactly" in caplog.text
    assert not is_sound(home.index_dir, home.scorer)
    home.past_calls.close()

    poisoned = home.folder
    home.library.add([make_call("new", "Rep: What about the price?", "Customer: It is too expensive for us, I fear.")])
    build_index(home.library, home.scorer, home.index_dir, takes_over=True)  # as `coach add`
    assert "it is built anew" in caplog.text
    assert home.folder != poisoned
    assert is_sound(home.index_dir, home.scorer)
    assert "new" in [one.call_id for one in home.ask()]
    assert not home.mark.exists()


def test_a_store_is_looked_at_before_it_is_extended(home: Home, tmp_path: Path) -> None:
    generation = current_generation(home.index_dir, home.scorer)
    shelves = open_shelves(home.index_dir, generation)
    home.poison()
    (tmp_path / "next").mkdir()
    digest = generation.database
    with pytest.raises(UnsoundStoreError, match="embed texts with"):
        before = StoreBefore(home.folder, digest)
        write_store(tmp_path / "next", shelves, generation.fingerprint, lambda _: None, before)
    assert not home.mark.exists()


def test_opening_and_searching_changes_nothing_that_it_says(home: Home) -> None:
    written = current_generation(home.index_dir, home.scorer).database
    for _ in range(2):
        home.ask()
        check_database(home.database, written)  # while it is open
        home.past_calls.close()
        check_database(home.database, written)
    home.library.add([make_call("new", "Rep: What about the price?", "Customer: Too high for us.")])
    build_index(home.library, home.scorer, home.index_dir, takes_over=True)
    check_database(home.database, current_generation(home.index_dir, home.scorer).database)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE embedding_metadata SET string_value = '1' WHERE id = 1",
        "DELETE FROM embeddings WHERE id = 1",
        "UPDATE collections SET dimension = 3",
        "UPDATE segments SET type = 'other'",
        "INSERT INTO embeddings_queue (operation, topic, id) VALUES (0, 't', 'i')",
        "CREATE TRIGGER t AFTER INSERT ON embeddings BEGIN DELETE FROM segments; END",
        "CREATE TABLE more (x)",
        "INSERT INTO collection_metadata (collection_id, key, str_value) SELECT id, 'k', 'v' FROM collections",
    ],
)
def test_a_change_in_the_database_is_found(home: Home, change: str) -> None:
    before = home.ask()
    home.past_calls.close()
    with sqlite3.connect(home.database) as database:
        database.execute(change)
    database.close()
    assert not is_sound(home.index_dir, home.scorer)
    assert home.ask() == before


@pytest.mark.parametrize("text", ["no json", '{"embedding_function": {}, "embedding_function": null}', "[" * 99_999])
def test_a_configuration_that_cant_be_read_is_refused(home: Home, text: str) -> None:
    copy = home.index_dir.parent / DATABASE
    shutil.copy(home.database, copy)
    with sqlite3.connect(copy) as database:
        database.execute("UPDATE collections SET config_json_str = ?", (text,))
    database.close()
    with pytest.raises(UnsoundStoreError, match="can't be read"):
        digest_of_database(copy)


def test_an_index_of_an_older_program_is_not_opened(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    before = home.ask()
    home.past_calls.close()
    pointer = json.loads((home.index_dir / CURRENT).read_text())
    for one in pointer["generations"]:
        for name in ("database", "library_id", "library_digest"):
            del one[name]
    (home.index_dir / CURRENT).write_text(json.dumps(pointer))
    assert home.ask() == before
    assert "older version" in caplog.text
