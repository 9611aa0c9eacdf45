"""Independent random streams of one integer seed.

A run's seed feeds six streams, so that two runs that differ only in model or recipe share their corruption, and the
batch order of the e-th pass over the images depends on (seed, e) alone.
"""

import numpy as np

STREAMS = ("corruption", "split", "initialisation", "order", "augmentation", "dropout")


def sequence(seed: int, stream: str, *keys: int) -> np.random.SeedSequence:
    """The seed sequence of a stream; `keys` (an epoch, say) name independent children of it."""
    return np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream), *keys))


def rng(seed: int, stream: str, *keys: int) -> np.random.Generator:
    """NumPy's generator for a stream."""
    return np.random.Generator(np.random.PCG64(sequence(seed, stream, *keys)))


def integer(seed: int, stream: str, *keys: int) -> int:
    """A 63-bit integer from a stream, to seed a generator of another library."""
    return int(sequence(seed, stream, *keys).generate_state(1, np.uint64)[0] >> np.uint64(1))
