"""Labels beside the points of a scatter plot, none over another, over a point or over the edge of the axes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox

from rethinking.plotting.style import SMALL, STYLE

RADIUS, NEAR = 3.0, 1.5  # points: of a marker, from a marker to the nearest label
DISTANCES = (NEAR, 6, 11, 17, 24, 32, 41, 52, 64, 80, 100, 125)
DIRECTIONS = [math.tau * k / 16 for k in range(16)]
SPARE = 1.04  # width of a text on pixels, where letters begin at whole ones, over that of its outlines
LINE = 1.2  # height of a line of text, in font sizes
EDGE = 3.0  # points between a label and the edge of the axes
ROUNDS = 60  # of giving places in turn, until every label has found a free one
TOGETHER = 2.0  # points nearer than this share a label, a line each


@dataclass(frozen=True)
class Place:
    """Where a label could stand: its box, where a line from the point would end, how far that is."""

    box: Bbox
    end: tuple[float, float]
    alignment: tuple[str, str]
    distance: float


@dataclass(frozen=True)
class Group:
    """Points that lie on each other: where, in points from the lower left and in data; their labels, a line each."""

    point: tuple[float, float]
    place: tuple[float, float]
    text: str


def place_labels(axes: Axes, points: Sequence[tuple[float, float]], labels: Sequence[str]) -> list[Bbox]:
    """Write each label beside its point, in data coordinates; return the texts' boxes in points from the lower left.

    A label that found no room at its point stands further away, at the end of a line. The axes' place and limits are
    not to change afterwards.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    unit = 72 / figure.dpi
    found = np.asarray(axes.transData.transform(points)) * unit
    frame = Bbox(axes.get_window_extent().get_points() * unit).padded(-EDGE)
    markers = [Bbox.from_bounds(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS) for x, y in found]
    groups = [
        Group(tuple(found[group[0]]), points[group[0]], "\n".join(labels[each] for each in group))
        for group in _groups(found)
    ]
    chosen = _arranged(groups, markers, frame)
    for group, best in chosen.items():
        axes.annotate(
            group.text,
            group.place,
            xytext=(best.end[0] - group.point[0], best.end[1] - group.point[1]),
            textcoords="offset points",
            ha=best.alignment[0],
            va=best.alignment[1],
            fontsize=SMALL,
            linespacing=LINE,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
            if best.distance > NEAR
            else None,
        )
    return [best.box for best in chosen.values()]


def _arranged(groups: Sequence[Group], markers: Sequence[Bbox], frame: Bbox) -> dict[Group, Place]:
    """A place for each label, given in turn; one that found none free has its turn first in another round."""
    order, best, least, rng = list(groups), {}, math.inf, np.random.default_rng(0)
    for _ in range(ROUNDS):
        chosen, costs = _in_turn(order, markers, frame)
        if (total := sum(costs.values())) < least:
            best, least = chosen, total
        crowded = [group for group in order if costs[group] > chosen[group].distance]
        if not crowded:
            break
        others = [group for group in order if group not in crowded]
        order = [*crowded, *(others[place] for place in rng.permutation(len(others)))]
    return best


def _in_turn(
    groups: Sequence[Group], markers: Sequence[Bbox], frame: Bbox
) -> tuple[dict[Group, Place], dict[Group, float]]:
    """The place of each label beside those that had their turn before, and what speaks against it."""
    chosen: dict[Group, Place] = {}
    paid: dict[Group, float] = {}
    boxes: list[Bbox] = []
    lines: list[tuple[float, float]] = []
    for group in groups:
        places = list(_places(*group.point, group.text))
        costs = (_cost(place, group.point, markers, boxes, lines, frame) for place in places)
        chosen[group], paid[group] = _first_free(places, costs)
        boxes.append(chosen[group].box)
        lines += _along(group.point, chosen[group].end) if chosen[group].distance > NEAR else []
    return chosen, paid


def _first_free(places: Sequence[Place], costs: Iterator[float]) -> tuple[Place, float]:
    """The nearest place that nothing but its distance speaks against, or else the least bad one; nearest come first."""
    seen: list[float] = []
    for place, cost in zip(places, costs, strict=True):
        if cost <= place.distance:
            return place, cost
        seen.append(cost)
    return places[seen.index(min(seen))], min(seen)


def _groups(found: np.ndarray) -> list[list[int]]:
    """Indices of points that lie on each other, the most crowded first."""
    groups: list[list[int]] = []
    for index, point in enumerate(found):
        near = next((group for group in groups if math.dist(found[group[0]], point) < TOGETHER), None)
        groups.append([index]) if near is None else near.append(index)
    crowd = {group[0]: sum(math.dist(found[group[0]], other) < 50 for other in found) for group in groups}
    return sorted(groups, key=lambda group: -crowd[group[0]])


def _places(x: float, y: float, text: str) -> Iterator[Place]:
    """Where the text could stand, on all sides and at all distances."""
    font, rows = FontProperties(family=STYLE["font.sans-serif"], size=SMALL), text.split("\n")
    width = SPARE * max(text_to_path.get_text_width_height_descent(row, font, ismath=False)[0] for row in rows)
    height = len(rows) * LINE * SMALL
    for distance in DISTANCES:
        for direction in DIRECTIONS:
            across, up = math.cos(direction), math.sin(direction)
            end = x + across * (RADIUS + distance), y + up * (RADIUS + distance)
            horizontal = "left" if across > 0.3 else "right" if across < -0.3 else "center"
            vertical = "bottom" if up > 0.3 else "top" if up < -0.3 else "center"
            left = end[0] - width * {"left": 0, "right": 1, "center": 0.5}[horizontal]
            bottom = end[1] - height * {"bottom": 0, "top": 1, "center": 0.5}[vertical]
            yield Place(Bbox.from_bounds(left, bottom, width, height), end, (horizontal, vertical), distance)


def _cost(
    place: Place,
    point: tuple[float, float],
    markers: Sequence[Bbox],
    boxes: Sequence[Bbox],
    lines: Sequence[tuple[float, float]],
    frame: Bbox,
) -> float:
    """How bad a place is: first what lies over what, then how far it is."""
    over = sum(place.box.overlaps(other) for other in [*markers, *boxes]) + sum(place.box.contains(*at) for at in lines)
    outside = not (frame.contains(*place.box.min) and frame.contains(*place.box.max))
    crossed = 0
    if place.distance > NEAR:
        way = _along(point, place.end)
        crossed = sum(any(box.contains(*at) for at in way) for box in boxes)
        crossed += sum(any(marker.contains(*at) for at in way[2:]) for marker in markers if not marker.contains(*point))
    return 1000 * (over + outside) + 100 * crossed + place.distance


def _along(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Points of the line from `start` to `end`, close enough to each other that no text lies between two."""
    steps = max(2, math.ceil(math.dist(start, end) / 2))
    across, up = (np.linspace(first, last, steps + 1).tolist() for first, last in zip(start, end, strict=True))
    return list(zip(across, up, strict=True))
