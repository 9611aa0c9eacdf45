"""The studies around label noise: their sizes, and that pages say what was recorded."""

import re
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from conftest import copy_sources
from recorded import said_on
from studies import load, tables_of_results
from tiny_workflow import Checkout, jobs_in

from rethinking.config import CHECKOUT
from rethinking.config.described import section_of
from rethinking.config.recipes import regularisers
from rethinking.names import level_of
from rethinking.outcomes.complexity import MEASURES
from rethinking.outcomes.complexity_ranks import EQUAL, WITHIN
from rethinking.paths import OF_LEDGERS
from rethinking.reporting.formats import comma_separated
from rethinking.reporting.intervals import with_interval
from rethinking.reporting.registry import TABLES
from rethinking.stages.record import KEPT, finished, made_of_kept
from rethinking.stages.record_computed import computed_frames
from rethinking.stages.record_ledgers import kept_frames

LEARNED = ["learned-first", "learned-first-digits", "learned-first-source"]
NOISE = ["human-noise", "human-noise-digits", "human-noise-source"]
CAPACITY = ["capacity", "capacity-digits", "capacity-source"]
RATES = ["capacity-rates", "capacity-rates-digits", "capacity-rates-source"]
COMPLEXITY = ["complexity", "complexity-digits", "complexity-source"]
DESCENT = ["double-descent", "double-descent-digits", "double-descent-source"]
ALL = LEARNED + NOISE + CAPACITY + RATES + COMPLEXITY + DESCENT
ROUNDING = 1e-12  # NumPy's exp and log differ by processors in the last digit
RECORDED = [name for name in ALL if (CHECKOUT / KEPT / name).is_dir()]


@pytest.mark.parametrize("name", LEARNED)
def test_every_size_has_three_levels_and_true_labels_and_its_figures_and_tables_share_their_runs(name):
    study = load(name)
    runs = {section: {run.path for run in study.runs(section)} for section in study.sections}
    assert len({frozenset(paths) for paths in runs.values()}) == 1
    levels = {level_of(run.corruption) for run in study.runs("learned_first")}
    assert levels == {0, 0.2, 0.5, 0.8}
    assert not any(regularisers(recipe) for recipe in study.recipes.values())


