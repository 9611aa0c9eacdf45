"""`data_dir`: a folder that is not the one that was meant is refused with that one."""

from pathlib import Path

import pytest

from rethinking.config import CATALOGUE, CHECKOUT, DEFAULT, Configuration
from rethinking.schema import ConfigOrigins, ConfigurationError, load_yaml


def with_data_dir(place: str) -> Configuration:
    raw = load_yaml(CHECKOUT / DEFAULT) | {"data_dir": place}
    return Configuration(raw, load_yaml(CHECKOUT / CATALOGUE), ConfigOrigins("here.yaml"))


@pytest.mark.parametrize(
    ("place", "held", "archive", "meant"),
    [
        ("cifar-10-batches-py", ["data_batch_1"], "cifar-10-python.tar.gz", "."),
        ("cifar10/cifar-10-batches-py", ["data_batch_1"], "cifar-10-python.tar.gz", "cifar10"),
        ("afhq", ["train/cat/1.jpg"], "afhq.zip", "."),
    ],
)
def test_a_data_dir_that_is_one_folder_too_deep_is_refused_with_the_one_that_is_meant(
    place, held, archive, meant, tmp_path: Path
):
    for file in held:
        (tmp_path / place / file).parent.mkdir(parents=True)
        (tmp_path / place / file).touch()
    folder = tmp_path / place
    with pytest.raises(ConfigurationError) as caught:
        with_data_dir(str(folder))
    what = f"is itself what {archive} unpacks to; write the folder that it lies in, '{tmp_path / meant}'"
    assert str(caught.value) == f'here.yaml: data_dir = "{folder}": {what}'
    assert with_data_dir(str(tmp_path / meant)).data_dir == str(tmp_path / meant)


def test_a_relative_path_is_from_the_folder_that_is_worked_in(fresh_checkout, tmp_path):
    """Which Snakemake's `--directory` may name: jobs run there, also on other machines."""
    (tmp_path / "out/data").mkdir(parents=True)
    options = ("--dry-run", "--directory", str(tmp_path / "out"), "--config")
    assert fresh_checkout.snakemake(*options, "data_dir=data").returncode == 0
    refused = fresh_checkout.snakemake(*options, "data_dir=config")
    told = f'--config: data_dir = "config": there is no such folder (looked in {tmp_path}/out, the working folder)'
    assert told in refused.stderr.splitlines()


def test_a_data_dir_of_such_a_name_that_has_the_files_is_taken(tmp_path):
    for name, file in (("cifar-10-batches-py", "cifar-10-python.tar.gz"), ("afhq", "afhq.zip")):
        (tmp_path / name / "other").mkdir(parents=True)
        (tmp_path / name / file).touch()
        assert with_data_dir(str(tmp_path / name)).data_dir == str(tmp_path / name)
