"""What became of a product, and what it takes to make it again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from specresample.drizzling.times import total_times
from specresample.grids.sources import used_exposures

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
        About the slits of all files, from `specresample.quality.slit_summary.slit_facts`.
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
