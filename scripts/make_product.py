"""Make a product at one go: what `output_grid`, `drizzle_exposure` and `combine` make."""

from pathlib import Path

from specresample.common.product_request import ProductRequest
from specresample.jobs.job import logged_job
from specresample.steps.make_product import make_product

if __name__ == "__main__":
    with logged_job(snakemake) as workers:
        request = ProductRequest.from_json(snakemake.params.request)
        make_product(
            request,
            dict(zip(request.exposures, map(Path, snakemake.input.exposures), strict=True)),
            workers,
            in_memory=snakemake.config["in_memory"],
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
