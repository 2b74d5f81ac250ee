"""Moves: what each turn does in a sales conversation, the objections and how each was met, the next step."""
