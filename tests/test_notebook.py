"""Figures and tables of networks epoch by epoch: what they show is what was measured, and every text can be read."""

import re
from types import SimpleNamespace
from typing import Any

import matplotlib.colors
import notebook_frames
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from notebook_frames import CLASSES, EPOCHS, MODELS, OF_A_CLASS
from shown import assert_texts_can_be_read

from rethinking.plotting import confusion, training
from rethinking.plotting.style import style
from rethinking.reporting import best_epoch, per_class
from rethinking.reporting.formats import text_of

LONG = {
    "first": "mini_GoogLeNet with a rather long label of its own",
    "second": "mini_GoogLeNet 1×1 as the paper of the network draws it in its third figure",
    "third": "MLP 1×512",
}
CASES: dict[str, dict[str, Any]] = {
    "three seeds": {"seeds": (0, 1, 2), "models": MODELS, "classes": CLASSES},
    "one seed": {"seeds": (4,), "models": MODELS, "classes": [str(digit) for digit in range(10)]},
    "long names": {"seeds": (0, 1), "models": LONG, "classes": ["golden-crowned kinglet", "$a$", "NA"]},
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Frames, their section, and both figures drawn from them."""
    made = CASES[request.param]
    frames = notebook_frames.frames(**made)
    words = {"dataset_label": "small CIFAR-10", "note": "The end."}
    section = notebook_frames.section(made["seeds"], made["models"], **words)
    drawn = {
        "training": training.figure(frames["runs"], frames["curves"], section=section),
        "confusion": confusion.figure(frames["runs"], frames["confusions"], section=section),
    }
    for figure, _ in drawn.values():
        draw(figure)
    return SimpleNamespace(**made, frames=frames, section=section, drawn=drawn)


def draw(figure: Figure) -> None:
    """Place every text as it is in the files."""
    with style():
        FigureCanvasAgg(figure).draw()


def of_model(frame: Any, model: str) -> Any:
    return frame[frame["model"] == model]


# Both figures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["training", "confusion"])
def test_no_text_is_cut_off_or_touches_another(case, name):
    assert_texts_can_be_read(case.drawn[name][0])


@pytest.mark.parametrize("name", ["training", "confusion"])
def test_the_caption_says_how_many_seeds_and_by_what_the_best_epoch_is_chosen(case, name):
    caption = case.drawn[name][1]
    seeds = ", ".join(map(str, case.seeds))
    assert (f"One seed ({seeds})." if len(case.seeds) == 1 else f"over {len(case.seeds)} seeds ({seeds})") in caption
    assert "highest validation accuracy" in caption
    images = {"training": ", 40,000 training and 1,000 test images", "confusion": ""}[name]
    assert caption.startswith(f"Small CIFAR-10{images}, true labels")
    assert caption.endswith("The end.")


# training -----------------------------------------------------------------------------------------------------------


def lines(axes: Any, part: str) -> list[Line2D]:
    colour = training.PARTS[part][1].colour
    return [line for line in axes.lines if matplotlib.colors.same_color(line.get_color(), colour)]


def test_each_line_is_the_mean_over_seeds_of_the_epochs_that_have_it(case):
    figure, count = case.drawn["training"][0], len(case.models)
    for column, model in enumerate(case.models):
        rows = of_model(case.frames["curves"], model)
        for row, quantity in enumerate(["Accuracy", "Loss"]):
            for part in training.PARTS:
                (line,) = lines(figure.axes[row * count + column], part)
                measured = rows.dropna(subset=[f"{part}{quantity}"])
                epochs = sorted(set(measured["Epoch"]))
                means = [measured.loc[measured["Epoch"] == epoch, f"{part}{quantity}"].mean() for epoch in epochs]
                assert list(line.get_xdata()) == epochs
                assert line.get_ydata() == pytest.approx(means)
                assert len(epochs) == (EPOCHS // 2 if part == "Train" else EPOCHS)


def test_a_mean_is_drawn_only_where_every_seed_has_a_number():
    frames = notebook_frames.frames((0, 1, 2))
    curves = frames["curves"]
    without = (curves["seed"] == 1) & curves["Epoch"].isin([7, 9])
    curves.loc[without, "TestLoss"] = np.where(curves.loc[without, "Epoch"] == 7, np.inf, np.nan)
    figure, _ = training.figure(frames["runs"], curves, section=notebook_frames.section())
    (line,) = lines(figure.axes[len(MODELS)], "Test")
    assert list(line.get_xdata()) == [epoch for epoch in range(1, EPOCHS + 1) if epoch not in (7, 9)]


def test_a_band_is_there_where_there_are_several_seeds(case):
    for axes in case.drawn["training"][0].axes:
        assert len(axes.collections) == (len(training.PARTS) if len(case.seeds) > 1 else 0)


def test_a_vertical_line_stands_at_each_seed_s_best_epoch(case):
    figure, count = case.drawn["training"][0], len(case.models)
    for place, axes in enumerate(figure.axes):
        model = list(case.models)[place % count]
        curves = of_model(case.frames["curves"], model)
        best = [rows.loc[rows["ValidationAccuracy"].idxmax(), "Epoch"] for _, rows in curves.groupby("seed")]
        vertical = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
        assert sorted(vertical) == sorted(best)


def test_the_caption_of_the_training_curves_says_what_the_choice_gave(case):
    for model, label in case.models.items():
        runs = of_model(case.frames["runs"], model)
        chosen, last = runs["test_accuracy_at_best"].mean(), runs["final_test_accuracy"].mean()
        found = re.search(
            rf"{re.escape(label)}: best at epoch ([\d, ]+); (.*?) at the end\.", case.drawn["training"][1]
        )
        assert found
        assert found[1].split(", ") == [str(epoch) for epoch in runs["best_validation_epoch"]]
        assert found[2] == f"test accuracy {chosen:.1f} % there, {last:.1f} %"


# confusion ----------------------------------------------------------------------------------------------------------


def counted(case: SimpleNamespace, model: str, epochs: dict[int, int]) -> np.ndarray:
    """The matrix of a seed's epoch, summed over seeds, cell by cell."""
    matrix = np.zeros((len(case.classes), len(case.classes)))
    for cell in of_model(case.frames["confusions"], model).to_dict("records"):
        if cell["Epoch"] == epochs[cell["seed"]]:
            matrix[case.classes.index(cell["True"]), case.classes.index(cell["Predicted"])] += cell["Count"]
    return matrix


def test_each_matrix_shows_the_shares_of_its_epochs_and_their_accuracy(case):
    axes = iter(case.drawn["confusion"][0].axes)
    for model in reversed(case.models):
        runs = of_model(case.frames["runs"], model).set_index("seed")
        best = runs["best_validation_epoch"].to_dict()
        for epochs in (dict.fromkeys(best, 1), best, dict.fromkeys(best, EPOCHS)):
            matrix, shown = counted(case, model, epochs), next(axes)
            shares = np.asarray(shown.images[0].get_array())
            assert shares == pytest.approx(matrix / (OF_A_CLASS * len(case.seeds)) * 100)
            accuracy = 100 * matrix.trace() / matrix.sum()
            assert shown.get_title("left").endswith(f": {accuracy:.1f} %")
            written = {text.get_position(): text.get_text() for text in shown.texts}
            for (true, predicted), share in np.ndenumerate(shares):
                assert written.get((predicted, true)) == (f"{share:.0f}" if round(share) else None)


def test_shares_that_round_to_zero_are_blank_and_dark_cells_have_white_numbers():
    shares = [[66.0, 34.0, 0.0], [99.5, 0.5, 0.0], [64.4, 35.0, 0.6]]
    frames = notebook_frames.frames((0,), {"mlp": "MLP"}, ["a", "b", "c"])
    cells = frames["confusions"].assign(Count=[int(10 * share) for row in shares for share in row] * EPOCHS)
    given = notebook_frames.section((0,), {"mlp": "MLP"})
    figure, caption = confusion.figure(frames["runs"], cells, section=given)
    found = {text.get_position()[::-1]: (text.get_text(), text.get_color()) for text in figure.axes[0].texts}
    assert found == {
        (0, 0): ("66", "white"), (0, 1): ("34", "black"), (1, 0): ("100", "white"), (2, 0): ("64", "white"),
        (2, 1): ("35", "white"), (2, 2): ("1", "black"),
    }, "half a percent rounds to zero"  # fmt: skip
    assert "shares that round to zero are left blank" in caption


def with_diverged(frames: dict[str, Any], count: int) -> tuple[dict[str, Any], Any]:
    """The same frames with the first runs diverged in their fourth epoch, and the runs that did not."""
    lost = frames["runs"].index < count
    runs = frames["runs"].assign(stopped_by=np.where(lost, "diverged", "epochs"))
    runs.loc[lost, ["epochs_done", "best_validation_epoch", "final_test_accuracy"]] = [4, 2, 10.0]
    gone = runs[lost][["model", "seed"]].assign(gone=True)
    parts = {"runs": runs}
    for name in ("curves", "confusions"):
        rows = frames[name].merge(gone, on=["model", "seed"], how="left")
        frame = rows[rows["gone"].isna() | (rows["Epoch"] <= 4)].drop(columns="gone")
        parts[name] = frame
    last = (parts["curves"]["Epoch"] == 4) & parts["curves"]["seed"].isin(gone["seed"])
    parts["curves"].loc[last, ["TestLoss", "ValidationLoss"]] = np.inf
    return parts, runs[~lost]


@pytest.mark.parametrize(("count", "words"), [(1, "1 of 6 runs diverged and is"), (3, "3 of 6 runs diverged and are")])
def test_runs_that_diverged_are_in_no_mean_and_are_counted(count, words):
    parts, without_diverged = with_diverged(notebook_frames.frames((0, 1, 2)), count)
    section = notebook_frames.section()
    drawn = [
        training.figure(parts["runs"], parts["curves"], section=section),
        confusion.figure(parts["runs"], parts["confusions"], section=section),
    ]
    made = [
        best_epoch.table(runs=parts["runs"], section=section),
        per_class.table(runs=parts["runs"], confusions=parts["confusions"], section=section),
    ]
    for figure, caption in drawn:
        draw(figure)
        assert f"{words} left out." in caption
        assert not re.search(r"\b(nan|inf)\b", caption)
        assert not [text for text in figure.findobj(Text) if re.search(r"\b(nan|inf)\b", text.get_text())]
    for table in made:
        assert f"{words} left out." in table.notes
        assert not table.shown.isin(["nan", "inf"]).any(axis=None)
    rows = of_model(without_diverged, "mini_googlenet")
    row = made[0].numbers.iloc[0]
    assert row["n"] == len(rows)
    assert row["final_test_accuracy"] == pytest.approx(rows["final_test_accuracy"].mean(), nan_ok=True)
    everything = made[1].numbers.set_index(["model", "class"]).loc[("mini_googlenet", per_class.ALL)]
    assert everything["accuracy"] == pytest.approx(rows["test_accuracy_at_best"].mean(), nan_ok=True)
    assert everything["total"] == 1000 * len(rows)
    (line,) = lines(drawn[0][0].axes[0], "Test")
    curves = of_model(parts["curves"], "mini_googlenet")
    curves = curves[curves["seed"].isin(rows["seed"])]
    assert line.get_ydata() == pytest.approx(curves.groupby("Epoch")["TestAccuracy"].mean().to_numpy())


def test_the_accuracy_above_the_best_matrix_is_that_of_the_table(case):
    table = best_epoch.table(runs=case.frames["runs"], section=case.section)
    titles = [
        axes.get_title("left") for axes in case.drawn["confusion"][0].axes if "best epoch" in axes.get_title("left")
    ]
    means = reversed(table.numbers["test_accuracy_at_best"].tolist())
    assert [title.rpartition(": ")[2] for title in titles] == [f"{mean:.1f} %" for mean in means]


def test_the_epochs_in_a_title_are_those_of_all_seeds():
    frames = notebook_frames.frames((0, 1, 2))
    runs = frames["runs"].assign(best_validation_epoch=[17, 19, 18] * 2)
    figure, _ = confusion.figure(runs, frames["confusions"], section=notebook_frames.section())
    titles = [axes.get_title("left").partition(":")[0] for axes in figure.axes[:3]]
    assert titles == ["first epoch (1)", "best epoch (17 to 19)", f"last epoch ({EPOCHS})"]


def test_the_numbers_of_many_classes_are_left_out_before_they_cannot_be_read():
    classes = [f"class {number}" for number in range(40)]
    frames = notebook_frames.frames((0,), {"mlp": "MLP"}, classes)
    figure, _ = confusion.figure(
        frames["runs"], frames["confusions"], section=notebook_frames.section((0,), {"mlp": "MLP"})
    )
    draw(figure)
    assert not figure.axes[0].texts
    assert_texts_can_be_read(figure)


# best_epoch ---------------------------------------------------------------------------------------------------------


def test_a_row_of_best_epoch_holds_means_and_deviations_over_seeds(case):
    table = best_epoch.table(runs=case.frames["runs"], section=case.section)
    assert table.numbers["model"].tolist() == list(case.models)
    for _, row in table.numbers.iterrows():
        curves = of_model(case.frames["curves"], row["model"])
        chosen = curves.loc[curves.groupby("seed")["ValidationAccuracy"].idxmax()]
        last = curves[curves["Epoch"] == EPOCHS]
        expected = {
            "best_validation_accuracy": chosen["ValidationAccuracy"], "best_validation_epoch": chosen["Epoch"],
            "test_accuracy_at_best": chosen["TestAccuracy"], "final_test_accuracy": last["TestAccuracy"],
            "final_train_accuracy": last["TrainAccuracy"], "seconds": last["Totaltime"],
            "seconds_per_epoch": last["EpochTime"],
        }  # fmt: skip
        assert row["n"] == len(case.seeds)
        for column, values in expected.items():
            assert row[column] == pytest.approx(values.mean()), column
            assert row[f"{column}_sd"] == pytest.approx(values.std(), nan_ok=True), column


def test_of_one_seed_the_epoch_is_a_whole_number_and_of_several_deviation_and_interval_have_columns(case):
    table = best_epoch.table(runs=case.frames["runs"], section=case.section)
    assert all(table.shown["at epoch"].str.fullmatch(r"\d+" if len(case.seeds) == 1 else r"\d+\.\d"))
    spread = {f"at epoch, {word}" for word in ("sd", "95 % ±")}
    assert spread & set(table.shown) == (set() if len(case.seeds) == 1 else spread)


def test_best_epoch_says_that_the_test_set_chooses_nothing(case):
    table = best_epoch.table(runs=case.frames["runs"], section=case.section)
    text = text_of(table, ".md")
    assert "the test set is never used for it" in text
    for label in case.models.values():
        assert label.replace("_", r"\_") in text


# per_class ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_out", [True, False], ids=["validation", "no validation"])
def test_per_class_counts_the_right_ones_of_each_class_at_the_chosen_epoch(case, held_out):
    runs = case.frames["runs"] if held_out else case.frames["runs"].assign(best_validation_epoch=np.nan)
    table = per_class.table(runs=runs, confusions=case.frames["confusions"], section=case.section)
    rows = table.numbers.set_index(["model", "class"])
    for model in case.models:
        of = of_model(case.frames["runs"], model).set_index("seed")
        chosen = of["best_validation_epoch"].to_dict() if held_out else dict.fromkeys(of.index, EPOCHS)
        matrix = counted(case, model, chosen)
        for place, name in enumerate(case.classes):
            row = rows.loc[(model, name)]
            assert (row["correct"], row["total"]) == (matrix[place, place], OF_A_CLASS * len(case.seeds))
            assert row["accuracy"] == pytest.approx(100 * row["correct"] / row["total"])
            assert row["epoch"] == ("best" if held_out else "last")
        accuracies = of["test_accuracy_at_best" if held_out else "final_test_accuracy"]
        assert rows.loc[(model, per_class.ALL), "accuracy"] == pytest.approx(accuracies.mean())
    assert ("highest validation accuracy" if held_out else "after the last epoch") in " ".join(table.notes)


def test_per_class_is_read_a_class_a_row_and_a_network_a_column(case):
    frames = case.frames
    table = per_class.table(runs=frames["runs"], confusions=frames["confusions"], section=case.section)
    assert table.shown["class"].tolist() == [*case.classes, per_class.ALL]
    assert table.shown.columns.tolist() == ["class", *case.models.values()]
    first = table.numbers.iloc[0]
    cell = f"{first['accuracy']:.1f} ({first['correct']:,} of {first['total']:,})"
    assert table.shown.iloc[0, 1] == cell
    assert text_of(table, ".csv").startswith("model,corruption,epoch,n,class,correct,total,accuracy\n")
