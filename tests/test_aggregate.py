"""Tables from hand-made run.json and metrics.csv, compared with values worked out by hand."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rethinking.analysis.aggregate import curves_table, differing_environments, runs_table
from rethinking.analysis.corrupted_test_labels import error_on_alike, evenly_redrawn
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.data.corruptions.shuffled_labels import shuffled_labels
from rethinking.files import canonical_json, write_json
from rethinking.names import corruption_name
from rethinking.outcomes.columns import RUN
from rethinking.outcomes.criteria import CRITERIA
from rethinking.run import RunConfig, runs_of
from rethinking.schema import fill
from rethinking.stages import aggregate as stage

RECIPE = fill(
    {"epochs": 60, "batch_size": 32, "learning_rate": {"mlp": 0.01, "alexnet": 0.005}, "stop": None}, "config", "recipe"
)
PLAN = {
    "seeds": [0, 1],
    "groups": [
        {
            "dataset": "digits",
            "recipe": "full",
            "models": ["mlp_1x512"],
            "corruptions": ["true_labels", "random_pixels"],
        },
        {
            "dataset": "digits",
            "recipe": "small",
            "models": ["mlp_1x512", "narrow"],
            "corruptions": ["true_labels", "random_labels-0.5", "random_labels-1.0"],
        },
    ],
    "models": {
        "mlp_1x512": {"factory": "mlp_1x512", "family": "mlp", "arguments": {}},
        "narrow": {"factory": "alexnet", "family": "alexnet", "arguments": {"width": 0.5}},
    },
    "recipes": {"small": RECIPE, "full": RECIPE | {"epochs": 20}},
}
CODE = {run.code_key: f"code of {run.code_key}" for run in runs_of(PLAN)}


def fit(epoch: float, test_accuracy: float = 75.0) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "step": int(10 * epoch),
        "seconds": 0.5 * epoch,
        "test_accuracy": test_accuracy,
        "test_loss": 1.0,
    }


def summary(
    corruption: str = "true_labels",
    seed: int = 0,
    fitted: float | None = None,
    test_accuracy: float = 75.0,
    epochs_done: int = 60,
    final: float = 60.0,
    **changes: Any,
) -> dict[str, Any]:
    """A run.json; `fitted` is the epoch of accuracy_100, the other criteria are met an epoch earlier or not at all."""
    fits: dict[str, Any] = dict.fromkeys(CRITERIA)
    if fitted is not None:
        fits |= {"accuracy_100": fit(fitted, test_accuracy), "accuracy_99": fit(fitted - 1, test_accuracy - 5)}
    return {
        "schema": 1,
        "dataset": "digits",
        "model": "mlp_1x512",
        "corruption": corruption,
        "recipe": "small",
        "seed": seed,
        "config": {"training": {}},
        "data_sha256": f"data of {corruption} and seed {seed}",
        "device": "cpu: x86_64 AVX2",
        "precision": "float32",
        "versions": {"python": "3.11.2", "torch": "2.14.1", "numpy": "2.4.6"},
        "num_parameters": 1000,
        "num_train": 320,
        "num_test": 397,
        "num_classes": 10,
        "epochs_done": epochs_done,
        "stopped_by": "epochs",
        "fit": fits,
        "best_validation": None,
        "final": {
            "train": {"accuracy": 100.0, "loss": 0.001},
            "validation": None,
            "test": {"accuracy": final, "loss": 2.0},
        },
        "seconds": 12.5,
    } | changes


def table_of(*summaries: dict[str, Any], criterion: str = "accuracy_100") -> pd.DataFrame:
    table = runs_table(summaries, criterion)
    assert len(table) == len(summaries)
    return table


# runs.csv -----------------------------------------------------------------------------------------------------------


def test_a_row_holds_the_five_names_the_fits_and_the_finals():
    row = table_of(summary("random_labels-0.5", seed=3, fitted=8.0, test_accuracy=55.0)).iloc[0]
    assert [row[key] for key in RUN] == ["digits", "mlp_1x512", "random_labels-0.5", "small", 3]
    assert (row["corruption_family"], row["level"]) == ("random_labels", 0.5)
    assert [row[key] for key in ("num_parameters", "num_train", "num_test", "num_classes")] == [1000, 320, 397, 10]
    assert [row[key] for key in ("epochs_done", "stopped_by", "seconds")] == [60, "epochs", 12.5]
    assert [row[f"accuracy_100_{key}"] for key in ("epoch", "step", "seconds")] == [8, 80, 4.0]
    assert row["accuracy_100_test_error"] == pytest.approx(0.45)
    assert row["accuracy_99_epoch"] == 7
    assert row["accuracy_99_test_error"] == pytest.approx(0.5)
    assert pd.isna(row["loss_0_01_epoch"])
    assert pd.isna(row["loss_0_01_test_error"])
    finals = ("final_train_accuracy", "final_train_loss", "final_test_accuracy", "final_test_loss")
    assert [row[key] for key in finals] == [100.0, 0.001, 60.0, 2.0]
    assert row["final_test_error"] == pytest.approx(0.4)
    assert row["time_to_fit"] == 8
    assert row["test_error_at_fit"] == pytest.approx(0.45)
    assert not row["censored"]


def labels_and_answers(num_classes: int, even: bool, num: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """True test labels, of classes as frequent as each other or not, and what a network says that favours some."""
    draws, shares = np.random.default_rng(0), np.ones(num_classes) if even else np.arange(num_classes) ** 2 + 1.0
    true = draws.choice(num_classes, size=num, p=shares / shares.sum())
    favoured = draws.choice(num_classes, size=num, p=shares[::-1] / shares.sum())
    return true, np.where(draws.random(num) < 0.4, true, favoured)


LABEL_NOISE = [name for name, entry in CORRUPTIONS.items() if entry.draws_labels]


@pytest.mark.parametrize("even", [True, False], ids=["even", "uneven"])
@pytest.mark.parametrize("num_classes", [2, 3, 10])
@pytest.mark.parametrize("level", [0.15, 0.5, 1.0])
@pytest.mark.parametrize("family", LABEL_NOISE)
def test_the_error_on_test_labels_corrupted_alike_is_that_of_corrupting_them_or_not_told(
    family, level, num_classes, even
):
    true, answers = labels_and_answers(num_classes, even)
    told = error_on_alike(family, float((answers != true).mean()), level, num_classes)
    corrupt = CORRUPTIONS[family].load()
    errors = [
        (answers != corrupt(true, level=level, num_classes=num_classes, seed=seed).arrays["train_labels"]).mean()
        for seed in range(50)
    ]
    if told is not None:
        assert told == pytest.approx(np.mean(errors), abs=5 * np.std(errors) / 50**0.5 + 1e-12)


def test_of_labels_that_are_permuted_the_error_on_corrupted_ones_is_not_told():
    """Where nine in ten are of a class that is always said, permuting leaves the error, redrawing does not."""
    true = np.repeat([0, 1], [900, 100])
    errors = [
        shuffled_labels(true, level=0.15, num_classes=2, seed=seed).arrays["train_labels"] != 0 for seed in range(50)
    ]
    assert np.mean(errors) == 0.1
    assert evenly_redrawn(0.1, 0.15, 2) == pytest.approx(0.16)
    row = table_of(summary("shuffled_labels-0.15", fitted=8.0), summary(fitted=8.0)).iloc[0]
    assert pd.isna(row["test_error_at_fit_corrupted"])


@pytest.mark.parametrize("corruption", ["true_labels", "shuffled_pixels", "random_pixels", "gaussian_pixels"])
def test_where_no_label_is_wrong_the_error_on_corrupted_test_labels_is_the_clean_one(corruption):
    row = table_of(summary(corruption, fitted=8.0, test_accuracy=55.0)).iloc[0]
    assert row["test_error_at_fit_corrupted"] == row["test_error_at_fit"] == pytest.approx(0.45)


@pytest.mark.parametrize("corruption", ["human_labels-worse", "a_configuration_s_own", "a_configuration_s_own-0.5"])
def test_where_nothing_is_known_of_the_labels_the_error_on_corrupted_ones_is_empty(corruption):
    row = table_of(summary(corruption, fitted=8.0), summary(fitted=8.0)).iloc[0]
    assert row["test_error_at_fit"] == pytest.approx(0.25)
    assert pd.isna(row["test_error_at_fit_corrupted"])


def test_the_configured_criterion_decides_on_time_to_fit():
    row = table_of(summary(fitted=8.0), criterion="accuracy_99").iloc[0]
    assert (row["time_to_fit"], row["test_error_at_fit"]) == (7, pytest.approx(0.3))
    assert table_of(summary(fitted=8.0), criterion="loss_0_01").iloc[0]["censored"]


@pytest.mark.parametrize(
    ("corruption", "family", "level"),
    [
        ("true_labels", "true_labels", 0.0),
        ("random_labels-0.2", "random_labels", 0.2),
        ("shuffled_labels-1.0", "shuffled_labels", 1.0),
        ("random_pixels", "random_pixels", None),
    ],
)
def test_the_level_column_is_empty_where_a_corruption_has_none(corruption, family, level):
    row = table_of(summary(corruption)).iloc[0]
    assert row["corruption_family"] == family
    assert pd.isna(row["level"]) if level is None else row["level"] == level


def test_relative_time_is_a_ratio_for_each_seed():
    table = table_of(
        summary(seed=0, fitted=10.0),
        summary("random_labels-0.5", seed=0, fitted=15.0),
        summary("random_labels-1.0", seed=0, fitted=40.0),
        summary(seed=1, fitted=20.0),
        summary("random_labels-0.5", seed=1, fitted=25.0),
    )
    assert table["relative_time"].tolist() == [1.0, 1.5, 4.0, 1.0, 1.25]
    assert table["relative_time_bound"].isna().all()


def test_relative_times_are_of_the_same_dataset_model_and_recipe():
    parts = [{"dataset": "other"}, {"model": "other"}, {"recipe": "other"}]
    runs = [summary(fitted=10.0)] + [summary(fitted=100.0, **part) for part in parts]
    runs += [summary("random_labels-1.0", fitted=30.0)]
    runs += [summary("random_labels-1.0", fitted=200.0, **part) for part in parts]
    assert table_of(*runs)["relative_time"].tolist() == [1, 1, 1, 1, 3, 2, 2, 2]


def test_a_fit_within_an_epoch_gives_fractions():
    table = table_of(summary(fitted=2.5), summary("random_labels-0.5", fitted=4.0))
    assert table["time_to_fit"].tolist() == [2.5, 4.0]
    assert table["relative_time"].tolist() == [1.0, 1.6]


def test_a_run_that_never_fits_is_censored_and_has_a_bound_instead_of_a_time():
    table = table_of(summary(fitted=10.0), summary("random_labels-1.0", epochs_done=45, final=12.0))
    row = table.iloc[1]
    assert row["censored"]
    assert all(pd.isna(row[key]) for key in ("time_to_fit", "test_error_at_fit", "relative_time"))
    assert row["relative_time_bound"] == 4.5
    assert row["final_test_error"] == pytest.approx(0.88)


def test_a_seed_whose_true_labels_never_fit_has_no_relative_times_but_the_others_have():
    table = table_of(
        summary(seed=0),
        summary("random_labels-0.5", seed=0, fitted=30.0),
        summary("random_labels-1.0", seed=0),
        summary(seed=1, fitted=5.0),
        summary("random_labels-0.5", seed=1, fitted=10.0),
    )
    assert table["relative_time"].isna().tolist() == [True, True, True, False, False]
    assert table["relative_time_bound"].isna().all()
    assert table["time_to_fit"].dropna().tolist() == [30, 5, 10]
    assert table["censored"].tolist() == [True, False, True, False, False]


def test_without_a_run_on_true_labels_there_are_no_relative_times():
    table = table_of(summary("random_labels-0.5", fitted=30.0), summary("random_labels-1.0"))
    assert table[["relative_time", "relative_time_bound"]].isna().all(axis=None)


def test_a_diverged_run_without_a_loss_has_a_row():
    lost = {"accuracy": 10.0, "loss": None}
    final = {"train": lost, "validation": None, "test": lost}
    row = table_of(summary(final=0), summary(stopped_by="diverged", epochs_done=2) | {"final": final}).iloc[1]
    assert (row["stopped_by"], row["epochs_done"]) == ("diverged", 2)
    assert row["censored"]
    assert pd.isna(row["final_test_loss"])
    assert row["final_test_error"] == 0.9


times = st.none() | st.integers(4, 400).map(lambda quarters: quarters / 4)


@given(st.dictionaries(st.tuples(st.sampled_from([0, 0.2, 0.5, 1.0]), st.integers(0, 3)), times, min_size=1))
def test_relative_times_are_what_the_definition_says(fitted):
    runs = {key: summary(corruption_name("random_labels", key[0]), key[1], time) for key, time in fitted.items()}
    for (key, time), (_, row) in zip(fitted.items(), table_of(*runs.values()).iterrows(), strict=True):
        reference = fitted.get((0, key[1]))
        expected = math.nan if time is None or reference is None else time / reference
        bound = math.nan if time is not None or reference is None else 60 / reference
        assert row["relative_time"] == pytest.approx(expected, nan_ok=True)
        assert row["relative_time_bound"] == pytest.approx(bound, nan_ok=True)
        assert row["censored"] == (time is None)
        assert row["level"] == key[0]


@given(st.permutations(range(6)))
def test_the_order_of_the_runs_changes_only_the_order_of_the_rows(order):
    runs = [
        summary(c, s, 10.0 + 7 * s) for c in ("true_labels", "random_labels-0.5", "random_labels-1.0") for s in (0, 1)
    ]
    expected = table_of(*runs).iloc[list(order)].reset_index(drop=True)
    pd.testing.assert_frame_equal(table_of(*(runs[index] for index in order)), expected)


# curves.csv and warnings --------------------------------------------------------------------------------------------


def test_curves_are_the_metrics_with_the_five_names_before_them():
    metrics = pd.DataFrame({"TrainAccuracy": ["50.0", ""], "Epoch": ["1", "2"]})
    table = curves_table([(summary(seed=seed), metrics) for seed in (0, 1)])
    assert list(table.columns) == [*RUN, "TrainAccuracy", "Epoch"]
    assert table["seed"].tolist() == [0, 0, 1, 1]
    assert table["TrainAccuracy"].tolist() == ["50.0", "", "50.0", ""]
    assert list(metrics.columns) == ["TrainAccuracy", "Epoch"]


def test_what_numbers_depend_on_is_reported_where_it_differs():
    assert differing_environments([summary(), summary(seed=1)]) == []
    found = differing_environments(
        [
            summary(),
            summary(device="cuda: H100"),
            summary(precision="bfloat16"),
            summary(versions={"python": "3.11.2", "torch": "2.15.0"}),
        ]
    )
    assert found == [
        "device: cpu: x86_64 AVX2, cuda: H100",
        "precision: bfloat16, float32",
        "numpy: 2.4.6, none",
        "torch: 2.14.1, 2.15.0",
    ]


# The stage ----------------------------------------------------------------------------------------------------------

METRICS = """\
TrainAccuracy,TrainLoss,TestAccuracy,TestLoss,EpochTime,Totaltime,Epoch,Step,LearningRate,OnlineTrainLoss,OnlineTrainAccuracy
,,10.328463476070529,2.30258509,0.1,0.1,1,10,0.01,2.400000000000000355,9.0625
12.5,nan,1e1,1.7976931348623157e+308,0.100,0.2,2,20,1e-02,inf,100.0
"""
# The same in run.json, which has no NaN.
FINAL = {
    "train": {"accuracy": 12.5, "loss": None},
    "validation": None,
    "test": {"accuracy": 10.0, "loss": 1.7976931348623157e308},
}
LAST = fit(2.0, 10.0)


def write_run(run: RunConfig, folder: Path, **changes: Any) -> None:
    found = {"epochs_done": 2, "seconds": 0.2, "final": FINAL, "fit": dict.fromkeys(CRITERIA) | {"accuracy_100": LAST}}
    values = summary(run.corruption, run.seed, model=run.model, recipe=run.recipe) | found
    values |= {"config": json.loads(run.json), "config_digest": run.digest, "code_digest": CODE[run.code_key]} | changes
    write_json(folder / run.path / "run.json", values)
    (folder / run.path / "metrics.csv").write_text(METRICS)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for run in runs_of(PLAN):
        write_run(run, tmp_path / "runs")
    return tmp_path / "runs"


def call(folder: Path, plan: dict[str, Any] = PLAN) -> Path:
    out = folder.parent / "tables"
    arguments = ["--plan", json.dumps(plan), "--code", json.dumps(CODE), "--fit-criterion", "accuracy_100"]
    stage.main([*arguments, "--runs", str(folder), "--out", str(out)])
    return out


def test_the_tables_hold_every_run_of_the_plan_once(runs, capsys):
    out = call(runs)
    expected = [(run.model, run.corruption, run.recipe, run.seed) for run in runs_of(PLAN)]
    assert len(expected) == len(set(expected)) == 2 * 2 + 2 * 3 * 2
    table = pd.read_csv(out / "runs.csv")
    assert list(table[["model", "corruption", "recipe", "seed"]].itertuples(index=False, name=None)) == expected
    curves = pd.read_csv(out / "curves.csv")
    assert len(curves) == 2 * len(expected)
    assert sorted(path.name for path in out.iterdir()) == ["curves.csv", "evaluations.csv", "runs.csv"]
    assert capsys.readouterr().err == ""


def test_the_metrics_stand_in_the_table_as_they_stand_in_their_file(runs):
    """Every cell: empty ones stay empty, a loss that is no number stays in sight, no digit is added or dropped."""
    lines = (call(runs) / "curves.csv").read_text().splitlines()
    header, *rows = METRICS.splitlines()
    assert lines[0] == ",".join(RUN) + f",{header}"
    assert [line.split(",", 5)[5] for line in lines[1:]] == rows * len(runs_of(PLAN))


def test_the_same_runs_give_the_same_bytes(runs):
    first = {path.name: path.read_bytes() for path in call(runs).iterdir()}
    assert {path.name: path.read_bytes() for path in call(runs).iterdir()} == first


def test_a_run_of_another_configuration_is_refused_by_name_with_the_way_out(runs):
    run = runs_of(PLAN)[3]
    other = json.loads(run.json)
    other["training"]["learning_rate"] = 0.5
    write_run(run, runs, config=other, config_digest=RunConfig.from_json(other).digest)
    with pytest.raises(ValueError, match="another configuration made this run") as refused:
        call(runs)
    message = str(refused.value)
    assert message.startswith(str(runs / run.path))
    assert "learning_rate: asked 0.01, made with 0.5)" in message
    assert "batch_size" not in message
    assert message.endswith("delete it")
    assert not (runs.parent / "tables").exists()


def test_a_run_of_other_code_is_refused_by_name_with_the_way_out(runs):
    run = runs_of(PLAN)[-1]
    write_run(run, runs, code_digest="older code")
    with pytest.raises(ValueError, match="other code made this run") as refused:
        call(runs)
    message = str(refused.value)
    assert message.startswith(str(runs / run.path))
    assert "older code" in message
    assert CODE[run.code_key] in message
    assert re.search(r"delete it to train again.*make accept", message)
    assert not (runs.parent / "tables").exists()


def test_runs_that_all_went_on_elsewhere_differ_in_the_device_as_well():
    of_one = {"device": "b", "precision": "float32", "versions": {}}
    assert differing_environments([of_one, of_one]) == []
    of_two = of_one | {"machines": ["a, torch 2", "b, torch 2"]}
    assert differing_environments([of_two, of_two]) == ["device: a, torch 2 then b, torch 2"]


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"device": "cuda: H100"}, "device: cpu: x86_64 AVX2, cuda: H100"),
        (
            {"device": "cuda: H100", "machines": ["cpu: old, torch 2.6.0", "cuda: H100, torch 2.14.1"]},
            "device: cpu: old, torch 2.6.0 then cuda: H100, torch 2.14.1, cpu: x86_64 AVX2",
        ),
        ({"precision": "bfloat16"}, "precision: bfloat16, float32"),
        ({"versions": {"python": "3.11.2", "torch": "2.6.0", "numpy": "2.4.6"}}, "torch: 2.14.1, 2.6.0"),
    ],
)
def test_a_table_of_mixed_devices_precisions_or_versions_is_made_with_a_warning(changes, warning, runs, capsys):
    write_run(runs_of(PLAN)[2], runs, **changes)
    out = call(runs)
    assert capsys.readouterr().err == f"warning: the runs of this table differ in {warning}\n"
    assert (out / "runs.csv").exists()


def arrays(images: str, **others: str) -> dict[str, str]:
    """What run.json says of the arrays of a run on random labels."""
    return {"train_images": images, "train_labels": "true", "random_labels-0.5/seed0/train_labels": "random"} | others


@pytest.mark.parametrize("level", ["random_labels-0.5", "random_labels-1.0"])
def test_runs_on_data_that_were_made_again_and_came_out_otherwise_are_refused_by_name(level, runs):
    """Whatever else they were given, all runs of a data set are given the same images."""
    (one, *_), (other, *_) = (
        [run for run in runs_of(PLAN) if run.corruption == name] for name in ("true_labels", level)
    )
    write_run(one, runs, arrays=arrays("as they were"))
    write_run(other, runs, arrays=arrays("otherwise", **{f"{level}/seed0/train_labels": "random"}))
    with pytest.raises(ValueError, match="the data were made again and came out otherwise") as refused:
        call(runs)
    message = str(refused.value)
    assert message.startswith(f"{runs}: train_images of digits is one in {one.path} and another in {other.path}: ")
    assert message.endswith("delete the runs of one kind to train them on what results/data holds now")
    assert not (runs.parent / "tables").exists()


def test_runs_from_before_each_array_was_named_are_held_against_those_on_the_same_corruption(runs):
    older, *alike = [run for run in runs_of(PLAN) if (run.corruption, run.seed) == ("random_labels-0.5", 0)]
    for run in alike:
        write_run(run, runs, data_sha256="otherwise", arrays=arrays("images"))
    expected = f"what seed 0 of random_labels-0.5 has with 0 redraws of digits is one in {older.path} and another in"
    with pytest.raises(ValueError, match=re.escape(expected)):
        call(runs)


def test_each_seed_and_level_has_labels_of_its_own(runs):
    for run in runs_of(PLAN):
        own = {f"{run.corruption}/seed{run.seed}/train_labels": f"of {run.corruption} and seed {run.seed}"}
        write_run(run, runs, arrays={"train_images": "all alike"} | own)
    assert (call(runs) / "runs.csv").exists()


def test_a_plan_lists_the_same_runs_after_a_journey_through_canonical_json():
    """That is how a rule hands it over; keys are sorted on the way, so the order may be another."""
    before, after = ({run.path: run for run in runs_of(plan)} for plan in (PLAN, json.loads(canonical_json(PLAN))))
    assert after == before
    assert {path: run.digest for path, run in after.items()} == {path: run.digest for path, run in before.items()}
