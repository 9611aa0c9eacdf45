"""What a training job, and the measuring of its network, ask of a cluster: memory and time on one CPU core.

Both are upper estimates. A job that ran out of either is tried again with more, and goes on from its saved state.
"""

from math import ceil

from rethinking.config import Configuration
from rethinking.models.registry import MODELS
from rethinking.run import RunConfig

# Multiply-adds a second of a slow core with AVX2; the measured ones do 1.5 to 3 times as many.
SPEED = 2.0e10
STARTING = 60  # seconds, from a busy file server
BASE = 1500  # MB: torch and Python (650), the two Snakemakes that start a cluster's job (400), and some to spare
ACTIVATION = 5.6  # bytes that a step needs for each number that a layer puts out (measured: up to 4.2)
PARAMETER = 40  # bytes: weight, gradient, velocity, the initial weight, the state twice while it is saved, and to spare
LEDGER = 20  # bytes an example and evaluation: kept, gathered and written while it is saved, and to spare
CURVED_IMAGES, CURVED_BATCH = 2000, 250  # of the Hessian (analysis/curvature.py), together and at a time
CURVED, PRODUCTS = 12, 100  # work of a product with it in float64, in passes forward; products, of a slow case
DECOMPOSITION, MATRICES = 60, 5  # multiply-adds for each of n N min(n, N); how much faster large matrices are
BYTES_OF = {"float32": 4, "float64": 8}
BYTES = 9  # a pixel's value as stored, and as float32 before and after it is laid out for the network


def _images(configuration: Configuration, run: RunConfig) -> tuple[int, int, int, int]:
    """Number of training and of test images, and their side in pixels as they are held and as the network sees them."""
    entry = configuration.datasets[run.dataset]
    train, test = (entry[part] or entry["original"][part] for part in ("train", "test"))
    held = run.training.crop or entry["image_size"] or entry["original"]["image_size"]
    return train, test, held, run.training.resize or held


def _area(run: RunConfig, side: int) -> float:
    """How many times the image's area is that for which the network's sizes are stated."""
    return (side / MODELS[run.factory].input_shape[-1]) ** 2


def train_memory(configuration: Configuration, run: RunConfig) -> int:
    """MB: the images, a step's activations, the parameters, the ledger where one is kept."""
    train, test, held, side = _images(configuration, run)
    images = (train + test) * 3 * held**2 * BYTES / 1e6
    network, width, area = MODELS[run.factory], run.arguments.get("width", 1), _area(run, side)
    activations = run.training.batch_size * network.activations * area * width * ACTIVATION / 1e6
    # Only what follows a flattened feature map grows with the image, and nothing shrinks much.
    parameters = network.parameters * max(1, area) * width**2 * PARAMETER / 1e6
    evaluations = run.training.epochs * run.training.evaluations_per_epoch if run.training.ledger else 0
    return ceil(BASE + images + activations + parameters + train * evaluations * LEDGER / 1e6)


def train_minutes(configuration: Configuration, run: RunConfig) -> int:
    """Minutes: forward and backward on every training image, forward on every image at each evaluation, all epochs."""
    train, test, _, side = _images(configuration, run)
    steps = run.training.steps_per_epoch
    shown = train if steps is None else steps * run.training.batch_size
    images = 3 * shown + run.training.evaluations_per_epoch * (train + test)
    scale = _area(run, side) * run.arguments.get("width", 1) ** 2
    work = run.training.epochs * images * MODELS[run.factory].multiply_adds * scale
    return ceil((STARTING + work / SPEED) / 60)


def complexity_memory(configuration: Configuration, run: RunConfig) -> int:
    """MB: what a training needs, and a batch's second derivatives in float64."""
    network, width, area = (
        MODELS[run.factory],
        run.arguments.get("width", 1),
        _area(run, _images(configuration, run)[3]),
    )
    activations = CURVED_BATCH * network.activations * area * width * CURVED * ACTIVATION / 1e6
    return ceil(train_memory(configuration, run) + activations)


