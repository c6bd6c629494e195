"""The GWCS of an output grid (docs/specification.md, "Coordinates of a product")."""

import gwcs
import numpy as np
from astropy import coordinates
from astropy import units as u
from astropy.modeling import Model
from astropy.modeling.models import (
    Const1D,
    Linear1D,
    Mapping,
    Pix2Sky_TAN,
    RotateNative2Celestial,
    Tabular1D,
)
from gwcs import coordinate_frames as frames

from specresample.grids.handed_in import CustomGrid
from specresample.grids.rectified import OutputGrid


def grid_wcs(grid: OutputGrid | CustomGrid) -> gwcs.WCS:
    """Give the GWCS of an output grid.

    Parameters
    ----------
    grid : OutputGrid or CustomGrid

    Returns
    -------
    gwcs.WCS
        From ``detector`` pixels to ``world``, for NIRSpec slits by way of ``slit_frame``; with
        bounding box, array shape and inverse. That of a grid handed in is given as it is.
    """
    if isinstance(grid, CustomGrid):
        return grid.wcs
    ny, nx = grid.shape
    detector = frames.Frame2D(name="detector", axes_order=(0, 1))
    to_world = _pixel_to_world(grid)
    if grid.kind == "slit":
        to_slit = _pixel_to_slit(grid)
        steps = [
            (detector, to_slit),
            (_slit_frame(), to_slit.inverse | to_world),
            (_world_frame(grid), None),
        ]
    else:
        steps = [(detector, to_world), (_world_frame(grid), None)]
    wcs = gwcs.WCS(steps)
    wcs.bounding_box = ((-0.5, nx - 0.5), (-0.5, ny - 0.5))
    wcs.array_shape = grid.shape
    return wcs


def _pixel_to_world(grid: OutputGrid) -> Model:
    along, across = grid.dispersion_axis - 1, 2 - grid.dispersion_axis
    mapping = Mapping((across, across, along))
    # Back from (plane x, plane y, wavelength), the leading axis gives the pixel across.
    inverse = [0, 0]
    inverse[along], inverse[across] = 2, grid.leading
    mapping.inverse = Mapping(tuple(inverse), n_inputs=3)
    lines = [
        Linear1D(slope=slope, intercept=intercept)
        for slope, intercept in zip(grid.slope, grid.intercept, strict=True)
    ]
    plane = lines[0] & lines[1]
    if grid.celestial:
        plane = plane | Pix2Sky_TAN() | RotateNative2Celestial(*grid.tangent_point, 180)
    return mapping | plane & _wavelength(grid)


def _pixel_to_slit(grid: OutputGrid) -> Model:
    position = Tabular1D(
        points=np.arange(grid.shape[0]),
        lookup_table=np.array(grid.slit_positions),
        bounds_error=False,
        fill_value=None,
    )
    # The slit has been rectified: slit x is its centre line for every pixel.
    centre = Const1D(0)
    centre.inverse = centre
    mapping, inverse = Mapping((0, 1, 0)), Mapping((2, 1), n_inputs=3)
    inverse.inverse = Mapping((0, 1, 0))
    mapping.inverse = inverse
    return mapping | centre & position & _wavelength(grid)


def _wavelength(grid: OutputGrid) -> Tabular1D:
    pixels, wavelengths = grid.wavelength_nodes()
    # Without a fill value Tabular1D continues its outer segments.
    fill = np.nan if grid.bounded else None
    table = Tabular1D(points=pixels, lookup_table=wavelengths, bounds_error=False, fill_value=fill)
    order = slice(None, None, 1 if wavelengths[0] <= wavelengths[-1] else -1)
    table.inverse = Tabular1D(
        points=wavelengths[order], lookup_table=pixels[order], bounds_error=False, fill_value=fill
    )
    return table


def _slit_frame() -> frames.CompositeFrame:
    spatial = frames.Frame2D(
        name="slit_spatial", axes_order=(0, 1), unit=("", ""), axes_names=("x_slit", "y_slit")
    )
    return frames.CompositeFrame([spatial, _spectral_frame()], name="slit_frame")


def _world_frame(grid: OutputGrid) -> frames.CompositeFrame:
    if not grid.celestial:
        spatial = frames.Frame2D(name="resampled_msa", axes_order=(0, 1), unit=(u.m, u.m))
    else:
        spatial = frames.CelestialFrame(
            name="sky", axes_order=(0, 1), reference_frame=coordinates.ICRS()
        )
    return frames.CompositeFrame([spatial, _spectral_frame()], name="world")


def _spectral_frame() -> frames.SpectralFrame:
    return frames.SpectralFrame(
        name="spectral", axes_order=(2,), unit=(u.micron,), axes_names=("wavelength",)
    )
