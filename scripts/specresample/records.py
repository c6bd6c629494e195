"""What became of a product, and what it takes to make it again."""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from specresample.provenance import file_digest, software_versions
from specresample.sources import used_exposures
from specresample.times import total_times

# Metadata that say in which mode an exposure was taken.
_MODE = {
    "instrument": "meta.instrument.name",
    "exposure_type": "meta.exposure.type",
    "filter": "meta.instrument.filter",
    "grating": "meta.instrument.grating",
}


def product_record(
    product: str,
    grids: dict,
    exposures: Mapping[str, dict],
    files: Sequence[str],
    facts: Sequence[dict],
    other_members: Sequence[str],
) -> dict:
    """Summarise what became of a product.

    Parameters
    ----------
    product : str
        Name of the product's folder.
    grids : dict
        Grids of the product, as the rule ``output_grid`` makes them.
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.
    files : sequence of str
        Paths of its products.
    facts : sequence of dict
        About the slits of all files, from `specresample.facts.slit_facts`.
    other_members : sequence of str
        Members of the association that are no science exposures, as ``kind: name``.

    Returns
    -------
    dict
    """
    metadata = [entry["metadata"] for entry in exposures.values()]
    used = [exposures[key]["metadata"] for key in used_exposures(grids)]
    return {
        "product": product,
        "state": "skipped" if grids["skip"] else "done",
        "reason": grids["skip"],
        "mode": {name: metadata[0].get(path) for name, path in _MODE.items()},
        "exposures": [*exposures],
        "exposure_time": total_times(used).exposure if used else None,
        "files": [Path(file).name for file in files],
        "slits": list(facts),
        "left_out": grids["bad"],
        "other_members": list(other_members),
    }


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
