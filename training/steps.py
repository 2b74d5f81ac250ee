"""How many steps a fine-tuning takes."""

from training.calls import TrainingCalls
from training.options import FinetuneOptions

MIN_BATCHES = 5  # that an epoch is cut into


def calls_in_epoch(options: FinetuneOptions, n_fitted: int) -> int:
    """Calls of an epoch."""
    return min(n_fitted, options.calls_per_epoch)


def steps_in_epoch(options: FinetuneOptions, n_fitted: int) -> int:
    """Steps of an epoch."""
    n_calls = calls_in_epoch(options, n_fitted)
    return -(-n_calls // min(options.batch_calls, max(2, n_calls // MIN_BATCHES)))


def n_epochs_of_layers(options: FinetuneOptions, n_fitted: int) -> int:
    """Epochs in which layers are trained; few calls get more of them."""
    return max(options.epochs, -(-options.min_steps // steps_in_epoch(options, n_fitted)))


def learns_again(train: TrainingCalls, options: FinetuneOptions) -> bool:
    """Whether a second training learns from the held-out calls as well."""
    return bool(train.held_out.mean() >= options.refit_from)
