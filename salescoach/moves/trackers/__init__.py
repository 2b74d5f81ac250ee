"""Trackers: moves that a user adds, each told by a few examples of what is said."""
