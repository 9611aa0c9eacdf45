"""Powers of ten at the ticks of logarithmic axes, in plain letters."""

import math

from matplotlib.axis import Axis
from matplotlib.ticker import NullFormatter

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def label_powers(*axes: Axis) -> None:
    """Label the powers of ten of logarithmic axes, nothing between them; matplotlib's own labels are mathematics."""
    for axis in axes:
        axis.set_major_formatter(_power_of_ten)
        axis.set_minor_formatter(NullFormatter())


def _power_of_ten(value: float, _: float) -> str:
    return f"10{str(round(math.log10(value))).translate(SUPERSCRIPTS)}"
