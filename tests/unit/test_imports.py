"""Imports between the sub-packages of the core point one way."""

import ast

import pytest
from runs import PROJECT

CORE = PROJECT / "scripts" / "specresample"

# Each imports from itself and from those before it.
CHAIN = (
    "common",
    "level2b",
    "footprint",
    "grids",
    "drizzling",
    "quality",
    "s2d",
    "reporting",
    "steps",
)
# Beside the chain stand jobs, whose state the reports read and whose workers the steps use, and the
# plan that Snakemake asks for.
BESIDE = {"jobs": {"common"}, "plan": {"common"}}
ALLOWED = {package: {*CHAIN[: place + 1]} for place, package in enumerate(CHAIN)} | {
    package: {package, *others} for package, others in BESIDE.items()
}
ALLOWED["reporting"].add("jobs")
ALLOWED["steps"].add("jobs")

MODULES = sorted(CORE.glob("*/*.py"))


def imported_names(source: str) -> set[str]:
    """Dotted names of all that a source imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            # What is imported may be a package itself.
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_packages(source: str) -> set[str]:
    """Sub-packages of the core that a source imports from."""
    parts = (name.split(".") for name in imported_names(source))
    return {part[1] for part in parts if part[0] == "specresample" and len(part) > 1} & {*ALLOWED}


def test_every_package_has_its_place():
    assert {path.parent.name for path in MODULES} == {*ALLOWED}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_one_way(package):
    for path in CORE.glob(f"{package}/*.py"):
        assert imported_packages(path.read_text()) <= ALLOWED[package], path.name


def test_core_knows_neither_snakemake_nor_command_lines():
    for path in MODULES:
        if path.parent.name in CHAIN:
            roots = {name.split(".")[0] for name in imported_names(path.read_text())}
            assert not {"snakemake", "argparse"} & roots, path.name


@pytest.mark.parametrize(
    "source",
    [
        "import specresample.s2d.model",
        "from specresample import s2d",
        "from specresample.s2d.model import S2d",
        "def f():\n    from specresample.s2d import model",
    ],
)
def test_imports_are_found(source):
    assert imported_packages(source) == {"s2d"}
