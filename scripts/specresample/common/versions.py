"""Versions of the workflow and of the packages that make a product."""

import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from specresample import __version__
from specresample.common.files import file_digest

# Beside the package in the folder of the workflow.
LOCK = Path(__file__).parents[3] / "envs" / "resample.lock"

# Name and version of a package in a lock, and whether only some systems need it.
_LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ]+)( ;)?", re.MULTILINE)

# What the numbers and the files depend on.
_PACKAGES = ("numpy", "scipy", "astropy", "gwcs", "asdf", "drizzle", "stdatamodels")


# Every file and every entry of a ledger asks for the versions, and a look-up takes 2 ms for each
# package.
@cache
def software_versions() -> dict[str, str]:
    """Versions of this workflow and of the packages that make a product.

    Returns
    -------
    dict of str to str
        Version by name.
    """
    versions = {"resample-spec-workflow": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def lock_state(lock: Path) -> dict | None:
    """Say which lock of packages belongs to this workflow, and whether they are as it says.

    Parameters
    ----------
    lock : Path
        A lock that ``make locks`` has written.

    Returns
    -------
    dict or None
        ``file``, its name; ``sha256``; and ``differing``, the versions that are installed of those
        packages that have another one there, None where a package is missing. None where there is
        no lock, because the package was installed without the workflow.
    """
    if not lock.is_file():
        return None
    installed = _installed()
    differing = {
        name: installed.get(name)
        for name, wanted, condition in _LOCKED.findall(lock.read_text(encoding="utf-8"))
        if installed.get(name) != wanted and not (condition and name not in installed)
    }
    return {"file": lock.name, "sha256": file_digest(lock), "differing": differing}


def _installed() -> dict[str, str]:
    """Versions by normalised name. Looked up one by one they would take twenty times as long."""
    folders = [Path(folder) for folder in reversed(sys.path) if Path(folder).is_dir()]
    names = [path.stem for folder in folders for path in folder.glob("*.dist-info")]
    pairs = [name.rpartition("-") for name in names]
    return {re.sub("[-_.]+", "-", name).lower(): number for name, _, number in pairs}
