"""Drizzle a slit of an exposure alone: its arrays, its noise, its outliers, its measures."""

from collections.abc import Mapping

import numpy as np

from specresample.drizzling.found_outliers import SlitOutliers
from specresample.drizzling.full_scan import full_scan
from specresample.drizzling.lags import noise_reach
from specresample.drizzling.noise import drizzle_noise
from specresample.drizzling.profiles import measure_exposure
from specresample.drizzling.slit import VARIANCES, OntoGrid, drizzle_slit
from specresample.drizzling.weights import weight_map
from specresample.footprint.prepared import PreparedSlit
from specresample.grids.product_grids import Source


def drizzle_source(
    slit: PreparedSlit,
    data: Mapping[str, np.ndarray],
    source: Source,
    arguments: Mapping[str, object],
    outliers: SlitOutliers | None = None,
) -> dict[str, np.ndarray]:
    """Drizzle the slit of an exposure onto the output grid of its source.

    Parameters
    ----------
    slit : PreparedSlit
    data : mapping of str to ndarray
        Its prepared arrays.
    source : Source
    arguments : mapping
        The arguments ``pixfrac``, ``kernel``, ``weight_type``, ``single``, ``propagate_dq``,
        ``errors`` and ``covariance``.
    outliers : SlitOutliers, optional
        They do not count, and ``outliers`` among the drizzled arrays says where they are.

    Returns
    -------
    dict of str to ndarray
        The drizzled arrays, and ``measures`` of the exposure.

    Raises
    ------
    ResampleError
        When the exposure's time is asked for and not known.
    """
    pixmap = source.grid.pixel_map(data["coordinates"])
    places = {}
    if outliers is not None:
        data = outliers.flag(data)
        places = {"outliers": outliers.place(slit.corner, pixmap), "compared": outliers.compared}
    weights = weight_map(slit, data, arguments["weight_type"])
    scaled = slit.flux_density and slit.pixel_area
    drop = 0 if arguments["kernel"] == "point" else arguments["pixfrac"]
    scanned = {name: image for name, image in data.items() if name != "coordinates"}
    scanned |= {"weights": weights, "pixmap": pixmap}
    if not source.grid.as_reference:
        scanned = full_scan(scanned)
    names = ("sci", "dq") if arguments["propagate_dq"] else ("sci",)
    if arguments["errors"] == "reference":
        names += ("err",) if arguments["single"] else VARIANCES
    onto = OntoGrid(
        scanned["weights"],
        scanned["pixmap"],
        source.grid.shape,
        pixfrac=arguments["pixfrac"],
        kernel=arguments["kernel"],
        intensity_scale=1 / source.scale_ratio if scaled else 1.0,
    )
    drizzled = drizzle_slit({name: scanned[name] for name in names if name in data}, onto)
    if arguments["errors"] != "reference":
        correlated = arguments["covariance"] or arguments["errors"] == "aperture"
        reach = noise_reach(pixmap, drop) if correlated else None
        variances = {name: scanned[name] for name in VARIANCES if name in data}
        drizzled |= drizzle_noise(variances, onto, reach)
    axis = slit.footprint.dispersion_axis
    measures = measure_exposure(
        data["sci"], weights, pixmap, drizzled["sci"], dispersion_axis=axis, drop=drop
    )
    return drizzled | {"measures": measures} | places
