"""The tables `zero_loss` and `sources`: when networks fitted, and what other sources print of theirs."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from synthetic_tables import LEVELS, NAMES, SETTINGS, groups, section, tables

from rethinking.config import CATALOGUE, CHECKOUT
from rethinking.models.registry import MODELS
from rethinking.published import PAPER, check_sources
from rethinking.reporting import sources, zero_loss
from rethinking.reporting.formats import FORMATS, Table, text_of
from rethinking.reporting.registry import TABLES
from rethinking.schema import ConfigurationError, load_yaml
from rethinking.sections import Section
from rethinking.stages.frames import read_published

NETWORKS = {"alexnet": "AlexNet", "mlp_1x512": "MLP 1×512"}
UNFIT = {("alexnet", "random_labels-1.0", 0), ("alexnet", "random_labels-1.0", 1), ("mlp_1x512", "true_labels", 1)}


def by_formula(level: Sequence[float], time: Sequence[float]) -> float:
    """Spearman's correlation: the correlation of ranks, of which equal values share the mean."""
    ranks = [[sum(other < value for other in values) + sum(other == value for other in values) / 2
              for value in values] for values in (level, time)]  # fmt: skip
    return float(np.corrcoef(ranks)[0, 1])


# zero_loss


def made(
    seeds: list[int], unfit: set[Any] = frozenset(), diverged: set[Any] = frozenset()
) -> tuple[Table, pd.DataFrame]:
    runs, _ = tables(seeds, unfit, diverged, models=NETWORKS)
    runs = runs[runs["seed"].isin(seeds)]
    group = {**NAMES, "models": list(NETWORKS)}
    panels = {
        "corruption_levels": group | {"corruptions": LEVELS},
        "learning_curves": group | {"corruptions": SETTINGS},
    }
    return zero_loss.table(runs=runs, section=zero_loss_section(seeds, panels)), runs


def zero_loss_section(seeds: list[int], panels: dict[str, Any]) -> Section:
    return section(seeds, NETWORKS, panels=panels, dataset_label="handwritten digits")


def row_of(table: Table, panel: str, model: str, corruption: str) -> pd.Series:
    rows = table.numbers[(table.numbers[["panel", "model", "corruption"]] == [panel, model, corruption]).all(axis=1)]
    (place,) = rows.index
    return pd.concat([rows.loc[place], table.shown.loc[place].add_prefix("shown ")])


def test_there_is_a_row_for_every_network_and_corruption_of_each_panel():
    table, _ = made([0, 1])
    assert len(table.numbers) == len(table.shown) == len(NETWORKS) * (len(LEVELS) + len(SETTINGS))


def test_a_row_holds_epoch_steps_seconds_and_test_accuracy_at_the_fit():
    table, runs = made([0, 1, 2])
    row = row_of(table, "corruption_levels", "mlp_1x512", "random_labels-0.4")
    of_row = runs[(runs["model"] == "mlp_1x512") & (runs["corruption"] == "random_labels-0.4")]
    assert row["epoch"] == pytest.approx(of_row["accuracy_100_epoch"].mean())
    assert row["epoch_sd"] == pytest.approx(of_row["accuracy_100_epoch"].std())
    assert row["steps"] == pytest.approx(of_row["accuracy_100_step"].mean())
    assert row["seconds"] == pytest.approx(of_row["accuracy_100_seconds"].mean())
    assert row["test_accuracy"] == pytest.approx(100 * (1 - of_row["accuracy_100_test_error"]).mean())
    assert row["test_accuracy_corrupted"] == pytest.approx(0.6 * row["test_accuracy"] + 0.4 * 10)
    assert row["relative_time"] == pytest.approx(of_row["relative_time"].mean())
    assert (row["n"], row["runs"], row["shown n"]) == (3, 3, "3 of 3")
    spread = {name for name in table.shown if name.endswith((", sd", "±"))}
    assert {"epoch, sd", "epoch, 95 % ±"} <= spread
    assert not {name for name in spread if name.startswith("seconds")}, "what else the machine did is no spread"


