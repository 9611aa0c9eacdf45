"""`python -m benchmarks gpu`: what a GPU does with the paper's five networks, as ratios; writes benchmarks/gpu.md.

Some two minutes; `--device cpu` goes the same ways small, to see that they go, and writes nothing.
"""

import datetime
import gc
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from benchmarks.gpu_ways import Images, Repeat, bare, common, engine, product
from benchmarks.images import images
from benchmarks.processes import ENVIRONMENT, ROOT, median_ratio
from benchmarks.results import Row
from benchmarks.training import flops
from rethinking.engine.reproducibility import machine, versions
from rethinking.files import read_json
from rethinking.models.registry import MODELS

PAGE = Path(__file__).parent / "gpu.md"
ALL_FIVE = ("mlp_1x512", "mlp_3x512", "alexnet", "inception", "inception_without_bn")
COMPILED = ("inception", "alexnet")  # compiling all would take too long
WANTED = {("inception", "bfloat16"): 0.35}  # share of the device's own speed


@dataclass(frozen=True)
class Size:
    """What is measured: batches of `batch`, `steps` of them a measurement, `repeats` measurements in turn."""

    models: tuple[str, ...]
    batch: int
    steps: dict[str, int]  # by model family
    repeats: int
    side: int  # of the matrices
    workers: tuple[int, ...]  # of the DataLoader
    shared: tuple[int, ...]  # runs at a time
    configuration: Path  # whose runs they are
    modes: tuple[str, ...] = ("default", "reduce-overhead")


FULL = Size(
    ALL_FIVE,
    128,
    {"mlp": 200, "alexnet": 100, "inception": 50},
    3,
    8192,
    (4, 8, 16),
    (1, 2, 4, 8),
    ROOT / "benchmarks/gpu.yaml",
)


def measured(ways: dict[str, Repeat], repeats: int) -> dict[str, list[float]]:
    """Images a second of each way, all of them in turn, so that a device that slows down slows all alike."""
    for repeat in ways.values():
        repeat()  # the first allocates, chooses kernels and compiles
    found: dict[str, list[float]] = {way: [] for way in ways}
    for _, (way, repeat) in itertools.product(range(repeats), ways.items()):
        found[way].append(repeat())
    return found


def best_workers(size: Size, pixels: Images, device: torch.device) -> int:
    """With how many worker processes the DataLoader is fastest, tried with the smallest network."""
    part = pixels[0][: 40 * size.batch], pixels[1][: 40 * size.batch]
    tried = {}
    for workers in size.workers:
        repeat = common("mlp_1x512", "float32", part, size.batch, device, workers)
        repeat()
        tried[workers] = repeat()
    return max(tried, key=tried.__getitem__)


def training_rows(size: Size, pixels: Images, device: torch.device) -> Iterator[Row]:
    """Of each network and precision: the engine against a bare loop, the common way, the device, itself compiled."""
    peak = statistics.median(measured({"product": product(size.side, device)}, size.repeats)["product"])
    workers = best_workers(size, pixels, device)
    yield Row("best number of DataLoader workers", workers, None, f"of {', '.join(map(str, size.workers))}")
    for model, precision in itertools.product(size.models, ("float32", "tfloat32", "bfloat16")):
        if precision == "tfloat32" and device.type != "cuda":
            continue
        num = size.batch * size.steps[MODELS[model].family]
        part = pixels[0][:num], pixels[1][:num]
        given = (model, precision, part, size.batch, device)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        ours = engine(*given)
        ours()
        memory = torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else float("nan")
        ways = {"engine": ours, "bare": bare(*given), "common": common(*given, workers=workers)}
        found = measured(ways, size.repeats)
        speed = {way: statistics.median(values) for way, values in found.items()}
        named, share = f"{MODELS[model].label}, {precision}", flops(model) * speed["engine"] / peak
        for way, what in (("bare", "bare loop"), ("common", "common way")):
            how = f"{speed['engine']:,.0f} and {speed[way]:,.0f} images/s"
            yield Row(f"{named}: engine ÷ {what}", median_ratio(found["engine"], found[way]), None, how)
        how = f"{flops(model) * speed['engine'] / 1e12:.1f} of {peak / 1e12:.0f} TFLOP/s; {memory:,.0f} MB at most"
        yield Row(f"{named}: share of a {size.side}³ bfloat16 product", share, WANTED.get((model, precision)), how)
        del ours, ways
        gc.collect()


