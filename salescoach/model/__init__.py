"""From turns to a score: encoder, pooling, the arms that score, abstention, and the folder they lie in."""
