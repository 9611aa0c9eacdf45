"""Powers of ten at the ticks of logarithmic axes."""

import pytest
from matplotlib.figure import Figure

from rethinking.plotting.powers import label_powers


@pytest.mark.parametrize(
    ("value", "label"), [(1e-17, "10\u207b\u00b9\u2077"), (1e-3, "10\u207b\u00b3"), (1, "10\u2070"), (1e6, "10\u2076")]
)
def test_a_power_is_raised_with_its_sign(value, label):
    axes = Figure().subplots()
    axes.set_xscale("log")
    label_powers(axes.xaxis)
    assert axes.xaxis.get_major_formatter()(value, 0) == label
    assert axes.xaxis.get_minor_formatter()(2 * value, 0) == ""
