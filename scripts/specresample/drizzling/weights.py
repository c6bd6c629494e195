"""Weight maps: how much input pixels count (docs/specification.md, "Before drizzling")."""

import numpy as np


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