def test_of_runs_that_did_not_fit_it_says_so_with_their_last_training_accuracy():
    table, runs = made([0, 1], UNFIT)
    row = row_of(table, "learning_curves", "alexnet", "random_labels-1.0")
    assert math.isnan(row["epoch"])
    assert row["shown epoch"] == f"not reached in {runs[runs['censored']]['epochs_done'].max()}"
    assert (row["final_train_accuracy"], row["shown n"]) == (97.0, "0 of 2")
    some = row_of(table, "corruption_levels", "mlp_1x512", "true_labels")
    assert (some["n"], some["shown n"]) == (1, "1 of 2")


def test_runs_that_diverged_are_said_to_have_and_are_in_no_mean():
    both = {("alexnet", "random_labels-1.0", 0), ("alexnet", "random_labels-1.0", 1)}
    table, _ = made([0, 1], set(), both)
    assert row_of(table, "learning_curves", "alexnet", "random_labels-1.0")["shown epoch"] == "diverged"
    one = ("alexnet", "random_labels-1.0", 1)
    differing_environments, _ = made([0, 1], {("alexnet", "random_labels-1.0", 0)}, {one})
    row = row_of(differing_environments, "learning_curves", "alexnet", "random_labels-1.0")
    assert re.fullmatch(r"not reached in \d+, 1 diverged", row["shown epoch"])
    assert row["final_train_accuracy_sd"] != row["final_train_accuracy_sd"], "of one run there is no deviation"
    assert any("2 diverged before they did." in note for note in differing_environments.notes), (
        "one run in each of two panels"
    )
    assert not any("diverged" in note for note in made([0, 1])[0].notes)


def test_the_data_set_of_each_row_is_named_and_the_title_claims_no_zero_error():
    table, _ = made([0])
    assert set(table.shown["data"]) == {"handwritten digits"}
    assert table.title == "Time to fit"
    assert "zero training error" not in text_of(table, ".md")


def test_what_was_not_run_is_not_said_to_have_failed():
    table, runs = made([0])
    panels = {"learning_curves": {**NAMES, "models": ["alexnet"], "corruptions": SETTINGS}}
    none = zero_loss.table(runs=runs.iloc[:0], section=zero_loss_section([0], panels))
    assert set(none.shown["epoch"]) == {"not run"}
    assert not {"not run"} & set(table.shown["epoch"])


def test_the_notes_say_whether_the_time_grows_with_the_level():
    table, runs = made([0, 1])
    for model, label in NETWORKS.items():
        of_model = runs[(runs["model"] == model) & runs["corruption"].isin(LEVELS)]
        rho = by_formula(of_model["level"].astype(float), of_model["time_to_fit"].astype(float))
        (note,) = [note for note in table.notes if "Spearman" in note and label in note]
        assert f"{label}: {rho:.2f}, {'above' if rho > 0.8 else 'not above'} 0.8 (12 runs)" in note


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.integers(1, 9)), min_size=1, max_size=30))
def test_the_rank_correlation_agrees_with_its_formula(pairs):
    found = zero_loss.spearman(pd.DataFrame(pairs, columns=["level", "time_to_fit"]))
    level, time = zip(*pairs, strict=True)
    if len(set(level)) > 1 and len(set(time)) > 1:
        assert found == pytest.approx(by_formula(level, time))
    else:
        assert math.isnan(found)


def test_the_criterion_is_said_and_that_the_repository_s_is_another():
    table, _ = made([0])
    assert "the training accuracy first reaches 100 % (whole training set, evaluation mode)" in table.notes[0]
    assert "running loss" in table.notes[0]


# The file of the sources


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, TABLES["sources"].published)


def test_the_numbers_of_every_source_are_there(published):
    counts = {"deep-learning-generalization": 9, "deep-learning-generalization-later": 9, "notebook": 4, "tutorial": 1}
    counts |= {"blog": 4 * 10 + 3 * (10 + 1), "lecture": 7 * 4 * 10, "lecture-mnist": 4 * 10}
    counts |= {"tutorial-toy": 7}
    assert published["source"].value_counts().to_dict() == counts
    values = published.set_index(["source", "network", "quantity", "at"])["value"]
    assert values["notebook", "mini_googlenet", "validation_accuracy", "best"] == 72.08
    assert values["notebook", "mini_googlenet", "validation_accuracy", 1] == 29.28
    assert values["deep-learning-generalization", "alexnet_small", "test_accuracy", "fit"] == 70.2
    assert math.isnan(values["deep-learning-generalization", "simple_conv_net", "epoch", "fit"])
    assert values["deep-learning-generalization-later", "mlp_1x512", "test_accuracy", "fit"] == 53.1


