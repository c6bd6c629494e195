"""Drizzle one slit of one exposure onto the output grid of its source (spec: "Drizzling")."""

from collections.abc import Mapping

import numpy as np
from drizzle.resample import Drizzle

from specresample.grid import OutputGrid
from specresample.sky import to_tangent

VARIANCES = ("var_rnoise", "var_poisson", "var_flat")


def pixel_map(grid: OutputGrid, coordinates: np.ndarray) -> np.ndarray:
    """Where the centres of input pixels fall on the output grid.

    The grid is separable, so two one-dimensional look-ups replace the inverse of its WCS.

    Parameters
    ----------
    grid : OutputGrid
    coordinates : ndarray, shape (3, ny, nx)
        World coordinates of the input pixels: RA and Dec in degrees (or MSA x and y), wavelength
        in um; NaN where invalid.

    Returns
    -------
    ndarray, shape (ny, nx, 2)
        x and y in pixels of the output grid, in this order; NaN where invalid or, for NIRSpec,
        beyond the grid's wavelengths.
    """
    plane = coordinates[:2]
    if grid.tangent_point is not None:
        plane = to_tangent(*plane, *grid.tangent_point)
    lead = grid.leading
    across = (plane[lead] - grid.intercept[lead]) / grid.slope[lead]
    along = _wavelength_to_pixel(grid, coordinates[2])
    order = (along, across) if grid.dispersion_axis == 1 else (across, along)
    return np.stack(order, axis=-1)


def _wavelength_to_pixel(grid: OutputGrid, wavelength: np.ndarray) -> np.ndarray:
    pixels, nodes = grid.wavelength_nodes()
    if nodes[0] > nodes[-1]:
        pixels, nodes = pixels[::-1], nodes[::-1]
    if grid.kind == "slit":
        return np.interp(wavelength, nodes, pixels, left=np.nan, right=np.nan)
    # Segments are looked up by hand since np.interp cannot continue the outer ones.
    segment = np.clip(np.searchsorted(nodes, wavelength) - 1, 0, len(nodes) - 2)
    step = (pixels[segment + 1] - pixels[segment]) / (nodes[segment + 1] - nodes[segment])
    return pixels[segment] + (wavelength - nodes[segment]) * step


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
        From `pixel_map`.
    shape : tuple of int
        Shape of the output grid, numpy order.
    pixfrac : float
        Fraction by which input pixels shrink; 0 makes points of them.
    kernel : str
        ``square`` or ``point``.
    intensity_scale : float
        Factor for flux-density data, for the change in spatial pixel scale.

    Returns
    -------
    dict of str to ndarray
        Arrays of the given names and ``wht``, in the output grid: weighted means of the input,
        NaN without weight (float32). A variance is the square of the drizzled error. ``dq``, when
        given, is the bitwise OR of contributing pixels.
    """
    out: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if name == "dq":
            continue
        drizzle = Drizzle(kernel=kernel, fillval="NaN", out_shape=shape, disable_ctx=True)
        variance = name in VARIANCES
        drizzle.add_image(
            np.sqrt(array) if variance else array,
            exptime=1.0,  # only counted by drizzle, for data in counts per second
            pixmap=pixmap,
            weight_map=weights,
            iscale=intensity_scale,
            pixfrac=pixfrac,
            in_units="cps",
            dq=arrays.get("dq") if name == "sci" else None,
        )
        out[name] = drizzle.out_img**2 if variance else drizzle.out_img
        if name == "sci":
            out["wht"] = drizzle.out_wht
            if drizzle.out_dq is not None:
                out["dq"] = drizzle.out_dq
    return out
