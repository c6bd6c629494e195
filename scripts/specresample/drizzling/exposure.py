"""Drizzle an exposure alone, onto the output grids of a product."""

import logging
from collections.abc import Mapping

import numpy as np

from specresample.common.arrays import ArrayFile, ArrayWriter
from specresample.common.errors import ResampleError
from specresample.common.progress import Progress
from specresample.drizzling.found_outliers import SlitOutliers
from specresample.drizzling.full_scan import full_scan
from specresample.drizzling.lags import noise_reach
from specresample.drizzling.noise import drizzle_noise
from specresample.drizzling.profiles import measure_exposure
from specresample.drizzling.slit import VARIANCES, OntoGrid, drizzle_slit
from specresample.drizzling.weights import weight_map
from specresample.footprint.prepared import PreparedExposure, PreparedSlit
from specresample.grids.product_grids import ProductGrids, Source

log = logging.getLogger(__name__)


def drizzle_exposure(
    key: str,
    exposure: PreparedExposure,
    arrays: ArrayFile,
    grids: ProductGrids,
    writer: ArrayWriter,
    arguments: Mapping[str, object],
    outliers: ArrayFile | None = None,
) -> None:
    """Drizzle all slits of an exposure.

    Parameters
    ----------
    key : str
        Key of the exposure.
    exposure : PreparedExposure
    arrays : ArrayFile
    grids : ProductGrids
    writer : ArrayWriter
        Takes the drizzled arrays, under the number of each source.
    arguments : mapping
        The arguments ``pixfrac``, ``kernel``, ``weight_type``, ``single``, ``propagate_dq``,
        ``errors`` and ``covariance``.
    outliers : ArrayFile, optional
        `specresample.drizzling.found_outliers.SlitOutliers` of every slit. They do not count, and
        ``outliers`` among the drizzled arrays says where they are.

    Raises
    ------
    ResampleError
        When the exposure's time is asked for and not known; names the slit.
    """
    sources = grids.sources_of(key)
    progress = Progress(sources, len(sources))
    for source in progress:
        slit = exposure.slit(source.slits[key])
        name = f"{key}: slit {slit.label}"
        data = arrays.group(str(slit.number))
        if arguments["weight_type"] == "ivm" and "var_rnoise" not in data:
            log.warning("%s: no VAR_RNOISE: all good pixels count alike", name)
        pixmap = source.grid.pixel_map(data["coordinates"])
        places = {}
        if outliers is not None:
            found = SlitOutliers(**outliers.group(str(slit.number)))
            data = found.flag(data)
            places = {"outliers": found.place(slit.corner, pixmap), "compared": found.compared}
        try:
            weights = weight_map(slit, data, arguments["weight_type"])
        except ResampleError as error:
            raise ResampleError(f"{name}: {error}") from error
        drizzled = _drizzle_source(slit, data, weights, pixmap, source, arguments) | places
        if not (drizzled["wht"] > 0).any():
            log.warning("%s has no good pixel on the output grid", name)
        writer.add(str(source.number), drizzled)
        log.info("%s drizzled, %s", name, progress)


def _drizzle_source(
    slit: PreparedSlit,
    data: Mapping[str, np.ndarray],
    weights: np.ndarray,
    pixmap: np.ndarray,
    source: Source,
    arguments: Mapping[str, object],
) -> dict[str, np.ndarray]:
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
    return drizzled | {"measures": measures}
