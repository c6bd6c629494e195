"""Level-2b exposures as files: data models with the headers that real ones have."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asdf
import numpy as np
import yaml
from astropy.time import Time
from gwcs import WCS
from numpy.typing import NDArray
from stdatamodels.jwst import datamodels
from stdatamodels.jwst.datamodels import JwstDataModel

from specsim.noise import Planes
from specsim.wcs import Pointing

_HEADERS = yaml.safe_load(Path(__file__).with_name("headers.yaml").read_text())
_DAY = 86400.0  # seconds


@dataclass(frozen=True)
class Exposure:
    """What identifies an exposure and fills its header."""

    # Identifiers, as in the file name; ``number`` counts exposures
    program: int = 1345
    observation: int = 62
    activity: int = 1
    number: int = 1
    total: int = 3  # exposures in the dither pattern
    exp_type: str = "NRS_FIXEDSLIT"
    instrument: str = "NIRSPEC"
    detector: str = "NRS1"
    filter: str = "F290LP"
    grating: str | None = "G395M"  # none for MIRI
    start: float = 59934.25  # of the first exposure [MJD]; the others follow
    ngroups: int = 70  # groups of the ramp, which set the exposure time
    integrations: int = 1
    measurement_time: bool = True  # whether the header has TMEASURE, which older files lack
    pointing: Pointing = field(default_factory=Pointing)
    target: tuple[float, float] = (53.16, -27.79)  # RA and Dec [deg]
    nod: tuple[float, float] = (0.0, 0.0)  # of the source across and along the slit [arcsec]
    subarray: tuple[int, int] = (2048, 2048)  # columns and rows read out
    extra: Mapping[str, Any] = field(default_factory=dict)  # metadata, nested as under ``meta``

    @property
    def filename(self) -> str:
        """Name of the file, as the observatory makes it."""
        activity, detector = f"031{self.activity:02d}", self.detector.lower()
        return f"jw{self.visit}_{activity}_{self.number:05d}_{detector}_cal.fits"

    @property
    def visit(self) -> str:
        """Program, observation and visit, the only one, in digits."""
        return f"{self.program:05d}{self.observation:03d}001"

    def metadata(self) -> dict[str, Any]:
        """Metadata of the exposure: nested dictionaries, as under ``meta`` in a data model."""
        constant = self._constant("header")
        group_time = constant["exposure"]["group_time"]
        time = self.ngroups * group_time * self.integrations
        duration = time + group_time * self.integrations
        start = self.start + (self.number - 1) * (duration + 75.0) / _DAY
        times = {"start": start, "mid": start + duration / 2 / _DAY, "end": start + duration / _DAY}
        barycentric = constant["time"]["barycentric_correction"]
        at_barycentre = {name: mjd + barycentric / _DAY for name, mjd in times.items()}
        begin_date, end_date = (Time(times[name], format="mjd").isot for name in ("start", "end"))
        day, clock = begin_date.split("T")
        (ra, dec), here = self.target, self.pointing
        metadata: dict[str, Any] = {
            "filename": self.filename,
            "observation": {
                "date": day,
                "time": clock,
                "date_beg": begin_date,
                "date_end": end_date,
                "obs_id": f"V{self.visit}P00000000031{self.activity:02d}",
                "visit_id": self.visit,
                "program_number": f"{self.program:05d}",
                "observation_number": f"{self.observation:03d}",
                "activity_id": f"{self.activity:02d}",
                "exposure_number": f"{self.number}",
            },
            "visit": {
                "start_time": Time(self.start - 0.02, format="mjd").iso,
                "total_exposures": self.total,
            },
            "target": {"ra": ra, "dec": dec, "proposer_ra": ra, "proposer_dec": dec},
            "instrument": {
                "name": self.instrument,
                "detector": self.detector,
                "filter": self.filter,
            },
            "exposure": {
                "type": self.exp_type,
                "count": self.number,
                **{f"{name}_time": mjd for name, mjd in times.items()},
                **{f"{name}_time_mjd": mjd for name, mjd in times.items()},
                **{f"{name}_time_tdb": mjd for name, mjd in at_barycentre.items()},
                "nints": self.integrations,
                "ngroups": self.ngroups,
                "frame_time": group_time,
                "integration_time": self.ngroups * group_time,
                "exposure_time": time,
                "effective_exposure_time": time,
                "duration": duration,
                "elapsed_exposure_time": duration,
            },
            "subarray": {
                "name": "FULL" if min(self.subarray) >= 1024 else "SUBPRISM",
                "xsize": self.subarray[0],
                "ysize": self.subarray[1],
            },
            "dither": {
                "position_number": self.number,
                "total_points": self.total,
                "x_offset": self.nod[0],
                "y_offset": self.nod[1],
                "dithered_ra": here.ra,
                "dithered_dec": here.dec,
            },
            "velocity_aberration": {"va_ra_ref": here.ra, "va_dec_ref": here.dec},
            "time": {f"barycentric_exp{name}": mjd for name, mjd in at_barycentre.items()},
            "guidestar": {"gs_ra": here.ra, "gs_dec": here.dec},
        }
        if self.measurement_time:
            measured = (self.ngroups - 1) * group_time * self.integrations
            metadata["exposure"]["measurement_time"] = measured
        if self.grating:
            gwa_xtilt = 0.3381854300000057 + 1e-6 * self.number
            metadata["instrument"] |= {"grating": self.grating, "gwa_xtilt": gwa_xtilt}
        of_mode = _HEADERS["modes"].get(self.exp_type, {})
        return _merge(_merge(constant, metadata), _merge(of_mode, self.extra))

    def coordinates(
        self, corners: NDArray[np.float64] | None, waverange: tuple[float, float]
    ) -> dict[str, Any]:
        """Metadata about the coordinates, which belong to a slit where a file has several.

        Parameters
        ----------
        corners : ndarray or None
            RA and Dec of the corners of the slit [deg], shape (2, n); none for lamps.
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
            "waverange_start": waverange[0],
            "waverange_end": waverange[1],
        }
        if self.grating:
            info["spectral_order"] = 0 if self.grating == "PRISM" else -1
        if corners is not None:
            numbers = " ".join(f"{value:.9f}" for value in corners.T.ravel())
            info["s_region"] = f"POLYGON ICRS  {numbers}"
        telescope = {"ra_v1": pointing.ra, "dec_v1": pointing.dec, "pa_v3": pointing.roll % 360}
        own = {"wcsinfo": info, "aperture": {"position_angle": pointing.pa}, "pointing": telescope}
        return _merge(self._constant("coordinates"), own)

    def _constant(self, part: str) -> dict[str, Any]:
        return _merge(_HEADERS["all"][part], _HEADERS[self.instrument][part])


