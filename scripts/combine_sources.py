"""Combine the drizzled exposures of some sources and write a file for each.

Makes a folder of `{source}_s2d.fits`, for products whose name holds a template: as `combine`, but
every source is a file of its own, named as the observatory names it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from specresample.combination import combine_sources
from specresample.files import read_json
from specresample.job import logged_job
from specresample.product import fill_value, product_model, write_product
from specresample.storage import open_arrays

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    arguments = params.arguments
    exposures = dict(zip(params.exposures, map(read_json, inputs.summaries), strict=True))
    paths = dict(zip(params.exposures, inputs.singles, strict=True))
    with (
        logged_job(snakemake.log[0]),
        open_arrays(paths, in_memory=params.in_memory) as singles,
    ):
        for source in read_json(inputs.grid)["sources"][slice(*params.sources)]:
            arrays = combine_sources(
                [source], exposures, singles, arguments, fill_value(arguments["fillval"])
            )
            product = product_model(
                [source], exposures, arrays, arguments, params.association, several=False
            )
            path = Path(snakemake.output[0]) / f"{source['file']}_s2d.fits"
            write_product(path, product)
