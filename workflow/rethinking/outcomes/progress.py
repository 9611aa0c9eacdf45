"""The log of a training: what writes its lines and what reads them again, for those who watch a campaign.

The first line says where it runs, then comes one line an epoch, at the end one on what ended it.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """What a log says of an epoch: losses in nats, accuracies in percent; of training None where it was not scored."""

    epoch: int
    step: int
    learning_rate: float
    online_loss: float
    train_accuracy: float | None
    test_accuracy: float
    seconds: float

    def line(self) -> str:
        """As the log has it."""
        train = "-" if self.train_accuracy is None else f"{self.train_accuracy:.2f} %"
        return (
            f"epoch {self.epoch:4d}  step {self.step:7d}  rate {self.learning_rate:.3g}  "
            f"online loss {self.online_loss:.4f}  train {train}  "
            f"test {self.test_accuracy:.2f} %  {self.seconds:.2f} s"
        )


EPOCH = re.compile(
    r"^epoch +(\d+)  step +(\d+)  rate (\S+)  online loss (\S+)  train (?:-|(\S+) %)  test (\S+) %  (\S+) s$",
    re.MULTILINE,
)
STARTED = re.compile(r": on (.+), process (\d+), (\d+) epochs$", re.MULTILINE)
ENDED = re.compile(r": stopped by \S+ after \d+ epochs$", re.MULTILINE)
INTERRUPTED = re.compile(r": \S+, stopped; the same command ", re.MULTILINE)
FAULT = re.compile(r"^(?:error: |Traceback |[\w.]*(?:Error|Exception)\b).*", re.MULTILINE)


def started(path: str, host: str, process: int, epochs: int) -> str:
    """The line with which a training begins."""
    return f"{path}: on {host}, process {process}, {epochs} epochs"


@dataclass(frozen=True)
class Log:
    """A training's log: where it runs or ran ("" and 0 where that is not known), its epochs, and how it ended."""

    host: str
    process: int
    of: int
    epochs: tuple[Epoch, ...]
    ended: bool
    interrupted: bool
    fault: str

    @classmethod
    def read(cls, text: str) -> "Log":
        """Of the last training in a log's text, which may end in the middle of a line."""
        begun = list(STARTED.finditer(text))
        host, process, of = begun[-1].groups() if begun else ("", "0", "0")
        text = text[begun[-1].end() :] if begun else text
        faults = FAULT.findall(text)
        return cls(
            host=host,
            process=int(process),
            of=int(of),
            epochs=tuple(map(_epoch, EPOCH.findall(text))),
            ended=ENDED.search(text) is not None,
            interrupted=INTERRUPTED.search(text) is not None,
            fault=faults[-1] if faults else "",
        )


def _epoch(cells: tuple[str, ...]) -> Epoch:
    epoch, step, rate, loss, train, test, seconds = cells
    return Epoch(
        int(epoch), int(step), float(rate), float(loss), float(train) if train else None, float(test), float(seconds)
    )
