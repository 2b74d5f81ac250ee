"""What can surely be said of a call: how it ended, and what the rep missed in it."""
