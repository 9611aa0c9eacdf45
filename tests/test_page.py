"""The page: every registered figure and table is on it, it fetches nothing, and what users write is text."""

import dataclasses
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from pages import Parsed, contents_of
from tiny_workflow import Checkout

from rethinking.config import CHECKOUT
from rethinking.outcomes.columns import FRAMES
from rethinking.page import cost, documents, scoreboard
from rethinking.page.contents import POINTS, Contents, Made, command_of
from rethinking.page.curves import curves_of, start
from rethinking.page.render import page, rows_of
from rethinking.page.svg import inline
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.formats import Table, text_of
from rethinking.reporting.hardly import CAN_HARDLY_FAIL, can_hardly_fail, telling
from rethinking.reporting.paper_rows import one_each
from rethinking.reporting.registry import TABLES
from rethinking.reporting.would_take import OWN
from rethinking.sections import PanelRuns, Section
from rethinking.stages import page as stage
from rethinking.stages import recorded as of_recorded
from rethinking.stages.page_parts import together

# What a class, a label, a note, a recipe could be called by somebody who means harm, or by accident.
HOSTILE = "<img src=x onerror=alert(1)></script><!-- {{ 77 * 77 }} \"'& ]]>"


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return contents_of(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def text(contents: Contents) -> str:
    return page(contents)


def test_every_registered_figure_and_table_is_on_the_page_without_being_named_there(text):
    ids = set(Parsed(text).attributes("id"))
    assert {f"figure-{name}" for name in FIGURES} <= ids
    assert {f"table-{name}" for name in TABLES} <= ids
    assert "figure-samples-own" in ids


def test_a_page_is_whole_and_fetches_nothing(text):
    assert Parsed(text).problems() == []
    assert "url(http" not in text
    assert "@import" not in text


@pytest.mark.parametrize(
    "harm",
    [
        "<img src='http://x/y.png'>",
        "<link rel=x>",
        "<p id=a></p><p id=a></p>",
        "<a href='#none'>",
        "<script src=a.js></script>",
        "<p onclick=a()></p>",
        "<p>",
    ],
)
def test_what_a_page_must_not_have_is_noticed(harm):
    assert Parsed(harm).problems()


def test_the_same_contents_are_the_same_bytes(contents, text):
    assert page(contents) == text


@pytest.mark.slow
def test_what_a_user_writes_is_text_everywhere(tmp_path):
    hostile = contents_of(tmp_path, HOSTILE)
    parsed = Parsed(page(hostile))
    assert parsed.problems() == []
    assert "img" not in {tag for tag, _ in parsed.elements}
    assert "5929" not in parsed.text().split()
    assert " ".join(parsed.text().split()).count(" ".join(HOSTILE.split())) > 20


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_its_own_is_whole_and_holds_its_csv(contents, name):
    (made,) = (made for made in contents.tables if made.name == name)
    parsed = Parsed(text_of(made.table, ".html"))
    assert parsed.problems() == []
    (link,) = (each["href"] for tag, each in parsed.elements if tag == "a" and "download" in each)
    assert unquote(link.partition(",")[2]) == text_of(made.table, ".csv")


# Figures


def test_names_in_a_drawing_are_unique_on_the_page_and_its_caption_is_text():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" height="9pt"'
        ' viewBox="0 0 518 230"><metadata>when</metadata><defs><style>*{a: b}</style><path id="p"/></defs>'
        '<g clip-path="url(#c)"><use xlink:href="#p"/></g>'
        '<g id="text_1"><!-- A caption of --><g transform="translate(4 177.0) scale(0.065 -0.065)"/>'
        "<!-- two lines. --><g/></g></svg>"
    )
    drawn = inline(svg, "fig1", "A <title>", "A caption of two lines.")
    assert '<path id="fig1-p"' in drawn
    assert 'xlink:href="#fig1-p"' in drawn
    assert 'clip-path="url(#fig1-c)"' in drawn
    assert "A &lt;title&gt;</title>" in drawn
    assert 'aria-labelledby="fig1-title fig1-desc"' in drawn
    assert 'viewBox="0 0 518 169.2"' in drawn
    assert 'id="fig1-text_1" display="none"' in drawn
    assert "metadata" not in drawn
    assert "a: b" not in drawn
    with pytest.raises(ValueError, match="fig1: is not SVG"):
        inline("<svg", "fig1", "", "")


