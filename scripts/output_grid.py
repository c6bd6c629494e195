"""Lay out the output grids of a product: one for every source in its exposures.

Makes a JSON file: for every source its grid, the scale ratio, which slit of which exposure belongs
to it, and the name of its file where every source has one; or the reason why the product is
skipped. Reads only the summaries of the prepared exposures.
"""

from typing import TYPE_CHECKING

from specresample.common.files import read_json, write_json
from specresample.grids.output_grids import output_grids
from specresample.jobs.job import logged_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with logged_job(snakemake.log[0], snakemake.resources):
        params = snakemake.params
        exposures = dict(
            zip(params.exposures, map(read_json, snakemake.input.summaries), strict=True)
        )
        write_json(snakemake.output.grid, output_grids(params.name, exposures, params.arguments))
