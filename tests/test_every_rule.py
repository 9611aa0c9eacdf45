"""A walk over all rules: the command of each, as the rule writes it, does its work at least once on small data."""

import re
from pathlib import Path

import loopback_server as web
import numpy as np
import pandas as pd
import yaml
from official_layout import FOLDER, archive, cifar_arrays, cifar_files, expected
from picture_archives import faces, in_folder
from test_human_labels import saved
from tiny_workflow import Checkout, jobs_in

from rethinking.data.corruptions import people as human
from rethinking.outcomes.dictionary import column

# A data set of 100 images in the layout of CIFAR-10 with people's labels, of whose files the loopback server is the
# mirror, the same with a validation set, and a folder of pictures; ten trainings, of every kind of data.
WALK = """\
name: walk
seeds: [0]
data_dir: lacking
datasets:
  small:
    reader: cifar10
    original: {image_size: 32, channels: 3, train: 100, test: 20, classes: 10}
  held-out: {extends: small, validation: 20, stratified_validation: true}
  pictures: {reader: image_folder, path: pictures}
corruptions: {given: {family: given_labels, path: given.csv}, like: {family: class_noise, matrix: human_labels-worse}}
models:
  mlp-w0.05: {factory: mlp_1x512, width: 0.05}
recipes:
  quick: {epochs: 1, batch_size: 25, learning_rate: 0.01, crop: null}
  redrawn: {extends: quick, epochs: 2, redraw_labels_after: [1]}
  measured: {extends: quick, measures: [frobenius_norm], ledger: true}
  fitted: {extends: measured, epochs: 500, learning_rate: 0.1, stop: {criterion: accuracy_99}}
  until-loss: {extends: quick, stop: {criterion: loss_0_01}}
  numbers: {epochs: 3, crop: null, whitening: none, measures: [frobenius_norm], predictions_every: 2}
kernels: {one: {dataset: small, features: pixels, bandwidths: [0.01], choose: {held_out: 20}}}
implicit_regularisation: {dataset: small, images: 10, epochs: 2}
expressivity: {dataset: small, sizes: [10, 100]}
random_features:
  {dataset: small, features: [5, 200], bandwidth: 0.01, corruptions: [true_labels, class_noise-0.2], seeds: [0, 1]}
figures:
  models: {}
  expressivity: {}
  regularised_kernels: {}
  implicit_regularisation: {}
  random_features: {}
  importance_of_seed:
    dataset: small
    recipe: quick
    panels:
      fixed: {recipe: quick, models: [mlp-w0.05], corruptions: [random_labels-1.0]}
      redrawn: {recipe: redrawn, models: [mlp-w0.05], corruptions: [random_labels-1.0]}
  fits:
    dataset: noisy_line
    recipe: numbers
    panels: {network: {models: [toy_regression], corruptions: [true_labels]}}
  confusion:
    dataset: held-out
    recipe: quick
    panels: {networks: {models: [mlp-w0.05], corruptions: [human_labels-worse]}}
  norms:
    dataset: held-out
    recipe: fitted
    fit_criterion: accuracy_99
    panels: {settings: {models: [mlp-w0.05], corruptions: [true_labels, given, like-0.5]}}
  predictions: &measured
    dataset: held-out
    recipe: measured
    panels: {networks: {models: [mlp-w0.05], corruptions: [true_labels]}}
  architectures: *measured
  label_errors:
    dataset: held-out
    recipe: measured
    horizon: 1
    panels: {levels: {models: [mlp-w0.05], corruptions: [true_labels]}}
tables:
  best_epoch:
    dataset: held-out
    recipe: quick
    panels: {networks: {models: [mlp-w0.05], corruptions: [shuffled_pixels]}}
  rank_correlations:
    dataset: held-out
    recipe: until-loss
    fit_criterion: loss_0_01
    panels: {levels: {models: [mlp-w0.05], levels: [0, 1]}}
"""
# Every target that is called by a name of its own, and one of each kind that is called like a file or an experiment.
EXPERIMENT = "mlp-w0.05_1.0_none"
CALLED_LIKE_FILES = ["figures/confusion.svg", "figures/channels-small.pdf", "results/tables/walk/best_epoch.csv"]
TARGETS = ["default", "all", "study", "report", EXPERIMENT, *CALLED_LIKE_FILES, "figures/samples-pictures.svg"]


