"""Models and people judged while they work: did it come true, model against model, and A/B tests."""
