"""Tables of calls in any usual form: one row a call, or one row an utterance."""
