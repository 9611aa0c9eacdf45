"""What the pages say and what is recorded at full size, for tests that hold the one against the other."""

from rethinking.config import CHECKOUT

RECORDED = CHECKOUT / "docs/results/cifar10-cpu"
RUNS = RECORDED / "runs/cifar10"


def said_on(page: str) -> str:
    """A page's text with single spaces for line breaks, by its path from the checkout."""
    return " ".join((CHECKOUT / page).read_text(encoding="utf-8").split())


def listed(numbers: list[float]) -> str:
    """ "0, 0.5 and 1"."""
    *first, last = (f"{number:g}" for number in numbers)
    return f"{', '.join(first)} and {last}"
