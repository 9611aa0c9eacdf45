"""`make mutate`: that the proof of `make accept` notices. Half an hour on one core; prints a table.

In a copy of this checkout one constant of one module is changed, one module after the other, and `accept` must refuse
each. Modules of figures and tables need no proof: `accept` does not keep what they make, another digest of their code
draws it again.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1] / "workflow")]

from conftest import copy_sources

from rethinking.analysis.registry import MEASURES
from rethinking.code_digest import reached
from rethinking.config.datasets import READERS
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.reporting.registry import TABLES

# Module -> what is changed in it, to what. A registered one's that is not named here is its first constant.
MUTATIONS: dict[str, list[tuple[str, str]]] = {
    "analysis.norms": [("norm**2", "norm**3")],
    "data.archives": [("parts[len(own) :]", "parts[len(own) + 1 :]")],
    "data.corruptions.gaussian_pixels": [("mean + sd *", "mean + 3 * sd *")],
    "data.corruptions.class_noise": [("CLASS = 6", "CLASS = 7"), ("(num_classes - 1)", "(num_classes - 2)")],
    "data.corruptions.given_labels": [("new_labels != labels", "new_labels == labels")],
    "data.corruptions.human_labels": [("new_labels != labels", "new_labels == labels")],
    "data.corruptions.people": [('"random1": "random_label1"', '"random1": "random_label2"')],
    "data.corruptions.image_draws": [("TRAIN, TEST = 4, 5", "TRAIN, TEST = 4, 6")],
    "data.corruptions.label_draws": [("CHOICE = 0", "CHOICE = 3")],
    "data.corruptions.pixel_units": [("else 1", "else 2")],
    "data.corruptions.random_labels": [("integers(num_classes,", "integers(num_classes - 1,")],
    "data.corruptions.random_pixels": [("axis=1", "axis=0")],
    "data.corruptions.shuffled_labels": [("ORDER = 2", "ORDER = 3")],
    "data.corruptions.shuffled_pixels": [("ONCE = 3", "ONCE = 2")],
    "data.decoding": [("(seen.width - side) // 2", "(seen.width - side) // 3"), ('"white"', '"black"')],
    "data.folders": [("@eadir", "@other")],
    "data.pictures": [("round(train * test_share)", "round(1.5 * train * test_share)")],
    "data.prepare": [("np.repeat(images, 3, axis=3)", "np.repeat(images, 2, axis=3)")],
    "data.preprocess": [("np.float32(255)", "np.float32(256)"), ("1 / num_values", "9 / num_values")],
    "data.readers.cifar10": [("transpose(0, 2, 3, 1)", "transpose(0, 3, 2, 1)")],
    "data.readers.cifar10_animals": [('"wild": ("bird", "deer", ', '"wild": ("deer", ')],
    "data.readers.cifar10_cat_dog_horse": [('"cat", "dog", "horse"', '"cat", "dog", "frog"')],
    "data.readers.digits": [("SPLIT_SEED = 0", "SPLIT_SEED = 1")],
    "data.readers.fashion_mnist": [('"T-shirt/top"', '"T-shirt"')],
    "data.readers.image_folder": [("SPLIT_SEED = 0", "SPLIT_SEED = 1")],
    "data.readers.mnist": [('"0123456789"', '"1234567890"')],
    "data.splits": [("TRAIN, TEST, VALIDATION = 0, 1, 2", "TRAIN, TEST, VALIDATION = 0, 1, 3")],
    "engine.augmentation": [("< 0.5", "< 0.6"), ("(free - 1) // 2", "(free - 1) // 3")],
    "engine.batch_norm": [("** (step + 1)", "** (step + 2)")],
    "engine.evaluation": [("float(self.loss) / self.images", "float(self.loss) / (self.images + 1)")],
    "engine.initialisation": [("else 0.04", "else 0.05"), ("BIAS = 0.1", "BIAS = 0.11"), ("mul_(0.5)", "mul_(0.6)")],
    "engine.ledger": [("FEW = 256", "FEW = 2"), ("hidden, -torch.inf", "hidden, -1")],
    "engine.loop": [
        ("range(1, evaluations)", "range(2, evaluations)"),
        ("learning_rate(self.step,", "learning_rate(1 + self.step,"),
        ("number = passed + 1", "number = passed + 2"),
    ],
    "engine.optim": [("dampening=0.0", "dampening=0.01"), ("min(epoch /", "min(1.1 * epoch /")],
    "engine.precision": [("torch.bfloat16", "torch.float16")],
    "engine.records": [("100 * int(self.correct)", "99 * int(self.correct)")],
    "engine.regularisation": [("clamp_max(1)", "clamp_max(1.5)")],
    "engine.reproducibility": [
        ('        return "float32"\n    return precision', '        return "bfloat16"\n    return precision')
    ],
    "engine.resize": [("align_corners=False", "align_corners=True")],
    "engine.results": [("[(0, initial)]", "[(1, initial)]")],
    "engine.state": [("accuracy > self.best.accuracy", "accuracy >= self.best.accuracy")],
    "engine.stopping": [("threshold: float = 1e-4", "threshold: float = 1.5e-4")],
    "engine.tasks": [("100 * int(found", "101 * int(found"), ("torch.cat([before, predicted])", "before")],
    "models.alexnet": [("alpha: float = 0.001", "alpha: float = 0.0012"), ("-2 * ctx", "-1.9 * ctx")],
    "models.densenet": [
        ("NUM_BLOCKS, LAYERS_A_BLOCK, GROWTH = 4, 4, 32", "NUM_BLOCKS, LAYERS_A_BLOCK, GROWTH = 4, 4, 33")
    ],
    "models.five_layer_cnn": [("(4, 2), (8, 8)", "(4, 2), (9, 8)")],
    "models.googlenet": [("scaled(64, width), scaled(192, width)", "scaled(65, width), scaled(192, width)")],
    "models.inception": [("eps=1e-3", "eps=1.1e-3"), ("(Downsample, (80,))", "(Downsample, (81,))")],
    "models.layers": [("padding: int = 0", "padding: int = 1")],
    "models.lenet": [("scaled(120, width)", "scaled(121, width)")],
    "models.mlp": [("scaled(124, width)", "scaled(125, width)")],
    "models.nin": [("stride=4", "stride=3")],
    "models.resnet": [("FILTERS = (64, 128, 256, 512)", "FILTERS = (64, 128, 256, 513)")],
    "models.simple_conv_net": [("BOTTLENECK = 8", "BOTTLENECK = 9")],
    "models.sizes": [("max(1, round(", "max(2, round(")],
    "models.vgg": [("filters_times=width / 4", "filters_times=width / 5")],
    "outcomes.criteria": [("Criterion(accuracy=99)", "Criterion(accuracy=98.9)")],
    "run": [("redraw_labels_after, 1)", "redraw_labels_after, 2)")],
    "seeds": [(">> np.uint64(1)", ">> np.uint64(2)")],
    "stages.corrupt": [("values[0]) for option", "values[-1]) for option")],
    "stages.placement": [("stored = images.transpose(0, 3, 1, 2)", "stored = images.transpose(0, 3, 2, 1)")],
    "stages.train": [('"num_test": len(sets.test.labels)', '"num_test": len(sets.train.labels)')],
}
# Modules behind data and trainings that hold no constant which a number comes from, and what they hold.
WITHOUT = {
    "data.contents": "checksums of pictures",
    "data.corruptions.corrupted": "the names of what a corruption returns",
    "data.labels": "refuses labels, changes none",
    "data.manifests": "which arrays belong together",
    "data.originals": "checksums of files",
    "data.loaded": "the names of what a reader returns",
    "engine.allocation": "memory",
    "engine.compiled": "what is said where nothing can be compiled",
    "engine.device": "which GPU",
    "files": "reading and writing",
    "names": "names",
    "outcomes.progress": "the words of a log",
    "pickles": "what may be read from a pickle",
    "recipe": "the names of a recipe's values",
    "stages.claim": "which process",
    "stages.prepare": "arguments and files",
    "stages.run_folder": "arguments and files",
    "stages.sealing": "checksums of a run's files",
    "stages.split": "arguments and files",
}


def registered() -> set[str]:
    """The modules of what data are made with and trained: readers, corruptions, networks, measures."""
    entries = [*CORRUPTIONS.values(), *MODELS.values(), *MEASURES.values()]
    modules = {f"rethinking.data.readers.{reader}" for reader in READERS} | {entry.module for entry in entries}
    return {module.removeprefix("rethinking.") for module in modules}


def modules_behind_trainings() -> set[str]:
    """Every module, packages left out, whose code makes data or trains, without `rethinking.`."""
    stages = [f"stages.{stage}" for stage in ("prepare", "split", "corrupt", "train")]
    found = reached(*(f"rethinking.{module}" for module in (*stages, *registered())))
    packages = {module.rpartition(".")[0] for module in found}
    return {module.removeprefix("rethinking.") for module in found if module not in packages | {"rethinking"}}


def modules_of_the_paper() -> list[str]:
    """The modules of figures, tables and pictures."""
    return sorted({entry.module.removeprefix("rethinking.") for entry in (FIGURES | TABLES | PICTURES).values()})


def first_constant(text: str) -> tuple[str, str]:
    """The line of a module's first number inside a function, and the line with that number one larger.

    Where there is none, of its first text that stands for something, and the text with a word more.
    """
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    # Those in formatted text are left alone: Python 3.11 does not say where they stand.
    formatted = {inner for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    inside = {node for each in functions for node in ast.walk(each)} - formatted
    constants = [node for node in inside if isinstance(node, ast.Constant)]
    docstrings = {function.body[0].lineno for function in functions}
    numbers = [node for node in constants if type(node.value) in (int, float)]
    texts = [node for node in constants if type(node.value) is str and node.lineno not in docstrings]
    assert numbers or texts, "no function has a constant: say in tests/mutate.py what is to be changed (MUTATIONS)"
    found = min(numbers or texts, key=lambda node: (node.lineno, node.col_offset))
    line = text.splitlines()[found.lineno - 1].encode()
    other = json.dumps(f"{found.value} more" if isinstance(found.value, str) else found.value + 1)
    return line.decode(), (line[: found.col_offset] + other.encode() + line[found.end_col_offset :]).decode()


def python(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python …` in a copy of the checkout, on its own code; the proof ends with the first number that is another."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "workflow"), "PYTEST_ADDOPTS": "-x"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def codes_of_the_paper(folder: Path) -> dict[str, str]:
    """The digest of the code of every figure, table and picture in a copy."""
    script = (
        "import json; from rethinking import provenance as p; from rethinking.plotting.registry import *;"
        "from rethinking.reporting.registry import TABLES;"
        "print(json.dumps({n: f(n) for f, t in ((p.figure_code, FIGURES), (p.table_code, TABLES),"
        " (p.picture_code, PICTURES)) for n in t}))"
    )
    return json.loads(python(folder, "-c", script).stdout)


def refusal(folder: Path) -> str | None:
    """What `accept` says against the copy's code; None where it accepts it."""
    called = python(folder, "-m", "rethinking", "accept")
    lines = [line.strip() for line in called.stderr.splitlines() if line.startswith("  ")]
    return (lines or [called.stderr.strip()])[0] if called.returncode else None


