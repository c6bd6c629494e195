"""Lay out the output grids of a product: one for every source in its exposures.

Makes a JSON file: for every source its grid, the scale ratio, and which slit of which exposure
belongs to it; or the reason why the product is skipped. Reads only the summaries of the prepared
exposures.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from specresample.errors import ResampleError
from specresample.grid import OutputGrid, build_grid
from specresample.job import logged_job
from specresample.files import read_json, write_json

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("specresample.output_grid")


def output_grids(
    exposures: Mapping[str, dict], *, pixel_scale_ratio: float, pixel_scale: float | None
) -> dict:
    """Group the slits of all exposures into sources and lay out a grid for each.

    Parameters
    ----------
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.
    pixel_scale_ratio : float
        Input over output pixel scale.
    pixel_scale : float or None
        Output pixel scale in arcsec; overrides the ratio.

    Returns
    -------
    dict
        ``skip``, the reason for which the product is skipped, or None; ``sources``; ``bad``, the
        slits that are left out, with the reason.

    Raises
    ------
    ResampleError
        When no source can be resampled.
    """
    reasons = {key: entry["skip"] for key, entry in exposures.items() if entry["skip"]}
    used = {key: entry for key, entry in exposures.items() if key not in reasons}
    bad = [bad | {"exposure": key} for key, entry in used.items() for bad in entry["bad"]]
    bad += [{"exposure": key, "slit": None, "reason": reason} for key, reason in reasons.items()]
    if not used:
        reason = "; ".join(dict.fromkeys(reasons.values()))
        log.warning("product skipped: %s", reason)
        return {"skip": reason, "sources": [], "bad": bad}

    sources = []
    for key, slits in group_sources(used).items():
        try:
            grid, ratio = source_grid(
                list(slits.values()), pixel_scale_ratio=pixel_scale_ratio, pixel_scale=pixel_scale
            )
        except ResampleError as error:
            label = next(iter(slits.values()))["label"]
            log.warning("slit %s left out: %s", label, error)
            bad.append({"exposure": None, "slit": label, "reason": str(error)})
            continue
        sources.append(
            {
                "key": key,
                "grid": grid.to_dict(),
                "scale_ratio": ratio,
                "slits": {exposure: slit["number"] for exposure, slit in slits.items()},
            }
        )
        log.info("source %s: %d exposures, grid of %s pixels", key, len(slits), grid.shape)
    if not sources:
        reasons = "; ".join(f"{entry['slit']}: {entry['reason']}" for entry in bad)
        raise ResampleError(f"no source can be resampled: {reasons}")
    return {"skip": None, "sources": sources, "bad": bad}


def group_sources(exposures: Mapping[str, dict]) -> dict[str, dict[str, dict]]:
    """Find the slits of all exposures that show the same source (spec: "Input").

    Parameters
    ----------
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.

    Returns
    -------
    dict of str to dict of str to dict
        Slit by exposure key by source, sources in order of appearance. Files of one slit each are
        taken to show one source.
    """
    several = any(entry["model_type"] == "MultiSlitModel" for entry in exposures.values())
    sources: dict[str, dict[str, dict]] = {}
    for key, entry in exposures.items():
        for slit in entry["slits"]:
            metadata = slit["metadata"]
            name = str(metadata.get("source_name") or "").strip()
            source = (name or str(metadata.get("source_id"))) if several else ""
            other = sources.setdefault(source, {}).setdefault(key, slit)
            if other is not slit:
                log.warning(
                    "%s: slit %s left out: its source is in slit %s too",
                    entry["file"],
                    slit["label"],
                    other["label"],
                )
    return sources


def source_grid(
    slits: list[dict], *, pixel_scale_ratio: float, pixel_scale: float | None
) -> tuple[OutputGrid, float]:
    """Lay out the grid of one source.

    Parameters
    ----------
    slits : list of dict
        The source's slit in every exposure, as prepared.
    pixel_scale_ratio : float
        Input over output pixel scale.
    pixel_scale : float or None
        Output pixel scale in arcsec; overrides the ratio.

    Returns
    -------
    tuple of OutputGrid and float
        The grid and the scale ratio it has.
    """
    first = slits[0]
    ratio = pixel_scale_ratio
    if pixel_scale is not None:
        input_scale = first["summary"]["pixel_scale"]
        area = first["metadata"].get("meta.photometry.pixelarea_steradians")
        if input_scale is None or area is None:
            log.warning("pixel_scale ignored: the input has no pixel scale or no PIXAR_SR")
        else:
            ratio = input_scale / pixel_scale
    kind = str(first["metadata"].get("meta.exposure.type", ""))
    return build_grid([slit["summary"] for slit in slits], kind, scale_ratio=ratio), ratio


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        exposures = dict(
            zip(snakemake.params.exposures, map(read_json, snakemake.input), strict=True)
        )
        grids = output_grids(
            exposures,
            pixel_scale_ratio=snakemake.params.pixel_scale_ratio,
            pixel_scale=snakemake.params.pixel_scale,
        )
        write_json(snakemake.output[0], grids)
