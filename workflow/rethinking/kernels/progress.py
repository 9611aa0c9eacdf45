"""How far a long job is, and how long it still takes."""

import time

EVERY = 5.0  # seconds between two lines


class Progress:
    """Prints the share that is done, at most every few seconds, and the time that is left at the speed so far."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.started = self.printed = time.monotonic()
        self.at_start: float | None = None

    def __call__(self, done: float, where: str) -> None:
        """`done` is the share of the work, from 0 to 1; what a resumed job found done does not count as its speed."""
        now = time.monotonic()
        if self.at_start is None:
            self.at_start = done
        if now - self.printed < EVERY and done < 1:
            return
        self.printed = now
        speed = (done - self.at_start) / max(now - self.started, 1e-9)
        left = f", {(1 - done) / speed:.0f} s left" if speed > 0 and done < 1 else ""
        print(f"{self.what}: {100 * done:.0f} %, {where}{left}", flush=True)
