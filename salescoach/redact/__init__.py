"""What is taken out of a text before it is shown, sent or kept."""
