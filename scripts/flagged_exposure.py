"""Write an exposure with its outliers flagged: a copy of the level-2b file, with other DQ and NaN.

Makes `{exposure}_crf.fits`, which can be a member of associations.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from specresample.jobs.job import logged_job
from specresample.steps.flagged_exposure import flagged_exposure

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with logged_job(snakemake.log, snakemake.resources):
        flagged_exposure(
            snakemake.wildcards.exposure,
            Path(snakemake.input.exposure),
            Path(snakemake.input.grid),
            Path(snakemake.params.single),
            Path(snakemake.output[0]),
        )
