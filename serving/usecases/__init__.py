"""What all doors call: set up, index, enter outcomes, delete, look after the home."""