def test_the_caption_of_every_figure_is_cut_from_its_drawing(contents):
    for drawing in contents.figures:
        drawn = inline(drawing.svg, drawing.name, drawing.title, drawing.caption)
        before, after = (
            float(re.search(r'viewBox="0 0 \S+ ([\d.]+)"', each)[1])  # pyright: ignore[reportOptionalSubscript]
            for each in (drawing.svg, drawn)
        )
        assert after < before, drawing.name


# What holds


@pytest.mark.parametrize(
    ("number", "hardly"),
    [
        (("train_accuracy", "true_labels", 100.0, 1.0), True),
        (("train_accuracy", "true_labels", 98.9, 1.0), False),
        (("online_accuracy", "random_labels-1.0", 99.28, 2.0), True),
        (("test_accuracy", "true_labels", 53.4, 2.0), False),
        (("test_accuracy", "random_labels-1.0", 9.8, 2.0), True),
        (("test_error_at_fit", "random_labels-1.0", 0.9, 0.02), True),
        (("test_error_at_fit", "random_labels-0.9", 0.8944, 0.02), True),  # a network that learnt nothing has 0.9
        (("test_error_at_fit", "random_labels-0.7", 0.8654, 0.02), False),
        (("relative_time", "random_labels-1.0", 3.0, 0.2), False),
        (("train_loss", "random_labels-1.0", 2.303, 0.1, 0.0025), True),
        (("train_loss", "true_labels", 2.303, 0.1, 0.0025), False),
        (("train_loss", "random_labels-1.0", 1.2, 0.1, 0.0025), False),
        (("train_loss", "true_labels", 0.0467, 0.1, 0.0025), False),  # by ratio it can
        (("train_loss", "true_labels", 0.0014, 0.1, 0.0025), True),
    ],
)
def test_which_agreements_can_hardly_fail(number, hardly):
    assert can_hardly_fail(*number) == hardly


@pytest.mark.parametrize("word", ["differs", "fails", "not run"])
def test_what_differs_or_was_not_run_is_no_agreement_that_can_hardly_fail(word):
    assert telling(word, hardly=True) == word
    assert telling("reproduced", hardly=True) == telling("holds", hardly=True) == CAN_HARDLY_FAIL


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"reproduced": 4}, "reproduced"),
        ({"holds": 1, "not run": 4}, "holds, as far as it was run"),
        ({"reproduced": 4, "differs": 7, CAN_HARDLY_FAIL: 2}, "differs in 7 of 11"),
        ({"fails": 3, "not run": 1}, "fails"),
        ({CAN_HARDLY_FAIL: 2, "not run": 1}, CAN_HARDLY_FAIL),
        ({"not run": 5, "no target": 1}, "not run"),
        ({"not run: ImageNet": 7}, "not run: ImageNet"),
    ],
)
def test_a_row_of_the_scoreboard_is_words(counts, words):
    assert scoreboard.in_words(counts) == words


def test_the_scoreboard_counts_every_row_point_and_curve_once_and_the_first_sentence_all_of_them(contents):
    found = scoreboard.scores(contents.tables)
    judging = {made.name: len(made.table.shown) for made in contents.tables if made.judges}
    assert judging.keys() == {"paper_vs_ours", "table3"}
    assert judging["paper_vs_ours"] == 117
    assert sum(sum(score.counts.values()) for score in found) == sum(judging.values())
    total = sum(score.counts.get("not run", 0) for score in found)
    assert f"{total:,} were not run" in scoreboard.sentence(contents)
    nothing = dataclasses.replace(contents, tables=[])
    assert "no table judges them" in scoreboard.sentence(nothing)
    kernels = dataclasses.replace(contents, tables=[made for made in contents.tables if made.name == "table3"])
    assert (
        "Of what the paper says (rows of tables, points, curves): 2 are reproduced, 2 differ, 4 are no targets."
        in scoreboard.sentence(kernels)
    )


