"""What is on the sky: sources of known flux, and their pixel-integrated images in a slit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gwcs import WCS
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from specsim.wcs import ARCSEC

_MIRROR = 6.5  # metres

# Vacuum wavelengths of strong lines at rest [um], and strengths relative to the strongest.
GALAXY_LINES = {
    "[OII]": (0.37286, 0.5),
    "Hbeta": (0.48627, 0.28),
    "[OIII]a": (0.49603, 0.33),
    "[OIII]b": (0.50082, 1.0),
    "[OI]": (0.63020, 0.05),
    "[NII]a": (0.65499, 0.07),
    "Halpha": (0.65646, 0.85),
    "[NII]b": (0.65853, 0.21),
    "[SII]a": (0.67183, 0.14),
    "[SII]b": (0.67327, 0.11),
    "[SIII]a": (0.90711, 0.09),
    "[SIII]b": (0.95332, 0.22),
    "HeI": (1.08332, 0.25),
    "Pagamma": (1.09411, 0.05),
    "[FeII]": (1.25702, 0.05),
    "Pabeta": (1.28216, 0.09),
    "Paalpha": (1.87561, 0.20),
}
# Features of a dusty galaxy in the mid infrared: wavelength [um], full width [um], height over
# the continuum.
DUST_FEATURES = (
    (5.27, 0.20, 0.12),
    (6.22, 0.25, 1.1),
    (7.60, 0.40, 1.4),
    (7.85, 0.45, 1.2),
    (8.61, 0.35, 0.8),
    (9.80, 2.60, -0.45),
    (11.30, 0.36, 1.2),
    (12.60, 0.50, 0.6),
    (6.985, 0.055, 0.5),
    (10.511, 0.055, 0.5),
    (12.814, 0.055, 0.9),
)


@dataclass(frozen=True)
class Line:
    """A Gaussian emission line, or an absorption line where ``peak`` is negative."""

    # Wavelength and full width at half maximum as observed [um]
    centre: float
    fwhm: float
    peak: float  # height over the continuum [MJy]

    @property
    def flux(self) -> float:
        """Integral over wavelength [MJy um]."""
        return self.peak * self.fwhm * np.sqrt(np.pi / np.log(16))


@dataclass(frozen=True)
class Source:
    """Something that shines, with a known spectrum."""

    # Place on the sky, in the last frame of the WCS, so at rest in ``moving_target`` [deg]. None
    # for light that fills the slit evenly, as of a lamp or the sky, by the flux density of a pixel.
    ra: float | None
    dec: float | None
    continuum: float = 2e-12  # flux density at ``pivot`` [MJy]
    slope: float = 0.0  # exponent of the continuum as a power law of the wavelength
    pivot: float = 4.0  # [um]
    lines: tuple[Line, ...] = ()
    size: float = 0.08  # full width at half maximum, before the telescope blurs it [arcsec]

    def flux_density(self, wavelength: ArrayLike, width: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Evaluate the true spectrum.

        Parameters
        ----------
        wavelength : array_like
            Wavelengths [um].
        width : array_like
            Intervals, centred at the wavelengths, over which the lines are averaged [um]; 0 for
            none.

        Returns
        -------
        ndarray
            Flux density [MJy].
        """
        wavelength, width = np.broadcast_arrays(np.asarray(wavelength, float), np.abs(width))
        flux = self.continuum * (wavelength / self.pivot) ** self.slope
        for line in self.lines:
            sigma = line.fwhm / np.sqrt(np.log(256))
            # An average over much less than a line's width is its value at the centre.
            interval = np.maximum(width, 1e-3 * sigma)
            share = _gaussian_share(wavelength - line.centre, interval, sigma)
            flux = flux + line.flux * share / interval
        return flux


def galaxy(
    ra: float, dec: float, *, redshift: float, continuum: float, line: float, resolution: float
) -> Source:
    """Make a star-forming galaxy.

    Parameters
    ----------
    ra, dec : float
        Place on the sky [deg].
    redshift : float
        Of its lines.
    continuum : float
        Flux density at 4 um [MJy].
    line : float
        Peak of its strongest line [MJy].
    resolution : float
        Resolving power; sets the width of the lines.

    Returns
    -------
    Source
    """
    observed = [(rest * (1 + redshift), weight) for rest, weight in GALAXY_LINES.values()]
    lines = tuple(Line(wave, wave / resolution, line * weight) for wave, weight in observed)
    return Source(ra, dec, continuum=continuum, slope=-0.6, lines=lines)


