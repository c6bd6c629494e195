"""Record what became of a product, and what it takes to make it again.

Makes `record.json`, whether the product was made or skipped and why, its files and the slits left
out; and `provenance.json`: software, configuration, association, inputs and products with
checksums.
"""

from typing import TYPE_CHECKING

from specresample.common.files import read_json, write_json
from specresample.jobs.job import logged_job
from specresample.reporting.provenance import product_provenance
from specresample.reporting.record import product_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params
    with logged_job(snakemake.log[0], snakemake.resources):
        grids, files = read_json(inputs.grid), list(inputs.products)
        prepared = [read_json(path) for path in inputs.summaries]
        record = product_record(
            snakemake.wildcards.product,
            grids,
            dict(zip(params.exposures, prepared, strict=True)),
            files,
            [slit for path in inputs.facts for slit in read_json(path)],
            params.other_members,
        )
        provenance = product_provenance(
            grids,
            dict(zip(params.places, prepared, strict=True)),
            params.association,
            params.arguments,
            dict(zip(files, files, strict=True)),
        )
        write_json(snakemake.output.provenance, provenance, indent=2)
        write_json(snakemake.output.record, record, indent=2)
