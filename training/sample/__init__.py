"""Simulated sales calls whose best possible score is known: ``write_sample`` to files, ``generate_calls`` in memory."""

from training.sample.corpus import SampleCall, SampleSummary, generate_calls, write_sample
from training.sample.outcome import DEFAULT_NOISE

__all__ = ["DEFAULT_NOISE", "SampleCall", "SampleSummary", "generate_calls", "write_sample"]