def dusty_galaxy(ra: float, dec: float, *, continuum: float) -> Source:
    """Make a galaxy as seen in the mid infrared: dust emission, silicate absorption, ionic lines.

    Parameters
    ----------
    ra, dec : float
        Place on the sky [deg].
    continuum : float
        Flux density at 8 um [MJy].

    Returns
    -------
    Source
    """
    lines = tuple(
        Line(wave, fwhm, height * continuum * (wave / 8) ** 0.8)
        for wave, fwhm, height in DUST_FEATURES
    )
    return Source(ra, dec, continuum=continuum, slope=0.8, pivot=8.0, lines=lines, size=0.15)


def render(
    wcs: WCS, shape: tuple[int, int], sources: Sequence[Source], *, dispersion_axis: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Image the sources in a slit.

    Each column (row, for vertical dispersion) holds a source's flux density, shared out among the
    pixels by the integral of the profile over each; lines are averaged over the wavelengths of
    the pixel. So sums along the slit give flux densities.

    Parameters
    ----------
    wcs : gwcs.WCS
        From pixels to RA, Dec and wavelength, or, when all sources fill the slit, any two
        coordinates and wavelength [um].
    shape : tuple of int
        Rows and columns.
    sources : sequence of Source
    dispersion_axis : int
        1 for dispersion along x, 2 along y.

    Returns
    -------
    image : ndarray
        Flux density of each pixel [MJy]; NaN off the slit.
    wavelength : ndarray
        Wavelength of each pixel [um]; NaN off the slit.
    """
    rows, columns = np.indices(shape, dtype=float)
    ra, dec, wavelength = wcs(columns, rows)
    spectral = 1 if dispersion_axis == 1 else 0
    step = _steps(wavelength, axis=spectral)
    image = np.where(np.isfinite(wavelength), 0.0, np.nan)
    for source in sources:
        flux = source.flux_density(wavelength, step)
        if source.ra is not None:
            position = _position_along_slit(ra, dec, source, axis=1 - spectral)
            pitch = np.abs(_steps(position, axis=1 - spectral))
            flux = flux * _gaussian_share(position, pitch, _blur(source.size, wavelength))
        image += flux
    return image, wavelength


def _position_along_slit(
    ra: NDArray[np.float64], dec: NDArray[np.float64], source: Source, axis: int
) -> NDArray[np.float64]:
    """Measure the distance along the slit from the source [arcsec].

    With vectors, which know neither poles nor RA = 0.
    """
    vectors = _unit_vector(ra, dec)
    steps = np.diff(vectors, axis=axis)
    direction = np.nanmean(steps, axis=(0, 1))
    direction /= np.linalg.norm(direction)
    return (vectors - _unit_vector(source.ra, source.dec)) @ direction / ARCSEC


def _unit_vector(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """Cartesian unit vectors, in the last axis."""
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _steps(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Measure the pixels along an axis.

    Pixels next to missing ones take the size towards their only neighbour.
    """
    before = np.diff(values, axis=axis, prepend=np.nan)
    after = np.diff(values, axis=axis, append=np.nan)
    both = np.stack([before, after])
    with np.errstate(invalid="ignore"):
        return np.nansum(both, axis=0) / np.isfinite(both).sum(axis=0)


def _blur(size: float, wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blur of a source of some size [arcsec] at wavelengths [um]: sigma along the slit [arcsec]."""
    diffraction = 1e-6 * wavelength / _MIRROR / ARCSEC
    return np.hypot(diffraction, size) / np.sqrt(np.log(256))


def _gaussian_share(
    offset: NDArray[np.float64], interval: ArrayLike, sigma: ArrayLike
) -> NDArray[np.float64]:
    """Integral of a unit Gaussian over intervals centred at offsets from its peak."""
    scale = np.sqrt(2) * np.asarray(sigma)
    half = np.asarray(interval) / 2
    return 0.5 * (erf((offset + half) / scale) - erf((offset - half) / scale))
