"""Labelled calls in, a model folder out. Nothing that scores or talks imports this package."""
