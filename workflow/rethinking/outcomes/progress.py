"""The log of a training: what writes its lines and what reads them again, for those who watch a campaign.

The first line says where it runs, two more how it starts and on what it computes, then comes one line an epoch, at the
end one on what ended it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """What a log says of an epoch: losses in nats, accuracies in percent; None of training where it was not scored.

    A regression has no accuracies.
    """

    epoch: int
    step: int
    learning_rate: float
    online_loss: float
    train_accuracy: float | None
    test_accuracy: float | None
    seconds: float

    def line(self) -> str:
        """As the log has it."""
        train, test = (
            "-" if accuracy is None else f"{accuracy:.2f} %" for accuracy in (self.train_accuracy, self.test_accuracy)
        )
        return (
            f"epoch {self.epoch:4d}  step {self.step:7d}  rate {self.learning_rate:.3g}  "
            f"online loss {self.online_loss:.4f}  train {train}  "
            f"test {test}  {self.seconds:.2f} s"
        )


EPOCH = re.compile(
    r"^epoch +(\d+)  step +(\d+)  rate (\S+)  online loss (\S+)  train (?:-|(\S+) %)  test (?:-|(\S+) %)  (\S+) s$",
    re.MULTILINE,
)
STARTED = re.compile(r": on (.+), process (\d+), (\d+) epochs$", re.MULTILINE)
ENDED = re.compile(r": stopped by \S+ after \d+ epochs$", re.MULTILINE)
INTERRUPTED = re.compile(r": \S+, stopped; the same command ", re.MULTILINE)
FAULT = re.compile(r"^(?:error: |Traceback |[\w.]*(?:Error|Exception)\b).*", re.MULTILINE)


def started(path: str, host: str, process: int, epochs: int) -> str:
    """The line with which a training begins."""
    return f"{path}: on {host}, process {process}, {epochs} epochs"


def of_score(score: Mapping[str, float | None], word: str = "") -> str:
    """What run.json says of a set after the last epoch: its accuracy, after `word`, or of a regression its loss."""
    if (accuracy := score["accuracy"]) is not None:
        return f"{word}{accuracy:.2f} %"
    return "loss not finite" if score["loss"] is None else f"loss {score['loss']:.3g}"


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
    train_accuracy, test_accuracy = (float(cell) if cell else None for cell in (train, test))
    return Epoch(int(epoch), int(step), float(rate), float(loss), train_accuracy, test_accuracy, float(seconds))
