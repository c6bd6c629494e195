"""Slits made by hand: straight lines of evenly spaced pixels through a point of the sky."""

import numpy as np
from specresample.common.sky import from_tangent
from specresample.footprint.prepared import FootprintSummary, SlitPositionFit

STEP = 0.1 / 3600  # pixel scale in degrees

# Slit y = 2 x - 3 y of the tangent plane, whatever the wavelength.
SLIT_X, SLIT_Y = 2.0, -3.0


def summary(
    *,
    kind="slit",
    point=(53.0, -27.0),
    slope=(0.0, STEP),
    first=-9.5,
    n=20,
    margin=0.0,
    wavelengths=(1.0, 1.5, 2.0, 2.5),
    dispersion_axis=1,
    has_data=True,
):
    """Summary of an exposure.

    Pixel centres lie at ``slope`` times first, first + 1, ... in the tangent plane at ``point``;
    ``margin`` is how many pixels the hull goes beyond both ends.
    """
    index = first + np.arange(n)
    ends = first + np.array([-margin, n - 1 + margin])
    centre = np.outer(slope, index)
    hull = np.outer(slope, ends)
    if kind != "lamp":
        centre, hull = (np.array(from_tangent(*plane, *point)) for plane in (centre, hull))
    coefficients = np.zeros((4, 4, 3))
    coefficients[1, 0, 0], coefficients[0, 1, 0] = SLIT_X, SLIT_Y
    lamp = kind == "lamp"
    return FootprintSummary(
        kind=kind,
        dispersion_axis=dispersion_axis,
        wavelengths=list(wavelengths),
        centre=centre.tolist(),
        hull=None if lamp else hull.tolist(),
        limits=None if lamp else [sorted(row) for row in hull.tolist()],
        fiducial=point,
        slit_position=SlitPositionFit(
            centres=(0.0, 0.0, 1.0), scales=(1.0, 1.0, 1.0), coefficients=coefficients.tolist()
        ),
        has_data=has_data,
    )
