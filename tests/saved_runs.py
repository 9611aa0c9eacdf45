"""Small runs by hand, of every kind of weights that a run leaves."""

from pathlib import Path

import pytest
import tiny_runs

from rethinking.__main__ import main

# Weights of an earlier epoch (of a network that normalises nothing), labels that were given anew, bfloat16 at another
# size, batch statistics; numbers.
MINE = """\
name: mine
datasets:
  held-out: {extends: digits, train: 80, validation: 30, test: 60, image_size: null, channels: null}
  larger: {extends: digits, train: 50, test: 60, image_size: 12, channels: 3}
  whole: {extends: digits, train: 50, test: 60, image_size: null, channels: null}
models: {resnet18-narrow: {factory: resnet18, width: 0.05}}
recipes:
  base: {batch_size: 10, learning_rate: 0.05, crop: null}
  early: {extends: base, epochs: 6, stop: {early_stopping: 2}, batch_norm: {statistics: batch}}
  redrawn: {extends: base, epochs: 3, redraw_labels_after: [1, 2]}
  resized: {extends: base, epochs: 1, precision: bfloat16, resize: 16, dropout: 0.5}
  channels: {extends: base, epochs: 1, crop: 9, whitening: per_channel, batch_norm: {statistics: batch}}
  numbers: {epochs: 3, crop: null, whitening: none}
figures: {models: {}}
"""
RUNS = {
    "early": ("held-out", "mlp_1x512", "random_labels-0.5"),
    "redrawn": ("held-out", "mlp_1x512", "random_labels-0.5"),
    "resized": ("whole", "lenet", "true_labels"),
    "channels": ("larger", "resnet18-narrow", "shuffled_pixels"),
    "numbers": ("noisy_line", "toy_regression", "true_labels"),
}


def made(folder: Path) -> Path:
    """The folder, with `mine.yaml` and a run in a folder called after each recipe of `RUNS`."""
    (folder / "mine.yaml").write_text(MINE)
    with pytest.MonkeyPatch.context() as patch, tiny_runs.torch_as_it_was():
        patch.chdir(folder)
        for recipe, (dataset, model, corruption) in RUNS.items():
            names = ["--dataset", dataset, "--model", model, "--corruption", corruption, "--recipe", recipe]
            assert main(["train", "--configfile", "mine.yaml", *names, "--out", recipe]) == 0
    return folder
