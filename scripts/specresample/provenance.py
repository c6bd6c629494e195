"""Where a product comes from: software, arguments, inputs with checksums."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from specresample import __version__

WORKFLOW = "resample-spec-workflow"

# What the numbers and the files depend on.
_PACKAGES = ("numpy", "scipy", "astropy", "gwcs", "asdf", "drizzle", "stdatamodels")

# Arguments that a product depends on, whatever the steps that made it: those that it states.
PRODUCT_ARGUMENTS = (
    "pixel_scale_ratio",
    "pixel_scale",
    "pixfrac",
    "kernel",
    "fillval",
    "weight_type",
    "propagate_dq",
    "blendheaders",
)


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


def file_digest(path: str | Path) -> str:
    """SHA-256 digest of a file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
        In hexadecimal digits.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def header_text(text: str) -> str:
    r"""Give a name as a FITS header can hold it: with escapes for all that is no plain letter.

    Examples
    --------
    >>> print(header_text("jw1_é_cal.fits"))
    jw1_\xe9_cal.fits
    """
    return text.encode("unicode_escape").decode("ascii")


def product_history(
    arguments: Mapping[str, object],
    exposures: Mapping[str, dict],
    output_wcs: Mapping[str, str] | None,
) -> list[str]:
    """Lines of history that a product carries.

    Nothing in them depends on where or when the product is made.

    Parameters
    ----------
    arguments : mapping
        The documented arguments.
    exposures : mapping of str to dict
        Prepared exposures by key.
    output_wcs : mapping or None
        Name and digest of a grid that was handed in.

    Returns
    -------
    list of str
        Software, arguments, inputs and, on lines of their own for they fill one, checksums.
    """
    stated = {name: arguments[name] for name in PRODUCT_ARGUMENTS}
    software = ", ".join(f"{name} {version}" for name, version in software_versions().items())
    return [
        f"Resampled by {software}",
        f"Arguments: {json.dumps(stated, sort_keys=True)}",
        *(
            line
            for entry in (*exposures.values(), *([output_wcs] if output_wcs else []))
            for line in (
                f"Input: {header_text(Path(entry['file']).name)}",
                f"sha256 {entry['sha256']}",
            )
        ),
    ]
