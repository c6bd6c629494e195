"""Which slits show the same source (docs/specification.md, "Input" and "Product")."""

import logging
import re
from collections.abc import Mapping

from specresample.common.errors import ResampleError
from specresample.common.names import source_pattern
from specresample.footprint.prepared import Exposures, LeftOut, PreparedSlit

log = logging.getLogger(__name__)

SourceSlits = dict[str, PreparedSlit]
"""Slit of a source in every exposure that has it, by key of the exposure, in association order."""


def group_sources(exposures: Exposures) -> tuple[dict[str, SourceSlits], list[LeftOut]]:
    """Find the slits of all exposures that show the same source.

    Parameters
    ----------
    exposures : mapping of str to PreparedExposure
        By key, in association order.

    Returns
    -------
    sources : dict of str to dict of str to PreparedSlit
        Slit by exposure by source, sources in order of appearance. Slits belong together by
        ``source_name``, where it is blank by ``source_id``; files of one slit each are taken to
        show one source.
    left_out : list of LeftOut
        Slits that show the same source as another slit of their exposure.
    """
    several = has_several_slits(exposures)
    sources: dict[str, SourceSlits] = {}
    left_out = []
    for key, exposure in exposures.items():
        for slit in exposure.slits:
            name = str(slit.metadata.get("source_name") or "").strip()
            name = name or str(slit.metadata.get("source_id"))
            # A file of one slit needs no name.
            source = name if several else ""
            other = sources.setdefault(source, {}).setdefault(key, slit)
            if other is not slit:
                reason = f"slit {other.label} shows the same source"
                log.warning("%s: slit %s left out: %s", key, slit.label, reason)
                left_out.append(LeftOut(reason, slit=slit.label, exposure=key))
    return sources, left_out


def has_several_slits(exposures: Exposures) -> bool:
    """Whether exposures come as MultiSlitModels."""
    return any(exposure.model_type == "MultiSlitModel" for exposure in exposures.values())


def expand_product_name(name: str, slits: Mapping[str, PreparedSlit]) -> str:
    """Fill in the template of a product name for one source, as the observatory does.

    Parameters
    ----------
    name : str
        Product name with ``{source_id}``, ``{slit_name}`` or both.
    slits : mapping of str to PreparedSlit
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
    """
    metadata = [slit.metadata for slit in slits.values()]
    source_id = int(metadata[0].get("source_id") or 0)
    background = "BKG" in str(metadata[0].get("source_name") or "")
    letter = "b" if background else "v" if source_id < 0 else "s"
    names = dict.fromkeys(str(entry.get("name") or "slit").lower() for entry in metadata)
    expanded = name.format(source_id=f"{letter}{abs(source_id):09d}", slit_name="-".join(names))
    # Slit names come from the files: they must not lead the product elsewhere.
    if not re.fullmatch(source_pattern(name), expanded):
        raise ResampleError(f"its name {expanded!r} is not usable as a file name")
    return expanded
