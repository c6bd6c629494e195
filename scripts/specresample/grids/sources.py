"""Which slits show the same source (docs/specification.md, "Input" and "Product")."""

import logging
import re
from collections.abc import Mapping

from specresample.common.errors import ResampleError
from specresample.common.names import source_pattern

log = logging.getLogger(__name__)

# In an exposure with several slits a slit is known by its source; a file of one slit needs no name.
_ONLY = ""


def group_sources(
    exposures: Mapping[str, dict],
) -> tuple[dict[str, dict[str, dict]], list[dict]]:
    """Find the slits of all exposures that show the same source.

    Parameters
    ----------
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.

    Returns
    -------
    tuple of dict of str to dict of str to dict, and list of dict
        Slit by exposure key by source, sources in order of appearance. Slits belong together by
        ``source_name``, where it is blank by ``source_id``; files of one slit each are taken to
        show one source. Then the slits that are left out, since another one of their exposure
        shows their source, with the reason.
    """
    several = has_several_slits(exposures)
    sources: dict[str, dict[str, dict]] = {}
    bad = []
    for key, entry in exposures.items():
        for slit in entry["slits"]:
            source = _source_key(slit["metadata"]) if several else _ONLY
            other = sources.setdefault(source, {}).setdefault(key, slit)
            if other is not slit:
                reason = f"slit {other['label']} shows the same source"
                log.warning("%s: slit %s left out: %s", key, slit["label"], reason)
                bad.append({"exposure": key, "slit": slit["label"], "reason": reason})
    return sources, bad


def has_several_slits(exposures: Mapping[str, dict]) -> bool:
    """Whether exposures come as MultiSlitModels.

    Parameters
    ----------
    exposures : mapping of str to dict
        Prepared exposures by key.
    """
    return any(entry["model_type"] == "MultiSlitModel" for entry in exposures.values())


def source_slits(source: Mapping, exposures: Mapping[str, dict]) -> dict[str, dict]:
    """Slit of a source in every exposure that has it.

    Parameters
    ----------
    source : mapping
        A source, as the rule ``output_grid`` makes it.
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.

    Returns
    -------
    dict of str to dict
        Slit by exposure key, in association order.
    """
    return {
        key: next(slit for slit in entry["slits"] if slit["number"] == source["slits"][key])
        for key, entry in exposures.items()
        if key in source["slits"]
    }


def used_exposures(grids: Mapping[str, object]) -> list[str]:
    """Keys of the exposures with a slit that can be resampled.

    Parameters
    ----------
    grids : mapping
        From `specresample.grids.output_grids.output_grids`.
    """
    return list({key: None for source in grids["sources"] for key in source["slits"]})


def expand_product_name(name: str, slits: Mapping[str, dict]) -> str:
    """Fill in the template of a product name for one source, as the observatory does.

    Parameters
    ----------
    name : str
        Product name with ``{source_id}``, ``{slit_name}`` or both.
    slits : mapping of str to dict
        The source's slit by exposure.

    Returns
    -------
    str
        The name as it is when it holds no template. The source id becomes ``s`` and nine digits,
        ``b...`` for MOS background slits, ``v...`` for virtual slits, whose id is negative; slit
        names are in lower case, joined by hyphens where a source was seen through several.

    Raises
    ------
    ResampleError
        When the name would not be that of a file.

    Examples
    --------
    >>> slit = {"metadata": {"source_id": -42, "source_name": "2736_-42"}}
    >>> expand_product_name("jw02736_{source_id}_nirspec", {"exposure": slit})
    'jw02736_v000000042_nirspec'
    """
    metadata = [slit["metadata"] for slit in slits.values()]
    source_id = int(metadata[0].get("source_id") or 0)
    background = "BKG" in str(metadata[0].get("source_name") or "")
    letter = "b" if background else "v" if source_id < 0 else "s"
    names = dict.fromkeys(str(entry.get("name") or "slit").lower() for entry in metadata)
    expanded = name.format(source_id=f"{letter}{abs(source_id):09d}", slit_name="-".join(names))
    # Slit names come from the files: they must not lead the product elsewhere.
    if not re.fullmatch(source_pattern(name), expanded):
        raise ResampleError(f"its name {expanded!r} is not usable as a file name")
    return expanded


def _source_key(metadata: Mapping[str, object]) -> str:
    name = str(metadata.get("source_name") or "").strip()
    return name or str(metadata.get("source_id"))
