"""Where a product comes from: software, arguments, inputs with checksums."""

import platform
from collections.abc import Mapping
from pathlib import Path

from specresample.common.files import file_digest
from specresample.common.product_request import ProductRequest
from specresample.common.versions import LOCK, lock_state, software_versions
from specresample.footprint.prepared import Exposures
from specresample.grids.product_grids import ProductGrids


def product_provenance(
    request: ProductRequest,
    grids: ProductGrids,
    exposures: Exposures,
    files: Mapping[str, str | Path],
) -> dict:
    """Say how a product was made.

    Parameters
    ----------
    request : ProductRequest
    grids : ProductGrids
    exposures : mapping of str to PreparedExposure
        By key.
    files : mapping of str to str or Path
        By the path of each of its files, where it lies now.

    Returns
    -------
    dict
    """
    association = request.association
    return {
        "software": software_versions() | {"python": platform.python_version()},
        "lock": lock_state(LOCK),
        "arguments": request.arguments,
        "association": {"file": association, "sha256": file_digest(association)},
        "output_wcs": grids.output_wcs,
        "wavelength_table": grids.wavelength_table,
        "inputs": [
            {
                "file": request.exposures[key],
                "sha256": exposure.sha256,
                "CAL_VER": exposure.metadata.get("meta.calibration_software_version"),
                "CRDS_CTX": exposure.metadata.get("meta.ref_file.crds.context_used"),
                "S_TRCMOD": exposure.metadata.get("meta.cal_step.adaptive_trace_model"),
            }
            for key, exposure in exposures.items()
        ],
        "products": [{"file": file, "sha256": file_digest(path)} for file, path in files.items()],
    }
