"""Drizzle an exposure alone, onto the output grids of a product."""

import logging
from collections.abc import Mapping

import numpy as np

from specresample.common.arrays import ArrayFile, ArrayWriter
from specresample.common.errors import ResampleError
from specresample.common.progress import Progress
from specresample.drizzling.profiles import measure_exposure
from specresample.drizzling.slit import VARIANCES, drizzle_slit
from specresample.drizzling.times import time_weight
from specresample.drizzling.weights import exposure_time_weights, inverse_variance_weights
from specresample.grids.rectified import load_grid
from specresample.level2b.flags import good_pixels

log = logging.getLogger(__name__)


def drizzle_exposure(
    key: str,
    prepared: dict,
    arrays: ArrayFile,
    sources: list[dict],
    writer: ArrayWriter,
    arguments: Mapping[str, object],
) -> None:
    """Drizzle all slits of an exposure.

    Parameters
    ----------
    key : str
        Key of the exposure.
    prepared : dict
        Prepared exposure.
    arrays : ArrayFile
        Its arrays.
    sources : list of dict
        Sources of the product with their grids.
    writer : ArrayWriter
        Takes the drizzled arrays, under the number of each source.
    arguments : mapping
        The documented arguments ``pixfrac``, ``kernel``, ``weight_type``, ``single`` and
        ``propagate_dq``.
    """
    planes = ("err",) if arguments["single"] else VARIANCES
    wanted = ("sci", *planes, "dq") if arguments["propagate_dq"] else ("sci", *planes)
    weight_type = arguments["weight_type"]
    slits = {slit["number"]: slit for slit in prepared["slits"]}
    own = [source for source in sources if key in source["slits"]]
    progress = Progress(own, len(own))
    for source in progress:
        slit = slits[source["slits"][key]]
        data = arrays.group(str(slit["number"]))
        name = f"{key}: slit {slit['label']}"
        if weight_type == "ivm" and "var_rnoise" not in data:
            log.warning("%s: no VAR_RNOISE: all good pixels count alike", name)
        try:
            weights = weight_map(data, slit["metadata"], weight_type)
        except ResampleError as error:
            raise ResampleError(f"{name}: {error}") from error
        grid = load_grid(source["grid"])
        area = slit["metadata"].get("meta.photometry.pixelarea_steradians")
        pixmap = grid.pixel_map(data["coordinates"])
        drizzled = drizzle_slit(
            {name: data[name] for name in wanted if name in data},
            weights,
            pixmap,
            grid.shape,
            pixfrac=arguments["pixfrac"],
            kernel=arguments["kernel"],
            intensity_scale=1 / source["scale_ratio"] if slit["flux_density"] and area else 1.0,
        )
        if not (drizzled["wht"] > 0).any():
            log.warning("%s has no good pixel on the output grid", name)
        measures = measure_exposure(
            data["sci"],
            weights,
            pixmap,
            drizzled["sci"],
            dispersion_axis=slit["summary"]["dispersion_axis"],
            drop=0 if arguments["kernel"] == "point" else arguments["pixfrac"],
        )
        writer.add(str(source["number"]), drizzled | {"measures": measures})
        log.info("%s drizzled, %s", name, progress)


def weight_map(
    data: Mapping[str, np.ndarray], metadata: Mapping[str, object], weight_type: str
) -> np.ndarray:
    """Weights of a slit's pixels, of the type that is asked for.

    Parameters
    ----------
    data : mapping of str to ndarray
        Arrays of the slit.
    metadata : mapping
        Metadata of the slit by dotted path.
    weight_type : str
        ``ivm`` or ``exptime``.

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ResampleError
        When the exposure's time is asked for and not known.
    """
    good = good_pixels(data["dq"])
    if weight_type == "ivm":
        return inverse_variance_weights(good, data.get("var_rnoise"))
    time = time_weight(metadata)
    if time is None:
        raise ResampleError("weight_type exptime needs TMEASURE or EFFEXPTM in the header")
    return exposure_time_weights(good, time)
