"""Snakemake, imported once for the dry runs of a test process: its imports are a third of what one takes.

As a script this is a server: it reads a call a line, forks, and answers with the exit code. It has imported nothing of
a workflow's own code, which each checkout brings.
"""

import atexit
import importlib
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

Called = subprocess.CompletedProcess[str]
READ_AT_START = ("PYTHON", "LC_", "LANG")  # variables that an interpreter reads when it starts, and not again


class Server:
    """A process that has imported Snakemake, and ends when this one does."""

    def __init__(self, environment: dict[str, str]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-P", __file__], env=environment, **pipes)
        atexit.register(self.close)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def call(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> Called:
        """What `subprocess.run` would return of `snakemake …` in a folder."""
        with tempfile.TemporaryDirectory() as written:
            files = [f"{written}/stdout", f"{written}/stderr"]
            asked = {"folder": str(folder), "arguments": arguments, "environment": environment, "files": files}
            print(json.dumps(asked), file=self.process.stdin, flush=True)
            code = int(self.process.stdout.readline())
            printed = [Path(file).read_text() for file in files]
        return subprocess.CompletedProcess(["snakemake", *arguments], code, *printed)


@cache
def server(*at_start: tuple[str, str]) -> Server:
    """The one that was started with these variables and no others of their kind."""
    others = {key: value for key, value in os.environ.items() if not key.startswith(READ_AT_START)}
    return Server(others | dict(at_start))


def call(folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> Called:
    """`snakemake …` in a folder and an environment."""
    at_start = sorted((key, value) for key, value in environment.items() if key.startswith(READ_AT_START))
    return server(*at_start).call(folder, arguments, environment)


def serve() -> None:
    """Answer calls until there are no more."""
    import snakemake.cli

    for name in ("jsonschema", "PIL.Image", "snakemake.report.html_reporter", "yaml"):  # what a dry run comes to import
        importlib.import_module(name)

    for line in sys.stdin:
        asked = json.loads(line)
        if not (child := os.fork()):
            os.environ.clear()
            os.environ.update(asked["environment"])
            os.chdir(asked["folder"])
            for number, file in enumerate(asked["files"], 1):
                os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.argv = [str(Path(snakemake.cli.__file__).with_name("__main__.py")), *asked["arguments"]]  # as -m has it
            snakemake.cli.main()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