@pytest.mark.parametrize("word", scoreboard.SPOKEN)
def test_verdicts_are_spoken_of_in_the_number_that_they_have(word):
    one, none, several = (scoreboard.spoken(word, count) for count in (1, 0, 1200))
    verb = one.split()[1]
    assert verb in {"is", "was"} or verb.endswith("s")
    assert several.startswith("1,200 ")
    assert several.split()[1] == none.split()[1] == {"is": "are", "was": "were"}.get(verb, verb.removesuffix("s"))


# Rows, commands, curves


def test_a_row_says_how_to_run_it():
    group = PanelRuns("table1", "plain", "", "cifar10", "paper", ("mlp-wide",), ("true_labels", "random_labels-1.0"))
    section = Section(
        configuration="c", name="t", groups=(group,), seeds=(3, 4), published_as={"mlp-wide": "mlp_1x512"}
    )
    row = {"model": "mlp_1x512", "corruption": "random_labels-1.0", "recipe": "paper"}
    run = "snakemake -- results/runs/cifar10/mlp-wide/random_labels-1.0/paper/seed3/run.json"
    assert command_of(row, section, "snakemake", "all.csv") == run
    assert command_of(row | {"recipe": "other"}, section, "snakemake", "all.csv") == "snakemake -- all.csv"
    assert command_of(row | {"would_take": "this"}, section, "snakemake", "all.csv") == "this"
    own = {"would_take": f"{OWN} -- results/runs/this/run.json: 3 epochs"}
    assert command_of(own, section, "snakemake x", "") == "snakemake x -- results/runs/this/run.json: 3 epochs"
    assert command_of({}, section, "snakemake", "") == ""


def test_rows_that_share_one_keep_their_verdict_and_what_was_not_run_is_folded(contents):
    (made,) = (made for made in contents.tables if made.name == "paper_vs_ours")
    rows = rows_of(made, contents)
    assert len(rows) == len(made.table.shown) < len(made.table.numbers)
    assert sorted(place for places in made.table.stands_for for place in places) == list(range(len(made.table.numbers)))
    verdict = list(made.table.shown.columns).index("verdict")
    assert [row.not_run for row in rows] == [row.cells[verdict].startswith("not run") for row in rows]
    assert any(row.cells[verdict] == CAN_HARDLY_FAIL for row in rows)


def test_a_command_that_a_row_says_already_does_not_stand_beside_it(contents):
    cells = ("failed to converge; snakemake this: 100 epochs", "said by none")
    numbers = pd.DataFrame({"would_take": ["snakemake this: 100 epochs", "snakemake that"]})
    table = Table("T", numbers, pd.DataFrame({"remark": cells}), [])
    rows = rows_of(Made("t", "", table, Section(configuration="c", name="t"), "results/t"), contents)
    assert [row.command for row in rows] == ["", "snakemake that"]


def test_a_table_whose_rows_are_not_those_of_its_numbers_is_shown_without_their_commands(contents):
    table = Table("T", pd.DataFrame({"a": [1]}), pd.DataFrame({"b": ["x", "y"]}), [])
    rows = rows_of(Made("t", "", table, Section(configuration="c", name="t"), "results/t"), contents)
    assert [row.command for row in rows] == [f"{contents.command} -- results/t.csv"] * 2


def test_the_curves_are_those_of_every_run_and_the_paper_s_points_stand_over_them(contents):
    curves = curves_of(contents)
    assert set(curves.points["run"]) == set(curves.runs["run"]) == set(range(len(contents.runs)))
    assert curves.quantities["OnlineTrainLoss"] == "online train loss, nats"
    assert not {"EpochTime", "seed"} & curves.quantities.keys()
    one = curves.paper.iloc[0]
    assert one["Epoch"] == pytest.approx(one["Step"] / 25)  # steps an epoch of the made-up runs
    assert set(curves.paper["column"]) <= set(curves.points.columns)


