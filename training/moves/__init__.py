"""Authored calls -> a folder that reads moves (``salescoach.moves``)."""
