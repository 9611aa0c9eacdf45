"""Files that people write are UTF-8 whatever the machine's locale says; what is not is refused by file and line."""

import ast
import codecs
from pathlib import Path

import pandas as pd
import pytest
from tiny_workflow import TINY, Checkout

from rethinking.config import CHECKOUT, Configuration
from rethinking.published import PAPER, check_published
from rethinking.schema import load_yaml
from rethinking.stages.by_hand import experiment
from rethinking.stages.frames import read_published, read_sources

LATIN = "# größer\n".encode("latin-1")
NAMED = TINY.replace("name: tiny", "name: tiny # größer")
EXPERIMENT = "dataset: digits # größer\nmodel: mlp_1x512\nrecipe: small\n"
TABLE1 = (CHECKOUT / PAPER / "table1.csv").read_bytes()


@pytest.mark.parametrize("text", [NAMED, EXPERIMENT], ids=["configuration", "experiment"])
def test_a_byte_order_mark_changes_nothing(text, tmp_path):
    (tmp_path / "plain.yaml").write_bytes(text.encode())
    (tmp_path / "marked.yaml").write_bytes(codecs.BOM_UTF8 + text.encode())
    assert load_yaml(tmp_path / "marked.yaml") == load_yaml(tmp_path / "plain.yaml")


@pytest.mark.parametrize("read", [Configuration.load, experiment, load_yaml, read_sources])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"name: tiny\nseeds: [0]\n" + LATIN, r":3: is not UTF-8 \(the byte 0xf6\); save the file as UTF-8$"),
        ("name: tiny # –\n".encode("cp1252"), r":1: is not UTF-8 \(the byte 0x96\); save the file as UTF-8$"),
        (NAMED.encode("utf-16"), r": is UTF-16; save it as UTF-8$"),
        (codecs.BOM_UTF16_BE + NAMED.encode("utf-16-be"), r": is UTF-16; save it as UTF-8$"),
    ],
    ids=["latin-1", "cp1252", "utf-16", "utf-16-be"],
)
def test_a_yaml_file_in_another_encoding_is_refused_by_name_and_line(read, data, message, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(data)
    with pytest.raises(ValueError, match=f"mine.yaml{message}"):
        read(file)


def published(folder: Path, table: bytes) -> Path:
    """A copy of the published numbers with another table1.csv."""
    for file in (CHECKOUT / PAPER).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "table1.csv").write_bytes(table)
    return folder


def check(folder: Path) -> None:
    check_published(folder, load_yaml(CHECKOUT / "config/datasets.yaml"))


def test_published_numbers_with_a_byte_order_mark_are_the_same_numbers(tmp_path):
    folder = published(tmp_path, codecs.BOM_UTF8 + TABLE1)
    check(folder)
    plain = read_published(CHECKOUT / PAPER, ["table1.csv"])
    pd.testing.assert_frame_equal(read_published(folder, ["table1.csv"]), plain)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE1 + LATIN, r":40: is not UTF-8 \(the byte 0xf6\); save the file as UTF-8"),
        (TABLE1.replace(b"\n", b"\r\n") + LATIN, r":40: is not UTF-8 \(the byte 0xf6\); save the file as UTF-8"),
        (TABLE1.decode().encode("utf-16"), ": is UTF-16; save it as UTF-8"),
    ],
    ids=["latin-1", "lines of windows", "utf-16"],
)
def test_published_numbers_in_another_encoding_are_refused_by_file_and_line(table, message, tmp_path):
    with pytest.raises(ValueError, match=f"^config/paper/table1.csv{message}$"):
        check(published(tmp_path, table))


def test_no_file_of_text_is_read_or_written_in_the_encoding_of_the_locale():
    """Every call says its encoding, but for files of bytes and locks, which hold nothing."""
    for path in sorted((CHECKOUT / "workflow/rethinking").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            mode = next((each.value for each in call.args if isinstance(each, ast.Constant)), "")
            holds_text = name in ("read_text", "write_text") or (name == "open" and mode in ("", "r", "w"))
            opens_archive = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in (
                "gzip",
                "Image",
                "os",
            )
            if holds_text and not opens_archive and ast.unparse(call.func) != "read_text":
                assert "encoding" in {each.arg for each in call.keywords}, f"{path}:{call.lineno}"


# -- as it is run ------------------------------------------------------------------------------------------------------


def test_a_label_beyond_ascii_reaches_the_table_where_the_locale_has_no_such_letters(checkout: Checkout, monkeypatch):
    label = "Größe ½"
    given = TINY.replace("{factory: mlp_1x512, width: 0.05}", f'{{factory: mlp_1x512, width: 0.05, label: "{label}"}}')
    (checkout / "config/config.yaml").write_text(given, encoding="utf-8")
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    jobs = checkout.run(target="results/tables/tiny/table1.csv")
    assert {rule for rule, _ in jobs} == {"table"}
    assert label in (checkout / "results/tables/tiny/table1.md").read_text(encoding="utf-8")


def test_files_in_another_encoding_are_refused_before_the_first_job(fresh_checkout: Checkout):
    for file in ("config/config.yaml", "config/datasets.yaml", "config/paper/sources.yaml", "config/paper/fig1b.csv"):
        before = (fresh_checkout / file).read_bytes()
        (fresh_checkout / file).write_bytes(before + LATIN)
        called = fresh_checkout.snakemake("-n", "--cores", "1", "--", "figures/fig1.pdf")
        line = before.count(b"\n") + 1
        message = f"{file}:{line}: is not UTF-8 (the byte 0xf6); save the file as UTF-8"
        assert called.returncode == 1
        assert called.stderr.strip().splitlines()[-1].endswith(message)
        (fresh_checkout / file).write_bytes(codecs.BOM_UTF8 + before)
    fresh_checkout.jobs()
