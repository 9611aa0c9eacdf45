"""Pictures of a data set: what they show is what was prepared and corrupted, and every label can be read."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from test_bad_configuration import changed, load
from tiny_runs import NUM_TRAIN, corrupt_digits

from rethinking.config import jobs
from rethinking.data.samples import as_drawn, one_of_each
from rethinking.files import read_json, save_array, write_csv, write_json
from rethinking.plotting import channels, samples
from rethinking.plotting.registry import PICTURES
from rethinking.plotting.style import VERMILLION, style
from rethinking.schema import ConfigurationError
from rethinking.sections import Section
from rethinking.stages import picture
from rethinking.stages import samples as stage

SETTINGS = ["true_labels", "random_labels-1.0", "shuffled_pixels", "gaussian_pixels"]
SECTION = Section(
    configuration="tiny", name="samples", dataset="digits", dataset_labels={"digits": "tiny digits"}, seeds=(0,)
)
SHOWN = {"dataset": "digits", "corruptions": SETTINGS, "images": 12, "seed": 0}


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def prepared(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny digits with corruptions below it, as in results/data."""
    folder = tmp_path_factory.mktemp("prepared") / "digits"
    folder.mkdir()
    for path in data.glob("*.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    for name in SETTINGS[1:]:
        corrupt_digits(folder, folder / name / "seed0", name)
    return folder


@pytest.fixture(scope="module")
def sampled(prepared: Path) -> Path:
    out = prepared.parent / "sampled"
    for values in (SHOWN, {"dataset": "digits", "image": 3}):
        stage.main(["--job", json.dumps(values), "--data", str(prepared), "--out", str(out)])
    assert {path.name for path in out.iterdir()} == {file for entry in PICTURES.values() for file in entry.files}
    return out


# -- the stage ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=50), st.integers(1, 60))
def test_images_are_the_first_of_each_class_then_the_second_of_each(labels, num_images):
    labels = np.array(labels)
    chosen = one_of_each(labels, num_images)
    assert len(chosen) == min(num_images, len(labels)) == len(set(chosen.tolist()))
    places = [(int((labels[:index] == labels[index]).sum()), int(labels[index]), int(index)) for index in chosen]
    assert places == sorted(places)
    left_out = set(range(len(labels))) - set(chosen.tolist())
    assert all((int((labels[:index] == labels[index]).sum()), labels[index]) >= places[-1][:2] for index in left_out)


def test_noise_is_rounded_and_clipped_to_be_drawn_and_images_are_left_alone():
    assert as_drawn(np.array([-7.0, 0.4, 0.6, 254.6, 300.0], np.float16)).tolist() == [0, 0, 1, 255, 255]
    images = np.arange(256, dtype=np.uint8)
    assert np.array_equal(as_drawn(images), images)


def test_a_row_shows_what_its_corruption_made_of_the_same_images(sampled, prepared):
    shown, table = np.load(sampled / "samples.npy"), rows(sampled / "samples.csv")
    assert shown.shape == (len(SETTINGS), 12, 8, 8, 1)
    assert [row["Corruption"] for row in table] == [name for name in SETTINGS for _ in range(12)]
    images, labels = (np.load(prepared / f"train_{name}.npy") for name in ("images", "labels"))
    random = np.load(prepared / "random_labels-1.0/seed0/train_labels.npy")
    for cell in table:
        row, column, index = (int(cell[name]) for name in ("Row", "Column", "Index"))
        assert cell["TrueLabel"] == str(labels[index])
        given_label = random if cell["Corruption"] == "random_labels-1.0" else labels
        assert cell["GivenLabel"] == str(given_label[index])
        folder = prepared / cell["Corruption"] / "seed0/train_images.npy"
        of_row = np.load(folder) if folder.exists() else images
        assert np.array_equal(shown[row, column], as_drawn(of_row[index]))


def test_the_values_are_the_stored_ones(sampled, prepared):
    image = np.load(prepared / "train_images.npy")[3]
    table = rows(sampled / "values.csv")
    assert list(table[0]) == ["Index", "Label", "Row", "Column", "Grey"]
    assert [int(pixel["Grey"]) for pixel in table] == image.ravel().tolist()
    assert {pixel["Index"] for pixel in table} == {"3"}


def test_an_image_that_is_not_there_is_refused(prepared, tmp_path):
    with pytest.raises(ValueError, match=r"samples\.image = 40: 'digits' has 40 training images"):
        stage.values({"dataset": "digits", "image": NUM_TRAIN}, prepared, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_corruption_of_other_labels_than_those_there_is_not_shown(prepared, tmp_path):
    """Its row would show labels as wrong that are right, or the other way round."""
    copy = shutil.copytree(prepared, tmp_path / "digits")
    manifest = read_json(copy / "manifest.json")
    manifest["arrays"]["train_labels"] = save_array(copy / "train_labels.npy", np.load(copy / "train_labels.npy")[::-1])
    write_json(copy / "manifest.json", manifest)
    message = r"random_labels-1\.0/seed0/manifest\.json: made from another train_labels than that of digits now"
    with pytest.raises(ValueError, match=message):
        stage.samples(SHOWN, copy, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- the pictures ------------------------------------------------------------------------------------------------------


def texts(drawing: Figure) -> list[Text]:
    """What is written, the numbers of rows and columns along the axes left out."""
    return [*drawing.texts, *(text for axes in drawing.axes for text in axes.texts)]


def assert_all_is_on_the_page_and_apart(drawing: Figure) -> None:
    with style():  # texts are as wide as in the files
        FigureCanvasAgg(drawing).draw()
        boxes = [text.get_window_extent() for text in texts(drawing)]
    for box in boxes:
        assert drawing.bbox.padded(1).contains(box.x0, box.y0)
        assert drawing.bbox.padded(1).contains(box.x1, box.y1)
    overlapping = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[:place]
        if one.padded(-0.5).overlaps(other.padded(-0.5))
    ]
    assert not overlapping


def test_each_image_has_its_given_label_below_it_and_the_true_one_where_it_is_another(sampled):
    drawing, caption = samples.figure(sampled, SECTION)
    table = rows(sampled / "samples.csv")
    wrong = [cell for cell in table if cell["GivenLabel"] != cell["TrueLabel"]]
    assert wrong
    bold = [text.get_text() for text in texts(drawing) if text.get_fontweight() == "bold"]
    assert bold == [cell["GivenLabel"] for cell in wrong]
    assert all(same_color(text.get_color(), VERMILLION) for text in texts(drawing) if text.get_fontweight() == "bold")
    bracketed = [text.get_text() for text in texts(drawing) if text.get_text().startswith("(")]
    assert bracketed == [f"({cell['TrueLabel']})" for cell in wrong]
    assert f"({len(wrong)} of {len(table)} here)" in caption
    assert "clipped" in caption
    assert len(drawing.axes[0].images) == len(table)
    assert_all_is_on_the_page_and_apart(drawing)


def write_samples(folder: Path, names: list[str], columns: int) -> None:
    """Two rows of images, the second with the label of the next class."""
    np.save(folder / "samples.npy", np.zeros((2, columns, 4, 4, 3), np.uint8))
    num = len(names)
    cells = [
        {"Row": row, "Column": column, "Corruption": name, "Index": column, "TrueLabel": names[column % num]}
        | {"GivenLabel": names[(column + row) % num]}
        for row, name in enumerate(["true_labels", "human_labels-random1"])
        for column in range(columns)
    ]
    with open(folder / "samples.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, cells[0])
        writer.writeheader()
        writer.writerows(cells)


@pytest.mark.parametrize("columns", [1, 10, 20])
def test_labels_of_twelve_letters_fit_up_to_ten_columns_and_rows_are_named(columns, tmp_path):
    write_samples(tmp_path, ["automobile", "T-shirt/top", "a very long name of a class"], columns)
    drawing, _ = samples.figure(tmp_path, SECTION)
    found = [text.get_text().replace("\n", " ") for text in texts(drawing)]
    assert "human labels (random1)" in found
    if columns <= 10:
        assert_all_is_on_the_page_and_apart(drawing)
    if columns >= 3:
        assert "a very long…" in found


@pytest.mark.parametrize("name", ["NA", "nan", "01", "a$b$", "None"])
def test_a_class_may_have_any_name(name, tmp_path):
    write_samples(tmp_path, [name, "other"], 2)
    drawing, _ = samples.figure(tmp_path, SECTION)
    labels = [text for text in texts(drawing) if text.get_text() == name]
    assert len(labels) == 2
    write_csv(tmp_path / "values.csv", list(stage._values(np.zeros((4, 4, 1), np.uint8), name, 5)))
    parts = channels.figure(tmp_path, SECTION)[0].axes[0].get_children()
    (title,) = (part for part in parts if isinstance(part, Text) and part.get_text() == f"{name}, 4×4 pixels")
    assert not any(text.get_parse_math() for text in [*labels, title])


def values_file(folder: Path, image: np.ndarray) -> np.ndarray:
    write_csv(folder / "values.csv", list(stage._values(image, "cat", 5)))
    return image


@pytest.mark.parametrize(("side", "num_channels"), [(32, 3), (20, 1), (14, 3), (8, 1)])
def test_every_value_that_is_shown_stands_on_its_pixel(side, num_channels, tmp_path):
    draws = np.random.default_rng(0)
    image = values_file(tmp_path, draws.integers(0, 256, (side, side, num_channels), dtype=np.uint8))
    drawing, caption = channels.figure(tmp_path, SECTION)
    whole, *panels = drawing.axes
    titles = ["red", "green", "blue"] if num_channels == 3 else ["grey"]
    assert [axes.get_title(loc="left") for axes in panels] == titles
    window = min(side, channels.WINDOW)
    for number, axes in enumerate(panels):
        found = {text.get_position(): text.get_text() for text in axes.texts}
        assert len(found) == window**2
        for (column, row), value in found.items():
            assert value == str(image[int(row), int(column), number])
    frames = [patch for patch in whole.patches if isinstance(patch, Rectangle)]
    assert len(frames) == (side > channels.WINDOW)
    assert ("all pixels" in caption) == (side <= channels.WINDOW)
    with style():
        boxes = [text.get_window_extent(FigureCanvasAgg(drawing).get_renderer()) for text in drawing.texts]
    assert all(0 <= box.x0 <= box.x1 <= drawing.bbox.x1 for box in boxes)


@pytest.mark.parametrize("name", PICTURES)
def test_the_stage_writes_a_page_a_vector_image_and_a_caption_the_same_each_time(name, sampled, tmp_path):
    for folder in ("one", "two"):
        out = [str(tmp_path / folder / f"{name}-digits.{suffix}") for suffix in ("pdf", "svg")]
        picture.main(
            ["--picture", name, "--section", json.dumps(SECTION.to_json()), "--samples", str(sampled), "--out", *out]
        )
    written = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert written == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert set(written) == {f"{name}-digits.{suffix}" for suffix in ("pdf", "svg", "txt")}
    assert len(pypdf.PdfReader(tmp_path / "one" / f"{name}-digits.pdf").pages) == 1
    assert written[f"{name}-digits.txt"].startswith(b"Tiny digits: training image")


# -- the configuration and the rules -----------------------------------------------------------------------------------


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"corruption": []}, "samples.corruption = []: unknown key; did you mean 'corruptions'?"),
    ({"corruptions": []}, "samples.corruptions = []: must not be empty"),
    ({"corruptions": ["random_label"]},
     "samples.corruptions[0] = \"random_label\": unknown corruption; did you mean 'random_labels'?"),
    ({"corruptions": ["true_labels", "random_labels-0.0"]},
     "samples.corruptions[1] = \"random_labels-0.0\": 'true_labels' stands there twice"),
    ({"images": 21}, "samples.images = 21: must be at most 20"),
    ({"image": -1}, "samples.image = -1: must be at least 0"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_a_fault_of_the_section_is_named(section, message):
    with pytest.raises(ConfigurationError) as refused:
        load(changed("samples", section))
    assert str(refused.value) == f"config/mine.yaml: {message}"


def test_human_labels_are_shown_only_of_data_sets_that_have_them():
    made = load(changed("samples", {"corruptions": ["true_labels", "human_labels-worse"]}))
    assert jobs.samples_job(made, "cifar10")["corruptions"] == ["true_labels", "human_labels-worse"]
    assert jobs.samples_job(made, "mnist")["corruptions"] == ["true_labels"]
    alone = load(changed("samples", {"corruptions": ["human_labels-worse"]}))
    with pytest.raises(ConfigurationError, match="none is one of 'mnist'"):
        jobs.samples_job(alone, "mnist")
    assert jobs.values_job(alone, "mnist") == {"dataset": "mnist", "image": 0}


def test_snakemake_makes_a_picture_of_any_data_set_without_a_training(fresh_checkout):
    jobs = fresh_checkout.jobs(target="figures/samples-cifar10-1k.pdf")
    counts = {rule: sum(name == rule for name, _ in jobs) for rule, _ in jobs}
    assert counts == {
        **{"download": 2, "prepare": 1, "corrupt_labels": 2, "corrupt_pixels": 3, "samples": 1},
        **{"picture": 1, "publish_picture": 1},
    }


@pytest.mark.parametrize(("dataset", "downloads"), [("cifar10-1k", 1), ("digits", 0)])
def test_the_values_of_an_image_need_no_corruption_and_no_label_of_people(dataset, downloads, fresh_checkout):
    jobs = fresh_checkout.jobs(target=f"figures/channels-{dataset}.pdf")
    counts = {rule: sum(name == rule for name, _ in jobs) for rule, _ in jobs}
    assert counts == {"prepare": 1, "values": 1, "picture": 1, "publish_picture": 1} | (
        {"download": downloads} if downloads else {}
    )
    assert not [wildcards for rule, wildcards in jobs if rule == "download" and "dataset=cifar10" not in wildcards]


@pytest.mark.slow
def test_which_image_is_shown_by_channel_takes_no_samples_again_and_corruptions_no_values(fresh_checkout):
    pictures = {name: f"figures/{name}-digits-50.pdf" for name in PICTURES}
    for target in pictures.values():
        fresh_checkout.run(target=target)
    configuration = fresh_checkout.configuration()
    fresh_checkout.configure(configuration | {"samples": {"image": 7}})
    rules = {name: {rule for rule, _ in fresh_checkout.jobs(target=pictures[name])} for name in PICTURES}
    assert rules == {"samples": set(), "channels": {"values", "picture", "publish_picture"}}
    fresh_checkout.configure(configuration | {"samples": {"corruptions": ["true_labels", "random_labels-1.0"]}})
    rules = {name: {rule for rule, _ in fresh_checkout.jobs(target=pictures[name])} for name in PICTURES}
    assert rules == {"samples": {"samples", "picture", "publish_picture"}, "channels": set()}
