"""What computes vectors; an engine's name stands in the manifest and is part of a model's id."""

from typing import Literal

Engine = Literal["torch-bf16", "torch-fp32", "openai"]
