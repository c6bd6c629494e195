"""Where a product comes from: software, arguments, inputs with checksums."""

import platform
from collections.abc import Mapping
from pathlib import Path

from specresample.common.files import file_digest
from specresample.common.versions import software_versions


def product_provenance(
    grids: Mapping[str, object],
    exposures: Mapping[str, dict],
    association: str,
    arguments: Mapping[str, object],
    files: Mapping[str, str | Path],
) -> dict:
    """Say how a product was made.

    Parameters
    ----------
    grids : mapping
        Grids of the product, as the rule ``output_grid`` makes them.
    exposures : mapping of str to dict
        Prepared exposures by path or URI.
    association : str
        Path of the association file.
    arguments : mapping
        The documented arguments of the product.
    files : mapping of str to str or Path
        By the path of each of its files, where it lies now.

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
                "file": place,
                "sha256": entry["sha256"],
                "CAL_VER": entry["metadata"].get("meta.calibration_software_version"),
                "CRDS_CTX": entry["metadata"].get("meta.ref_file.crds.context_used"),
            }
            for place, entry in exposures.items()
        ],
        "products": [{"file": file, "sha256": file_digest(path)} for file, path in files.items()],
    }