def test_the_curves_that_are_shown_first_are_of_most_settings_and_of_these_of_most_seeds():
    def of(*names: tuple[str, str, int]) -> pd.DataFrame:
        """Runs by network, setting and seed."""
        runs = pd.DataFrame(names, columns=["network", "setting", "seed"])
        return runs.assign(data="digits", recipe="small")

    one, two = ("B", "true labels", 0), ("B", "random labels", 0)
    few = [("A", "true labels", seed) for seed in range(5)]
    again = [("C", setting, seed) for setting in ("true labels", "random labels") for seed in range(2)]
    for runs, network in ((of(*few, one, two), "B"), (of(*few, one, two, *again), "C"), (of(*again, one, two), "C")):
        assert start(runs, {}) == {"network": network, "data": "digits", "recipe": "small"} | dict.fromkeys(
            ("setting", "seed", "quantity"), ""
        )


def test_hours_are_of_a_core_or_of_a_gpu(contents):
    runs = contents.runs.iloc[:3].assign(device=["cpu: A", "cpu: A", "cuda: B"], seconds=[1800.0, 1800.0, 7200.0])
    assert cost.hours(runs) == "1.0 hours of a core and 2.0 hours of a GPU"
    assert cost.machines(runs)["runs"].tolist() == ["2", "1"]


def test_a_document_s_html_is_text_and_its_links_lead_to_files():
    shown = documents.hypertext(
        "# Title\n\n## Part\n\n<b>[a](b.md), [c](https://c.d)\n\n| x |\n|---|\n| 1 |\n", "../docs"
    )
    assert "Title" not in shown
    assert "<h3>Part</h3>" in shown, "below the heading that the page has for the document"
    assert "&lt;b&gt;" in shown
    assert '<a href="../docs/b.md">' in shown
    assert '<a href="https://c.d">' in shown
    assert "<td>1</td>" in shown


def test_a_configuration_without_a_run_has_a_page(contents):
    frames = {name: together([], FRAMES[name]) for name in ("runs", "curves")}
    facts = dict.fromkeys(("torch", "python", "date", "folder"), "")
    empty = dataclasses.replace(
        contents, tables=[], figures=[each for each in contents.figures if each.name == "models"],
        runs=frames["runs"].assign(**facts), curves=frames["curves"], paper=together([], POINTS),
    )  # fmt: skip
    parsed = Parsed(page(empty))
    assert parsed.problems() == []
    assert "Nothing here was trained" in parsed.text()
    assert not {"Curves", "All runs", "Cost"} & set(re.findall(r"[A-Z][a-z]+(?: runs)?", parsed.text()))


# As it is called


