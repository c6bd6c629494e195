"""Combine the drizzled exposures of a product and write its s2d file.

Makes `{product}_s2d.fits`: for every source the weighted mean of its exposures, variances, error,
context and GWCS, with blended headers.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from specresample.combination import Combination
from specresample.job import logged_job
from specresample.product import (
    creation_date,
    fill_value,
    product_model,
    source_slits,
    write_product,
)
from specresample.files import read_json
from specresample.storage import ArrayFile
from specresample.times import time_weight

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("specresample.combine")


def combine_sources(
    sources: Sequence[dict],
    exposures: Mapping[str, dict],
    singles: Mapping[str, ArrayFile],
    arguments: Mapping[str, object],
) -> Iterator[dict[str, np.ndarray]]:
    """Average the drizzled exposures of one source after another.

    Parameters
    ----------
    sources : sequence of dict
        Sources with their grids.
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.
    singles : mapping of str to ArrayFile
        Drizzled arrays of every exposure, by the same keys.
    arguments : mapping
        The documented arguments.

    Yields
    ------
    dict of str to ndarray
        Arrays of a source's product.
    """
    by_time = arguments["weight_type"] == "exptime"
    for number, source in enumerate(sources):
        slits = source_slits(source, exposures)
        combination = Combination(
            tuple(source["grid"]["shape"]), len(slits), propagate_dq=arguments["propagate_dq"]
        )
        keys = (key for key in exposures if key in source["slits"])
        for key, slit in zip(keys, slits, strict=True):
            time = time_weight(slit["metadata"]) if by_time else None
            combination.add(singles[key].group(str(number)), time=time)
        log.info("source %s combined from %d exposures", source["key"], len(slits))
        yield combination.finish(
            scale_ratio=source["scale_ratio"], fill_value=fill_value(arguments["fillval"])
        )


if __name__ == "__main__":
    with logged_job(snakemake.log[0]), ExitStack() as stack:
        params = snakemake.params
        exposures = dict(
            zip(params.exposures, map(read_json, snakemake.input.summaries), strict=True)
        )
        singles = {
            key: stack.enter_context(ArrayFile(path, in_memory=params.in_memory))
            for key, path in zip(params.exposures, snakemake.input.singles, strict=True)
        }
        sources = read_json(snakemake.input.grid)["sources"]
        tree, table = product_model(
            sources,
            exposures,
            combine_sources(sources, exposures, singles, params.arguments),
            params.arguments,
            params.association,
            several=any(e["model_type"] == "MultiSlitModel" for e in exposures.values()),
        )
        created = creation_date([entry["metadata"] for entry in exposures.values()])
        write_product(snakemake.output[0], tree, table, created)
