"""Combine the drizzled exposures of a product and write its s2d file.

Makes `{product}_s2d.fits`: for every source the weighted mean of its exposures, variances, error,
context and GWCS, with blended headers.
"""

from typing import TYPE_CHECKING

from specresample.combination import combine_sources
from specresample.files import read_json
from specresample.job import logged_job
from specresample.product import fill_value, product_model, write_product
from specresample.sources import has_several_slits
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
        sources = read_json(inputs.grid)["sources"]
        product = product_model(
            sources,
            exposures,
            combine_sources(
                sources, exposures, singles, arguments, fill_value(arguments["fillval"])
            ),
            arguments,
            params.association,
            several=has_several_slits(exposures),
        )
        write_product(snakemake.output[0], product)
