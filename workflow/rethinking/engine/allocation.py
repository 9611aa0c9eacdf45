"""What the C library does with memory that is freed: by default it goes back to the system, here it is kept.

A training step frees and asks again for the same hundreds of megabytes of activations. Memory that comes fresh from the
system is handed over page by page, each one cleared first: up to half the time of an evaluation (docs/performance.md).
"""

import ctypes

# glibc's names and numbers, malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = -1


def keep_freed_memory() -> bool:
    """Keep freed memory for what this process allocates next; return whether the C library can be told so.

    True with glibc. Elsewhere nothing happens, and nothing but speed depends on it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library; none to ask on Windows
        return False
    # Large blocks come from the heap and not from maps of their own, and the heap's free end stays.
    return mallopt(M_MMAP_MAX, 0) == 1 and mallopt(M_TRIM_THRESHOLD, NEVER) == 1