def test_what_is_recorded_has_a_page_without_any_training(tmp_path, capsys):
    stage.main(["--configfile", "config/cifar10-cpu.yaml", "--out", str(tmp_path / "index.html")])
    assert capsys.readouterr().out.strip() == str(tmp_path / "index.html")
    parsed = Parsed((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert parsed.problems() == []
    kept = one_each(pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/paper_vs_ours.csv"))
    told = parsed.text()
    assert f"{(kept['verdict'] == 'not run').sum():,} were not run" in told
    assert f"{(kept['verdict'] == 'differs').sum():,} differ" in told
    assert {"figure-fig1", "table-table1"} <= set(parsed.attributes("id"))
    assert told.count("docs/results/cifar10-cpu/runs/") >= len(
        pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs.csv")
    )


def test_the_pages_of_all_that_is_recorded_are_listed_on_one_that_leads_to_each(tmp_path, capsys, monkeypatch):
    names = ["kernels-digits", "tutorial"]
    monkeypatch.setattr(of_recorded, "PAGES", tmp_path)
    monkeypatch.setattr(of_recorded, "recorded_files", lambda: [f"config/studies/{name}.yaml" for name in names])
    stage.main([])
    written = [str(tmp_path / name / "index.html") for name in names]
    assert capsys.readouterr().out.splitlines() == [*written, str(tmp_path / "index.html")]
    parsed = Parsed((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert parsed.problems() == []
    links = [tmp_path / link for link in parsed.attributes("href")]
    assert [str(link) for link in links if link.suffix == ".html"] == written
    assert all(link.exists() for link in links)
    assert len(links) > len(written), "what came of it links to documents"
    for file in written:
        [lead] = [
            text for text in Parsed(Path(file).read_text(encoding="utf-8")).texts["p"] if scoreboard.CLAIM in text
        ]
        assert lead.replace(scoreboard.CLAIM, "").strip() in parsed.texts["p"]


@pytest.mark.parametrize("folder", [path for path in (CHECKOUT / "docs/results").iterdir() if path.is_dir()], ids=str)
def test_of_every_configuration_that_is_recorded_it_is_said_what_came_of_it(folder):
    finding = documents.hypertext(of_recorded.finding_of(folder.name), str(CHECKOUT / "docs/results"))
    assert len(Parsed(finding).text()) > 20
    assert all(Path(link).exists() for link in Parsed(finding).attributes("href"))


def test_one_file_is_not_asked_to_hold_several_pages(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        stage.main(["--out", str(tmp_path / "all.html")])
    assert ended.value.code == 2
    assert "--out is of one page: name its configuration (--configfile)" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_configuration_of_which_nothing_is_recorded_is_named(tmp_path):
    with pytest.raises(ValueError, match="docs/results/digits holds no run of the configuration 'digits'"):
        stage.main(["--configfile", "config/config.yaml", "--out", str(tmp_path / "index.html")])


@pytest.fixture(scope="module")
def reported(completed, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny workflow with its page; not to be changed."""
    checkout = Checkout.copied(completed, tmp_path_factory.mktemp("page") / "checkout")
    jobs = {rule for rule, _ in checkout.run(target="report")}
    assert {"page", "samples", "picture"} <= jobs
    assert "train" not in jobs
    return checkout


@pytest.mark.slow
def test_the_page_of_a_configuration_is_a_target(reported):
    parsed = Parsed((reported / "results/report/tiny/index.html").read_text(encoding="utf-8"))
    assert parsed.problems() == []
    assert {"figure-fig1", "table-table1", "figure-samples-digits-50"} <= set(parsed.attributes("id"))
    for path in (path for path in parsed.attributes("href") if path.startswith("../../..")):
        assert (reported / "results/report/tiny" / path).exists() or "/docs/" in path, path
    assert reported.jobs(target="report") == set()


def test_snakemakes_own_report_begins_with_the_page_and_has_tables_that_sort(reported, tmp_path):
    called = reported.snakemake("--report", str(tmp_path / "report.zip"))
    assert called.returncode == 0, called.stderr
    shown = re.findall(r"^Adding (\S+) ", called.stderr, re.MULTILINE)
    assert sorted(shown) == ["fig1.pdf", "index.html", "paper_vs_ours.html", "table1.html"]
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        files = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert files["index.html"] == (reported / "results/report/tiny/index.html").read_bytes()
    report = files["report.html"].decode("utf-8")
    assert "where to begin" in report
    (categories,) = re.findall(r"var categories = (\{.*\});", report)
    assert min(json.loads(categories)) == "All on one page"  # they are shown in this order
    for words in ("on one page</strong>: what holds", "sorts by a click", "Lines are means over seeds"):
        assert words in report, "a caption"


def test_another_note_makes_the_page_again_and_trains_nothing(reported):
    configuration = reported.configuration()
    configuration["figures"]["fig1"]["note"] = "Another note."
    reported.configure(configuration, "other.yaml")
    jobs = {rule for rule, _ in reported.jobs("--configfile", "other.yaml", target="report")}
    assert jobs == {"figure", "page"}
