"""Combine the drizzled exposures of a product: its files, with blended headers, and its record."""

from pathlib import Path

from specresample.common.product_request import ProductRequest
from specresample.jobs.job import logged_job
from specresample.steps.combine import combine

if __name__ == "__main__":
    inputs, outputs = snakemake.input, snakemake.output
    with logged_job(snakemake) as workers:
        request = ProductRequest.from_json(snakemake.params.request)
        combine(
            request,
            dict(zip(request.exposures, map(Path, inputs.summaries), strict=True)),
            dict(zip(request.exposures, map(Path, inputs.singles), strict=True)),
            workers,
            grid=Path(inputs.grid),
            contents=Path(inputs.contents),
            **{name: Path(path) for name, path in outputs.items()},
        )