OPTION = re.compile(r"--[a-z][a-z-]*")
SNAKEMAKES = {"--config", "--configfile", "--sdm", "--forceall", "--forcerun", "--target-jobs"}  # its own options


def kind(rule: str, experiments: set[str]) -> str:
    """A rule's own name; of those that only ask for what they are called like, what that is."""
    folder, _, file = rule.rpartition("/")
    return f"{folder}, {'-' in file}" if folder else "experiment" if rule in experiments else rule


def originals(folder: Path) -> dict[str, bytes]:
    """The archive of the images, and the file of people's labels."""
    clean = np.concatenate([labels for _, labels in list(cifar_arrays().values())[:5]])
    columns = {human.CLEAN: clean} | dict.fromkeys(human.COLUMNS.values(), (clean + 1) % 10)
    return {
        "cifar-10-python.tar.gz": archive(cifar_files()),
        "labels.pt": saved(folder / "labels.pt", columns).read_bytes(),
    }


def configure(checkout: Checkout, files: dict[str, bytes], server: web.Loopback) -> None:
    entries = {
        name: {name: {"urls": [server.serve(name, web.whole(data))], **expected(data)}} for name, data in files.items()
    }
    inner = {f"{FOLDER}/{name}": data for name, data in cifar_files().items()}
    entries["cifar-10-python.tar.gz"]["cifar-10-python.tar.gz"] |= expected(files["cifar-10-python.tar.gz"], inner)
    configuration = yaml.safe_load(WALK)
    configuration["datasets"]["small"]["files"] = entries["cifar-10-python.tar.gz"]
    configuration["datasets"]["small"]["human_labels"] = {"files": entries["labels.pt"]}
    checkout.configure(configuration)
    in_folder(checkout / "pictures", faces())
    (checkout / "given.csv").write_text("frog\n" * 100)
    (checkout / "lacking").mkdir()


def test_every_rule_and_every_option_of_its_command_is_run(fresh_checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with web.loopback() as server:
        configure(fresh_checkout, originals(tmp_path), server)
        called = fresh_checkout.snakemake("--cores", "2", "--printshellcmds", "--", *TARGETS)
    printed = called.stdout + called.stderr
    assert called.returncode == 0, printed
    ran = {rule for rule, _ in jobs_in(printed)}
    rules = set(fresh_checkout.snakemake("--list-rules").stdout.split())
    experiments = {line.split()[0] for line in fresh_checkout.rethinking("list", "experiments").stdout.splitlines()}
    assert {"download", "train", EXPERIMENT, *CALLED_LIKE_FILES} <= ran <= rules
    assert {kind(rule, experiments) for rule in rules} - {kind(rule, experiments) for rule in ran} == set()

    errors = pd.read_csv(fresh_checkout / "results/tables/walk/norms/runs.csv", index_col="corruption")
    assert errors.loc["like-0.5", "test_error_at_fit_corrupted"] > 0
    assert pd.isna(errors.loc["given", "test_error_at_fit_corrupted"])

    written = [path for path in (fresh_checkout / "results").rglob("*.csv") if path.stat().st_size]
    assert {path.stem for path in written} >= {"samples", "values", "kernels", "expressivity", "metrics", "learned"}
    columns = {(path.stem, name) for path in written for name in pd.read_csv(path, nrows=0).columns}
    assert [each for each in sorted(columns) if column(*each) is None] == [], "say what they are: columns.yaml"

    # What is passed only of some data or in some configurations is passed here as well.
    texts = [*(fresh_checkout / "workflow/rules").glob("*.smk"), fresh_checkout / "workflow/rethinking/paths.py"]
    written = "".join(path.read_text() for path in texts)
    options = set(OPTION.findall(written)) - SNAKEMAKES
    commands = [line for line in printed.splitlines() if "-m rethinking" in line]
    assert options - {option for command in commands for option in OPTION.findall(command)} == set()
