"""What holds and what does not, in words: a row a figure or table of the paper, from the tables that judge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rethinking.page.contents import Contents, Made
from rethinking.reporting.hardly import AGREES, CAN_HARDLY_FAIL
from rethinking.reporting.paper_numbers import ELSEWHERE
from rethinking.reporting.paper_rows import one_each

DIFFERS = ("differs", "fails")
CLAIM = (
    "Networks that generalise well also fit labels and images that are pure noise, wrote Zhang and others in 2017, so"
    " neither their size nor explicit regularisation tells why they generalise."
)


@dataclass(frozen=True)
class Score:
    """One figure or table: how many of its rows, points, curves or claims have each verdict, and that in words."""

    source: str
    table: str
    counts: Mapping[str, int]
    words: str


def scores(tables: Iterable[Made]) -> list[Score]:
    """A row a source of every table that judges."""
    found = []
    for made in (made for made in tables if made.judges):
        numbers = made.table.numbers
        judged = one_each(numbers) if "kind" in numbers else numbers
        for source, rows in judged.groupby("source", sort=False):
            counts = {str(word): int(count) for word, count in rows["verdict"].value_counts(sort=False).items()}
            found.append(Score(str(source), made.name, counts, in_words(counts)))
    return found


def in_words(counts: Mapping[str, int]) -> str:
    """What the verdicts of a figure or table come to."""
    agree, differ = (sum(counts.get(word, 0) for word in words) for words in (AGREES, DIFFERS))
    if agree + differ == 0:
        rest = [word for word in (CAN_HARDLY_FAIL, "not run", ELSEWHERE) if counts.get(word)]
        return rest[0] if rest else "not run"
    verdict = next(word for word in AGREES if counts.get(word)) if not differ else ""
    if verdict:
        return verdict if not counts.get("not run") else f"{verdict}, as far as it was run"
    word = "fails" if counts.get("fails") else "differs"
    return word if not agree else f"{word} in {differ} of {agree + differ}"


def columns(found: Iterable[Score]) -> list[str]:
    """The verdicts that occur, in the order in which they are read."""
    order = (*AGREES, *DIFFERS, CAN_HARDLY_FAIL, "not run", ELSEWHERE)
    there = {word for score in found for word in score.counts}
    return [*(word for word in order if word in there), *sorted(there - set(order))]


SPOKEN = {  # of one, of several
    "differs": ("differs", "differ"),
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    "reproduced": ("is reproduced", "are reproduced"),
    CAN_HARDLY_FAIL: ("agrees and could hardly have failed to", "agree and could hardly have failed to"),
    "not run": ("was not run", "were not run"),
    ELSEWHERE: ("is of ImageNet and was not run", "are of ImageNet and were not run"),
    "no target": ("is no target", "are no targets"),
    "not compared": ("is not compared, as it is of fewer images", "are not compared, as they are of fewer images"),
}


def spoken(word: str, count: int) -> str:
    """How many have a verdict, in words that agree with the number."""
    one, several = SPOKEN.get(word, (word, word))
    return f"{count:,} {one if count == 1 else several}"


def sentence(contents: Contents) -> str:
    """What was claimed and what of it holds here."""
    return f"{CLAIM} {judgement(contents)}"


def judgement(contents: Contents) -> str:
    """What of the claims of the paper or of a source holds here."""
    found = scores(contents.tables)
    if not found:
        runs = f"These are {len(contents.runs)} runs" if len(contents.runs) else "Nothing here was trained"
        return f"{runs}, and no table judges {'them' if len(contents.runs) else 'it'}."
    judged = [made.section for made in contents.tables if made.judges]
    data = " and ".join(dict.fromkeys(section.dataset_label for section in judged if section.groups))
    counts = [(word, sum(score.counts.get(word, 0) for score in found)) for word in columns(found)]
    counted = ", ".join(spoken(word, count) for word, count in counts)
    beside = f", beside runs on {data}" if data else ""
    return f"Of what the paper says (rows of tables, points, curves){beside}: {counted}."
