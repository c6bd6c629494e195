"""Drizzle an exposure onto the output grids of a product: every slit onto its source's grid.

Makes arrays by source: ``sci``, ``wht`` and, for the combination, the variances, or ``err`` for
single products; ``dq`` where it is propagated.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from specresample.drizzling import VARIANCES, drizzle_slit
from specresample.errors import ResampleError
from specresample.files import read_json, written_aside
from specresample.grid import load_grid
from specresample.job import logged_job
from specresample.storage import ArrayFile, ArrayWriter
from specresample.times import time_weight
from specresample.weights import exposure_time_weights, good_pixels, inverse_variance_weights

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("specresample.drizzle_exposure")


def drizzle_exposure(
    key: str,
    prepared: dict,
    arrays: ArrayFile,
    sources: list[dict],
    writer: ArrayWriter,
    *,
    pixfrac: float,
    kernel: str,
    weight_type: str,
    single: bool,
    propagate_dq: bool,
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
    pixfrac, kernel, weight_type, single, propagate_dq
        The documented arguments.
    """
    planes = ("err",) if single else VARIANCES
    wanted = ("sci", *planes, "dq") if propagate_dq else ("sci", *planes)
    slits = {slit["number"]: slit for slit in prepared["slits"]}
    for source in sources:
        if key not in source["slits"]:
            continue
        slit = slits[source["slits"][key]]
        data = arrays.group(str(slit["number"]))
        name = f"{prepared['file']}: slit {slit['label']}"
        if weight_type == "ivm" and "var_rnoise" not in data:
            log.warning("%s: no VAR_RNOISE: all good pixels count alike", name)
        try:
            weights = weight_map(data, slit["metadata"], weight_type)
        except ResampleError as error:
            raise ResampleError(f"{name}: {error}") from error
        grid = load_grid(source["grid"])
        area = slit["metadata"].get("meta.photometry.pixelarea_steradians")
        drizzled = drizzle_slit(
            {name: data[name] for name in wanted if name in data},
            weights,
            grid.pixel_map(data["coordinates"]),
            grid.shape,
            pixfrac=pixfrac,
            kernel=kernel,
            intensity_scale=1 / source["scale_ratio"] if slit["flux_density"] and area else 1.0,
        )
        if not (drizzled["wht"] > 0).any():
            log.warning("%s has no good pixel on the output grid", name)
        writer.add(str(source["number"]), drizzled)
        log.info("%s drizzled", name)


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


if __name__ == "__main__":
    arguments = snakemake.params.arguments
    with (
        logged_job(snakemake.log[0]),
        written_aside(snakemake.output[0]) as aside,
        ArrayFile(snakemake.input.arrays, in_memory=bool(snakemake.resources.in_memory)) as arrays,
        ArrayWriter(aside) as writer,
    ):
        drizzle_exposure(
            snakemake.wildcards.exposure,
            read_json(snakemake.input.summary),
            arrays,
            read_json(snakemake.input.grid)["sources"],
            writer,
            **arguments,
        )
