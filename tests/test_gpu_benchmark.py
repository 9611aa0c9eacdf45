"""`python -m benchmarks gpu`: that all of it goes, on the CPU and small, and that only a GPU writes the page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def benchmarks(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks", *arguments]
    environment = {"PYTHONPATH": str(ROOT / "workflow"), "CUDA_VISIBLE_DEVICES": "", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_measure_is_taken_and_the_page_is_left_alone():
    page = ROOT / "benchmarks/gpu.md"
    before = page.read_bytes() if page.exists() else None
    called = benchmarks("gpu", "--device", "cpu")
    assert called.returncode == 0, called.stdout + called.stderr
    measures = [line.split(" | ")[0].removeprefix("| ") for line in called.stdout.splitlines() if line.startswith("| ")]
    for network in ("MLP 1×512", "AlexNet"):
        for precision in ("float32", "bfloat16"):
            for what in ("engine ÷ bare loop", "engine ÷ common way", "share of a 64³ bfloat16 product"):
                assert f"{network}, {precision}: {what}" in measures
    assert [name for name in measures if re.match(r"\d runs of Inception", name)] == [
        "1 runs of Inception at a time ÷ one",
        "2 runs of Inception at a time ÷ one",
    ]
    assert any(name.startswith("start of a run") for name in measures)
    assert (page.read_bytes() if page.exists() else None) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["gpu"], "torch sees no GPU"), (["gpu", "memory"], "gpu is measured by itself")],
)
def test_what_cannot_be_measured_is_said(arguments, message):
    called = benchmarks(*arguments)
    assert called.returncode != 0
    assert message in called.stderr


def session(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["bash", str(ROOT / "benchmarks/gpu_session.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_session_on_a_gpu_names_its_parts(tmp_path):
    unknown = session("everything", str(tmp_path / "out"))
    assert unknown.returncode == 2
    assert "unknown part 'everything': checks or campaign" in unknown.stderr
    assert "checks or campaign" in session().stderr
    assert "how many minutes" in session("campaign", str(tmp_path / "out")).stderr
