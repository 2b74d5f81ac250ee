"""Call metrics: numbers of a call, beside those of past calls and what has been published."""
