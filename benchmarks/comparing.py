"""Check that the workflow and jwst have made the same, so that no work is left out."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from astropy.io import fits

from benchmarks.measuring import Work

# Differences in units of the error: those of 32-bit sums in another order stay far below.
TOLERANCE = 1e-3
# Part of the pixels that may differ by more, or be NaN in one of both: at the rim.
OUTLIERS = 1e-3


class DifferentProductsError(Exception):
    """The workflow has made something else than jwst."""


def compare_products(work: Work, ours: Path, theirs: Path) -> float:
    """Compare all products of a run.

    Parameters
    ----------
    work : Work
        What was made.
    ours, theirs : Path
        Folders of the runs of the workflow and of jwst.

    Returns
    -------
    float
        The largest difference of SCI in units of the error.

    Raises
    ------
    DifferentProductsError
        When slits are missing or differ.
    """
    worst = 0.0
    for number, association in enumerate(work.associations):
        (product,) = json.loads(association.read_text())["products"]
        pattern = re.sub(r"\{.*?\}", "*", product["name"])
        made = _read_slits((ours / "results").glob(f"{pattern}_s2d.fits"))
        expected = _read_slits(theirs.glob(f"{number:03d}_*s2d.fits"))
        if made.keys() != expected.keys():
            raise DifferentProductsError(f"{association}: slits {[*made]} against {[*expected]}")
        for key, (sci, err) in expected.items():
            difference = image_difference(made[key][0], sci, err)
            if not difference <= TOLERANCE:
                raise DifferentProductsError(
                    f"{association}: slit {key}: SCI differs by {difference:.2g} errors"
                )
            worst = max(worst, difference)
    return worst


def _read_slits(files: Iterable[Path]) -> dict[object, tuple[np.ndarray, np.ndarray]]:
    """Read SCI and ERR of all slits, by source and name of the slit."""
    slits = {}
    for path in sorted(files):
        with fits.open(path, memmap=False) as hdus:
            for hdu in hdus:
                if hdu.name == "SCI":
                    key = (hdu.header.get("SOURCEID"), hdu.header.get("SLTNAME"))
                    slits[key] = (hdu.data, hdus["ERR", hdu.ver].data)
    return slits


def image_difference(ours: np.ndarray, theirs: np.ndarray, error: np.ndarray) -> float:
    """Compare two images, apart from a few outliers.

    Parameters
    ----------
    ours, theirs : ndarray
        The images.
    error : ndarray
        Standard error of one of them.

    Returns
    -------
    float
        Difference in units of the error; infinite when their shapes or their valid pixels differ.
    """
    if ours.shape != theirs.shape:
        return np.inf
    valid = np.isfinite(theirs)
    if np.mean(np.isfinite(ours) != valid) > OUTLIERS:
        return np.inf
    valid &= np.isfinite(ours) & (error > 0)
    if not valid.any():
        return 0.0
    difference = np.abs(ours[valid].astype(float) - theirs[valid]) / error[valid]
    return float(np.quantile(difference, 1 - OUTLIERS))
