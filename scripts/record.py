"""Record what became of a product: its files, or why it was skipped, and the slits left out."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from specresample.files import read_json, write_json
from specresample.job import logged_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("specresample.record")


def product_record(product: str, grids: dict, files: list[str]) -> dict:
    """Summarise a product.

    Parameters
    ----------
    product : str
        Name of the product's folder.
    grids : dict
        Grids of the product, as the rule ``output_grid`` makes them.
    files : list of str
        Paths of its products.

    Returns
    -------
    dict
    """
    return {
        "product": product,
        "state": "skipped" if grids["skip"] else "done",
        "reason": grids["skip"],
        "files": [Path(file).name for file in files],
        "left_out": grids["bad"],
    }


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        record = product_record(
            snakemake.wildcards.product,
            read_json(snakemake.input.grid),
            list(snakemake.input.products),
        )
        write_json(snakemake.output[0], record)
