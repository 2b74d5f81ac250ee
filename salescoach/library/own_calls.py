"""The team's own calls with an outcome: how many there are, and how many are missing to learn from them alone."""

from typing import Final

from salescoach.types import Frozen

MIN_CALLS_PER_CLASS: Final = 10  # of each outcome, below which nothing is trained
MIN_OWN_CALLS: Final = 40  # below which a model learns from the example calls too


class OwnCalls(Frozen):
    """Own calls whose outcome is known."""

    n_converted: int
    n_lost: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.n_converted + self.n_lost

    @property
    def n_missing(self) -> int:
        """How many more are needed at least, until training on own calls alone makes sense."""
        of_a_class = sum(max(0, MIN_CALLS_PER_CLASS - n) for n in (self.n_converted, self.n_lost))
        return max(of_a_class, MIN_OWN_CALLS - self.n, 0)

    @property
    def reading(self) -> str:
        """Both in a sentence."""
        known = f"Own calls with an outcome: {self.n} ({self.n_converted} converted, {self.n_lost} lost)"
        if not self.n_missing:
            return f"{known}. `coach train` learns from them alone."
        missing = f"{self.n_missing} more {'is' if self.n_missing == 1 else 'are'} missing"
        needed = f"of each outcome at least {MIN_CALLS_PER_CLASS}"
        return f"{known}; {missing} until `coach train` learns from them alone, {needed}."
