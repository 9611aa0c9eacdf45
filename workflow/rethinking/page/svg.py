"""Our own SVG files inside a page: names that are unique there, a title and a caption for who cannot see them."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
REFERENCE = re.compile(r"url\(#([^)]+)\)")
PLACE = re.compile(r"translate\(\S+ (\S+)\) scale\((\S+) ")
WHOLE = "stroke-linejoin: round; stroke-linecap: butt"  # matplotlib says it of `*`, which would be all of the page


def inline(text: str, name: str, title: str, caption: str) -> str:
    """An SVG file as an element of a page, `name` before each of its ids; raises ValueError where it is no SVG.

    The page has the caption as text, so it is left out of the drawing.
    """
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    try:
        root = ElementTree.fromstring(text, parser)
    except ElementTree.ParseError as error:
        raise ValueError(f"{name}: is not SVG ({error})") from None
    for prefix, address in (("", SVG), ("xlink", XLINK)):
        ElementTree.register_namespace(prefix, address)
    _cut_caption(root, caption)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style", ElementTree.Comment):
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _renamed(key, value, name))
    for key in ("width", "height"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc", "style": WHOLE}
    for place, (tag, words) in enumerate((("title", title), ("desc", caption))):
        described = Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        described.text = words
        root.insert(place, described)
    return ElementTree.tostring(root, encoding="unicode")


def _renamed(key: str, value: str, name: str) -> str:
    """An attribute's value with the ids in it renamed."""
    if key == "id":
        return f"{name}-{value}"
    if key in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    return REFERENCE.sub(rf"url(#{name}-\1)", value)


def _cut_caption(root: Element, caption: str) -> None:
    """Hide the caption at the foot of a drawing, and end the drawing above it; nothing where it is not found.

    Texts are outlines, a line after the other, each with its words in a comment. Their letters are drawn elsewhere as
    well, so none is removed.
    """
    for group in root.iter(f"{{{SVG}}}g"):
        words = [word for part in group if part.tag is ElementTree.Comment for word in (part.text or "").split()]
        lines = [part for part in group if part.tag is not ElementTree.Comment]
        place = PLACE.match(lines[0].get("transform", "")) if lines else None
        if words == caption.split() and words and place:
            left, top, width, _ = root.get("viewBox", "").split()
            group.set("display", "none")
            size = 100 * float(place[2])  # letters are drawn at 100 points
            root.set("viewBox", f"{left} {top} {width} {float(place[1]) - 1.2 * size:g}")
            return
