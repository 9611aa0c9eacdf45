"""Runs as other programs read them."""

import struct
import sys
from pathlib import Path

import pandas as pd
import pytest

from rethinking.stages import export

RUN = "digits-50/inception-w0.05/true_labels/curves/seed0"


def events(folder: Path) -> list[tuple[str, float, int, float]]:
    """The scalars of a folder's event file: column, value, step, time. Each record has its length before it."""
    from tensorboardX.proto.event_pb2 import Event

    (file,) = folder.glob("events.out.tfevents.*")
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = Event.FromString(data[12 : 12 + length])
        found += [(value.tag, value.simple_value, event.step, event.wall_time) for value in event.summary.value]
        data = data[12 + length + 4 :]
    return found


def test_an_event_file_has_every_number_of_a_run_at_its_step(completed, tmp_path):
    folders = export.tensorboard(completed / "results/runs", tmp_path)
    assert len(folders) == 8
    metrics = pd.read_csv(completed / "results/runs" / RUN / "metrics.csv")
    found = events(tmp_path / RUN)
    losses = {step: value for tag, value, step, _ in found if tag == "OnlineTrainLoss"}
    assert losses == pytest.approx(dict(zip(metrics["Step"], metrics["OnlineTrainLoss"], strict=True)))
    assert {tag for tag, *_ in found} <= set(metrics.columns) - {"Epoch", "Step"}
    times = [time for tag, *_, time in found if tag == "TestLoss"]
    assert times[-1] - times[0] == pytest.approx(metrics["Totaltime"].iloc[-1] - metrics["Totaltime"].iloc[0], abs=1e-3)


def test_a_second_call_replaces_what_the_first_wrote(completed, tmp_path):
    for _ in range(2):
        export.main(["tensorboard", "--runs", str(completed / "results/runs" / RUN), "--out", str(tmp_path)])
    assert len(list(tmp_path.glob("events.*"))) == 1


def test_a_folder_without_runs_is_named(tmp_path):
    with pytest.raises(ValueError, match="holds no finished run"):
        export.tensorboard(tmp_path, tmp_path / "out")


def test_what_is_not_installed_is_named_with_the_way_to_have_it(completed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ValueError, match="pip install tensorboardX"):
        export.tensorboard(completed / "results/runs", tmp_path)