def complexity_minutes(configuration: Configuration, run: RunConfig) -> int:
    """Minutes: the products of a Hessian of so many images, and all training images once."""
    train, _, _, side = _images(configuration, run)
    images = train + PRODUCTS * CURVED * min(train, CURVED_IMAGES)
    work = images * MODELS[run.factory].multiply_adds * _area(run, side) * run.arguments.get("width", 1) ** 2
    return ceil((STARTING + work / SPEED) / 60)


def priorities(configuration: Configuration) -> dict[str, int]:
    """How early each run of the figures and tables is to train, by its path: the larger, the earlier.

    In the order in which they stand in the configuration, all of the first seed before any of the next: what trains
    first where not everything can at once, or within the time that there is.
    """
    runs = [run for section in configuration.sections for run in configuration.runs(section)]
    order = list(dict.fromkeys(run.path for seed in configuration.seeds for run in runs if run.seed == seed))
    return {path: len(order) - place for place, path in enumerate(order)}


def gram_memory(configuration: Configuration, kernel: str) -> int:
    """MB: the images as they are stored and as features, one block of them, and a block of rows twice."""
    values = configuration.kernels[kernel]
    entry = configuration.datasets[values["dataset"]]
    train, test = (entry[part] or entry["original"][part] for part in ("train", "test"))
    side, channels = (entry[key] or entry["original"][key] for key in ("image_size", "channels"))
    patches = values["patches"] or {"filters_a_block": 0}
    wavelets = max((len(each["wavelengths"]) * each["orientations"] for each in values["gabor"]), default=0)
    features = 2 * side**2 * channels * (1 + wavelets) + 2 * 8 * patches["filters_a_block"]
    return ceil(BASE + ((train + test) * features + 3 * values["rows"] * train) * BYTES_OF[values["precision"]] / 1e6)


def kernel_minutes(configuration: Configuration, kernel: str) -> int:
    """Minutes of each of a kernel's jobs on two cores; all of CIFAR-10 by random patches took 102 for all three."""
    entry = configuration.datasets[configuration.kernels[kernel]["dataset"]]
    train = entry["train"] or entry["original"]["train"]
    return ceil(20 + 300 * (train / 60_000) ** 2)


def random_features_minutes(configuration: Configuration) -> int:
    """Minutes on two cores: a decomposition for each number of features and seed, of all kinds of labels at once."""
    values = configuration.random_features
    if values is None:
        return 1
    entry = configuration.datasets[values["dataset"]]
    train = entry["train"] or entry["original"]["train"]
    work = sum(train * features * min(train, features) for features in values["features"])
    seconds = DECOMPOSITION * len(configuration.seeds) * work / (MATRICES * SPEED)
    return ceil(20 + seconds / 60)


def random_features_memory(configuration: Configuration) -> int:
    """MB: the features of all training and test images in float64, and the factors of those of the training images."""
    values = configuration.random_features
    if values is None:
        return BASE
    entry = configuration.datasets[values["dataset"]]
    train, test = (entry[part] or entry["original"][part] for part in ("train", "test"))
    return ceil(BASE + 8 * (3 * (train + test) * max(values["features"]) + 4 * train**2) / 1e6)


def factor_memory(configuration: Configuration, kernel: str) -> int:
    """MB: the lower triangle of the factor, a few blocks of rows, and the whole of what l2 is chosen by."""
    values = configuration.kernels[kernel]
    entry = configuration.datasets[values["dataset"]]
    train = entry["train"] or entry["original"]["train"]
    triangle = (train**2 / 2 + 4 * values["rows"] * train) * BYTES_OF[values["precision"]]
    return ceil(
        max(gram_memory(configuration, kernel), BASE + triangle / 1e6, BASE + 4 * 8 * min(train, 10_000) ** 2 / 1e6)
    )
