"""Which agreements say little, because a run that trains at all can hardly disagree.

A network that has fitted has a training accuracy near 100 % and a loss near none; what has learnt nothing that helps on
the test set is at chance; a loss before anything is learnt is the logarithm of the number of classes.
"""

import math

from rethinking.reporting.comparison import FITTED

CAN_HARDLY_FAIL = "can hardly fail"
AGREES = ("reproduced", "holds")
RANDOM = "random_labels-1.0"
CLASSES = 10  # of CIFAR-10, of which all of the paper's numbers are that ours are held against
TRAINED = ("train_accuracy", "online_accuracy", "minibatch_accuracy")
CHANCE = {"test_accuracy": 100 / CLASSES, "test_error_at_fit": 1 - 1 / CLASSES}  # percent; a fraction


def can_hardly_fail(quantity: str, corruption: str, paper: float, tolerance: float, reading_error: float = 0.0) -> bool:
    """Whether ours can hardly differ from a published number.

    A loss is next to nothing where it cannot be told from zero; a test error is at chance where that of a network that
    has learnt nothing would do as well, be it that its training labels are random or most of the labels that it is
    tested on.
    """
    if quantity in TRAINED:
        return paper >= FITTED
    if quantity in CHANCE:
        return corruption == RANDOM or abs(paper - CHANCE[quantity]) <= tolerance
    if quantity == "train_loss":
        return paper <= reading_error or (corruption == RANDOM and abs(paper - math.log(CLASSES)) <= tolerance)
    return False


def telling(verdict: str, hardly: bool) -> str:
    """A verdict, or that it can hardly fail where it is an agreement that can."""
    return CAN_HARDLY_FAIL if hardly and verdict in AGREES else verdict
