"""Record what became of a product, and what it takes to make it again.

Makes `record.json`, whether the product was made or skipped and why, its files and the slits left
out; and `provenance.json`: software, configuration, association, inputs and products with
checksums.
"""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from specresample.files import read_json, write_json
from specresample.job import logged_job
from specresample.provenance import file_digest, software_versions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def product_record(
    product: str, grids: dict, files: Sequence[str], other_members: Sequence[str]
) -> dict:
    """Summarise what became of a product.

    Parameters
    ----------
    product : str
        Name of the product's folder.
    grids : dict
        Grids of the product, as the rule ``output_grid`` makes them.
    files : sequence of str
        Paths of its products.
    other_members : sequence of str
        Members of the association that are no science exposures, as ``kind: name``.

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
        "other_members": list(other_members),
    }


def product_provenance(
    grids: Mapping[str, object],
    exposures: Sequence[dict],
    association: str,
    arguments: Mapping[str, object],
    files: Sequence[str],
) -> dict:
    """Say how a product was made.

    Parameters
    ----------
    grids : mapping
        Grids of the product, as the rule ``output_grid`` makes them.
    exposures : sequence of dict
        Prepared exposures.
    association : str
        Path of the association file.
    arguments : mapping
        The documented arguments of the product.
    files : sequence of str
        Paths of its products.

    Returns
    -------
    dict
    """
    return {
        "software": software_versions() | {"python": platform.python_version()},
        "arguments": dict(arguments),
        "association": {"file": association, "sha256": file_digest(association)},
        "output_wcs": grids["output_wcs"],
        "inputs": [
            {
                "file": entry["file"],
                "sha256": entry["sha256"],
                "CAL_VER": entry["metadata"].get("meta.calibration_software_version"),
                "CRDS_CTX": entry["metadata"].get("meta.ref_file.crds.context_used"),
            }
            for entry in exposures
        ],
        "products": [{"file": file, "sha256": file_digest(file)} for file in files],
    }


if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params
    with logged_job(snakemake.log[0]):
        grids, files = read_json(inputs.grid), list(inputs.products)
        record = product_record(snakemake.wildcards.product, grids, files, params.other_members)
        provenance = product_provenance(
            grids,
            [read_json(path) for path in inputs.summaries],
            params.association,
            params.arguments,
            files,
        )
        write_json(snakemake.output.provenance, provenance, indent=2)
        write_json(snakemake.output.record, record, indent=2)
