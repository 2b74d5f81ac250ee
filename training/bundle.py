"""A model folder small enough to be committed: all of it but the encoder, of which only trained layers are kept.

The base encoder comes with a package anyway, and trained layers put into it give the same bytes everywhere. So the
folder that is made of a bundle is the one that was packed, hash by hash, and has its model id. An encoder that was not
fine-tuned is the base encoder, and nothing of it is kept.
"""

import shutil
from pathlib import Path

from salescoach.errors import ModelError
from salescoach.model.artifact import ENCODER, MANIFEST, ModelFolder, whole_folder
from training.layers import TRAINED_LAYERS, apply_trained_layers, copy_encoder

BUNDLED_MODEL = Path(__file__).parent / "bundled_model"
MAX_BYTES = 8_000_000


def pack(model: Path, bundle: Path) -> int:
    """Writes the bundle of a model folder; returns its size in bytes.

    Raises:
        ModelError: the folder is damaged, or the bundle would be over ``MAX_BYTES``.
    """
    folder = ModelFolder.open(model)
    kept = [MANIFEST, *(name for name in folder.manifest.files if not name.startswith(f"{ENCODER}/"))]
    if (folder.encoder / TRAINED_LAYERS).is_file():
        kept.append(f"{ENCODER}/{TRAINED_LAYERS}")
    size = sum((model / name).stat().st_size for name in kept)
    if size > MAX_BYTES:
        raise ModelError(f"The bundle of {model} would have {size:,} bytes; at most {MAX_BYTES:,} are committed.")
    shutil.rmtree(bundle, ignore_errors=True)
    for name in kept:
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model / name, bundle / name)
    return size


def unpack(bundle: Path, base: Path, out: Path) -> ModelFolder:
    """Makes the model folder that was packed.

    Args:
        bundle: what ``pack`` wrote.
        base: the base encoder's folder, the same as when the model was trained.
        out: the folder to make; a model folder there is replaced when the new one is whole.

    Raises:
        ModelError: the bundle is missing or damaged, or ``base`` is another encoder.
    """
    if not (bundle / MANIFEST).is_file():
        raise ModelError(f"There is no bundled model in {bundle}; get the project's files again.")
    with whole_folder(out) as folder:
        for file in sorted(path for path in bundle.rglob("*") if path.is_file()):
            name = file.relative_to(bundle)
            if name.parts[0] != ENCODER:
                shutil.copyfile(file, folder / name)
        if (bundle / ENCODER / TRAINED_LAYERS).is_file():
            apply_trained_layers(base, bundle / ENCODER / TRAINED_LAYERS, folder / ENCODER)
        else:
            copy_encoder(base, folder / ENCODER)
        ModelFolder.open(folder)  # before an older folder makes way
    return ModelFolder.open(out)
