"""A digest of the code that a job reaches: blind to comments, docstrings and layout, and to code it does not reach.

A job's params hold it, so Snakemake runs again what an edit can change. Modules are followed through their import
statements inside this package; registries are left out, so that a new entry changes no job.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = __package__
ROOT = Path(__file__).parent
PARTS = ("body", "orelse", "finalbody", "handlers", "cases")  # of a node, which hold statements or clauses of them


def _file(module: str) -> Path | None:
    """The source file of a module of this package, or None where there is none (a function's name, say)."""
    path = ROOT.joinpath(*module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement and clause below a node. Expressions, which are most of a tree, hold no statement."""
    for part in PARTS:
        for each in getattr(node, part, []):
            yield each
            yield from _statements(each)


def _imports(tree: ast.Module, module: str) -> Iterator[str]:
    """Names that the module imports from this package; `from a import b` gives a and a.b."""
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports are not followed; write the full name"
            names = [f"{node.module}"] + [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == PACKAGE)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in [tree, *_statements(tree)]:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                # A body that held nothing else needs a statement.
                node.body = node.body[1:] or [ast.Pass()]
    return tree


@functools.cache
def _read(module: str) -> tuple[str, tuple[str, ...]]:
    """A module's source without comments and docstrings, and what it imports of the package."""
    path = _file(module)
    assert path is not None, module
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return ast.unparse(_without_docstrings(tree)), tuple(sorted(set(_imports(tree, module))))


def reached(*modules: str) -> list[str]:
    """The package's modules that the given ones reach by import, registries left out, sorted."""
    found: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module in found or module.endswith(".registry") or _file(module) is None:
            continue
        found.add(module)
        # Importing a.b.c runs a and a.b as well.
        todo.extend([*_read(module)[1], *([module.rpartition(".")[0]] if "." in module else [])])
    return sorted(found)


@functools.cache
def code_digest(*modules: str) -> str:
    """sha256 over the code that the modules reach; the same on Python 3.11 to 3.13 (`ast.unparse`, not `ast.dump`).

    Raises ValueError where one of the modules is not in this package.
    """
    for module in modules:
        if _file(module) is None:
            raise ValueError(f"no module {module!r} in {ROOT}")
    total = hashlib.sha256()
    for module in reached(*modules):
        total.update(f"{module}\n{_read(module)[0]}\n".encode())
    return total.hexdigest()[:16]
