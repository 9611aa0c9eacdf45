"""config/own-pictures.yaml, from photographs in two folders to figure and table: only `path` is changed."""

import numpy as np
import own_pictures
import pandas as pd
import pytest
from PIL import Image
from tiny_workflow import Checkout

FILE = "config/own-pictures.yaml"
TABLE = "results/tables/own-pictures/table1.csv"
CALL = ("--configfile", FILE)


def at(checkout: Checkout, path: str) -> None:
    checkout.edit(FILE, lambda text: text.replace("path: my-pictures", f'path: "{path}"'))


@pytest.mark.slow
def test_50_photographs_in_two_folders_become_a_figure_and_a_table(fresh_checkout, tmp_path):
    at(fresh_checkout, str(own_pictures.photographs(tmp_path / "Fotos für {mich}")))
    jobs = fresh_checkout.run(*CALL, target="study")
    assert sum(rule == "train" for rule, _ in jobs) == 27
    assert fresh_checkout.jobs(*CALL, target="study") == set()

    assert (fresh_checkout / "figures/fig1.pdf").read_bytes().startswith(b"%PDF")
    caption = (fresh_checkout / "figures/own-pictures/fig1.txt").read_text(encoding="utf-8")
    assert "own pictures, 40 training and 10 test images, 2 classes" in caption
    runs = pd.read_csv(fresh_checkout / "results/tables/own-pictures/fig1/runs.csv")
    assert len(runs) == 27
    table = pd.read_csv(fresh_checkout / TABLE)
    assert (table["train_accuracy"] == 100).all(), table
    assert len(table) == 4

    prepared = np.load(fresh_checkout / "results/data/own/train_images.npy").astype(float)
    assert prepared.shape == (40, 32, 32, 3)
    seen = [square(view) for _, view in own_pictures.views(25)]
    for image in prepared:
        assert min(np.abs(image - each).mean() for each in seen) < 2, "JPEG keeps a view almost; a turn does not"


def square(view: Image.Image) -> np.ndarray:
    side = min(view.size)
    left, top = (view.width - side) // 2, (view.height - side) // 2
    return np.asarray(
        view.crop((left, top, left + side, top + side)).resize((32, 32), Image.Resampling.BILINEAR), float
    )


def test_without_pictures_the_example_says_what_to_do(fresh_checkout):
    called = fresh_checkout.snakemake("--cores", "1", *CALL, "--dry-run", "--", "figures/fig1.pdf")
    assert called.returncode == 1
    message = (
        f'{fresh_checkout / FILE}: datasets.own.path = "my-pictures": there is no such folder or file (looked in '
        f"{fresh_checkout.folder}, the working folder); put a folder of pictures for each class there, or write here"
        " where they are"
    )
    assert message in (called.stdout + called.stderr).splitlines()
