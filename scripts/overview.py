"""Show all products of a campaign on one page: a table that can be sorted and filtered.

Makes `overview.html` for the report, from the records of the products. Every run leaves the same
page, with what failed, as `overview.html` beside the products.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from specresample.common.files import read_json
from specresample.jobs.job import logged_job
from specresample.reporting.ledger import ledger_entry
from specresample.reporting.overview import write_overview

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with logged_job(snakemake.log[0], snakemake.resources):
        entries = []
        for path in map(Path, snakemake.input):
            exposures = dict.fromkeys(read_json(path)["exposures"], "")
            entries.append(ledger_entry(path.parent.name, "", exposures, {}, path.parents[1]))
        write_overview(snakemake.output[0], entries)