def test_numbers_by_epoch_step_and_class_are_one_each(published):
    at_step = published[published["step"] != ""].set_index(["network", "recipe", "step"])["value"].to_dict()
    assert (at_step["lenet", "sgd", 2000], at_step["resnet18", "adam", 20_000]) == (2.161, 0.762)
    of_class = published[published["class"] != ""].set_index(["network", "recipe", "class"])["value"].to_dict()
    assert (of_class["lenet", "sgd", "dog"], of_class["resnet18", "sgd", "frog"]) == (36, 72)
    for (network, recipe), whole in {("lenet", "sgd"): 53, ("resnet18", "sgd"): 73, ("resnet18", "adam"): 73}.items():
        its = [value for key, value in of_class.items() if key[:2] == (network, recipe)]
        assert (len(its), sum(its) / 10) == (10, pytest.approx(whole, abs=0.6)), "all together, but for rounding"
    lectures = published[published["source"].str.startswith("lecture")]
    values = lectures.set_index(["source", "network", "quantity", "at"])["value"].to_dict()
    assert values["lecture", "resnet18_224", "test_accuracy", 10] == 81.63
    assert values["lecture", "vgg_224", "online_loss", 1] == 2.3029
    assert values["lecture-mnist", "nin_224", "test_accuracy", 5] == 26.22


def test_the_two_readmes_are_of_different_training_sets(published):
    images = published.groupby("source")["images"].unique().map(list).to_dict()
    early, later = (images[f"deep-learning-generalization{which}"] for which in ("", "-later"))
    assert [math.ceil(size / 128) for size in (*early, *later)] == [375, 391], "the batches of an epoch that they print"


def test_parameters_that_are_not_rounded_are_those_of_our_networks(published):
    exact = published[(published["quantity"] == "parameters") & (published["really"] == "")]
    assert len(exact) == 5
    for row in exact.to_dict("records"):
        assert MODELS[row["network"]].parameters == row["value"]


FAULTS = [
    ({"network": "mlp_1x521"}, "theirs.results[0].network = \"mlp_1x521\": unknown model; did you mean 'mlp_1x512'?"),
    ({"corruption": "true_label"},
     "theirs.results[0].corruption = \"true_label\": unknown corruption; did you mean 'true_labels'?"),
    ({"quantity": "test_acuracy"},
     "theirs.results[0].quantity = \"test_acuracy\": unknown value; did you mean 'test_accuracy'?"),
    ({"quantity": "parameters"}, "theirs.results[0]: parameters have no 'corruption'"),
    ({"at": "fitt"}, "theirs.results[0].at = \"fitt\": unknown value; did you mean 'fit'?"),
    ({"at": 0}, "theirs.results[0].at = 0: is before training, of which only a frobenius_norm tells"),
    ({"value": None, "at": 3}, "theirs.results[0].value = null: a number; null is of what is never reached"),
    ({"value": "1e2"},
     'theirs.results[0].value = "1e2": YAML reads this as text, must be a number or null; write 1.0e2'),
    ({"recipe": 3}, "theirs.results[0].recipe = 3: must be text; put it in quotes"),
    ({"step": 5},
     "theirs.results[0].step = 5: only online_accuracy and online_loss have one; others stand at an epoch"),
    ({"quantity": "online_loss", "step": 5, "at": 1}, "theirs.results[0].at = 1: stands beside step, which says where"),
    ({"quantity": "train_loss", "class": "cat"},
     'theirs.results[0].class = "cat": only a test_accuracy is of a class'),
    ({"quantity": "train_los"},
     "theirs.results[0].quantity = \"train_los\": unknown value; did you mean 'train_loss'?"),
    ({"by_epoch": [1]}, "theirs.results[0]: needs exactly one of the keys value, by_epoch, by_step, by_class"),
    ({"value": ..., "by_epoch": [1]}, 'theirs.results[0].at = "fit": stands beside by_epoch, which says it'),
    ({"value": ..., "class": "cat", "by_class": {"cat": 1}},
     'theirs.results[0].class = "cat": stands beside by_class, which says it'),
    ({"value": ..., "by_step": {"every": 5, "values": [1]}, "at": ...},
     "theirs.results[0]: the key 'at' is missing"),
    ({"value": ..., "by_step": {"every": 5, "values": [1]}, "at": ..., "quantity": "online_loss"},
     "theirs: the key 'batch_size' is missing, by which a step is a share of an epoch"),
    ({"sayz": "x"}, "theirs.results[0].sayz = \"x\": unknown key; did you mean 'says'?"),
]  # fmt: skip
GOOD = {"network": "mlp_1x512", "corruption": "true_labels", "quantity": "test_accuracy", "at": "fit", "value": 53.1,
        "says": "test accuracy"}  # fmt: skip


