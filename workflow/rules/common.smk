# The checked configuration, and what needs Snakemake: everything else is rethinking.paths, .owners and .provenance.
import os
import shlex
import sys
from collections.abc import Callable
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

from snakemake.iocontainers import Wildcards


def installed_version() -> str:
    """The version of the installed package; empty where there is none."""
    try:
        return metadata.version("rethinking-generalization")
    except metadata.PackageNotFoundError:
        return ""


# The code that runs is this checkout's: here for parsing, in PYTHONPATH for the jobs. What else lies beside the Snakefile
# or in the working folder is its user's, and no copy.py or numpy.py there is imported in the place of another: Snakemake
# looks for modules there, Python where it is not safe, and for an empty entry of PYTHONPATH.
VERSION = "0.1.0"  # of the code that these rules call
CODE = os.path.dirname(workflow.current_basedir.get_path_or_uri(secret_free=True))
sys.path[:] = [folder for folder in sys.path if folder != os.path.dirname(CODE)]
if os.path.isdir(os.path.join(CODE, "rethinking")):
    sys.path.insert(0, CODE)
    before = os.getenv("PYTHONPATH", "").split(os.pathsep)
    os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [CODE, *before])))
elif (installed := installed_version()) != VERSION:  # fetched from git, file by file, or part of an installed package
    sys.exit(
        f"the workflow is version {VERSION} and lies without its package, of which"
        f" {f'version {installed}' if installed else 'none'} is installed: pip install rethinking-generalization=={VERSION}"
        " (or a checkout of it); or use the Snakefile of a checkout"
    )
# Jobs call `python3`: the one that runs Snakemake, or with `--sdm conda` that of environment.yml.
os.environ.update(
    PATH=os.pathsep.join([os.path.dirname(sys.executable), os.getenv("PATH", os.defpath)]), PYTHONSAFEPATH="1"
)
# Read by cuBLAS when a job starts; without it, matrix products on a GPU are not deterministic.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

from snakemake.logging import logger

from rethinking import owners, paths, provenance, resources
from rethinking.config import CHECKOUT, Configuration, DEFAULT, datasets, described, jobs, kernel_jobs
from rethinking.config.computed import RANDOM_LABELS
from rethinking.config.unused import unused
from rethinking.files import canonical_json
from rethinking.models.registry import sizes
from rethinking.registry import CLASSIFICATION, REGRESSION
from rethinking.outcomes.columns import OF_SOME
from rethinking.overrides import SOURCE, overrides
from rethinking.plotting.registry import ANIMATED, FIGURES, PICTURES
from rethinking.published import PAPER, check_published, checksums
from rethinking.reporting.registry import TABLES
from rethinking.run import RunConfig
from rethinking.schema import load_layers
from rethinking.targets import check_targets

# Imported by another workflow, this one is configured by what the module is given, and lies where that puts its paths.
MODULE = "config of the module"
IMPORTED = workflow.modifier.parent_modifier is not None
placed = workflow.modifier.path_modifier.replace_prefix
STORED = workflow.storage_settings.default_storage_provider is not None


def read_configuration() -> Configuration:
    """The checked configuration; a fault ends the workflow with one message before any job starts.

    A configuration file is complete, with those that it extends: the default is read only where no other was asked
    for. `--config key=value` overrides either. What a module extends is a path from the working folder.
    """
    if IMPORTED:
        values = dict(config) or {"extends": str(CHECKOUT / DEFAULT)}
        further = values.pop("extends", None)
        layers = {MODULE: values} | (load_layers(Path(further), further) if further else {})
        return Configuration.of_layers(MODULE, layers)
    settings = workflow.config_settings
    files = [str(file) for file in settings.configfiles] or [DEFAULT]
    layers = {SOURCE: overrides(settings.config_args or [])}
    for file in reversed(files):  # the last of several holds over those before it
        layers |= load_layers(CHECKOUT / file, file)
    return Configuration.of_layers(", ".join(files), layers)


try:
    CONFIGURATION = read_configuration()
    check_published(CHECKOUT / PAPER, CONFIGURATION.datasets)
    for folder in () if STORED else ("results", "figures"):
        paths.check_writable(placed(folder))
except ValueError as error:
    sys.exit(str(error))  # one line and no traceback, which WorkflowError would add


def asked_for() -> tuple[list[str], bool]:
    """The targets of the command line, and whether it wants a report of them; Snakemake says so only after all rules.

    Neither where it was not called by a person, or imports this workflow into another, whose targets are its own matter.
    """
    command_line = sys.modules.get("snakemake.cli")
    if command_line is None or Path(sys.argv[0]).name not in ("snakemake", "__main__.py") or IMPORTED:
        return [], False
    arguments, _ = command_line.get_argument_parser().parse_known_args(sys.argv[1:])
    return ([] if arguments.target_jobs else arguments.targets or []), arguments.report is not None


# The environment of `--sdm conda`: Snakemake formats its path, and a folder's name may have braces.
ENVIRONMENT = str(CHECKOUT / "environment.yml").replace("{", "{{").replace("}", "}}")


def command() -> str:
    """What stands before a target on the command line for this configuration, wherever its data lie."""
    settings = workflow.config_settings
    files = [] if IMPORTED else [str(file) for file in settings.configfiles]
    values = [] if IMPORTED else [each for each in settings.config_args or [] if not each.startswith("data_dir=")]
    options = [*(["--configfile", *files] if files else []), *(["--config", *values] if values else [])]
    return shlex.join(["snakemake", "--cores", "all", *options])


ASKED_FOR, REPORTED = asked_for()
for line in unused(CONFIGURATION, ASKED_FOR):
    logger.warning(line)
PRIORITY = resources.priorities(CONFIGURATION)
DATA_PRIORITY = len(PRIORITY) + 1  # what trainings wait for is made before them
KERNEL_THREADS = 16  # of products of large matrices, which any number of cores share well


wildcard_constraints:
    dataset=paths.one_of(CONFIGURATION.datasets),
    model=paths.one_of(CONFIGURATION.models),
    recipe=paths.one_of(CONFIGURATION.recipes),
    figure=paths.one_of(CONFIGURATION.figures),
    picture=paths.one_of(PICTURES),
    table=paths.one_of(CONFIGURATION.tables),
    section=paths.one_of(CONFIGURATION.sections),
    kernel=paths.one_of(CONFIGURATION.kernels),
    name=paths.one_of([CONFIGURATION.name]),
    seed="0|[1-9][0-9]*",


def literal(text: str) -> str:
    """Text as one word of a shell command, its braces left alone by Snakemake's formatting."""
    return shlex.quote(text).replace("{", "{{").replace("}", "}}")


def folder_of(file: Any) -> Any:
    """A param that names the folder of an input or output, which Snakemake compares with nothing either."""
    return subpath(file, parent=True)


def published(section: str) -> str:
    """The published numbers that a figure or table shows beside ours, by file and sha256."""
    return canonical_json(checksums(CHECKOUT / PAPER, described.published(CONFIGURATION, section)))
