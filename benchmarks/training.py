"""Images a second: the engine against a bare loop, against the common way, and against the machine's own speed."""

import statistics
from collections.abc import Iterator

from benchmarks.processes import alternate, median_ratio
from benchmarks.results import Row
from rethinking.models.registry import MODELS

BATCHES = {"mlp_1x512": 100, "alexnet": 8, "inception": 3}  # seconds a measurement, all about alike
FIRST_LAYER = {"mlp_1x512": 2352 * 512, "alexnet": 28**2 * 75 * 64, "inception": 28**2 * 27 * 96}  # multiply-adds
BARE = {"mlp_1x512": 0.95, "alexnet": 0.98, "inception": 0.98}
COMMON = {
    ("mlp_1x512", "float32"): 1.8,
    ("alexnet", "float32"): 1.5,
    ("alexnet", "bfloat16"): 3,
    ("inception", "float32"): 1.6,
    ("inception", "bfloat16"): 3.3,
}
MACHINE = {
    ("mlp_1x512", "float32"): 0.6,
    ("alexnet", "float32"): 0.5,
    ("inception", "float32"): 0.75,
    ("inception", "bfloat16"): 0.25,
}


def flops(model: str) -> float:
    """FLOPs of training on one image: forward, gradients of weights and of inputs, but those of the first layer's."""
    return 2 * (3 * MODELS[model].multiply_adds - FIRST_LAYER[model])


def rows(folder: str | None, repeats: int) -> Iterator[Row]:
    for model, batches in BATCHES.items():
        ways = [("engine", "float32"), ("bare", "float32"), ("common", "float32"), ("matrix", "float32")]
        ways += [("engine", "bfloat16"), ("bare", "bfloat16"), ("matrix", "bfloat16")]
        last = [str(batches), *([folder] if folder else [])]
        found = alternate({way: ("ways", way[0], model, way[1], *last) for way in ways}, repeats)
        speed = {way: statistics.median(values) for way, values in found.items()}
        for precision in ("float32", "bfloat16"):
            ours, its = found["engine", precision], f"{MODELS[model].label}, {precision}"
            yield Row.of(
                precision,
                f"training, {its}: engine ÷ bare loop",
                median_ratio(ours, found["bare", precision]),
                BARE[model] if precision == "float32" else None,
                f"{speed['engine', precision]:,.0f} and, with torch's default SGD,"
                f" {speed['bare', precision]:,.0f} images/s",
            )
            yield Row.of(
                precision,
                f"training, {its}: engine ÷ common way, float32",
                median_ratio(ours, found["common", "float32"]),
                COMMON.get((model, precision)),
                f"{speed['engine', precision]:,.0f} and {speed['common', 'float32']:,.0f} images/s",
            )
            yield Row.of(
                precision,
                f"training, {its}: share of the machine's own speed",
                median_ratio([flops(model) * each for each in ours], found["matrix", precision]),
                MACHINE.get((model, precision)),
                f"{flops(model) * speed['engine', precision] / 1e9:,.0f} of"
                f" {speed['matrix', precision] / 1e9:,.0f} GFLOP/s",
            )
