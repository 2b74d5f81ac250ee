"""Statistics: measures with intervals, comparisons of pairs, splits by account."""
