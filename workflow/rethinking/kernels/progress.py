"""How far a long job is, and how long it still takes."""

import time

EVERY = 5.0  # seconds between two lines


class Progress:
    """Prints the share that is done, at most every few seconds, and the time that is left at the speed so far."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.started = self.printed = time.monotonic()
        self.at_start: float | None = None
        self.before = 0.0

    def __call__(self, done: float, where: str) -> None:
        """`done` is the share of the work, from 0 to 1; what a resumed job found done does not count as its speed.

        A share that falls is one of other work, which begins then.
        """
        now = time.monotonic()
        if self.at_start is None or done < self.before:
            self.started = self.started if self.at_start is None else now
            self.at_start = done
        self.before = done
        if now - self.printed < EVERY and done < 1:
            return
        self.printed = now
        speed = (done - self.at_start) / max(now - self.started, 1e-9)
        left = f", {(1 - done) / speed:.0f} s left" if speed > 0 and done < 1 else ""
        print(f"{self.what}: {100 * done:.0f} %, {where}{left}", flush=True)
