"""Flags of the DQ arrays (docs/specification.md, "Before drizzling")."""

import numpy as np

# Flags of JWST's DQ arrays. Pixels with one of these two have no weight; others do not matter.
DO_NOT_USE = np.uint32(1)
NON_SCIENCE = np.uint32(512)
OUTLIER = np.uint32(16)


def good_pixels(dq: np.ndarray) -> np.ndarray:
    """Pixels that may carry weight.

    Parameters
    ----------
    dq : ndarray of uint32
        Data quality flags.

    Returns
    -------
    ndarray of bool
        Same shape; False where DO_NOT_USE or NON_SCIENCE is set.
    """
    return (dq & (DO_NOT_USE | NON_SCIENCE)) == 0
