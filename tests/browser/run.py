"""Pages in a real browser: `make test-page`. What is seen at two widths is left in build/page/.

Not a file that pytest finds by itself: it needs Chromium, which it installs where it may, and npm.
"""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import KEPT, axe, browser, console, picture, requests, show, violations
from pages import contents_of
from pypdf import PdfReader
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from test_page import HOSTILE

from rethinking.page.overview import Listed, overview
from rethinking.page.render import page
from rethinking.reporting.formats import text_of
from rethinking.stages import page as stage

PAGES = ("cifar10-cpu", "everything", "hostile", "table", "overview")
CHARTED = PAGES[:3]
WIDTHS = (1400, 360)  # pixels


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What is recorded; all figures and tables of any study; the same by somebody who means harm; a table; a list."""
    folder = tmp_path_factory.mktemp("pages")
    stage.main(["--configfile", "config/cifar10-cpu.yaml", "--out", str(folder / "cifar10-cpu.html")])
    everything = contents_of(folder)
    (made,) = (made for made in everything.tables if made.name == "paper_vs_ours")
    texts = {
        "everything": page(everything),
        "hostile": page(contents_of(folder, HOSTILE)),
        "table": text_of(made.table, ".html"),
        "overview": overview([Listed.of(everything, "everything.html", ".")]),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    with browser() as opened:
        yield opened


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_itself_alone_and_the_console_is_silent(name, pages, chrome):
    show(chrome, pages[name])
    assert console(chrome) == []
    assert requests(chrome) == [pages[name].as_uri()]


def test_a_fault_and_a_request_would_be_seen(chrome, tmp_path):
    (tmp_path / "faulty.html").write_text("<script>lacking()</script><img src='http://elsewhere/x.png'>")
    show(chrome, tmp_path / "faulty.html")
    assert any("lacking is not defined" in message for message in console(chrome))
    assert "http://elsewhere/x.png" in requests(chrome)


@pytest.mark.parametrize("name", CHARTED)
def test_the_chart_follows_each_control(name, pages, chrome):
    show(chrome, pages[name])
    chart = chrome.find_element(By.ID, "chart")
    seen = {drawn(chart)}
    for control in ("quantity", "axis", "setting", "seed", "colour"):
        choice = Select(chrome.find_element(By.NAME, control))
        before = drawn(chart)
        choice.select_by_index(len(choice.options) - 1)
        follow(chrome)
        assert drawn(chart) != before or len(choice.options) < 3, control
        seen.add(drawn(chart))
    assert len(seen) > 3
    assert console(chrome) == []


def drawn(chart) -> str:
    return chart.find_element(By.CSS_SELECTOR, "svg").get_attribute("innerHTML")


def follow(chrome: Chrome) -> None:
    """Wait until the chart shows what its controls say."""
    chrome.execute_async_script("window.chart.runAsync().then(() => arguments[0]());")


def test_the_chart_shows_all_lines_that_are_asked_for_and_the_paper_s_points(pages, chrome):
    show(chrome, pages["cifar10-cpu"])
    lines = "return document.querySelectorAll('#chart .mark-line path').length"
    assert chrome.execute_script(lines) == 33  # 11 levels, three seeds
    Select(chrome.find_element(By.NAME, "seed")).select_by_value("seed 0")
    follow(chrome)
    assert chrome.execute_script(lines) == 11
    for name, value in (("network", "Inception"), ("recipe", ""), ("quantity", "TrainLoss")):
        Select(chrome.find_element(By.NAME, name)).select_by_value(value)
    follow(chrome)
    points = chrome.execute_script("return document.querySelectorAll('#chart .mark-symbol path').length")
    assert points > 300, "the paper's figure 1a has 345 points"


def test_a_run_that_is_chosen_says_its_files_and_its_command(pages, chrome):
    show(chrome, pages["cifar10-cpu"])
    runs, told = Select(chrome.find_element(By.ID, "run")), chrome.find_element(By.ID, "chosen")
    assert len(runs.options) == 33
    runs.select_by_index(20)
    setting = re.search(r"P = (0\.\d)", runs.first_selected_option.text)[1]  # pyright: ignore[reportOptionalSubscript]
    assert f"docs/results/cifar10-cpu/runs/cifar10/mlp_1x512/random_labels-{setting}/" in told.text
    assert "snakemake --cores all --configfile config/cifar10-cpu.yaml -- results/runs/cifar10/mlp_1x512/" in told.text
    before = told.text
    line = chrome.find_element(By.CSS_SELECTOR, "#chart .mark-line path")
    chrome.execute_script("arguments[0].scrollIntoView({block: 'center'})", line)
    chrome.execute_script(
        "const box = arguments[0].getBoundingClientRect(); const at = arguments[0].getPointAtLength(5)"
        ".matrixTransform(arguments[0].getScreenCTM());"
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: at.x, clientY: at.y}))",
        line,
    )
    assert told.text != before
    assert runs.first_selected_option.text


@pytest.mark.parametrize("name", ["cifar10-cpu", "table"])
def test_rows_are_filtered_by_words_and_those_not_run_are_folded(name, pages, chrome):
    show(chrome, pages[name])
    table = chrome.find_element(By.CSS_SELECTOR, ".sortable:has(.unfold)")
    search, unfold = (table.find_element(By.CSS_SELECTOR, css) for css in ("input[type=search]", ".unfold"))
    folded = visible(table)
    unfold.click()
    unfolded = visible(table)
    assert len(unfolded) > len(folded)
    assert all("not run" in row for row in set(unfolded) - set(folded))  # by the rule before, others may be as well
    search.send_keys("figure 1b MLP")
    found = visible(table)
    assert found
    assert all("figure 1b" in row and "mlp" in row.lower() for row in found)
    assert f"{len(found)} of" in table.find_element(By.CLASS_NAME, "count").text


def visible(table) -> list[str]:
    """The texts of its rows that are not hidden."""
    rows = "[...arguments[0].querySelectorAll('tbody tr')].filter((row) => !row.hidden)"
    return table.parent.execute_script(f"return {rows}.map((row) => row.textContent)", table)


def test_columns_sort_by_their_numbers_both_ways_and_by_the_keyboard(pages, chrome):
    show(chrome, pages["cifar10-cpu"])
    table = chrome.find_element(By.ID, "rows-of-runs")
    names = [heading.text.split("\n")[0] for heading in table.find_elements(By.CSS_SELECTOR, "thead th")]
    column = next(place for place, name in enumerate(names) if name.startswith("test accuracy"))
    button = table.find_elements(By.CSS_SELECTOR, "thead button")[column]
    chrome.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    cells = f"return [...arguments[0].tBodies[0].rows].map((row) => Number(row.cells[{column}].textContent))"
    inner = table.find_element(By.TAG_NAME, "table")
    rising = chrome.execute_script(cells, inner)
    assert rising == sorted(rising)
    assert rising[0] < rising[-1]
    assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
    button.send_keys(Keys.SPACE)
    assert chrome.execute_script(cells, inner) == rising[::-1]


def test_a_number_of_the_scoreboard_leads_to_its_rows(pages, chrome):
    show(chrome, pages["cifar10-cpu"])
    link = chrome.find_element(By.CSS_SELECTOR, 'a[data-ask=\'"figure 1c" "verdict:reproduced"\']')
    chrome.execute_script("arguments[0].click()", link)
    rows = visible(chrome.find_element(By.ID, "rows-paper_vs_ours"))
    assert len(rows) == int(re.match(r"\d+", link.text)[0])  # pyright: ignore[reportOptionalSubscript]
    assert all("figure 1c" in row and "reproduced" in row for row in rows)


def test_the_keyboard_reaches_everything_and_the_results_first(pages, chrome):
    show(chrome, pages["cifar10-cpu"])
    reached, where = [], "const at = document.activeElement; return at.id || at.name || at.textContent"
    for _ in range(60):
        ActionChains(chrome).send_keys(Keys.TAB).perform()
        reached.append(chrome.execute_script(where))
    assert reached[0] == "To the results"
    assert {"network", "quantity", "chart", "run"} <= set(reached)


def test_what_somebody_means_harm_with_is_text(pages, chrome):
    show(chrome, pages["hostile"])
    assert chrome.find_elements(By.TAG_NAME, "img") == []
    assert HOSTILE.split("<!--")[0] in Select(chrome.find_element(By.NAME, "network")).options[1].text
    for run in Select(chrome.find_element(By.ID, "run")).options[:2]:
        run.click()
    assert console(chrome) == []  # an alert would be an error of the call before


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", CHARTED)
def test_a_page_is_no_wider_than_its_window_and_is_kept_to_be_looked_at(name, width, pages, chrome):
    show(chrome, pages[name], width)
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
    picture(chrome, KEPT / f"{name}-{width}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*CHARTED[:2], "table"])
def test_axe_finds_no_violation(name, scheme, pages, chrome):
    script = axe()
    for width in WIDTHS:
        show(chrome, pages[name], width, scheme)
        found = violations(chrome, script)
        assert [(each["id"], each["nodes"][0]["html"][:200], len(each["nodes"])) for each in found] == []


def test_axe_would_notice(chrome, tmp_path):
    (tmp_path / "faulty.html").write_text(
        "<html><title>x</title><body><input><p style='color: #eee'>pale</p></body></html>"
    )
    show(chrome, tmp_path / "faulty.html")
    assert {"color-contrast", "label", "html-has-lang"} <= {each["id"] for each in violations(chrome, axe())}


def test_without_javascript_all_rows_and_a_still_of_the_curves_are_there(pages, chrome):
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chrome.get(pages["cifar10-cpu"].as_uri())
        assert chrome.find_elements(By.CSS_SELECTOR, "#chart > svg")
        assert len(chrome.find_elements(By.CSS_SELECTOR, "#rows-paper_vs_ours tbody tr.not-run")) > 50
    finally:
        chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_page_prints_on_a4_with_what_is_folded(pages, chrome):
    show(chrome, pages["cifar10-cpu"])
    printed = chrome.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    sheets = PdfReader(io.BytesIO(base64.b64decode(printed["data"]))).pages
    assert {(round(float(sheet.mediabox.width)), round(float(sheet.mediabox.height))) for sheet in sheets} == {
        (595, 842)
    }
    text = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
    assert "Test error at that moment" in text
    assert "TF-slim" in text, "the deviations are folded on the screen"
