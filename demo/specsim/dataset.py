"""Whole products: nodded exposures of known sources, with their association."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from gwcs import WCS
from numpy.typing import NDArray

from specsim.exposure import Exposure, Slit, write_exposure
from specsim.noise import Planes, expose
from specsim.scene import Source, render
from specsim.setups import LrsSetup, NirspecSetup, Slitlet, Unit, fixed_slit, mos
from specsim.wcs import ARCSEC, LrsGeometry, Pointing, lrs_wcs, nirspec_wcs

Setup = NirspecSetup | LrsSetup


@dataclass(frozen=True)
class Product:
    """What was written."""

    association: Path
    members: tuple[Path, ...]
    # The source of each slit, by source name, or by source id where there is no name. Sources that
    # are seen have their place on the sky (for moving targets: in the frame ``moving_target``).
    truth: Mapping[str, Source | None]


def write_nirspec(folder: Path, setup: NirspecSetup) -> Product:
    """Write the exposures of a NIRSpec observation and their association.

    Parameters
    ----------
    folder : Path
        Where to write; made when absent.
    setup : NirspecSetup

    Returns
    -------
    Product
    """
    motion = np.array(setup.motion or [(0.0, 0.0)] * len(setup.nods)) / 3600
    mean_motion = motion.mean(axis=0)
    truth = {slitlet.key: _place(slitlet, setup, mean_motion) for slitlet in setup.slitlets}
    model_type = "SlitModel" if setup.single else "MultiSlitModel"
    members = []
    for index, (d_ra, d_dec) in enumerate(motion):
        target = setup.pointing
        target = replace(target, ra=(target.ra + d_ra) % 360, dec=target.dec + d_dec)
        shift = mean_motion - motion[index]
        across, integrations = _item(setup.steps, index), max(setup.integrations, 1)
        for detector in setup.detectors:
            changes = {"detector": detector, "integrations": integrations}
            exposure = _exposure(setup, index, target, across, **changes)
            slits = [
                _nirspec_slit(place, truth[slitlet.key], exposure, setup, shift)
                for place, slitlet in enumerate(setup.slitlets)
                if exposure.number not in slitlet.missing
            ]
            path = folder / exposure.filename
            write_exposure(path, exposure, slits, model_type, repeat_header=setup.heavy)
            members.append(path)
    return _product(folder, setup, members, truth)


def write_lrs(folder: Path, setup: LrsSetup) -> Product:
    """Write the exposures of a MIRI LRS observation and their association.

    Parameters
    ----------
    folder : Path
        Where to write; made when absent.
    setup : LrsSetup

    Returns
    -------
    Product
    """
    rows, columns = setup.geometry.shape
    source = replace(setup.source, ra=setup.pointing.ra, dec=setup.pointing.dec)
    members = []
    for index in range(len(setup.nods)):
        geometry = replace(setup.geometry, wavelength_shift=_item(setup.wavelength_shifts, index))
        exposure = _exposure(setup, index, setup.pointing, subarray=(columns, rows))
        wcs = lrs_wcs(geometry, exposure.pointing)
        pixel_area = geometry.pixel_scale**2
        sources = _in_slit(source, setup.residual)
        image, wavelength = render(wcs, geometry.shape, sources, dispersion_axis=2)
        planes = expose(
            image,
            wavelength,
            setup.noise,
            pixels=np.random.default_rng([setup.seed, 0]),
            photons=np.random.default_rng([setup.seed, 1, exposure.number]),
            scale=_value_of_mjy(setup.unit, pixel_area),
        )
        attributes: dict[str, Any] = {}
        if setup.model_type == "SlitModel":
            attributes = {"name": "LRS", "source_id": 1, "source_type": "POINT"}
            if setup.source_position:
                middle = float(wcs(*geometry.centre)[2])
                x, y = wcs.invert(source.ra, source.dec, middle, with_bounding_box=False)
                attributes |= {"source_xpos": float(x), "source_ypos": float(y)}
        metadata = _units(setup.unit, pixel_area)
        metadata |= exposure.coordinates(geometry.corners(wcs), (5.0, 14.0))
        path = folder / exposure.filename
        write_exposure(path, exposure, [Slit(planes, wcs, attributes, metadata)], setup.model_type)
        members.append(path)
    return _product(folder, setup, members, {"1": source})


def write_demo(folder: Path) -> list[Product]:
    """Write the demonstration data: a fixed slit, a multi-object and a mid-infrared observation.

    Parameters
    ----------
    folder : Path
        Where to write; a folder is made for each product.

    Returns
    -------
    list of Product
    """
    # As on the detector, but only the part that the slit takes
    small = LrsGeometry(shape=(416, 72), bounding_box=((13.5, 57.5), (6.7, 393.7)))
    return [
        write_nirspec(folder / "nirspec_fs", fixed_slit(wavelength_shifts=(0.0, 0.3, -0.25))),
        write_nirspec(folder / "nirspec_mos", mos()),
        write_lrs(folder / "miri_lrs", LrsSetup(geometry=small, residual=2e-13)),
    ]


def _exposure(
    setup: Setup, index: int, target: Pointing, across: float = 0.0, **changes: Any
) -> Exposure:
    """Fill in what differs from nod to nod, and other changes."""
    along = setup.nods[index]
    return replace(
        setup.exposure,
        number=index + 1,
        total=len(setup.nods),
        ngroups=setup.ngroups[min(index, len(setup.ngroups) - 1)],
        pointing=target.nodded(along, across),
        target=(target.ra, target.dec),
        nod=(across, along),
        **changes,
    )


def _nirspec_slit(
    place: int,
    source: Source | None,
    exposure: Exposure,
    setup: NirspecSetup,
    target_shift: NDArray[np.float64],
) -> Slit:
    """One slit of one exposure."""
    slitlet = setup.slitlets[place]
    geometry = replace(
        slitlet.geometry,
        wavelength_shift=_item(setup.wavelength_shifts, exposure.number - 1),
        wavelengths=setup.detectors[exposure.detector] or slitlet.geometry.wavelengths,
    )
    d_ra, d_dec = target_shift.tolist()
    how = {"frame": setup.frame, "heavy": setup.heavy, "target_shift": (d_ra, d_dec)}
    wcs = nirspec_wcs(geometry, exposure.pointing, **how)
    image, wavelength = render(wcs, geometry.shape, _in_slit(source, slitlet.residual))
    pixel_area = geometry.pixel_scale * geometry.width
    noise = replace(setup.noise, bad=1.0) if exposure.number in slitlet.all_bad else setup.noise
    seeds = (setup.seed, zlib.crc32(exposure.detector.encode()), place)
    planes = expose(
        image,
        wavelength,
        noise,
        pixels=np.random.default_rng([*seeds, 0]),
        photons=np.random.default_rng([*seeds, exposure.number]),
        scale=_value_of_mjy(setup.unit, pixel_area),
    )
    if setup.integrations:
        planes = Planes(*(np.stack([p] * setup.integrations) for p in vars(planes).values()))
    metadata = _units(setup.unit, pixel_area if setup.pixel_area else None)
    metadata |= exposure.coordinates(
        None if setup.frame == "msa_frame" else geometry.corners(wcs),
        (geometry.wavelengths[0] * 1e-6, geometry.wavelengths[1] * 1e-6),
    )
    if setup.frame == "moving_target":
        ra, dec = exposure.target
        moving = {"mt_ra": ra, "mt_dec": dec, "mt_avra": ra + d_ra, "mt_avdec": dec + d_dec}
        metadata["wcsinfo"] |= moving
    attributes = _slit_attributes(replace(slitlet, geometry=geometry), source, wcs, exposure)
    attributes["wavelength"] = wavelength.astype(np.float32)
    return Slit(planes, wcs, attributes, metadata)


def _slit_attributes(
    slitlet: Slitlet, source: Source | None, wcs: WCS, exposure: Exposure
) -> dict[str, Any]:
    """Attributes of a slit in the file."""
    geometry = slitlet.geometry
    (ny, nx), (xstart, ystart) = geometry.shape, geometry.start
    low, high = geometry.edges
    attributes: dict[str, Any] = {
        "name": geometry.name,
        "source_id": slitlet.source_id,
        "source_type": "POINT" if source is not None else "EXTENDED",
        "xstart": xstart,
        "xsize": nx,
        "ystart": ystart,
        "ysize": ny,
        "slit_ymin": low,
        "slit_ymax": high,
        "slit_xscale": geometry.width,
        "slit_yscale": geometry.unit,
        "source_xpos": 0.0,
        "source_ypos": 0.0,
        "wavelength_corrected": False,
    }
    if source is not None and source.ra is not None:
        to_slit = wcs.get_transform(wcs.output_frame.name, "slit_frame")
        x, y, _ = to_slit(source.ra, source.dec, float(np.mean(geometry.wavelengths)))
        attributes |= {"source_xpos": float(x), "source_ypos": float(y)}
        attributes |= {"source_ra": source.ra, "source_dec": source.dec}
    if slitlet.source_name is not None:
        number = int(geometry.name)
        attributes |= {
            "slitlet_id": number,
            "shutter_id": 11000 + number,
            "shutter_state": slitlet.shutter_state,
            "quadrant": 1 + number % 4,
            "xcen": 100 + number,
            "ycen": 30 + number % 120,
            "source_name": slitlet.source_name,
            "source_alias": slitlet.source_name.rsplit("_", 1)[-1],
            "stellarity": 1.0 if source is not None else 0.0,
            "dither_position": exposure.number,
        }
    return attributes


def _place(slitlet: Slitlet, setup: NirspecSetup, motion: NDArray[np.float64]) -> Source | None:
    """Put the source of a slit at its place on the sky."""
    source = slitlet.source
    if source is None or source.ra is None:
        return source
    geometry = slitlet.geometry
    wcs = nirspec_wcs(geometry, setup.pointing, heavy=setup.heavy)
    to_sky = wcs.get_transform("slit_frame", "world")
    ra, dec, _ = to_sky(0.0, slitlet.position / geometry.unit, 1e-6 * np.mean(geometry.wavelengths))
    return replace(source, ra=float(ra + motion[0]) % 360, dec=float(dec + motion[1]))


def _in_slit(source: Source | None, residual: float) -> list[Source]:
    """List the light in a slit: the source and what sky subtraction left."""
    sources = [] if source is None else [source]
    if residual:
        sources.append(Source(None, None, continuum=residual, slope=1.0))
    return sources


def _units(unit: Unit, pixel_area: float | None) -> dict[str, Any]:
    """Metadata of the unit of the data, and of the nominal pixel area [arcsec^2] if it is told."""
    area: dict[str, float] = {}
    if pixel_area is not None:
        steradians = pixel_area * ARCSEC**2
        area = {"pixelarea_arcsecsq": pixel_area, "pixelarea_steradians": steradians}
    return {"bunit_data": unit, "bunit_err": unit, "photometry": area}


def _value_of_mjy(unit: Unit, pixel_area: float) -> float:
    """Value of 1 MJy in a pixel of some area [arcsec^2] in the unit of the data."""
    return 1 / (pixel_area * ARCSEC**2) if unit == "MJy/sr" else 1.0


def _item(values: Sequence[float], index: int) -> float:
    """Value for an exposure; 0 where the list is shorter."""
    return values[index] if index < len(values) else 0.0


def _product(
    folder: Path, setup: Setup, members: Sequence[Path], truth: Mapping[str, Source | None]
) -> Product:
    """Write the level-3 association of the members."""
    science = [{"expname": path.name, "exptype": "science"} for path in members]
    association = {
        "asn_type": "spec3",
        "asn_rule": "DMS_Level3_Base",
        "version_id": None,
        "code_version": "3.0.0",
        "degraded_status": "No known degraded exposures in association.",
        "program": f"{setup.exposure.program:05d}",
        "constraints": "No constraints",
        "asn_id": f"o{setup.exposure.observation:03d}",
        "target": "t001",
        "asn_pool": "none",
        "products": [{"name": setup.product, "members": science}],
    }
    path = folder / "spec3_asn.json"
    path.write_text(json.dumps(association, indent=2) + "\n")
    return Product(path, tuple(members), truth)