DATASETS = load_yaml(CHECKOUT / CATALOGUE)


def write(path: Path, *results: dict[str, Any], **of_source: Any) -> Path:
    """A file of one source; a value that is ... stands for no such key."""
    results = tuple({key: value for key, value in result.items() if value is not ...} for result in results)
    source = {"title": "A study", "address": None, "dataset": "cifar10", "images": 48000, "results": list(results)}
    source |= of_source
    path.write_text(yaml.safe_dump({"theirs": source}))
    return path


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[message[:50] for _, message in FAULTS])
def test_a_fault_in_the_file_names_key_value_and_what_would_be_right(change, message, tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        check_sources(write(tmp_path / "sources.yaml", GOOD | change), "config/paper/sources.yaml", DATASETS)
    assert str(refused.value) == f"config/paper/sources.yaml: {message}"


def test_a_data_set_that_is_not_registered_is_named(tmp_path):
    path = write(tmp_path / "sources.yaml", GOOD)
    path.write_text(path.read_text().replace("cifar10", "cifar01"))
    with pytest.raises(
        ConfigurationError, match=r'theirs\.dataset = "cifar01": unknown data set; did you mean .cifar10'
    ):
        check_sources(path, "sources.yaml", DATASETS)


def test_a_number_that_stands_there_twice_is_refused(tmp_path):
    check_sources(write(tmp_path / "sources.yaml", GOOD), "sources.yaml", DATASETS)
    with pytest.raises(ConfigurationError, match=r"results\[1\]: the same number as results\[0\]"):
        check_sources(write(tmp_path / "sources.yaml", GOOD, GOOD), "sources.yaml", DATASETS)


def test_a_missing_part_is_named(tmp_path):
    lacking = {key: value for key, value in GOOD.items() if key != "at"}
    with pytest.raises(ConfigurationError, match=r"theirs\.results\[0\]: the key 'at' is missing"):
        check_sources(write(tmp_path / "sources.yaml", lacking), "sources.yaml", DATASETS)


# sources


def compared(
    published: pd.DataFrame,
    num_train: int = 50_000,
    whole: bool = True,
    network: str = "mlp_1x512",
    dataset: str = "cifar10-pictures",
    lineage: Sequence[str] = ("cifar10-pictures", "cifar10"),
) -> tuple[Table, dict[str, pd.DataFrame]]:
    """The table beside runs of two seeds of one network on half-random and on true labels, three epochs each."""
    names = {"dataset": dataset, "model": "net", "recipe": "paper"}
    runs, rows = [], []
    for corruption in ("true_labels", "random_labels-0.5"):
        for seed in (0, 1):
            name = {**names, "corruption": corruption, "seed": seed}
            fit = corruption == "true_labels"
            runs.append(
                name
                | {"num_parameters": 1_209_866, "num_train": num_train, "accuracy_99_step": 20 if fit else math.nan}
            )
            for epoch in (1, 2, 3):
                rows.append(
                    name
                    | {"Epoch": epoch, "Step": 10 * epoch, "Seconds": 2.0 * epoch, "OnlineTrainLoss": 1.0,
                       "TrainLoss": 0.2, "ValidationLoss": 0.3, "TestLoss": 0.4,
                       "OnlineTrainAccuracy": 80.0, "TrainAccuracy": 90.0, "TestAccuracy": 50.0 + epoch + seed,
                       "ValidationAccuracy": [60.0, 62.0, 61.0][epoch - 1] + seed}
                )  # fmt: skip
    frames = {"runs": pd.DataFrame(runs), "curves": pd.DataFrame(rows), "evaluations": pd.DataFrame(rows)}
    corruptions = ["true_labels", "random_labels-0.5"]
    panel = {"dataset": dataset, "recipe": "paper", "models": ["net"], "corruptions": corruptions}
    given = Section(
        configuration="mine",
        name="sources",
        groups=groups({"corruption_levels": panel}),
        factories={"net": network},
        published_as={"net": network if whole else None},
        dataset_labels={dataset: f"all of {dataset}"},
        lineages={dataset: tuple(lineage)},
        fit_criterion="accuracy_99",
        seeds=(0, 1),
    )
    return sources.table(**frames, published=published, section=given), frames


def one(tmp_path: Path, **arguments: Any) -> pd.Series:
    """The row of one number beside the runs of `compared`."""
    result = GOOD | arguments.pop("result", {})
    write(tmp_path / "sources.yaml", result)
    table, _ = compared(read_published(tmp_path, ["sources.yaml"]), **arguments)
    return pd.concat([table.numbers.iloc[0], table.shown.iloc[0].add_prefix("shown ")])


@pytest.mark.parametrize(
    ("result", "mean"),
    [
        ({"at": "fit"}, 52.5),
        ({"at": 1}, 51.5),
        ({"at": "end"}, 53.5),
        ({"at": "best"}, 52.5),
        ({"at": "best", "quantity": "validation_accuracy"}, 62.5),
        ({"at": "fit", "quantity": "epoch"}, 2.0),
        ({"at": "fit", "quantity": "seconds"}, 4.0),
        ({"at": 3, "quantity": "online_loss", "corruption": "random_labels-0.5"}, 1.0),
        ({"at": 2, "quantity": "train_loss"}, 0.2),
        ({"at": 2, "quantity": "validation_loss"}, 0.3),
        ({"at": 2, "quantity": "test_loss"}, 0.4),
        ({"at": ..., "corruption": ..., "quantity": "parameters"}, 1_209_866),
    ],
)
def test_each_quantity_is_read_where_the_source_has_it(result, mean, tmp_path):
    row = one(tmp_path, result=result)
    assert row["ours"] == pytest.approx(mean)
    assert (row["n"], row["size"]) == (2, "the source's")
    if result.get("quantity") == "seconds":
        assert math.isnan(row["difference"])
        assert (row["shown theirs (difference)"], row["shown ours"], row["shown ours, sd"]) == ("53.1", "4.0", "0.0"), (
            "of other machines"
        )
    else:
        assert row["difference"] == pytest.approx(mean - GOOD["value"])


OTHERS = {
    "500 images": {"num_train": 500},
    "50,000 images, a variant of the network": {"whole": False},
    "50,000 images": {"dataset": "mnist", "lineage": ["mnist"]},
}


@pytest.mark.parametrize(("recipe", "size"), [("paper", "the source's"), ("another", "not run")])
def test_a_number_that_names_a_recipe_stands_beside_runs_of_that_recipe_alone(recipe, size, tmp_path):
    row = one(tmp_path, result={"recipe": recipe})
    assert (row["size"], row["recipe"]) == (size, recipe)
    assert row["shown of"].endswith(f", {recipe}")


def test_numbers_of_a_class_or_a_step_are_of_other_tables(tmp_path):
    of_step = {key: value for key, value in GOOD.items() if key != "at"} | {"quantity": "online_loss", "step": 2000}
    path = write(tmp_path / "sources.yaml", GOOD, GOOD | {"class": "cat"}, of_step, batch_size=5)
    check_sources(path, "sources.yaml", DATASETS)
    published = read_published(tmp_path, ["sources.yaml"])
    assert published["class"].tolist() == ["", "cat", ""]
    assert published["step"].tolist() == ["", "", 2000]
    assert len(compared(published)[0].numbers) == 1


@pytest.mark.parametrize(("size", "other"), OTHERS.items(), ids=["images", "width", "data"])
def test_runs_of_another_size_or_data_set_are_shown_and_marked_and_have_no_difference(size, other, tmp_path):
    row = one(tmp_path, **other)
    assert row["shown size"] == size
    assert row["shown our data"] == f"all of {other.get('dataset', 'cifar10-pictures')}"
    assert (row["size"], row["ours"]) == ("another", pytest.approx(52.5))
    assert math.isnan(row["difference"])
    assert row["shown theirs (difference)"] == "53.10"


def candidate(n: int, ran: int, images: int, **of_data: bool) -> sources.Candidate:
    of_data = {"theirs": False, **of_data}
    return sources.Candidate(
        sources.Ours(50.0, 1.0, n, ran), "cifar10", images, True, run=f"{n}/{ran}/{images}", **of_data
    )


@pytest.mark.parametrize(
    "best_first",
    [
        [candidate(0, 1, 50_000, theirs=True), candidate(3, 3, 48_000)],
        [candidate(1, 1, 500, related=True), candidate(3, 3, 48_000)],
        [candidate(0, 3, 10_000), candidate(3, 3, 500)],
        [candidate(0, 3, 500), candidate(2, 2, 500)],
        [candidate(1, 1, 47_000), candidate(3, 3, 50_000)],
    ],
    ids=["the source's size", "its data", "the nearest size", "the most runs", "by distance"],
)
def test_our_runs_are_chosen_by_size_and_number_and_not_by_what_they_reached(best_first, monkeypatch):
    result = GOOD | {"source": "theirs", "really": "", "images": 48_000}
    for order in (best_first, best_first[::-1]):
        monkeypatch.setattr(sources, "candidates", lambda *_, order=order: iter(order))
        assert sources.row_of(sources.Frames(), {}, result)["run"] == best_first[0].run


def test_notes_speak_of_the_fit_and_of_seconds_only_where_a_row_is_of_them(published):
    notes = {
        source: " ".join(compared(rows)[0].notes)
        for source, rows in published.groupby("source")
        if source.startswith("deep-learning-generalization")
    }
    assert all("The fit of ours is where the training accuracy first reaches 99 %" in text for text in notes.values())
    of_its = published["source"].str.startswith("deep-learning-generalization")
    rows = published[of_its & (published["at"] != "fit") & (published["quantity"] != "seconds")]
    assert not any("fit of ours" in note or "Seconds" in note for note in compared(rows)[0].notes)


@pytest.mark.parametrize("result", [{"at": 7}, {"corruption": "random_pixels"}, {"network": "alexnet"}], ids=str)
def test_what_no_run_has_was_not_run(result, tmp_path):
    row = one(tmp_path, result=result)
    assert (row["size"], row["n"], row["shown ours"]) == ("not run", 0, "-")


def test_a_fit_that_is_said_to_be_impossible_is_answered(tmp_path):
    result = {"corruption": "random_labels-0.5", "quantity": "epoch", "value": None}
    row = one(tmp_path, result=result)
    assert (row["shown theirs (difference)"], row["shown ours"], row["not_reached"]) == (
        "never reached", "not reached", 2,
    )  # fmt: skip
    assert one(tmp_path, result=result | {"corruption": "true_labels"})["shown ours"] == "2"


def test_only_sources_with_a_network_of_the_configuration_are_shown(published):
    shown = sources.in_common(published, {"mini_googlenet"})
    assert set(shown["source"]) == {"notebook"}
    assert len(shown) == (published["source"] == "notebook").sum()
    assert len(sources.in_common(published, {"inception"})) == len(published)


def test_small_losses_of_a_regression_keep_their_digits_and_its_norms_are_of_a_figure(published):
    table, _ = compared(toy := published[published["source"] == "tutorial-toy"])
    assert set(toy["quantity"]) - set(table.numbers["quantity"]) == {"frobenius_norm"}
    assert {"0.00000040", "6.198", "0.280"} <= set(table.shown["theirs (difference)"])
    assert "Accuracies in percent, losses in nats, of a regression mean squared errors." in table.notes
    others, _ = compared(published[published["source"] == "notebook"])
    assert "Accuracies in percent, losses in nats." in others.notes


def test_every_number_of_the_file_has_a_row_in_every_format(published):
    published = published[published["source"].str.startswith("deep-learning-generalization")]
    assert len(published) == 18
    table, _ = compared(published)
    assert len(table.numbers) == len(table.shown) == len(published)
    assert all(text_of(table, suffix) for suffix in FORMATS)
    assert any("https://github.com/david-inf/deep-learning-generalization" in note for note in table.notes)
    assert not load_yaml(CHECKOUT / PAPER / "sources.yaml")["notebook"]["address"]
