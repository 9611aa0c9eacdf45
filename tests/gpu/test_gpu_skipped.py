"""What `make test-gpu` says where there is no GPU."""

import subprocess
import sys
from pathlib import Path


def test_without_a_gpu_the_tests_for_one_are_skipped_and_say_why(environment):
    file = Path(__file__).with_name("test_gpu_waiting.py")
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--device", "cuda", str(file)]
    blind = {**environment, "CUDA_VISIBLE_DEVICES": ""}
    called = subprocess.run(command, env=blind, cwd=file.parents[2], capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stdout + called.stderr
    assert "torch sees no GPU; `--device cpu` runs the same on the CPU" in called.stdout
    assert " passed" not in called.stdout
