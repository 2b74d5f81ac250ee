"""Transcripts in JSON: the names that tools give to the same things, and what is made of them."""
