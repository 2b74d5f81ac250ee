"""Calls written one at a time, with the moves of each turn: what the move reader and the bundled model learn from.

Everything here is machine-written. What is measured on it is agreement with written conversations and drawn outcomes,
not with sales. `deals` draws the facts and the outcome of a deal before a word is written; `briefs` words what the
writer may know, which is never the outcome; `corpus` reads calls and labels; `agreement` compares two labellers.
"""
