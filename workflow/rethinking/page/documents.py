"""Documents of the checkout as parts of a page: Markdown as HTML, none of it taken as HTML by itself."""

from markdown_it import MarkdownIt

ELSEWHERE = ("http://", "https://", "#", "mailto:")


def hypertext(text: str, folder: str) -> str:
    """A document's Markdown as HTML without its title, for which the page has a heading: its own are a level below.

    Links that lead to files do so from `folder`.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    if tokens and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1:]) + 1}"
        for child in token.children or []:
            address = child.attrGet("href")
            if address is not None and not str(address).startswith(ELSEWHERE):
                child.attrSet("href", f"{folder}/{address}")
    return parser.renderer.render(tokens, parser.options, {})
