"""Which slits of which exposures show the same source (spec: "Input" and "Product")."""

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)

# In an exposure with several slits a slit is known by its source; a file of one slit needs no name.
_ONLY = ""


def group_sources(exposures: Mapping[str, dict]) -> dict[str, dict[str, dict]]:
    """Find the slits of all exposures that show the same source.

    Parameters
    ----------
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.

    Returns
    -------
    dict of str to dict of str to dict
        Slit by exposure key by source, sources in order of appearance. Slits belong together by
        ``source_name``, where it is blank by ``source_id``; files of one slit each are taken to
        show one source.
    """
    several = has_several_slits(exposures)
    sources: dict[str, dict[str, dict]] = {}
    for key, entry in exposures.items():
        for slit in entry["slits"]:
            source = _source_key(slit["metadata"]) if several else _ONLY
            other = sources.setdefault(source, {}).setdefault(key, slit)
            if other is not slit:
                log.warning(
                    "%s: slit %s left out: slit %s shows the same source",
                    entry["file"],
                    slit["label"],
                    other["label"],
                )
    return sources


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
        ``s`` and nine digits of the source id; ``b`` for MOS background slits; ``v`` for virtual
        slits, whose id is negative. Slit names in lower case, joined by hyphens where a source was
        seen through several.

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
    return name.format(source_id=f"{letter}{abs(source_id):09d}", slit_name="-".join(names))


def _source_key(metadata: Mapping[str, object]) -> str:
    name = str(metadata.get("source_name") or "").strip()
    return name or str(metadata.get("source_id"))
