"""The digest of the code that a job reaches: on a small made-up package, then on this one."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rethinking import code_digest as module
from rethinking.code_digest import code_digest, reached
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.registry import TABLES

PACKAGE = {
    "__init__.py": '"""A package."""\n',
    "stage.py": '''
"""A stage."""

import json

from rethinking.engine.loop import fit
from rethinking.models.registry import MODELS  # a table


def stage(values: dict) -> str:
    """Train."""
    # The table knows the module.
    return json.dumps(fit(values, MODELS))
''',
    "engine/__init__.py": '"""Training."""\n',
    "engine/loop.py": '''
"""The loop."""

from rethinking import seeds
from rethinking.engine import records


class Online:
    """Running means."""

    total = 0


def fit(values, models):
    """Fit."""
    from rethinking.engine.late import late

    return late(records.Record(seeds.rng(values), Online.total))
''',
    "engine/records.py": "import dataclasses\n\n\nclass Record:\n    rng: int\n    total: int\n",
    "engine/late.py": "def late(record):\n    return [record.rng, record.total]\n",
    "engine/unused.py": "unused = 1\n",
    "seeds.py": "def rng(values):\n    return len(values)\n",
    "models/__init__.py": "",
    "models/registry.py": 'MODELS = {"mlp": "rethinking.models.mlp"}\n',
    "models/mlp.py": "from rethinking.models.sizes import scaled\n\nwidth = scaled(2)\n",
    "models/sizes.py": "def scaled(x):\n    return 2 * x\n",
    "other.py": "import rethinking.seeds as numbers\n\nvalue = numbers.rng([])\n",
}
REACHED = {
    *("rethinking", "rethinking.stage", "rethinking.engine", "rethinking.engine.loop", "rethinking.engine.records"),
    *("rethinking.engine.late", "rethinking.seeds"),
}


def forget() -> None:
    """Sources are read once a process; tests change them."""
    module._read.cache_clear()
    module.code_digest.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_sources() -> Any:
    yield
    forget()


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOT", folder)
    forget()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "rethinking"
    for name, source in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source)
    use(folder, monkeypatch)
    return folder


def digests() -> dict[str, str]:
    forget()
    return {name: code_digest(f"rethinking.{name}") for name in ("stage", "models.mlp", "other")}


def changed_by(package: Path, file: str, old: str, new: str) -> set[str]:
    """Which digests an edit changes."""
    before, path = digests(), package / file
    source = path.read_text()
    assert source.count(old) == 1 or not old
    path.write_text(source.replace(old, new) if old else source + new)
    after = digests()
    return {name for name in before if before[name] != after[name]}


def test_the_modules_that_a_stage_reaches_are_those_that_its_imports_lead_to(package):
    assert set(reached("rethinking.stage")) == REACHED
    assert set(reached("rethinking.stage", "rethinking.models.mlp")) - REACHED == {
        *("rethinking.models", "rethinking.models.mlp", "rethinking.models.sizes"),
    }
    assert set(reached("rethinking.other")) == {"rethinking", "rethinking.other", "rethinking.seeds"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stage.py", "    # The table knows the module.\n", ""),
        ("stage.py", "# a table", "# the table"),
        ("stage.py", '"""Train."""', '"""Train a network,\n\n    and say so at length."""'),
        ("stage.py", '    """Train."""\n', ""),
        ("stage.py", '"""A stage."""', "'''Another one.'''"),
        ("engine/loop.py", '"""Running means."""\n\n    total = 0', "total = 0"),
        ("engine/loop.py", "    total = 0", "    total = (0)  # nothing yet"),
        ("engine/loop.py", "return late(records.Record(", "return late(\n        records.Record("),
        ("engine/records.py", "    rng: int\n", '    """What is left of an epoch."""\n\n    rng: int\n'),
        ("engine/records.py", "import dataclasses\n", '"""Records."""\n\nimport dataclasses\n'),
        ("engine/late.py", "    return", '    """Late."""\n\n    return'),
        ("engine/late.py", "def late(record):\n", "def late(\n    record,\n):\n\n    # why\n"),
        ("seeds.py", "", "\n\n\n# the end\n"),
        ("seeds.py", "len(values)", "len( values )"),
    ],
)
def test_comments_docstrings_and_layout_do_not_matter(file, old, new, package):
    assert changed_by(package, file, old, new) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("stage.py", "json.dumps", "repr", {"stage"}),
        ("stage.py", "values: dict)", "values: dict, more=1)", {"stage"}),
        ("engine/loop.py", "total = 0", "total = 1", {"stage"}),
        ("engine/loop.py", '    """Fit."""', "    values = 'a string that is used'", {"stage"}),
        ("engine/records.py", "total: int", "total: float", {"stage"}),
        ("engine/late.py", "[record.rng, record.total]", "[record.total, record.rng]", {"stage"}),
        ("engine/__init__.py", "", "value = 1\n", {"stage"}),
        ("seeds.py", "len(values)", "len(values) + 1", {"stage", "other"}),
        ("models/mlp.py", "scaled(2)", "scaled(3)", {"models.mlp"}),
        ("models/sizes.py", "2 * x", "3 * x", {"models.mlp"}),
    ],
)
def test_real_code_matters_to_what_reaches_it(file, old, new, changed, package):
    assert changed_by(package, file, old, new) == changed


@pytest.mark.parametrize(
    "statement",
    [
        "import rethinking.engine.unused",
        "import rethinking.engine.unused as something",
        "from rethinking.engine import unused",
        "from rethinking.engine.unused import unused",
        "def f():\n    from rethinking.engine import unused",
        "class A:\n    async def f():\n        async with a:\n            from rethinking.engine import unused",
        "if a:\n    pass\nelif b:\n    pass\nelse:\n    from rethinking.engine import unused",
        "for a in b:\n    pass\nelse:\n    from rethinking.engine import unused",
        "try:\n    from rethinking.engine import unused\nexcept A:\n    pass",
        "try:\n    pass\nexcept A:\n    from rethinking.engine import unused",
        "try:\n    pass\nexcept* A:\n    from rethinking.engine import unused",
        "try:\n    pass\nexcept A:\n    pass\nelse:\n    from rethinking.engine import unused",
        "try:\n    pass\nfinally:\n    from rethinking.engine import unused",
        "match a:\n    case 1:\n        pass\n    case _:\n        from rethinking.engine import unused",
    ],
)
def test_an_added_import_is_followed_however_it_is_written(statement, package):
    assert changed_by(package, "seeds.py", "", f"\n{statement}\n") == {"stage", "other"}
    assert "rethinking.engine.unused" in reached("rethinking.other")
    assert changed_by(package, "engine/unused.py", "unused = 1", "unused = 2") == {"stage", "other"}


def test_modules_that_nothing_reaches_do_not_matter(package):
    assert changed_by(package, "engine/unused.py", "unused = 1", "unused = 2") == set()
    (package / "engine/new.py").write_text("import rethinking.stage\n")
    assert changed_by(package, "engine/new.py", "", "new = 1\n") == set()


def test_registries_and_what_only_they_name_do_not_matter(package):
    more = '\nMODELS["new"] = "rethinking.engine.unused"\nimport rethinking.engine.unused\n'
    assert changed_by(package, "models/registry.py", "", more) == set()


def test_a_module_that_is_renamed_or_moved_matters(package):
    before = digests()
    (package / "engine/late.py").rename(package / "engine/later.py")
    (package / "engine/loop.py").write_text(
        (package / "engine/loop.py").read_text().replace("engine.late ", "engine.later ")
    )
    assert digests()["stage"] != before["stage"]


def test_equal_sources_at_another_path_have_the_same_digest(package, tmp_path, monkeypatch):
    before = digests()
    use(shutil.copytree(package, tmp_path / "elsewhere" / "deeper" / "rethinking"), monkeypatch)
    assert digests() == before


@pytest.mark.parametrize(
    "statement", ["from . import seeds", "from .seeds import rng", "from ..rethinking import seeds"]
)
def test_relative_imports_are_refused(statement, package):
    (package / "engine/late.py").write_text(f"{statement}\n")
    forget()
    with pytest.raises(AssertionError, match=r"rethinking\.engine\.late: relative imports are not followed"):
        code_digest("rethinking.stage")


def test_a_module_that_is_not_there_is_an_error(package):
    with pytest.raises(ValueError, match=r"no module 'rethinking\.nowhere'"):
        code_digest("rethinking.stage", "rethinking.nowhere")


def test_the_order_in_which_modules_are_named_does_not_matter(package):
    assert code_digest("rethinking.stage", "rethinking.models.mlp") == code_digest(
        "rethinking.models.mlp", "rethinking.stage"
    )


# This package -------------------------------------------------------------------------------------------------------

STAGES = ("prepare", "split", "corrupt", "train", "aggregate", "confusions", "figure", "table", "samples", "picture",
          "predictions", "architectures")  # fmt: skip
PARTS = {  # modules beside the stages that are no stage
    "train": ["rethinking.stages.claim", "rethinking.stages.placement", "rethinking.stages.run_folder",
              "rethinking.stages.sealing"],
    "aggregate": ["rethinking.stages.matrices", "rethinking.stages.runs", "rethinking.stages.sealing"],
    "confusions": ["rethinking.stages.matrices", "rethinking.stages.runs", "rethinking.stages.sealing"],
    "predictions": ["rethinking.stages.placement", "rethinking.stages.runs", "rethinking.stages.saved",
                    "rethinking.stages.sealing"],
    "figure": ["rethinking.stages.frames"],
    "table": ["rethinking.stages.frames"],
}  # fmt: skip
NEVER = ("rethinking.config", "rethinking.schema", "rethinking.provenance", "rethinking.__main__")
ALL_FAMILIES = {entry.module for table in (MODELS, CORRUPTIONS, FIGURES, TABLES) for entry in table.values()}


def starts_with(prefix: str, modules: list[str]) -> list[str]:
    return [name for name in modules if name.startswith(prefix)]


@pytest.mark.parametrize("stage", STAGES)
def test_no_job_reaches_the_configuration_another_stage_a_registry_or_a_family(stage):
    modules = reached(f"rethinking.stages.{stage}")
    assert not set(NEVER) & set(modules)
    assert starts_with("rethinking.stages.", modules) == sorted([f"rethinking.stages.{stage}", *PARTS.get(stage, [])])
    assert not any(name.endswith(".registry") for name in modules)
    assert not ALL_FAMILIES & set(modules)


def test_training_reaches_the_engine_and_neither_preparation_nor_corruption_nor_figures():
    modules = reached("rethinking.stages.train")
    engine = {"loop", "optim", "state", "stopping", "evaluation", "initialisation", "precision", "reproducibility"}
    assert {f"rethinking.engine.{name}" for name in engine} <= set(modules)
    assert {"rethinking.data.preprocess", "rethinking.seeds", "rethinking.files", "rethinking.run"} <= set(modules)
    for prefix in ("rethinking.data.prepare", "rethinking.data.readers", "rethinking.data.corruptions"):
        assert not starts_with(prefix, modules)
    for prefix in ("rethinking.plotting", "rethinking.analysis.", "rethinking.models."):
        assert not starts_with(prefix, modules)


@pytest.mark.parametrize("family", sorted({entry.module for entry in MODELS.values()}))
def test_a_run_reaches_its_own_family_and_no_other(family):
    modules = reached("rethinking.stages.train", family)
    assert {entry.module for entry in MODELS.values()} & set(modules) == {family}
    assert "rethinking.models.sizes" in modules


@pytest.mark.parametrize("family", sorted({entry.module for entry in CORRUPTIONS.values()}))
def test_a_corruption_reaches_its_own_family_and_neither_engine_nor_preparation(family):
    modules = reached("rethinking.stages.corrupt", family)
    assert {entry.module for entry in CORRUPTIONS.values()} & set(modules) == {family}
    for prefix in ("rethinking.engine", "rethinking.data.prepare", "rethinking.data.readers", "rethinking.models"):
        assert not starts_with(prefix, modules)


def test_preparation_reaches_its_own_reader_and_no_corruption():
    modules = reached("rethinking.stages.prepare", "rethinking.data.readers.digits")
    assert {"rethinking.data.prepare", "rethinking.data.splits", "rethinking.seeds"} <= set(modules)
    readers = set(starts_with("rethinking.data.readers.", modules)) - {"rethinking.data.loaded"}
    assert readers == {"rethinking.data.readers.digits"}
    for prefix in ("rethinking.engine", "rethinking.data.corruptions", "rethinking.models"):
        assert not starts_with(prefix, modules)


def test_aggregation_reaches_neither_engine_nor_figures():
    modules = reached("rethinking.stages.aggregate")
    assert {"rethinking.analysis.aggregate", "rethinking.names", "rethinking.run"} <= set(modules)
    for prefix in ("rethinking.engine", "rethinking.plotting", "rethinking.models", "rethinking.data"):
        assert not starts_with(prefix, modules)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_reaches_its_module_and_the_style_and_no_numbers_side(figure):
    modules = reached("rethinking.stages.figure", FIGURES[figure].module)
    assert {FIGURES[figure].module, "rethinking.plotting.style"} <= set(modules)
    for prefix in ("rethinking.engine", "rethinking.analysis", "rethinking.models", "rethinking.data"):
        assert not starts_with(prefix, modules)


def test_every_source_of_this_package_can_be_read_and_is_followed():
    """So no relative import is anywhere."""
    for path in module.ROOT.rglob("*.py"):
        name = ".".join([module.PACKAGE, *path.relative_to(module.ROOT).with_suffix("").parts]).removesuffix(
            ".__init__"
        )
        code_digest(name)


@pytest.mark.parametrize("stage", STAGES)
def test_what_python_loads_for_a_stage_is_found(stage):
    """Registries are left out, and with them the packages that only they lie in, which hold no code."""
    script = f"import sys, rethinking.stages.{stage}; print(*(m for m in sys.modules if m.startswith('rethinking.')))"
    called = [sys.executable, "-c", script]
    loaded = subprocess.run(called, cwd=module.ROOT.parent, capture_output=True, text=True, check=True).stdout.split()
    modules = {name for name in loaded if module.ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py").exists()}
    assert f"rethinking.stages.{stage}" in modules
    assert {name for name in modules if not name.endswith(".registry")} <= set(reached(f"rethinking.stages.{stage}"))
