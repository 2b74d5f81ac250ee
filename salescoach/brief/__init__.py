"""The call in half a page: what was said that a manager wants to know, each item with its turn."""