def main(wanted: list[str]) -> int:
    """Change, ask, change back; all modules, or those that are named."""
    survived = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_sources(folder)
        assert refusal(folder) is None, "the copy is refused as it is"
        drawn = codes_of_the_paper(folder)
        print("| module | changed | accept |\n|---|---|---|", flush=True)
        others = sorted(registered() - MUTATIONS.keys() - WITHOUT.keys())
        for module in wanted or [*MUTATIONS, *others, *modules_of_the_paper()]:
            path = folder / "workflow/rethinking" / f"{module.replace('.', '/')}.py"
            text = path.read_text()
            for old, new in MUTATIONS.get(module) or [first_constant(text)]:
                path.write_text(text.replace(old, new, 1))
                if module not in modules_of_the_paper():
                    told = refusal(folder)
                    said = "ACCEPTED" if told is None else f"refused: {told[:110]}"
                else:
                    again = [each for each, code in codes_of_the_paper(folder).items() if code != drawn[each]]
                    said = f"made again: {', '.join(again)}" if again else "KEPT"
                survived += said in ("ACCEPTED", "KEPT")
                change = re.sub(r"\s+", " ", f"`{old.strip()}` → `{new.strip()}`").replace("|", "\\|")
                print(f"| {module} | {change} | {said.replace('|', '/')} |", flush=True)
            path.write_text(text)
    print(f"{survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
