"""What is recorded as an RO-Crate: files with their sha256, columns of CSV files with their units and meanings."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rethinking.checkout import CHECKOUT, SCHEMAS
from rethinking.config.described import CITATION
from rethinking.files import read_csv, read_text, sha256
from rethinking.outcomes.dictionary import FILE, column

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate  # pyright: ignore[reportMissingImports]

NEEDS = 'rocrate is not installed: pip install "rocrate>=0.13,<1"'
FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pkl": "application/octet-stream",  # confusion matrices
    ".yaml": "application/yaml",
}
LICENCES = "https://spdx.org/licenses/"


def crate_of(results: Path) -> "ROCrate":
    """The crate of a folder that `record` has written, whose numbers CITATION.cff says how to cite.

    Raises ValueError where nothing is recorded there, or a column is none that the data dictionary describes.
    """
    try:
        from rocrate.rocrate import ROCrate  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError(NEEDS) from None
    files = sorted(file for file in results.rglob("*") if file.suffix in FORMATS)
    runs = [file for file in files if file.name == "runs.csv" and file.parent.parent == results]
    if not runs:
        raise ValueError(f"{results}: nothing is recorded here: python -m rethinking record")
    crate = ROCrate()
    describe(crate, yaml.safe_load(read_text(CHECKOUT / CITATION, CITATION)))
    crate.datePublished = max(day for file in runs for day in read_csv(file, dtype=str)["date"])
    add(crate, SCHEMAS / FILE, FILE, "the data dictionary: what each column of each CSV file is")
    for file in files:
        add(crate, file, file.relative_to(results).as_posix(), what_is(file, results))
    return crate


def describe(crate: "ROCrate", citation: dict[str, Any]) -> None:
    """What the whole is, whose, under which licence, of which paper, by which program."""
    from rocrate.model.contextentity import ContextEntity  # pyright: ignore[reportMissingImports]

    (paper,) = citation["references"]
    (author,) = citation["authors"]
    crate.name = f"Results of {citation['title']}"
    crate.description = "Runs that finished, epoch by epoch, and the tables made from them beside the paper's numbers."
    crate.license = crate.add(
        ContextEntity(crate, f"{LICENCES}{citation['license']}", {"@type": "CreativeWork", "name": citation["license"]})
    )
    crate.creator = crate.add(ContextEntity(crate, "#authors", {"@type": "Organization", "name": author["name"]}))
    names = [f"{each['given-names']} {each['family-names']}" for each in paper["authors"]]
    article = {
        "@type": "ScholarlyArticle",
        "name": paper["title"],
        "author": names,
        "datePublished": str(paper["year"]),
    }
    program = {"@type": "SoftwareApplication", "name": citation["title"], "version": str(citation["version"])}
    crate.root_dataset["citation"] = crate.add(ContextEntity(crate, paper["url"], article))
    crate.root_dataset["mentions"] = crate.add(ContextEntity(crate, "#program", program))
    if "doi" in citation:
        crate.root_dataset["identifier"] = f"https://doi.org/{citation['doi']}"


def add(crate: "ROCrate", file: Path, name: str, description: str) -> None:
    """Add a file, with its columns where it has any."""
    facts: dict[str, Any] = {
        "name": name,
        "description": description,
        "encodingFormat": FORMATS[file.suffix],
        "contentSize": str(file.stat().st_size),
        "sha256": sha256(file),
    }
    if file.suffix == ".csv":
        facts["variableMeasured"] = [{"@id": each} for each in columns(crate, file)]
    crate.add_file(file, name, properties=facts)


def columns(crate: "ROCrate", file: Path) -> Iterator[str]:
    """Of each column of a CSV file the name of what describes it in the crate, where that is once for all files."""
    from rocrate.model.contextentity import ContextEntity  # pyright: ignore[reportMissingImports]

    with open(file, encoding="utf-8", newline="") as lines:
        names = next(csv.reader(lines), [])
    for name in names:
        if (found := column(file.stem, name)) is None:
            raise ValueError(f"{file}: nobody has said what its column {name!r} is (workflow/schemas/{FILE})")
        identifier = f"#{name}" if found == column("", name) else f"#{file.stem}.{name}"
        if crate.dereference(identifier) is None:
            said = {"@type": "PropertyValue", "name": name, "description": found.meaning}
            crate.add(ContextEntity(crate, identifier, said | ({"unitText": found.unit} if found.unit else {})))
        yield identifier


def what_is(file: Path, results: Path) -> str:
    """What a recorded file is, in a sentence."""
    configuration, *inner = file.relative_to(results).parts
    if not inner:
        return "what the folders hold"
    if inner[0] == "runs":
        return f"{file.name} of the run {'/'.join(inner[1:-1])}, configuration {configuration}"
    return f"{file.stem} of the configuration {configuration}"


def write(results: Path, out: Path) -> int:
    """Write the crate to a folder or, where `out` ends in .zip, into an archive; how many files it has."""
    if out.exists():
        raise ValueError(f"{out}: is there already; name another, or delete it")
    crate = crate_of(results)
    out.parent.mkdir(parents=True, exist_ok=True)
    (crate.write_zip if out.suffix == ".zip" else crate.write)(out)
    return len([entity for entity in crate.data_entities if entity.type == "File"])
