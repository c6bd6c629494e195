"""Versions of the workflow and of the packages that make a product."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from specresample import __version__

WORKFLOW = "resample-spec-workflow"

# What the numbers and the files depend on.
_PACKAGES = ("numpy", "scipy", "astropy", "gwcs", "asdf", "drizzle", "stdatamodels")


# Asked for by every file and by every entry of a ledger; to look the packages up takes longer than
# all else about the latter.
@cache
def software_versions() -> dict[str, str]:
    """Versions of this workflow and of the packages that make a product.

    Returns
    -------
    dict of str to str
        Version by name.
    """
    versions = {WORKFLOW: __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
