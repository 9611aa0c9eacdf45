"""The ledger of a run: what its network said of each training example, whatever became of the run on its way."""

from pathlib import Path

import numpy as np
import pytest
import tiny_runs
import torch
from safetensors.torch import load_file
from tiny_runs import comparable, make_run, retrained, rows, run_stage

from rethinking import files
from rethinking.engine.ledger import MOST, Writer, contents, labels_of, margins
from rethinking.stages.run_folder import load_data

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

NOISE, HELD_OUT = "random_labels-0.5", 10
WITH = {"epochs": 3, "ledger": True, "evaluations_per_epoch": 2}


@pytest.fixture(scope="module")
def noise(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    return tiny_runs.corrupt_digits(data, tmp_path_factory.mktemp("noise"), NOISE)


@pytest.fixture(scope="module")
def held_out(data: Path) -> Path:
    return tiny_runs.split_digits(data, data / "split", HELD_OUT)


def read(out: Path) -> dict[str, np.ndarray]:
    with np.load(out / "ledger.npz") as ledger:
        return dict(ledger)


def test_its_last_page_is_what_the_weights_say_of_each_example(data, noise, held_out, tmp_path):
    run = make_run(corruption=NOISE, **WITH)
    out = run_stage(run, data, tmp_path, noise, held_out=held_out)
    kept = np.load(held_out / "train_indices.npy")
    labels, true = (np.load(folder / "train_labels.npy")[kept] for folder in (noise, data))
    model = tiny_runs.load_model(run, load_file(out / "weights.safetensors"))
    with torch.no_grad():
        logits = model(tiny_runs.whitened(np.load(data / "train_images.npy")[kept])).numpy().astype(float)
    ledger, each = read(out), np.arange(len(kept))
    np.testing.assert_array_equal(ledger["given"], labels)
    np.testing.assert_array_equal(ledger["true"], true)
    assert (labels != true).any()
    np.testing.assert_array_equal(ledger["predictions"][-1], logits.argmax(1))
    losses = np.log(np.exp(logits).sum(1)) - logits[each, labels]
    np.testing.assert_allclose(ledger["losses"][-1], losses, rtol=2e-3)
    others = np.where(np.arange(10) == labels[:, None], -np.inf, logits).max(1)
    np.testing.assert_allclose(ledger["margins"][-1], logits[each, labels] - others, rtol=2e-3, atol=1e-3)


def test_every_page_has_the_accuracy_and_loss_of_its_evaluation(data, noise, tmp_path):
    out = run_stage(make_run(corruption=NOISE, train_evaluation_every=2, **WITH), data, tmp_path, noise)
    ledger = read(out)
    scored = [row for row in rows(out / "evaluations.csv") if row["TrainLoss"]]
    assert ledger["epochs"].tolist() == [float(row["Epoch"]) for row in scored]
    assert len(scored) == 4
    right = 100 * (ledger["predictions"] == ledger["given"]).mean(1)
    np.testing.assert_allclose(right, [float(row["TrainAccuracy"]) for row in scored])
    means = ledger["losses"].astype(float).mean(1)
    np.testing.assert_allclose(means, [float(row["TrainLoss"]) for row in scored], rtol=1e-3)


def test_a_run_without_one_is_the_same_run_and_leaves_none(data, noise, tmp_path):
    run = make_run(corruption=NOISE, **WITH)
    without = retrained(run, ledger=False)
    one, other = (run_stage(each, data, tmp_path / name, noise) for each, name in ((run, "one"), (without, "other")))
    assert "ledger" not in without.json
    found, expected = comparable(one), comparable(other)
    assert found.pop("ledger.npz")
    for its in (found, expected):
        for key in ("config", "config_digest", "files", "arrays"):
            del its["run.json"][key]
    assert found == expected


def test_one_goes_where_a_later_run_in_its_folder_keeps_none(data, tmp_path):
    out = run_stage(make_run(ledger=True), data, tmp_path)
    assert (out / "ledger.npz").exists()
    run_stage(make_run(), data, tmp_path)
    assert not (out / "ledger.npz").exists()


def test_pages_that_were_written_out_of_turn_are_taken_back_where_a_run_goes_on(data, noise, tmp_path):
    """A run's last epoch is always scored; that of a longer one may not be."""
    values = {**WITH, "epochs": 4, "train_evaluation_every": 2}
    whole = run_stage(make_run(corruption=NOISE, **values), data, tmp_path / "one go", noise)
    for epochs in (1, 3, 4):
        out = run_stage(make_run(corruption=NOISE, **{**values, "epochs": epochs}), data, tmp_path / "longer", noise)
    assert (out / "ledger.npz").read_bytes() == (whole / "ledger.npz").read_bytes()


def test_run_json_seals_it_and_names_the_true_labels(data, noise, tmp_path):
    out = run_stage(make_run(corruption=NOISE, **WITH), data, tmp_path, noise)
    summary = files.read_json(out / "run.json")
    assert summary["files"]["ledger.npz"] == files.sha256(out / "ledger.npz")
    whole = files.read_json(data / "manifest.json")["arrays"]["train_labels"]["sha256"]
    assert whole in summary["arrays"].values()


def test_labels_are_those_of_the_examples_that_are_trained_on(data, noise, held_out):
    arrays, _, _ = load_data(data, noise, held_out, ledger=True)
    labels = labels_of(arrays)
    assert {len(each) for each in labels.values()} == {tiny_runs.NUM_TRAIN - HELD_OUT}
    assert "ledger_labels" not in arrays


def test_60_evaluations_of_50_000_examples_take_at_most_15_megabytes(tmp_path):
    """Of numbers that no compression makes smaller."""
    generator = torch.Generator().manual_seed(0)
    labels, pages, sizes = torch.randint(10, (50_000,), generator=generator), [], []
    for number in (1, 2):
        writer = Writer()
        writer(torch.randn(50_000, 10, generator=generator), labels)
        pages.append(writer.page(number))
        path = tmp_path / f"{number}.npz"
        with open(path, "wb") as file:
            np.savez_compressed(file, **contents(pages, {"given": labels.numpy(), "true": labels.numpy()}))
        sizes.append(path.stat().st_size)
    assert sizes[0] + 59 * (sizes[1] - sizes[0]) <= 15_000_000


def test_more_than_256_classes_are_told_apart():
    writer = Writer()
    writer(torch.eye(300), torch.arange(300))
    page = writer.page(1.0)
    arrays = contents([page], {"given": np.arange(300), "true": np.arange(300)})
    assert arrays["predictions"][0].tolist() == arrays["given"].tolist() == list(range(300))


def test_margins_are_of_the_label_against_the_largest_other_logit():
    logits = torch.tensor([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0], [4.0, 4.0, -9.0]])
    assert margins(logits, torch.tensor([0, 1, 0])).tolist() == [-2.0, 1.0, 0.0]


def test_what_float16_does_not_hold_stands_at_its_ends_and_nothing_that_is_no_number_becomes_one():
    writer = Writer()
    writer(torch.tensor([[1e6, -1e6], [torch.nan, 0.0]]), torch.tensor([1, 0]))
    page = writer.page(1.0)
    assert (page.losses[0].item(), page.margins[0].item()) == (MOST, -MOST)
    assert page.losses[1].isnan()
    assert page.margins[1].isnan()
