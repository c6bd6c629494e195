"""Flags of the DQ arrays (docs/specification.md, "Before drizzling")."""

import numpy as np

# Flags of JWST's DQ arrays. Pixels with one of these two have no weight; others do not matter.
DO_NOT_USE = np.uint32(1)
NON_SCIENCE = np.uint32(512)
OUTLIER = np.uint32(16)

# HDUs of the arrays of a slit beside DQ; here their names are in lower case.
FLOAT_ARRAYS = ("SCI", "ERR", "VAR_RNOISE", "VAR_POISSON", "VAR_FLAT")


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


def mark_invalid(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Make NaN and DO_NOT_USE agree in a slit (docs/specification.md, "Before drizzling").

    Parameters
    ----------
    arrays : dict of str to ndarray
        Float arrays and ``dq``, all of one shape. They are changed in place.

    Returns
    -------
    dict of str to ndarray
        The same arrays.
    """
    invalid = (arrays["dq"] & DO_NOT_USE) != 0
    floats = [array for name, array in arrays.items() if name != "dq"]
    for array in floats:
        invalid |= np.isnan(array)
    arrays["dq"][invalid] |= DO_NOT_USE
    for array in floats:
        array[invalid] = np.nan
    return arrays
