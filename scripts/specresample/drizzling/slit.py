"""Drizzle a slit onto the output grid of its source (docs/specification.md, "Drizzling")."""

from collections.abc import Mapping

import numpy as np
from drizzle.resample import Drizzle

VARIANCES = ("var_rnoise", "var_poisson", "var_flat")


def drizzle_slit(
    arrays: Mapping[str, np.ndarray],
    weights: np.ndarray,
    pixmap: np.ndarray,
    shape: tuple[int, int],
    *,
    pixfrac: float,
    kernel: str,
    intensity_scale: float = 1.0,
) -> dict[str, np.ndarray]:
    """Drizzle the arrays of one slit onto an output grid.

    Parameters
    ----------
    arrays : mapping of str to ndarray, shape (ny, nx)
        ``sci`` and any of ``err``, the variances and ``dq``.
    weights : ndarray of float32, shape (ny, nx)
        Weight map; 0 excludes a pixel.
    pixmap : ndarray, shape (ny, nx, 2)
        Where the pixel centres fall on the output grid: x and y, in this order.
    shape : tuple of int
        Shape of the output grid, numpy order.
    pixfrac : float
        Fraction by which input pixels shrink; 0 makes points of them.
    kernel : str
        ``square`` or ``point``.
    intensity_scale : float
        Factor for flux-density data, because the spatial pixel scale changes.

    Returns
    -------
    dict of str to ndarray
        Arrays of the given names and ``wht``, in the output grid: weighted means of the input,
        NaN without weight (float32). A variance is the square of the drizzled error. ``dq``, when
        given, is the bitwise OR of contributing pixels.
    """
    out: dict[str, np.ndarray] = {}
    for name in (name for name in arrays if name != "dq"):
        takes_dq = name == "sci" and "dq" in arrays
        drizzle = Drizzle(
            kernel=kernel,
            fillval="NaN",
            out_shape=shape,
            out_dq=np.zeros(shape, np.uint32) if takes_dq else None,
            disable_ctx=True,
        )
        variance = name in VARIANCES
        with np.errstate(invalid="ignore"):  # a negative variance is none, and NaN in the output
            plane = np.sqrt(arrays[name]) if variance else arrays[name]
        if has_area(pixmap):
            drizzle.add_image(
                plane,
                exptime=1.0,  # only counted by drizzle, for data in counts per second
                pixmap=pixmap,
                weight_map=weights,
                iscale=intensity_scale,
                pixfrac=pixfrac,
                in_units="cps",
                dq=arrays["dq"] if takes_dq else None,
            )
        out[name] = drizzle.out_img**2 if variance else drizzle.out_img
        if name == "sci":
            out["wht"] = drizzle.out_wht
        if takes_dq:
            out["dq"] = drizzle.out_dq
    return out


def has_area(pixmap: np.ndarray) -> bool:
    """Whether two rows and two columns have a place on the output grid, as drizzle wants it."""
    valid = np.isfinite(pixmap).all(axis=-1)
    return valid.any(axis=0).sum() > 1 and valid.any(axis=1).sum() > 1