def compiled_rows(size: Size, pixels: Images, device: torch.device) -> Iterator[Row]:
    """The engine compiled, with CUDA graphs and without, against itself layer by layer, in bfloat16."""
    for model, mode in itertools.product(COMPILED, size.modes):
        num = size.batch * size.steps[MODELS[model].family]
        given = (model, "bfloat16", (pixels[0][:num], pixels[1][:num]), size.batch, device)
        start = time.perf_counter()
        compiled = engine(*given, compiled=mode)
        compiled()
        seconds = time.perf_counter() - start
        found = measured({"eager": engine(*given), "compiled": compiled}, size.repeats)
        how = f"{statistics.median(found['compiled']):,.0f} images/s, after {seconds:.0f} s of compiling"
        ratio = median_ratio(found["compiled"], found["eager"])
        yield Row(f"{MODELS[model].label}, bfloat16: compiled ({mode}) ÷ not", ratio, None, how)
        torch.compiler.reset()


def snakemake(size: Size, folder: Path, *arguments: str) -> float:
    """Seconds of a call in `folder` with the profile for GPUs."""
    files = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    files += ["--profile", str(ROOT / "profiles/gpu"), "--configfile", str(size.configuration)]
    start = time.perf_counter()
    command = [sys.executable, "-m", "snakemake", *files, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - start


def shared_rows(size: Size) -> Iterator[Row]:
    """Images a second of all runs together, as Snakemake runs several on one device; seconds to start one."""
    alone = None
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary)
        snakemake(size, prepared, "--", "results/data/digits-28/manifest.json")
        for num in size.shared:
            runs = [f"results/runs/digits-28/inception/true_labels/shared/seed{seed}/run.json" for seed in range(num)]
            wall = snakemake(size, prepared, "--force", "--resources", f"gpu={num}", "--", *runs)
            summaries = [read_json(prepared / run) for run in runs]
            speeds = [each["epochs_done"] * each["num_train"] / each["seconds"] for each in summaries]
            together = sum(speeds)
            if alone is None:
                alone = together / num
                starting = wall - summaries[0]["seconds"]
                yield Row("start of a run, with Snakemake's own: s", starting, None, f"{wall:.1f} s in all")
            how = f"{together:,.0f} images/s, evaluations included; {wall:.0f} s with all starts"
            yield Row(f"{num} runs of Inception at a time ÷ one", together / alone, None, how)


def rows(size: Size, device: torch.device, folder: str | None) -> Iterator[Row]:
    """Every measure; `folder` holds cifar-10-batches-py, None gives random pixels."""
    pixels = images(folder, size.batch * max(40, *size.steps.values()))
    yield from training_rows(size, pixels, device)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    yield from shared_rows(size)
    yield from compiled_rows(size, pixels, device)  # last: it takes longest, and what is measured is written


def page(found: list[Row], device: torch.device, pixels: str) -> str:
    """The page that is written."""
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    return "\n".join(
        [
            "# Benchmarks on a GPU",
            "",
            f"Written by `python -m benchmarks gpu`: medians of {FULL.repeats} ratios of measurements taken in turn in"
            f" one process; batches of {FULL.batch} images of 28×28 ({pixels}). The common way is torchvision's data"
            " set and a DataLoader with worker processes and pinned memory, in the same precision and with kernels of"
            " cuDNN's own choice; the engine's are deterministic. FLOPs count the zeros around an image as well.",
            "",
            f"{machine(device)} · {made} · {datetime.date.today()}",
            "",
            "| measure | value | asked for | met | measured |",
            "|---|---|---|---|---|",
            *map(str, found),
            "",
        ]
    )


SMALL = partial(
    Size,
    models=("mlp_1x512", "alexnet"),
    batch=8,
    steps={"mlp": 2, "alexnet": 2, "inception": 1},
    repeats=1,
    side=64,
    workers=(0,),
    shared=(1, 2),
    modes=(),
)


def main(device: str, folder: str | None) -> None:
    """Measure and print; on a GPU write the page, and again after each measure, so that none is lost."""
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch sees no GPU; --device cpu goes the same ways small")
    chosen = torch.device(device)
    size = FULL if device == "cuda" else SMALL(configuration=ROOT / "benchmarks/gpu-small.yaml")
    found = []
    for row in rows(size, chosen, folder):
        found.append(row)
        print(row, flush=True)
        if device == "cuda":
            PAGE.write_text(page(found, chosen, "CIFAR-10" if folder else "random pixels"), encoding="utf-8")
