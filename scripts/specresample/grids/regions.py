"""S_REGION: where on the sky the spectra come from (docs/specification.md, "Product")."""

from collections.abc import Iterable, Sequence

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
    return _polygon([(west, south), (east, south), (east, north), (west, north)])


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

    def corner(ra: float, dec: float, side: int) -> tuple[np.ndarray, np.ndarray]:
        return from_tangent(side * half * np.sin(across), side * half * np.cos(across), ra, dec)

    return _polygon(
        [corner(ra0, dec0, 1), corner(ra1, dec1, 1), corner(ra1, dec1, -1), corner(ra0, dec0, -1)]
    )


def _polygon(corners: Iterable[Sequence[float]]) -> str:
    numbers = " ".join(f"{ra:.9f} {dec:.9f}" for ra, dec in corners)
    return f"POLYGON ICRS  {numbers}"
