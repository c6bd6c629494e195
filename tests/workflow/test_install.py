"""The core as a package: `pip install .`, and imports from elsewhere."""

import shutil
import subprocess
import sys

import pytest
from runs import PROJECT

PACKAGE = PROJECT / "scripts/specresample"
IMPORT_ALL = """
import importlib, pkgutil, sys
import specresample
assert specresample.__file__.startswith(sys.argv[1]), specresample.__file__
names = [m.name for m in pkgutil.walk_packages(specresample.__path__, "specresample.")]
for name in names:
    importlib.import_module(name)
print(*names)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder into which pip has installed the project, built from a copy."""
    folder = tmp_path_factory.mktemp("install")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(PROJECT / "scripts", folder / "source/scripts", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder / "source")
    target = folder / "target"
    run = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--target", target, "."],
        cwd=folder / "source",
        capture_output=True,
        text=True,
        check=False,
    )
    if "setuptools" in run.stderr and "No matching distribution" in run.stderr:
        pytest.skip("pip cannot get setuptools here")
    assert run.returncode == 0, run.stderr
    return target


def test_all_modules_can_be_imported(installed):
    # Without the folders that python would add by itself.
    run = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT_ALL, installed],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    sources = [path.relative_to(PROJECT / "scripts") for path in PACKAGE.rglob("*.py")]
    modules = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in sources}
    assert {*run.stdout.split()} == modules - {"specresample"}


def test_what_is_no_module_is_there_too(installed):
    others = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.html")]
    assert others
    assert all((installed / "specresample" / path).is_file() for path in others)
