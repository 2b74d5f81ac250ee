"""One file a format: see docs/add-a-format.md."""