@dataclass
class Slit:
    """One calibrated slit of an exposure, ready to be written."""

    planes: Planes
    wcs: WCS
    attributes: dict[str, Any]  # name, source, place on the detector, wavelengths [um]
    metadata: dict[str, Any]  # its own part, nested as under ``meta``


def write_exposure(
    path: Path,
    exposure: Exposure,
    slits: Sequence[Slit],
    model_type: str = "MultiSlitModel",
    *,
    repeat_header: bool = False,
) -> None:
    """Write an exposure.

    Parameters
    ----------
    path : Path
        File to write.
    exposure : Exposure
    slits : sequence of Slit
    model_type : {"MultiSlitModel", "SlitModel", "ImageModel"}
        Kind of data model: a list of slits, or a single one; older MIRI LRS files are images.
    repeat_header : bool
        Give every slit of a list the metadata of the exposure, too, as the pipeline does.
    """
    several = model_type == "MultiSlitModel"
    # A list is checked once, when saving, instead of at each of thousands of assignments
    unchecked = {"validate_on_assignment": False} if several else {}
    model = getattr(datamodels, model_type)(_history(slits[0].wcs), **unchecked)
    header = exposure.metadata()
    _fill(model.meta, header)
    if several:
        own = header if repeat_header else {"exposure": {"type": exposure.exp_type}}
        for slit in slits:
            model.slits.append(model.slits.item())
            entry = model.slits[-1]
            _fill(entry.meta, own)
            entry.meta.model_type = "SlitModel"
            _fill_slit(entry, slit)
    else:
        (slit,) = slits
        _fill_slit(model, slit)
    _save(model, path)


def _fill_slit(node: Any, slit: Slit) -> None:
    _fill(node, vars(slit.planes) | slit.attributes)
    _fill(node.meta, slit.metadata | {"wcs": slit.wcs})


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
        model.meta.date = _HEADERS["all"]["header"]["date"]

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
