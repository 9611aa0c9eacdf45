"""Which agreements say little, because a run that trains at all can hardly disagree.

A network that has fitted has a training accuracy near 100 % and a loss near none; what is tested on labels that mean
nothing is at chance; a loss before anything is learnt is the logarithm of the number of classes.
"""

import math

import pandas as pd

from rethinking.reporting.claims import AT_CHANCE, RANDOM
from rethinking.reporting.comparison import FITTED

CAN_HARDLY_FAIL = "can hardly fail"
AGREES = ("reproduced", "holds")
CLASSES = 10  # of CIFAR-10, of which all of the paper's numbers are
TRAINED = ("train_accuracy", "online_accuracy")
TESTED = ("test_accuracy", "test_error_at_fit")


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """The verdicts of a table of published numbers or of claims, with agreements that can hardly fail called so."""
    hardly = of_claims(numbers) if "claim" in numbers else of_numbers(numbers)
    return numbers["verdict"].where(~(hardly & numbers["verdict"].isin(AGREES)), CAN_HARDLY_FAIL)


def of_claims(claims: pd.DataFrame) -> pd.Series:
    """Of each claim whether it can hardly fail: that random labels teach nothing of a test set."""
    return claims["claim"].str.endswith(AT_CHANCE)


def of_numbers(numbers: pd.DataFrame) -> pd.Series:
    """Of each published number whether ours can hardly differ from it."""
    paper, quantity, random = numbers["paper"], numbers["quantity"], numbers["corruption"] == RANDOM
    fitted = quantity.isin(TRAINED) & (paper >= FITTED)
    no_loss = (quantity == "train_loss") & (paper <= numbers["tolerance"])
    untaught = (quantity == "train_loss") & random & ((paper - math.log(CLASSES)).abs() <= numbers["tolerance"])
    return fitted | no_loss | untaught | (quantity.isin(TESTED) & random)
