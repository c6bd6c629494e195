"""Level-2b exposures as files: data models with the headers that real ones have."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asdf
import numpy as np
from astropy.time import Time
from gwcs import WCS
from numpy.typing import NDArray
from stdatamodels.jwst import datamodels
from stdatamodels.jwst.datamodels import JwstDataModel, MultiSlitModel

from specsim.noise import Planes
from specsim.wcs import Pointing

CREATION_DATE = "2024-06-01T00:00:00.000"
"""Date that all files bear, so that the same seed gives the same bytes."""

_DAY = 86400.0
# Group time [s], read-out, subarray scan directions, position of the mode in the telescope
_INSTRUMENTS: dict[str, dict[str, Any]] = {
    "NIRSPEC": {
        "exposure": {"readpatt": "NRSIRS2RAPID", "noutputs": 5, "group_time": 14.58889},
        "wcsinfo": {"vparity": -1, "v3yangle": 138.5745697},
        "steps": ("extract_2d", "wavecorr", "pathloss", "barshadow"),
    },
    "MIRI": {
        "exposure": {"readpatt": "FASTR1", "noutputs": 4, "group_time": 2.77504},
        "wcsinfo": {"vparity": -1, "v3yangle": 4.83},
        "steps": ("lastframe", "rscd", "reset"),
    },
}
_STEPS = (
    "assign_wcs",
    "dark_sub",
    "dq_init",
    "flat_field",
    "gain_scale",
    "jump",
    "linearity",
    "photom",
    "ramp_fit",
    "refpix",
    "saturation",
    "srctype",
)


@dataclass(frozen=True)
class Exposure:
    """What identifies an exposure and fills its header.

    Parameters
    ----------
    program, observation, activity, number : int
        Identifiers, as in the file name; ``number`` counts exposures.
    total : int
        Exposures in the dither pattern.
    exp_type, instrument, detector, filter, grating : str
        Mode; no grating for MIRI.
    start : float
        Start of the first exposure [MJD]; the others follow.
    ngroups : int
        Groups of the ramp, which set the exposure time.
    integrations : int
        Number of integrations.
    measurement_time : bool
        Whether the header has TMEASURE, which older files lack.
    pointing : Pointing
        Where the telescope points.
    target : tuple of float
        RA and Dec of the target [deg].
    nod : tuple of float
        Offset of the source across and along the slit [arcsec].
    subarray : tuple of int
        Columns and rows read out.
    extra : mapping
        More metadata: nested dictionaries, as under ``meta``.
    """

    program: int = 1345
    observation: int = 62
    activity: int = 1
    number: int = 1
    total: int = 3
    exp_type: str = "NRS_FIXEDSLIT"
    instrument: str = "NIRSPEC"
    detector: str = "NRS1"
    filter: str = "F290LP"
    grating: str | None = "G395M"
    start: float = 59934.25
    ngroups: int = 70
    integrations: int = 1
    measurement_time: bool = True
    pointing: Pointing = field(default_factory=Pointing)
    target: tuple[float, float] = (53.16, -27.79)
    nod: tuple[float, float] = (0.0, 0.0)
    subarray: tuple[int, int] = (2048, 2048)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        """Name of the file, as the observatory makes it."""
        visit, activity = f"{self.program:05d}{self.observation:03d}001", f"031{self.activity:02d}"
        return f"jw{visit}_{activity}_{self.number:05d}_{self.detector.lower()}_cal.fits"

    def metadata(self) -> dict[str, Any]:
        """Metadata of the exposure: nested dictionaries, as under ``meta`` in a data model."""
        kind = _INSTRUMENTS[self.instrument]
        visit_id = f"{self.program:05d}{self.observation:03d}001"
        group_time = kind["exposure"]["group_time"]
        time = self.ngroups * group_time * self.integrations
        duration = time + group_time * self.integrations
        start = self.start + (self.number - 1) * (duration + 75.0) / _DAY
        times = {"start": start, "mid": start + duration / 2 / _DAY, "end": start + duration / _DAY}
        barycentric = 67.03155278228223  # light travel time to the barycentre [s]
        at_barycentre = {name: mjd + barycentric / _DAY for name, mjd in times.items()}
        begin_date, end_date = (Time(times[name], format="mjd").isot for name in ("start", "end"))
        day, clock = begin_date.split("T")
        ra_target, dec_target = self.target
        pointing = self.pointing
        exposure = {
            "type": self.exp_type,
            "count": self.number,
            "prime_parallel": "PRIME",
            **{f"{name}_time": mjd for name, mjd in times.items()},
            **{f"{name}_time_mjd": mjd for name, mjd in times.items()},
            **{f"{name}_time_tdb": mjd for name, mjd in at_barycentre.items()},
            "nints": self.integrations,
            "ngroups": self.ngroups,
            "nframes": 1,
            "frame_divisor": 1,
            "groupgap": 0,
            "drop_frames1": 0,
            "drop_frames3": 0,
            "nsamples": 1,
            "sample_time": 10.0,
            "frame_time": group_time,
            "integration_time": self.ngroups * group_time,
            "exposure_time": time,
            "effective_exposure_time": time,
            "duration": duration,
            "elapsed_exposure_time": duration,
            "nresets_at_start": 1,
            "nresets_between_ints": 1,
            "zero_frame": False,
            "data_problem": False,
            "gain_factor": 1.0,
            **kind["exposure"],
        }
        if self.measurement_time:
            exposure["measurement_time"] = (self.ngroups - 1) * group_time * self.integrations
        metadata: dict[str, Any] = {
            "filename": self.filename,
            "date": CREATION_DATE,
            "origin": "SIMULATION",
            "telescope": "JWST",
            "time_sys": "UTC",
            "time_unit": "s",
            "calibration_software_version": "3.0.0",
            "calibration_software_revision": "RELEASE",
            "data_processing_software_version": "2025_5",
            "prd_software_version": "PRDOPSSOC-067",
            "program": {
                "title": "Simulated spectra",
                "pi_name": "Doe, Jane",
                "category": "GO",
                "science_category": "Galaxies",
                "continuation_id": 0,
            },
            "observation": {
                "date": day,
                "time": clock,
                "date_beg": begin_date,
                "date_end": end_date,
                "obs_id": f"V{visit_id}P00000000031{self.activity:02d}",
                "visit_id": visit_id,
                "program_number": f"{self.program:05d}",
                "observation_number": f"{self.observation:03d}",
                "visit_number": "001",
                "visit_group": "03",
                "sequence_id": "1",
                "activity_id": f"{self.activity:02d}",
                "exposure_number": f"{self.number}",
                "bkgdtarg": False,
            },
            "visit": {
                "engineering_quality": "OK",
                "engdb_pointing_quality": "CALCULATED_TRACK_TR_202111",
                "type": "PRIME_TARGETED_FIXED",
                "start_time": Time(self.start - 0.02, format="mjd").iso,
                "status": "SUCCESSFUL",
                "total_exposures": self.total,
                "internal_target": False,
                "too_visit": False,
                "tsovisit": False,
            },
            "target": {
                "proposer_name": "SIMULATED-GALAXY",
                "catalog_name": "SIMULATED-GALAXY",
                "type": "FIXED",
                "ra": ra_target,
                "dec": dec_target,
                "ra_uncertainty": 0.1,
                "dec_uncertainty": 0.1,
                "proper_motion_ra": 0.0,
                "proper_motion_dec": 0.0,
                "proposer_ra": ra_target,
                "proposer_dec": dec_target,
                "source_type_apt": "POINT",
            },
            "instrument": {
                "name": self.instrument,
                "detector": self.detector,
                "filter": self.filter,
            },
            "exposure": exposure,
            "subarray": {
                "name": "FULL" if min(self.subarray) >= 1024 else "SUBPRISM",
                "xstart": 1,
                "ystart": 1,
                "xsize": self.subarray[0],
                "ysize": self.subarray[1],
                "fastaxis": 1 if self.instrument == "MIRI" else 2,
                "slowaxis": 2 if self.instrument == "MIRI" else 1,
            },
            "dither": {
                "position_number": self.number,
                "total_points": self.total,
                "x_offset": self.nod[0],
                "y_offset": self.nod[1],
                "dithered_ra": pointing.ra,
                "dithered_dec": pointing.dec,
            },
            "velocity_aberration": {"va_ra_ref": pointing.ra, "va_dec_ref": pointing.dec},
            "time": {
                "barycentric_correction": barycentric,
                **{f"barycentric_exp{name}": mjd for name, mjd in at_barycentre.items()},
            },
            "guidestar": {
                "gs_id": "N5MV002487",
                "gs_ra": pointing.ra,
                "gs_dec": pointing.dec,
                "gs_mag": 16.4,
                "gs_pcs_mode": "FINEGUIDE",
            },
            "ref_file": {"crds": {"context_used": "jwst_1464.pmap", "sw_version": "13.0.6"}},
            "cal_step": dict.fromkeys(_STEPS + kind["steps"], "COMPLETE"),
        }
        if self.instrument == "NIRSPEC":
            metadata["instrument"] |= {
                "grating": self.grating,
                "lamp_state": "NONE",
                "gwa_xtilt": 0.3381854300000057 + 1e-6 * self.number,
                "gwa_ytilt": 0.03202781450000032,
                "gwa_tilt": 36.05197530000021,
                "focus_position": 3,
            }
        else:
            metadata["instrument"]["ccc_state"] = "OPEN"
        return _merge(metadata, self.extra)

    def coordinates(
        self, corners: NDArray[np.float64] | None, waverange: tuple[float, float]
    ) -> dict[str, Any]:
        """Metadata about the coordinates, which belong to a slit where a file has several.

        Parameters
        ----------
        corners : ndarray or None
            RA and Dec of the corners of the slit [deg], shape (n, 2); none for lamps.
        waverange : tuple of float
            Wavelengths of the mode [m for NIRSpec, um for MIRI].

        Returns
        -------
        dict
            Nested dictionaries, as under ``meta``.
        """
        pointing = self.pointing
        info = {
            "ra_ref": pointing.ra,
            "dec_ref": pointing.dec,
            "roll_ref": pointing.roll,
            "v2_ref": pointing.v2,
            "v3_ref": pointing.v3,
            "dispersion_direction": 1 if self.instrument == "NIRSPEC" else 2,
            "waverange_start": waverange[0],
            "waverange_end": waverange[1],
            "specsys": "BARYCENT",
            "velosys": -14966.55,
            **_INSTRUMENTS[self.instrument]["wcsinfo"],
        }
        if self.instrument == "NIRSPEC":
            info["spectral_order"] = 0 if self.grating == "PRISM" else -1
        if corners is not None:
            numbers = " ".join(f"{value:.9f}" for value in np.ravel(corners))
            info["s_region"] = f"POLYGON ICRS  {numbers}"
        return {
            "wcsinfo": info,
            "aperture": {"position_angle": pointing.pa},
            "velocity_aberration": {"scale_factor": 1.00004},
            "pointing": {
                "ra_v1": pointing.ra,
                "dec_v1": pointing.dec,
                "pa_v3": pointing.roll % 360,
            },
            "coordinates": {"reference_frame": "ICRS"},
        }


@dataclass
class Slit:
    """One calibrated slit of an exposure, ready to be written.

    Parameters
    ----------
    planes : Planes
        Its images.
    wcs : gwcs.WCS
        Its coordinates.
    attributes : dict
        Attributes of the slit: name, source, place on the detector.
    metadata : dict
        Its own part of the metadata, nested, as under ``meta``.
    wavelength : ndarray or None
        Wavelength of each pixel [um].
    """

    planes: Planes
    wcs: WCS
    attributes: dict[str, Any]
    metadata: dict[str, Any]
    wavelength: NDArray[np.float64] | None = None


def write_slit(path: Path, exposure: Exposure, slit: Slit, model_type: str = "SlitModel") -> None:
    """Write an exposure that holds a single slit.

    Parameters
    ----------
    path : Path
        File to write.
    exposure : Exposure
        The exposure.
    slit : Slit
        The slit.
    model_type : {"SlitModel", "ImageModel"}
        Kind of data model; older MIRI LRS files are images.
    """
    model = getattr(datamodels, model_type)(_history(slit.wcs))
    _fill(model.meta, exposure.metadata())
    _fill_slit(model, slit)
    _save(model, path)


def write_slits(
    path: Path, exposure: Exposure, slits: Sequence[Slit], *, repeat_header: bool = False
) -> None:
    """Write an exposure that holds several slits.

    Parameters
    ----------
    path : Path
        File to write.
    exposure : Exposure
        The exposure.
    slits : sequence of Slit
        The slits.
    repeat_header : bool
        Give every slit the metadata of the exposure, too, as the pipeline does.
    """
    # Checked once, when saving, instead of at each of thousands of assignments
    model = MultiSlitModel(_history(slits[0].wcs), validate_on_assignment=False)
    header = exposure.metadata()
    _fill(model.meta, header)
    own = header if repeat_header else {"exposure": {"type": exposure.exp_type}}
    for slit in slits:
        model.slits.append(model.slits.item())
        entry = model.slits[-1]
        _fill(entry.meta, own)
        entry.meta.model_type = "SlitModel"
        _fill_slit(entry, slit)
    _save(model, path)


def _fill_slit(node: Any, slit: Slit) -> None:
    for name, plane in vars(slit.planes).items():
        setattr(node, name, plane)
    _fill(node.meta, slit.metadata)
    node.meta.wcs = slit.wcs
    if slit.wavelength is not None:
        node.wavelength = slit.wavelength.astype(np.float32)
    for name, value in slit.attributes.items():
        setattr(node, name, value)


def _fill(node: Any, metadata: Mapping[str, Any]) -> None:
    """Set nested metadata, one attribute at a time, so that each is checked against the schema."""
    for name, value in metadata.items():
        if isinstance(value, Mapping) and hasattr(node, name):
            _fill(getattr(node, name), value)
        else:  # a value, or a part that the schema of a slit does not know
            setattr(node, name, value)


def _history(wcs: WCS) -> dict[str, Any]:
    """List the ASDF extensions that a WCS needs, sorted.

    Left alone, asdf lists them by memory address, and no two runs would write the same bytes.
    Entries that are there beforehand keep their place.
    """
    buffer = io.BytesIO()
    asdf.AsdfFile({"wcs": wcs}).write_to(buffer)
    buffer.seek(0)
    with asdf.open(buffer) as file:
        extensions = [dict(entry) for entry in file["history"]["extensions"]]
    return {"history": {"extensions": sorted(extensions, key=lambda entry: entry["extension_uri"])}}


def _save(model: JwstDataModel, path: Path) -> None:
    stamp = model.on_save

    def on_save(init: str | None = None) -> None:
        # Data models stamp the clock into the file; ours shall not depend on it.
        stamp(init)
        model.meta.date = CREATION_DATE

    object.__setattr__(model, "on_save", on_save)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(str(path))
    model.close()


def _merge(base: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Nested update, leaving the arguments alone."""
    merged = dict(base)
    for name, value in more.items():
        is_part = isinstance(value, Mapping)
        merged[name] = _merge(merged.get(name, {}), value) if is_part else value
    return merged
