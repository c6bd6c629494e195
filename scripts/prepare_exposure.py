"""Prepare an exposure: read its file once and evaluate the WCS of every slit.

Makes two files that hold all the later rules need of the exposure:

- arrays by slit: ``sci``, ``err``, variances and ``dq`` with invalid pixels made consistent, and
  ``coordinates``, the world coordinates of every pixel;
- a JSON file: metadata of exposure and slits, a summary of each slit's footprint, and the slits
  that cannot be used with the reason.
"""

from typing import TYPE_CHECKING

from specresample.common.arrays import ArrayWriter
from specresample.common.files import write_json, written_aside
from specresample.footprint.preparation import prepare_exposure
from specresample.jobs.job import logged_job
from specresample.level2b.exposure import Exposure

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        written_aside(snakemake.output.arrays) as aside,
        Exposure(snakemake.input[0], in_memory=bool(snakemake.resources.in_memory)) as exposure,
        ArrayWriter(aside) as writer,
    ):
        prepared = prepare_exposure(exposure, writer)
        # From a cache it comes to all files that hold the same. Whose it is, their jobs are told.
        del prepared["file"]
        write_json(snakemake.output.summary, prepared)
