"""How far a transfer is: a bar on a terminal, a line every few seconds in a log."""

import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0

Say = Callable[[str], None]


class Progress:
    """Counts the bytes of one transfer; `total` is None where nobody knows it."""

    def __init__(self, name: str, total: int | None, say: Say) -> None:
        self.received = 0
        self._name, self._total, self._say = name, total, say
        self._started = self._last_line = time.monotonic()
        self._bar = tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=None)  # None: only on a terminal

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.close()

    def add(self, count: int) -> None:
        """`count` more bytes have arrived."""
        self.received += count
        self._bar.update(count)
        now = time.monotonic()
        if self._bar.disable and now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._say(self._line(now - self._started))

    def _line(self, seconds: float) -> str:
        rate = self.received / seconds
        line = f"{self._name}: {self.received / 1e6:.1f} MB"
        if self._total is None:
            return f"{line}, {rate / 1e6:.2f} MB/s"
        left = (self._total - self.received) / rate
        share = f"{line} of {self._total / 1e6:.1f} ({self.received / self._total:.0%})"
        return f"{share}, {rate / 1e6:.2f} MB/s, {left:.0f} s left"
