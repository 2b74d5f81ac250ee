"""How to train, and how to fine-tune."""

from pydantic import Field

from salescoach.types import Frozen
from training.losses import Objective


class FinetuneOptions(Frozen):
    """How to train. The defaults are what measured best; ``docs/experiments.md`` has the figures."""

    objective: Objective = "joint"
    n_trained_layers: int = Field(2, ge=0, description="top layers that are trained; 0 leaves the encoder as it is")
    epochs: int = Field(4, ge=1)
    calls_per_epoch: int = Field(4000, ge=2, description="at most; of more calls, each epoch takes others")
    learning_rate: float = Field(1e-4, gt=0, description="of the layers")
    head_epochs: int = Field(10, ge=1, description="of pooling and classifier on frozen vectors, before the layers")
    head_learning_rate: float = Field(1e-3, gt=0, description="of pooling and classifier")
    min_steps: int = Field(60, ge=0, description="of the layers; few calls get more epochs")
    batch_calls: int = Field(32, ge=2, description="at most; few calls come in smaller batches")
    supcon_weight: float = Field(0.3, ge=0, description="of the contrastive part of the joint objective")
    layer_dropout: float = Field(0.0, ge=0, lt=1, description="of the layers' outputs; a fifth slower where it is on")
    vector_dropout: float = Field(0.3, ge=0, lt=1, description="of the call vector before the classifier")
    turn_dropout: float = Field(0.25, ge=0, lt=1, description="share of turns that a call is trained without")
    n_dropout_samples: int = Field(1, ge=1, description="masks of the call vector that the loss is averaged over")
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    average_decay: float = Field(0.0, ge=0, lt=1, description="of the running average of weights; 0: none")
    patience: int = Field(3, ge=1, description="epochs without a better validation before it stops")
    refit_from: float = Field(
        0.1, gt=0, description="share of held-out calls from which on a second training learns from them, too"
    )
    weight_decay: float = Field(0.01, ge=0)


class TrainingOptions(Frozen):
    """What a training makes, and of what."""

    name: str = Field(description="begins the model id and says what the model is, such as starter")
    data: str = Field(description="what it is trained on, in words that fit into a sentence")
    finetuning: FinetuneOptions | None = Field(
        None, description="how to fine-tune the encoder; None leaves it as it is, which takes a fraction of the time"
    )
    by_time: bool = Field(False, description="the latest third of the accounts judges, in place of a random one")
    resume: bool = Field(False, description="go on from the checkpoint of an interrupted fine-tuning")
    moves: bool = Field(False, description="also try the move reader as a scorer; it has to read all calls for that")
    unlikeness_slack: float = Field(
        2.25, ge=1, description="how much further off than held-out ones other people's sales calls may lie"
    )
    triplets: bool = Field(
        False, description="also write triplets of moments, to read and for other trainers, to runs_dir / train / name"
    )
