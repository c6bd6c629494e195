"""Combine the drizzled exposures of some sources and write a file for each.

Makes a folder of `{source}_s2d.fits`, for products whose name holds a template: as `combine`, but
every source is a file of its own, named as the observatory names it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from specresample.combination import combined_arrays
from specresample.files import read_json
from specresample.job import logged_job
from specresample.product import product_model, write_product
from specresample.storage import open_arrays

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    with logged_job(snakemake.log[0]):
        grids = read_json(inputs.grid)
        exposures = dict(zip(params.exposures, map(read_json, inputs.summaries), strict=True))
        paths = dict(zip(params.exposures, inputs.singles, strict=True))
        # Never all in memory: of the exposures' many sources, only some are read here, once.
        with open_arrays(paths, in_memory=False) as singles:
            for source in grids["sources"][slice(*params.sources)]:
                product = product_model(
                    grids,
                    [source],
                    exposures,
                    combined_arrays([source], exposures, singles, params.arguments),
                    params.arguments,
                    params.association,
                    several=False,
                )
                path = Path(snakemake.output[0]) / f"{source['file']}_s2d.fits"
                write_product(path, product)
