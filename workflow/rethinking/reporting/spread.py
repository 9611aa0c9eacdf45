"""How sure a mean over seeds is, and how sure one network's accuracy on so many test images.

Seeds differ by their networks; the test images are the same for all of them, so that three seeds can agree by luck to a
tenth of what another test set would change. Both are told, and neither stands for the other.
"""

import math

from scipy.special import stdtrit

CONFIDENCE = 0.95


def half_width(sd: float, n: int) -> float:
    """Half the width of the t interval of the mean of n values with this standard deviation; NaN of fewer than two.

    Of three values 4.30 sd / sqrt(3).
    """
    if n < 2 or math.isnan(sd):
        return math.nan
    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / math.sqrt(n)


def binomial_error(share: float, images: float) -> float:
    """Standard error of a share of so many test images that one network gets right, or wrong; NaN of none."""
    if not images > 0 or math.isnan(share):
        return math.nan
    return math.sqrt(max(share * (1 - share), 0.0) / images)
