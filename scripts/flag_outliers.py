"""Find the outliers of a product's exposures: each is compared with the median of all."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.steps.flag_outliers import flag_outliers

if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params
    with logged_job(snakemake) as workers:
        flag_outliers(
            dict(zip(params.exposures, map(Path, inputs.arrays), strict=True)),
            dict(zip(params.exposures, map(Path, inputs.summaries), strict=True)),
            params.arguments,
            Path(snakemake.output[0]),
            workers,
        )
