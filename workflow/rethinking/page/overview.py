"""A page that lists pages: what each is of, what its tables say, what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from rethinking.page import scoreboard
from rethinking.page.contents import Contents
from rethinking.page.render import environment


@dataclass(frozen=True)
class Listed:
    """A page by its configuration's name and `link`, what is judged on it, titles of its figures and tables."""

    name: str
    link: str
    judgement: str
    shows: tuple[str, ...]

    @classmethod
    def of(cls, contents: Contents, link: str) -> "Listed":
        """What is kept of a page's contents once it is written."""
        titles = (each.title for each in (*contents.figures, *contents.tables))
        return cls(contents.name, link, scoreboard.judgement(contents), tuple(titles))


def overview(pages: Sequence[Listed]) -> str:
    """The page that leads to all of them."""
    return environment().get_template("overview.html").render(pages=pages, claim=scoreboard.CLAIM)
