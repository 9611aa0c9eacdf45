"""What a reader sees of a figure: its texts, whole, large enough and apart."""

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rethinking.plotting.style import SMALL, style


def shown_texts(figure: Figure) -> list[Text]:
    """Every text that a reader sees: not the labels of ticks beyond the ends of an axis."""
    beyond = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                beyond |= {tick.label1, tick.label2}
    texts = (text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip())
    return [text for text in texts if text not in beyond]


def assert_texts_can_be_read(figure: Figure) -> None:
    """No text is cut off at the figure's edge, touches another or is smaller than the smallest of the style."""
    with style():
        extents = {text: text.get_window_extent() for text in shown_texts(figure)}
    for text, extent in extents.items():
        inside = min(extent.x0, extent.y0) >= 0 and extent.x1 <= figure.bbox.x1 and extent.y1 <= figure.bbox.y1
        assert inside, text
        assert text.get_fontsize() >= SMALL, text
    for (one, extent), (other, other_extent) in combinations(extents.items(), 2):
        assert not Bbox.intersection(extent, other_extent), (one, other)
