"""A page that lists pages: what each is of, what its tables say, what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from rethinking.page import documents, scoreboard
from rethinking.page.contents import Contents
from rethinking.page.render import environment


@dataclass(frozen=True)
class Listed:
    """A page by its configuration's name and `link`: what came of it (HTML) and is judged, titles of what it shows."""

    name: str
    link: str
    finding: str
    judgement: str
    shows: tuple[str, ...]

    @classmethod
    def of(cls, contents: Contents, link: str, root: str) -> "Listed":
        """What is kept of a page's contents once it is written; `root` is the way from the list to where docs/ lies."""
        titles = tuple(each.title for each in (*contents.figures, *contents.tables))
        finding = documents.hypertext(contents.finding, f"{root}/docs/results")
        return cls(contents.name, link, finding, scoreboard.judgement(contents), titles)


def overview(pages: Sequence[Listed]) -> str:
    """The page that leads to all of them."""
    return environment().get_template("overview.html").render(pages=pages, claim=scoreboard.CLAIM)
