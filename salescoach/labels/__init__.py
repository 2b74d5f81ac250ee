"""The loop of labels: what to ask people about, what they said, and how far they agree."""
