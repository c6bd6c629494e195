"""Make a product at one go, from its exposures to its files and record.

Makes what `output_grid`, `drizzle_exposure` and `combine` make, in one job.
"""

from pathlib import Path

from specresample.common.product_request import ProductRequest
from specresample.jobs.job import logged_job
from specresample.jobs.workers import worker_pool
from specresample.steps.combine import Made
from specresample.steps.make_product import make_product

if __name__ == "__main__":
    inputs, outputs = snakemake.input, snakemake.output
    with (
        logged_job(snakemake.log, snakemake.resources),
        worker_pool(snakemake.threads) as spread,
    ):
        request = ProductRequest.from_json(snakemake.params.request)
        made = Made(Path(outputs.files), Path(outputs.record), Path(outputs.provenance))
        make_product(
            request,
            dict(zip(request.exposures, map(Path, inputs.exposures), strict=True)),
            Path(outputs.grid),
            Path(outputs.contents),
            Path(outputs.singles),
            made,
            made.record.parents[2],
            spread,
            snakemake.threads,
            in_memory=snakemake.config["in_memory"],
        )
