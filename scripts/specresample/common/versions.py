"""Versions of the workflow and of the packages that make a product."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from specresample import __version__

WORKFLOW = "resample-spec-workflow"

# What the numbers and the files depend on.
_PACKAGES = ("numpy", "scipy", "astropy", "gwcs", "asdf", "drizzle", "stdatamodels")


# Every file and every entry of a ledger asks for the versions, and a look-up takes 4 ms for each
# package.
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
