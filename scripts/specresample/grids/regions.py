"""S_REGION: where on the sky the spectra come from (docs/specification.md, "Product")."""

from collections.abc import Iterable

import numpy as np

from specresample.common.sky import from_tangent, separation, to_tangent, unwrap_ra, wrap_ra
from specresample.grids.rectified import Grid


def box_region(grid: Grid) -> str:
    """Box in RA and Dec around all pixels of a grid.

    Parameters
    ----------
    grid : Grid
        A grid on the sky.

    Returns
    -------
    str
        Polygon of four corners, RA in [0, 360).
    """
    ra, dec = grid.sky()
    ra = wrap_ra(ra)
    west, east = unwrap_ra([ra.min(), ra.max()])
    south, north = dec.min(), dec.max()
    return _polygon([west, east, east, west], [south, south, north, north])


def slit_region(grid: Grid, input_region: str) -> str | None:
    """Polygon along the output slit, as wide as the input's (MIRI LRS).

    Parameters
    ----------
    grid : Grid
        A grid on the sky.
    input_region : str
        S_REGION of the first exposure; the shortest side of its polygon is the slit's width.

    Returns
    -------
    str or None
        Polygon of four corners; None when the input's cannot be read.
    """
    try:
        numbers = [float(word) for word in input_region.split()[2:10]]
        corners = np.reshape(numbers, (4, 2)).T
    except ValueError:
        return None
    width = separation(*corners, *np.roll(corners, -1, axis=1)).min()
    (ra0, ra1), (dec0, dec1) = np.array(grid.sky())[:, [0, -1]]
    # A tangent plane keeps the directions at its tangent point.
    across = np.arctan2(*to_tangent(ra1, dec1, ra0, dec0)) - np.pi / 2
    half = np.rad2deg(np.tan(np.deg2rad(width / 2)))
    x, y = np.outer([np.sin(across), np.cos(across)], [half, half, -half, -half])
    return _polygon(*from_tangent(x, y, [ra0, ra1, ra1, ra0], np.array([dec0, dec1, dec1, dec0])))


def _polygon(ra: Iterable[float], dec: Iterable[float]) -> str:
    corners = " ".join(f"{x:.9f} {y:.9f}" for x, y in zip(ra, dec, strict=True))
    return f"POLYGON ICRS  {corners}"
