"""Weight maps: how much input pixels count (docs/specification.md, "Before drizzling")."""

from collections.abc import Mapping

import numpy as np

from specresample.common.errors import ResampleError
from specresample.drizzling.times import time_weight
from specresample.footprint.prepared import PreparedSlit
from specresample.level2b.flags import good_pixels


def weight_map(slit: PreparedSlit, data: Mapping[str, np.ndarray], weight_type: str) -> np.ndarray:
    """Weights of a slit's pixels, of the type that is asked for.

    Parameters
    ----------
    slit : PreparedSlit
    data : mapping of str to ndarray
        Its arrays.
    weight_type : str
        ``ivm``, ``exptime`` or ``none``.

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ResampleError
        When the exposure's time is asked for and not known.
    """
    good = good_pixels(data["dq"])
    if weight_type == "none":
        return good.astype(np.float32)
    if weight_type == "ivm":
        return inverse_variance_weights(good, data.get("var_rnoise"))
    time = time_weight(slit.metadata)
    if time is None:
        raise ResampleError("weight_type exptime needs TMEASURE or EFFEXPTM in the header")
    return np.float32(time) * good.astype(np.float32)


def inverse_variance_weights(good: np.ndarray, var_rnoise: np.ndarray | None) -> np.ndarray:
    """Weights of ``weight_type: ivm``.

    Parameters
    ----------
    good : ndarray of bool
        From `good_pixels`.
    var_rnoise : ndarray or None
        Read-noise variance, or None when the exposure has none: all good pixels count alike then.

    Returns
    -------
    ndarray of float32
        1 / VAR_RNOISE, 0 where that is no positive number or the pixel is not good.
    """
    if var_rnoise is None:
        return good.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.float32(1) / var_rnoise
    return np.where(good & np.isfinite(weights) & (weights > 0), weights, np.float32(0))
