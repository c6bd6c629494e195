"""World coordinate systems of simulated slits, with exact inverses.

A slit image on a detector is described by three invertible pieces: a shear that straightens the
trace, a shear that straightens the slanted lines of equal wavelength, and a table of wavelengths.
Shears ``(x, y) -> (x, y - p(x))`` have an exact inverse for any polynomial, so no transform
is inverted numerically, and the ASDF converters of ``asdf-astropy`` and ``gwcs`` store them all.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from astropy import coordinates as coord
from astropy import units as u
from astropy.modeling import Model
from astropy.modeling.models import (
    Const1D,
    Identity,
    Mapping,
    Pix2Sky_TAN,
    Polynomial2D,
    RotateNative2Celestial,
    Rotation2D,
    RotationSequence3D,
    Scale,
    Shift,
    Tabular1D,
)
from gwcs import WCS
from gwcs import coordinate_frames as cf
from gwcs.geometry import CartesianToSpherical, SphericalToCartesian
from numpy.typing import NDArray

Disperser = Literal["grating", "prism", "lrs"]
Frame = Literal["world", "moving_target", "msa_frame"]
Steps = list[tuple[cf.CoordinateFrame, Model]]

ARCSEC = np.deg2rad(1 / 3600)

# Size of a pixel on the spectrum [um] against wavelength [um]; only the shape matters, as the
# spectrum is stretched to the range asked for.
_DISPERSION = {
    "prism": (
        (0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 5.5),
        (0.003, 0.004, 0.010, 0.0155, 0.0185, 0.019, 0.0178, 0.0136, 0.0103, 0.0080, 0.0073),
    ),
    "lrs": (
        (3.0, 3.8, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.5),
        (0.21, 0.15, 0.095, 0.075, 0.050, 0.039, 0.032, 0.0235, 0.0187, 0.0165),
    ),
}


@dataclass(frozen=True)
class Pointing:
    """Where the telescope points; the reference point is that of the aperture."""

    # Sky position of the reference point [deg]
    ra: float = 53.16
    dec: float = -27.79
    # Position angle of the slit, from North over East to growing slit positions [deg]
    pa: float = 35.0
    # Reference point in the telescope frame [arcsec]
    v2: float = 378.563202
    v3: float = -428.402832
    slit_angle: float = 138.5  # of the slit in the telescope frame, from +V3 towards +V2 [deg]

    @property
    def roll(self) -> float:
        """Position angle of V3 at the reference point [deg]."""
        return (self.pa - self.slit_angle + 180) % 360 - 180

    def nodded(self, along: float, across: float = 0.0) -> "Pointing":
        """Move the telescope so that a source moves in the slit.

        Parameters
        ----------
        along, across : float
            Motion of the source along the slit and perpendicular to it [arcsec].

        Returns
        -------
        Pointing
            The new pointing; its position angle is that of the slit at the new place, which
            differs from the old one as meridians converge.
        """
        here = coord.SkyCoord(self.ra, self.dec, unit="deg")
        distance = np.hypot(along, across)
        if distance == 0:
            return self
        direction = self.pa + 180 + np.rad2deg(np.arctan2(across, along))
        there = here.directional_offset_by(direction * u.deg, distance * u.arcsec)
        back = there.position_angle(here).deg
        return replace(
            self,
            ra=float(there.ra.deg),
            dec=float(there.dec.deg),
            pa=float((back + 180 + self.pa - direction) % 360),
        )


@dataclass(frozen=True)
class SlitGeometry:
    """A NIRSpec-like slit as cut out of the detector."""

    name: str = "1"  # or the slitlet number
    shape: tuple[int, int] = (30, 500)  # rows and columns of the cut-out
    wavelengths: tuple[float, float] = (2.9, 5.1)  # first and last column, at the slit centre [um]
    disperser: Disperser = "grating"  # nearly linear wavelengths; strongly non-linear for "prism"
    pixel_scale: float = 0.103  # along the slit [arcsec]
    # Size on the sky [arcsec]; rows beyond the length get no light
    length: float = 2.6
    width: float = 0.2
    unit: float = 0.53  # of slit positions [arcsec]: shutter pitch, or length of a fixed slit
    offset: tuple[float, float] = (0.0, 0.0)  # of its centre, across and along the slit [arcsec]
    slant: float = 0.12  # shift of a wavelength from row to row [pixel]
    slope: float = -1.5  # rise of the trace from the first to the last column [pixel]
    curvature: float = 1.0  # sagitta of the trace [pixel]
    start: tuple[int, int] = (700, 1000)  # first column and row on the detector, from 1
    wavelength_shift: float = 0.0  # displacement of the spectrum along the dispersion [pixel]

    @property
    def edges(self) -> tuple[float, float]:
        """Ends of the slit in its own unit."""
        return -self.length / self.unit / 2, self.length / self.unit / 2

    def corners(self, wcs: WCS) -> NDArray[np.float64]:
        """RA and Dec of the corners [deg], shape (2, 4), by a WCS of the slit."""
        low, high = self.edges
        wavelength = np.full(4, np.mean(self.wavelengths) * 1e-6)
        to_sky = wcs.get_transform("slit_frame", "world")
        return np.array(to_sky([-0.5, -0.5, 0.5, 0.5], [low, high, high, low], wavelength)[:2])


@dataclass(frozen=True)
class LrsGeometry:
    """The MIRI LRS slit on its detector; dispersion along y, wavelengths falling with y.

    Fields of the same names as in `SlitGeometry` are the same, with x and y exchanged.
    """

    shape: tuple[int, int] = (1024, 1032)
    # Pixels of the slit image: x interval, y interval
    bounding_box: tuple[tuple[float, float], tuple[float, float]] = ((302.5, 346.5), (6.7, 393.7))
    wavelengths: tuple[float, float] = (3.6, 14.0)  # shortest and longest in the bounding box [um]
    pixel_scale: float = 0.1106
    width: float = 0.51
    slant: float = 0.02
    slope: float = 0.9
    curvature: float = 0.3
    wavelength_shift: float = 0.0

    @property
    def centre(self) -> tuple[float, float]:
        """Pixel at the centre of the bounding box."""
        (x0, x1), (y0, y1) = self.bounding_box
        return (x0 + x1) / 2, (y0 + y1) / 2

    def corners(self, wcs: WCS) -> NDArray[np.float64]:
        """RA and Dec of the corners [deg], shape (2, 4), by a WCS of the slit."""
        (x0, x1), _ = self.bounding_box
        along = np.array([1, -1, -1, 1]) * (x1 - x0) / 2 * self.pixel_scale
        across = np.array([1, 1, -1, -1]) * self.width / 2
        to_sky = wcs.get_transform("alpha_beta", "world")
        return np.array(to_sky(along, across, np.full(4, 8.0))[:2])


def nirspec_wcs(
    slit: SlitGeometry,
    pointing: Pointing,
    *,
    frame: Frame = "world",
    heavy: bool = False,
    target_shift: tuple[float, float] = (0.0, 0.0),
) -> WCS:
    """Build the GWCS of a NIRSpec-like slit.

    Parameters
    ----------
    slit : SlitGeometry
    pointing : Pointing
    frame : {"world", "moving_target", "msa_frame"}
        The last frame; ``moving_target`` comes after ``world``, and ``msa_frame``, which lamps
        have, is not celestial.
    heavy : bool
        Go through all the frames of the instrument, with distortions, as real files do. Positions
        then differ a little from those of the short chain.
    target_shift : tuple of float
        RA and Dec added on the way from ``world`` to ``moving_target`` [deg].

    Returns
    -------
    gwcs.WCS
        From pixels to RA, Dec and wavelength [um], with frames ``detector``, ``slit_frame``,
        ``world`` at least. Pixels off the slit give NaN.
    """
    ny, nx = slit.shape
    pipeline = _detector_steps(slit, heavy)
    if frame == "msa_frame":
        turn = Rotation2D(_MSA_TILT) | Scale(_MSA_SCALE) & Scale(_MSA_SCALE)
        to_metres = _slit_to_arcsec(slit) | turn & Scale(1e6)
        pipeline.append((_FRAMES["slit_frame"], to_metres))
    else:
        pipeline += _sky_steps(slit, pointing, heavy)
    if frame == "moving_target":
        ra, dec = target_shift
        pipeline.append((_FRAMES["world"], Shift(ra) & Shift(dec) & Identity(1)))
    wcs = WCS([*pipeline, (_FRAMES[frame], None)])
    wcs.bounding_box = ((-0.5, nx - 0.5), (-0.5, ny - 0.5))
    return wcs


def lrs_wcs(slit: LrsGeometry, pointing: Pointing) -> WCS:
    """Build the GWCS of the MIRI LRS slit.

    Parameters
    ----------
    slit : LrsGeometry
    pointing : Pointing
        Its reference point is the slit centre.

    Returns
    -------
    gwcs.WCS
        From pixels to RA, Dec and wavelength [um], with frames ``detector``, ``alpha_beta``,
        ``v2v3``, ``v2v3vacorr``, ``world``.
    """
    _, (y_low, y_high) = slit.bounding_box
    x_centre, _ = slit.centre
    # The same shears as for NIRSpec, with x and y exchanged, so that "x" is the dispersion.
    swap = Mapping((1, 0))
    straighten = _straighten(slit, (y_low, y_high), x_centre)
    n = int(np.ceil(y_high - y_low)) + 1
    pixels, table = _wavelength_knots("lrs", slit.wavelengths, n)
    pixels = y_high - pixels * (y_high - y_low) / (n - 1) + slit.wavelength_shift
    to_wavelength = _table(pixels[::-1], table[::-1])
    to_alpha = Shift(-x_centre) | Scale(slit.pixel_scale)
    place = Mapping((1, 0, 0)) | to_alpha & _zero() & to_wavelength
    place.inverse = Mapping((2, 0), n_inputs=3) | to_wavelength.inverse & to_alpha.inverse
    # alpha runs along the slit, beta across it
    turn = Mapping((1, 0)) | Rotation2D(-pointing.slit_angle)
    to_v2v3 = (turn | Shift(pointing.v2) & Shift(pointing.v3)) & Identity(1)
    wcs = WCS(
        [
            (_plane_frame("detector"), swap | straighten | place),
            (_FRAMES["alpha_beta"], to_v2v3),
            *_telescope_steps(pointing),
            (_FRAMES["world"], None),
        ]
    )
    wcs.bounding_box = slit.bounding_box
    return wcs


# ---- detector to slit --------------------------------------------------------------------------


def _detector_steps(slit: SlitGeometry, heavy: bool) -> Steps:
    """List the steps from the detector up to, not including, the slit frame."""
    ny, nx = slit.shape
    y_centre = (ny - 1) / 2
    straighten = _straighten(slit, (0, nx - 1), y_centre)
    pixels, table = _wavelength_knots(slit.disperser, slit.wavelengths, nx)
    to_wavelength = _table(pixels + slit.wavelength_shift, table * 1e-6)
    # Slit positions fall with rising rows, as in NIRSpec; pixels whose centre is off the slit get
    # NaN.
    half_rows = slit.length / slit.pixel_scale / 2
    rows = np.array([y_centre - half_rows, y_centre + half_rows])
    to_slit_y = _table(rows, np.array(slit.edges[::-1]), outside=np.nan)
    # The shear by nothing makes the wavelength NaN, too, where the slit position is.
    to_slit = Identity(1) & to_slit_y | _shear(0, [0.0, 0.0])
    to_three = Mapping((0, 1, 0)) | _zero() & Identity(1) & to_wavelength
    to_three.inverse = Mapping((2, 1), n_inputs=3) | to_wavelength.inverse & Identity(1)
    rectify = straighten | to_slit | to_three
    detector = _plane_frame("detector")
    if not heavy:
        return [(detector, rectify)]

    x0, y0 = slit.start
    to_sca = Shift(x0 - 1.0) & Shift(y0 - 1.0)
    # Of its own in every slit, as the way from the grating wheel to a slit is in real files.
    collimator = Scale(1 / _RAD_PER_PIXEL) & Scale(1 / _RAD_PER_PIXEL)
    for seed, amplitude in ((3, 0.1), (4, 0.2), (9, 0.1)):
        collimator = collimator | _distortion(_DETECTOR_SIZE, amplitude, seed)
    gwa = _plane_frame("gwa", u.rad, ("alpha_in", "beta_in"))
    return [
        (detector, to_sca),
        (_plane_frame("sca"), _camera()),
        (gwa, collimator | to_sca.inverse | rectify),
    ]


def _straighten(
    slit: SlitGeometry | LrsGeometry, ends: tuple[float, float], centre: float
) -> Model:
    """Shears to a rectified slit image, by the ends of the dispersion and the centre across it."""
    start, stop = ends
    middle, half = (start + stop) / 2, (stop - start) / 2
    # slope * t + curvature * (1 - t^2), with t from -1 to 1 along the trace
    a, b = slit.slope / 2 / half, slit.curvature / half**2
    trace = [slit.curvature - a * middle - b * middle**2, a + 2 * b * middle, -b]
    return _shear(1, trace) | _shear(0, [-slit.slant * centre, slit.slant])


def _shear(axis: int, polynomial: list[float]) -> Model:
    """Subtract from one axis a polynomial of the other; the inverse adds it."""
    pair = []
    for sign in (-1, 1):
        terms = {f"c{i}_0" if axis == 1 else f"c0_{i}": sign * c for i, c in enumerate(polynomial)}
        terms["c0_1" if axis == 1 else "c1_0"] = 1.0
        moved = Polynomial2D(len(polynomial) - 1, **terms)
        if axis == 1:
            pair.append(Mapping((0, 0, 1)) | Identity(1) & moved)
        else:
            pair.append(Mapping((0, 1, 1)) | moved & Identity(1))
    forward, inverse = pair
    forward.inverse = inverse
    return forward


def _distortion(size: float, amplitude: float, seed: int) -> Model:
    """Fifth-degree distortion of both axes, as two shears."""
    rng = np.random.default_rng(seed)
    powers = np.arange(6)
    # No linear term: that would only rotate the image.
    coefficients = rng.uniform(-1, 1, (2, 6)) * amplitude / 4 / size**powers * (powers != 1)
    return _shear(1, list(coefficients[0])) | _shear(0, list(coefficients[1]))


def _wavelength_knots(
    disperser: Disperser, wavelengths: tuple[float, float], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate rising wavelengths [um] against pixels, with some pixels beyond both ends."""
    first, last = wavelengths
    if disperser == "grating":
        # Grating equation: the sine of the angle, which is nearly the pixel
        t = np.linspace(-0.05, 1.05, n // 8 + 12)
        low, high, now = np.sin(-0.05), np.sin(0.30), np.sin(-0.05 + 0.35 * t)
        return t * (n - 1), first + (last - first) * (now - low) / (high - low)
    wave = np.geomspace(first * 0.985, last * 1.02, n + 20)
    step = np.interp(wave, *_DISPERSION[disperser])
    pixels = np.concatenate([[0], np.cumsum(np.diff(wave) * 2 / (step[1:] + step[:-1]))])
    low, high = np.interp([first, last], wave, pixels)
    return (pixels - low) / (high - low) * (n - 1), wave


def _table(
    points: NDArray[np.float64], values: NDArray[np.float64], outside: float | None = None
) -> Tabular1D:
    """Linear lookup and its inverse, extrapolated (``outside=None``) or not."""
    forward = Tabular1D(points, values, bounds_error=False, fill_value=outside)
    order = slice(None) if values[-1] > values[0] else slice(None, None, -1)
    forward.inverse = Tabular1D(values[order], points[order], bounds_error=False, fill_value=None)
    return forward


def _zero() -> Const1D:
    """Give zero for any input, both ways."""
    zero = Const1D(0.0)
    zero.inverse = Const1D(0.0)
    return zero


# ---- slit to sky -------------------------------------------------------------------------------

_MSA_SCALE = 204e-6 / 0.53  # metres per arcsec: a shutter pitch in the plane of the shutters
_MSA_TILT = 0.4  # degrees
_RAD_PER_PIXEL = 6e-5
_DETECTOR_SIZE = 2048.0
_FIELD = 300.0  # arcsec
_VELOCITY_SCALE = 1.00004


def _slit_to_arcsec(slit: SlitGeometry) -> Model:
    """From slit units to arcsec across and along the slit, from the reference point."""
    across, along = slit.offset
    return (Scale(slit.width) | Shift(across)) & (Scale(slit.unit) | Shift(along)) & Identity(1)


def _sky_steps(slit: SlitGeometry, pointing: Pointing, heavy: bool) -> Steps:
    """List the steps from the slit frame up to, not including, the sky."""
    if heavy:
        to_msa = _slit_to_arcsec(slit) | Scale(_MSA_SCALE) & Scale(_MSA_SCALE) & Identity(1)
        to_oteip, to_v2v3 = _optics(pointing)
        return [
            (_FRAMES["slit_frame"], to_msa),
            (_FRAMES["msa_frame"], to_oteip),
            (_FRAMES["oteip"], to_v2v3),
            *_telescope_steps(pointing),
        ]
    project = (
        Rotation2D(-pointing.pa)
        | Scale(1 / 3600) & Scale(1 / 3600)
        | Pix2Sky_TAN()
        | RotateNative2Celestial(pointing.ra, pointing.dec, 180)
    )
    return [(_FRAMES["slit_frame"], _slit_to_arcsec(slit) | project & Scale(1e6))]


# All slits of an exposure share these, as they do in the observatory's files.


@cache
def _camera() -> Model:
    """From the detector to the grating wheel."""
    camera = _distortion(_DETECTOR_SIZE, 0.2, seed=1) | _distortion(_DETECTOR_SIZE, 0.1, seed=2)
    return camera | Scale(_RAD_PER_PIXEL) & Scale(_RAD_PER_PIXEL)


@cache
def _optics(pointing: Pointing) -> tuple[Model, Model]:
    """Fore optics and telescope: from the plane of the shutters to V2, V3."""
    turn = 40.0  # of the fore optics; the rest of the way to V2, V3 is up to the telescope
    fore = _distortion(_FIELD * _MSA_SCALE, 0.05 * _MSA_SCALE, seed=5)
    fore = fore | _distortion(_FIELD * _MSA_SCALE, 0.02 * _MSA_SCALE, seed=6)
    scale = 1 / _MSA_SCALE / 3600
    to_oteip = (fore | Rotation2D(-turn) | Scale(scale) & Scale(scale)) & Identity(1)
    telescope = _distortion(_FIELD, 0.02, seed=7) | _distortion(_FIELD, 0.05, seed=8)
    to_v2v3 = (
        Scale(3600.0) & Scale(3600.0)
        | telescope
        | Rotation2D(turn - pointing.slit_angle)
        | Shift(pointing.v2) & Shift(pointing.v3)
    ) & Scale(1e6)
    return to_oteip, to_v2v3


@cache
def _telescope_steps(pointing: Pointing) -> Steps:
    """List the steps from V2, V3 [arcsec] to RA, Dec [deg], by place and roll of the reference."""
    # The motion of the telescope changes the scale about the reference point.
    stretch, offset = _VELOCITY_SCALE, 1 - _VELOCITY_SCALE
    velocity_aberration = (
        (Scale(stretch) | Shift(offset * pointing.v2))
        & (Scale(stretch) | Shift(offset * pointing.v3))
        & Identity(1)
    )
    v2, v3 = pointing.v2 / 3600, pointing.v3 / 3600
    angles = [v2, -v3, pointing.roll, pointing.dec, -pointing.ra]
    to_sky = (
        Scale(1 / 3600) & Scale(1 / 3600)
        | SphericalToCartesian(wrap_lon_at=180)
        | RotationSequence3D(angles, axes_order="zyxyz")
        | CartesianToSpherical(wrap_lon_at=360)
    ) & Identity(1)
    return [(_FRAMES["v2v3"], velocity_aberration), (_FRAMES["v2v3vacorr"], to_sky)]


# ---- frames ------------------------------------------------------------------------------------

_SPECTRAL_FRAME = cf.SpectralFrame(
    name="spectral", axes_order=(2,), unit=(u.um,), axes_names=("wavelength",)
)


def _plane_frame(
    name: str, unit: u.Unit = u.pix, axes_names: tuple[str, str] = ("x", "y")
) -> cf.Frame2D:
    return cf.Frame2D(name=name, axes_order=(0, 1), unit=(unit, unit), axes_names=axes_names)


def _sky_frame() -> cf.CelestialFrame:
    return cf.CelestialFrame(name="sky", axes_order=(0, 1), reference_frame=coord.ICRS())


# All slits of an exposure share these, as they do in the observatory's files.
_FRAMES = {
    name: cf.CompositeFrame([places, _SPECTRAL_FRAME], name=name)
    for name, places in {
        "slit_frame": _plane_frame("slit_spatial", "", ("x_slit", "y_slit")),
        "msa_frame": _plane_frame("msa_frame_spatial", u.m, ("x_msa", "y_msa")),
        "oteip": _plane_frame("oteip_spatial", u.deg, ("X_OTEIP", "Y_OTEIP")),
        "alpha_beta": _plane_frame("alpha_beta_spatial", u.arcsec, ("alpha", "beta")),
        "v2v3": _plane_frame("v2v3_spatial", u.arcsec, ("v2", "v3")),
        "v2v3vacorr": _plane_frame("v2v3vacorr_spatial", u.arcsec, ("v2", "v3")),
        "world": _sky_frame(),
        "moving_target": _sky_frame(),
    }.items()
}