@pytest.mark.parametrize("name", LEARNED)
def test_the_horizon_is_a_sixth_of_the_epochs_at_every_size(name):
    study = load(name)
    epochs = study.recipes["with-ledger"]["epochs"]
    assert {study.sections[section]["horizon"] for section in ("label_errors", "label_error_scores")} == {epochs // 6}


@pytest.mark.parametrize("name", NOISE)
def test_uniform_levels_are_a_tenth_above_the_rates_that_they_are_held_against(name):
    """One in ten of the labels that are drawn evenly stays what it was."""
    study = load(name)
    (group,) = (group for group in study.groups("noise_kinds") if group.panel == "uniform")
    rates = {0, 0.0901, 0.1723, 0.4021} if name != "human-noise-digits" else {0, 0.09, 0.17, 0.4}
    rates |= {0.1764, 0.1812} if name == "human-noise-source" else set()
    changed = sorted(0.9 * (level_of(corruption) or 0) for corruption in group.corruptions)
    assert changed == pytest.approx(sorted(rates), abs=2e-4)


def read(written: str | Path) -> pd.DataFrame:
    """A table's CSV file, or the text of one."""
    return pd.read_csv(StringIO(written) if isinstance(written, str) else written)


@pytest.mark.parametrize("name", RECORDED)
def test_the_recorded_tables_are_made_from_the_recorded_runs(name):
    study, kept = load(name), CHECKOUT / KEPT / name / "runs"
    every, computed = finished(study, kept), computed_frames(study, kept.parent)
    for table in study.tables:
        if (entry := TABLES[table]).computed is None:
            made, *_ = made_of_kept(study, table, every, kept) or [None]
        else:
            made = entry.load()(**entry.arguments(computed, None), section=section_of(study, table))
        recorded = read(kept.parent / f"{table}.csv")
        pd.testing.assert_frame_equal(read(comma_separated(made)), recorded, rtol=ROUNDING, atol=0)


@pytest.mark.parametrize("name", RECORDED)
def test_a_study_of_which_one_run_is_missing_is_recorded_and_shown_by_the_seeds_that_are_whole(name):
    """Of every study: what needs all runs of a seed is without that seed, and nothing is refused."""
    study, kept = load(name), CHECKOUT / KEPT / name / "runs"
    every = finished(study, kept)
    for key in (key for key in study.sections if study.runs(key)):
        missing = study.runs(key)[-1]
        found = made_of_kept(study, key, {path: each for path, each in every.items() if path != missing.path}, kept)
        others = {run.seed for run in study.runs(key)} - {missing.seed}
        assert (found is not None) or not others
        if found is not None:
            assert others <= set(found[1].seeds)
            assert key in study.tables or missing.seed not in found[1].seeds


def test_another_horizon_than_scores_were_kept_by_is_refused_and_not_all_epochs_shown_for_it():
    study, kept = load("learned-first-digits"), CHECKOUT / KEPT / "learned-first-digits/runs"
    runs = [(kept / path, summary) for path, (_, summary) in finished(study, kept).items()]
    with pytest.raises(ValueError, match=r"detection\.csv: has no scores by the first 7 epochs, the horizon"):
        kept_frames(runs, 7)
    for horizon in (20, None, 10**6):
        assert set(kept_frames(runs, horizon)) == {*OF_LEDGERS}


def test_a_table_that_needs_every_run_of_a_seed_is_left_out_where_no_seed_is_whole():
    name = "double-descent-digits"
    study, kept = load(name), CHECKOUT / KEPT / name / "runs"
    every = finished(study, kept)
    first = study.runs("width_peaks")[0].path
    assert made_of_kept(study, "width_peaks", {first: every[first]}, kept) is None


PAGES = {"learned-first": LEARNED, "human-noise": NOISE, "capacity": CAPACITY, "complexity": COMPLEXITY}
PAGES |= {"double-descent": DESCENT}
INTERVAL = re.compile(r"-?\d+(?:\.\d+)? \[-?\d+(?:\.\d+)?, -?\d+(?:\.\d+)?\]")


@pytest.mark.parametrize("page", [name for name in PAGES if (CHECKOUT / f"docs/studies/{name}.md").exists()])
def test_every_mean_and_interval_of_a_page_is_one_of_the_recorded_tables(page):
    text = Path(CHECKOUT / f"docs/studies/{page}.md").read_text(encoding="utf-8")
    recorded = [name for name in PAGES[page] if name in RECORDED]
    there = {cell for name in recorded for file in (CHECKOUT / KEPT / name).glob("*.csv") for cell in cells_of(file)}
    said = INTERVAL.findall(text)
    assert len(said) >= 10
    assert [each for each in said if each not in there] == []


@pytest.mark.parametrize(
    ("page", "of_each"), {"capacity": 2, "double-descent": 2, "learned-first": 2, "human-noise": 1}.items()
)
def test_every_table_of_results_of_a_page_has_columns_and_rows_of_one_that_was_recorded(page, of_each):
    names = [name for name in PAGES[page] if name in RECORDED]
    areas = [areas_by_score(name) for name in names] if page == "learned-first" else []
    assert len(tables_of_results(page, names, areas)) >= of_each * len(names)


def areas_by_score(name: str) -> pd.DataFrame:
    """The recorded areas of finding wrong labels with a column a score, as the page shows them."""
    rows = pd.read_csv(CHECKOUT / KEPT / name / "label_error_scores.csv")
    areas = ["auroc", "auroc_low", "auroc_high"]
    rows["area"] = [with_interval(*each, 3) for each in rows[areas].itertuples(index=False)]
    rows["P"] = [f"{level_of(corruption):g}" for corruption in rows["corruption"]]
    rows["epochs"] = [f"{epochs:g}" for epochs in rows["epochs"]]
    wide = rows.pivot(index=["P", "epochs"], columns="score", values="area")
    shown = {"mean_loss": "mean loss", "area_under_margin": "area under the margin", "first_learned": "first learnt"}
    return wide.reset_index().rename(columns=shown)


def test_the_page_of_who_is_learned_first_compares_halves_and_scores_as_the_recorded_tables_do():
    page = said_on("docs/studies/learned-first.md")
    early = pd.read_csv(CHECKOUT / KEPT / "learned-first-digits/early_learning.csv").set_index("corruption")
    noisiest = early.loc["random_labels-0.8"]
    assert f"a factor of {noisiest['corrupted_half'] / noisiest['uncorrupted_half']:.0f}." in page
    assert noisiest["true_peak"] < 50 < early.loc["random_labels-0.5", "true_peak"]
    assert 1.8 < noisiest["true_peak"] / noisiest["given_at_peak"] < 2.2  # twice as many
    areas = []
    for name, above in {"learned-first-digits": True, "learned-first": False}.items():
        scores = pd.read_csv(CHECKOUT / KEPT / name / "label_error_scores.csv")
        of_first = scores["epochs"] == scores["epochs"].min()
        first, every = (
            scores[part].pivot(index="corruption", columns="score", values="auroc") for part in (of_first, ~of_first)
        )
        assert ((first["area_under_margin"] > first["mean_loss"]) == above).all()
        assert (every["area_under_margin"] < every["first_learned"]).all()
        assert (every["area_under_margin"] < first["area_under_margin"]).all()
        assert first.idxmin(axis=1).tolist() == every.idxmin(axis=1).tolist() == ["forgettings"] * 3
        if not above:
            assert "{:.2f}, {:.2f} and {:.2f} by mean loss over the first".format(*first["mean_loss"]) in page
        areas.append("{:.2f} to {:.2f}".format(*first["mean_loss"].iloc[[0, -1]]))
    of_digits, of_images = areas
    assert f"areas of {of_images} at P = 0.2 to 0.8, where digits have {of_digits} (" in said_on(
        "docs/results/README.md"
    )


def test_people_s_mistakes_are_apart_from_even_ones_at_the_largest_share_alone_as_the_page_says():
    rows = pd.read_csv(CHECKOUT / KEPT / "human-noise/noise_by_kind.csv")
    rows = rows[rows["corruption"] != "true_labels"]
    for share, of_share in rows.groupby(rows.groupby("kind").cumcount()):
        people, alike, even = (
            of_share[of_share["kind"] == kind].iloc[0] for kind in ("people", "class_noise", "uniform")
        )
        apart = people["test_error_high"] < even["test_error_low"]
        assert apart == (share == 2)
        assert (people["test_error"] < alike["test_error"] < even["test_error"]) == (share != 1)
        assert alike["test_error_low"] < people["test_error_high"]  # so that which images are mistaken is not shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_of_each_size_that_ran_how_many_training_images_its_runs_have(page):
    """One number, or the least and the most; images that are held out, or are of other tables, stand behind."""
    text = Path(CHECKOUT / f"docs/studies/{page}.md").read_text(encoding="utf-8")
    for name in (name for name in PAGES[page] if name in RECORDED):
        command = rf"`[^|]*/{name}\.yaml -- study`"
        (said,) = re.findall(rf"^\| [^|]+ \| {command} \| ([\d,]+)(?: to ([\d,]+))? ", text, re.M)
        numbers = pd.read_csv(CHECKOUT / KEPT / name / "runs.csv")["num_train"]
        ends = [numbers.min(), numbers.max()] if said[1] else sorted(set(numbers))
        assert [int(each.replace(",", "")) for each in said if each] == ends, name


def test_the_page_of_capacity_counts_the_jobs_that_a_dry_run_counts(tmp_path):
    page = said_on("docs/studies/capacity.md")
    copy_sources(tmp_path)
    called = Checkout(tmp_path).snakemake("-n", "--configfile", "config/studies/capacity.yaml", "--", "study")
    planned = [rule for rule, _ in jobs_in(called.stdout + called.stderr)]
    trainings, downloads = planned.count("train"), planned.count("download")
    assert f"{trainings} trainings of CIFAR-10 are {len(planned)} jobs of Snakemake's, the download among them" in page
    assert downloads == 1


def test_the_page_counts_what_fitted_by_the_lines_as_the_recorded_tables_do():
    page = said_on("docs/studies/capacity.md")
    for name in (name for name in ("capacity", "capacity-digits") if name in RECORDED):
        size, network, setting = (
            pd.read_csv(CHECKOUT / KEPT / name / f"{table}.csv")
            for table in ("capacity_by_size", "capacity_of_networks", "steps_by_setting")
        )
        every = size["fitted"] == size["runs"]
        below = size["num_train"] <= size["num_parameters"] / 10
        counts = [f"{every[side].sum()} of {side.sum()}" for side in (below, ~below)]
        most = (network["beyond_guessing"] / network["theorem"]).max()
        unfit = [f"{(each['runs'] - each['fitted']).sum()} of {each['runs'].sum()}" for each in (size, setting)]
        of_study = page.split(f"`docs/results/{name}/`")[1].split("## ")[0]
        assert re.search(rf"every seed fitted {counts[0]}, of those above it {counts[1]}\.", of_study), counts
        assert re.search(rf"at most {most:.2f} of the labels", of_study, re.I), most
        assert all(each in page.split("Where it fails")[1] for each in unfit), unfit


def test_the_page_of_the_second_descent_says_what_was_fitted_and_how_far_apart_seeds_are():
    page = said_on("docs/studies/double-descent.md")
    by_width = pd.read_csv(CHECKOUT / KEPT / "double-descent/errors_by_width.csv")
    widest = by_width[(by_width["model"] == "mlp_1x256") & (by_width["corruption"] != "true_labels")]
    assert f"of the {widest['n'].sum()} runs of 256 units {widest['fitted'].sum()} has" in page
    noisy = by_width[by_width["corruption"] != "true_labels"]
    assert (noisy["fitted"] < noisy["n"]).all()
    of_digits = pd.read_csv(CHECKOUT / KEPT / "double-descent-digits/errors_by_width.csv")
    of_digits = of_digits.set_index(["corruption", "model"])["parameters_an_output"]
    assert f"at {of_digits['random_labels-0.2222', 'mlp_1x32']:.3f} parameters an output" in page
    runs = pd.read_csv(CHECKOUT / KEPT / "double-descent-digits/runs.csv")
    few = 100 - runs[(runs["model"] == "mlp_1x4") & (runs["corruption"] == "true_labels")]["final_test_accuracy"]
    assert f"test errors from {few.min():.0f} to {few.max():.0f} %" in page


def cells_of(file: Path) -> set[str]:
    """Every mean with its interval of a recorded table, with no digit to three."""
    numbers = pd.read_csv(file)
    names = [name for name in numbers if f"{name}_low" in numbers]
    ends = [numbers[[name, f"{name}_low", f"{name}_high"]].to_numpy() for name in names]
    return {with_interval(*row, digits) for part in ends for row in part for digits in range(4)}


@pytest.mark.parametrize("name", ALL)
def test_the_page_of_a_study_names_the_command_of_each_size(name):
    page = name.removesuffix("-digits").removesuffix("-source").removesuffix("-rates")
    text = Path(CHECKOUT / f"docs/studies/{page}.md").read_text(encoding="utf-8")
    assert f"--configfile config/studies/{name}.yaml -- study" in text


@pytest.mark.parametrize("name", CAPACITY)
def test_the_widths_go_from_8_to_2048_and_every_run_has_as_many_steps(name):
    study = load(name)
    runs = [run for section in study.sections for run in study.runs(section)]
    assert {512 * run.arguments.get("width", 1) for run in runs} >= {8, 32, 128, 512, 2048}
    assert len({run.training.epochs * (run.training.steps_per_epoch or 0) for run in runs}) == 1
    assert {(run.training.schedule, run.training.stop["criterion"]) for run in runs} == {("constant", "accuracy_100")}
    assert not any(regularisers(recipe) for recipe in study.recipes.values())


@pytest.mark.parametrize("name", CAPACITY)
def test_rates_are_chosen_on_a_seed_of_their_own_and_on_networks_and_recipes_that_differ_in_nothing_else(name):
    study, rates = load(name), load(name.replace("capacity", "capacity-rates"))
    assert not {*study.seeds} & {*rates.seeds}
    asked = rates.runs("learning_rates")
    assert {run.model for run in asked} == {run.model for run in study.runs("capacity")}
    same = {"learning_rate": 1.0, "stop": None}
    trained = [run.training.to_json() | same for run in (*asked, *study.runs("capacity"))]
    assert all(each == trained[0] for each in trained)


@pytest.mark.parametrize("name", [name for name in CAPACITY if name.replace("capacity", "capacity-rates") in RECORDED])
def test_the_rates_of_a_study_are_those_that_were_chosen(name):
    chosen = pd.read_csv(CHECKOUT / KEPT / name.replace("capacity", "capacity-rates") / "chosen_rates.csv")
    chosen = chosen[chosen["chosen"]].set_index("model")["learning_rate"].to_dict()
    assert {run.model: run.training.learning_rate for run in load(name).runs("capacity")} == chosen


def test_the_page_of_complexity_has_every_measure_s_rank_within_levels_and_among_equal_networks():
    text = Path(CHECKOUT / "docs/studies/complexity.md").read_text(encoding="utf-8")
    names = ("complexity", "complexity-digits")
    taus = {
        (name, *row[:3]): with_interval(*row[3:], 2)
        for name in names
        for row in pd.read_csv(CHECKOUT / KEPT / name / "rank_correlations.csv")[
            ["factory", "over", "measure", "tau", "tau_low", "tau_high"]
        ].itertuples(index=False, name=None)
    }
    mlps = [(name, "mlp_1x512", over) for name in ("complexity", "complexity-digits") for over in (WITHIN, EQUAL)]
    convolutions = [(name, "simple_conv_net", WITHIN) for name in ("complexity", "complexity-digits")]
    for measure, words in (MEASURES | {"num_parameters": "parameters", "time_to_fit": "epochs to the loss"}).items():
        row = [words, *(taus[(*column, measure)] for column in (*mlps, *convolutions))]
        assert f"| {' | '.join(row)} |" in text
