"""What the detector makes of an image: noise, its variances, and pixels that went wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from stdatamodels.jwst.datamodels.dqflags import pixel as flags


@dataclass(frozen=True)
class Noise:
    """Noise and defects of an exposure."""

    sensitivity: float = 1e15  # electrons per MJy in a pixel, in the middle of the band
    blaze: float = 0.5  # loss of sensitivity at the ends of the band
    sky: float = 60.0  # from the sky, which has been subtracted [electrons per pixel]
    read_noise: float = 9.0  # [electrons]
    flat_error: float = 0.01  # relative uncertainty of the flat field
    bad: float = 0.012  # fraction of pixels that are lost (NaN)
    hot: float = 0.003  # fraction of pixels that are flagged, with wild values
    harmless: float = 0.02  # fraction of pixels that are flagged but good
    cosmic_rays: float = 0.4  # streaks per 1000 pixels; flagged, with wild values
    silent: bool = False  # no noise in the data; the variances still tell of it


PERFECT = Noise(bad=0.0, hot=0.0, harmless=0.0, cosmic_rays=0.0, silent=True)
"""The data are the image itself."""


@dataclass
class Planes:
    """The image planes of a calibrated exposure."""

    data: NDArray[np.float32]
    err: NDArray[np.float32]
    dq: NDArray[np.uint32]
    var_poisson: NDArray[np.float32]
    var_rnoise: NDArray[np.float32]
    var_flat: NDArray[np.float32]


def expose(
    image: NDArray[np.float64],
    wavelength: NDArray[np.float64],
    noise: Noise,
    *,
    pixels: np.random.Generator,
    photons: np.random.Generator,
    scale: float,
) -> Planes:
    """Take an exposure of an image.

    Parameters
    ----------
    image : ndarray
        Flux density per pixel [MJy]; NaN off the slit.
    wavelength : ndarray
        Wavelength of each pixel, for the sensitivity.
    noise : Noise
    pixels, photons : numpy.random.Generator
        Chance for what stays from exposure to exposure (defects, flat field) and for what does
        not.
    scale : float
        Value of 1 MJy in a pixel in the unit of the data.

    Returns
    -------
    Planes
    """
    off_slit = ~np.isfinite(image)
    light = np.where(off_slit, 0.0, image)
    throughput = noise.sensitivity * _blaze(wavelength, noise.blaze)
    throughput = throughput * pixels.normal(1.0, 0.03, image.shape)  # the pixels' own sensitivity
    read_noise = noise.read_noise * pixels.normal(1.0, 0.08, image.shape).clip(0.7, 1.5)
    electrons = np.maximum(light * throughput, 0) + noise.sky

    var_poisson = electrons / throughput**2
    var_rnoise = (read_noise / throughput) ** 2
    var_flat = (noise.flat_error * light) ** 2
    data = light
    flat = pixels.normal(0.0, noise.flat_error, image.shape)
    if not noise.silent:
        counted = photons.poisson(electrons) + photons.normal(0.0, read_noise)
        data = light * (1 + flat) + (counted - electrons) / throughput

    dq = np.zeros(image.shape, np.uint32)
    wild = 60 * np.sqrt(var_poisson + var_rnoise)
    dq[photons.random(image.shape) < noise.harmless] |= flags["JUMP_DET"]
    struck = _streaks(image.shape, noise.cosmic_rays, photons)
    dq[struck] |= flags["DO_NOT_USE"] | flags["JUMP_DET"]
    data = data + np.where(struck, wild * photons.exponential(1.0, image.shape), 0)
    hot = pixels.random(image.shape) < noise.hot
    dq[hot] |= flags["DO_NOT_USE"] | flags["HOT"]
    data = np.where(hot, wild * photons.uniform(1, 5, image.shape), data)
    lost = pixels.random(image.shape) < noise.bad
    dq[lost] |= flags["DO_NOT_USE"] | flags["DEAD"]
    dq[off_slit] |= flags["DO_NOT_USE"] | flags["NON_SCIENCE"]

    gone = lost | off_slit
    err = np.sqrt(var_poisson + var_rnoise + var_flat)
    planes = (data, err, var_poisson, var_rnoise, var_flat)
    data, err, var_poisson, var_rnoise, var_flat = (
        np.where(gone, np.nan, plane).astype(np.float32) for plane in planes
    )
    one, two = np.float32(scale), np.float32(scale) ** 2
    return Planes(data * one, err * one, dq, var_poisson * two, var_rnoise * two, var_flat * two)


def _blaze(wavelength: NDArray[np.float64], loss: float) -> NDArray[np.float64]:
    """Relative sensitivity: 1 in the middle of the band, falling to both ends."""
    low, high = np.nanmin(wavelength), np.nanmax(wavelength)
    t = (2 * wavelength - low - high) / (high - low)
    return np.nan_to_num(1 - loss * t**2, nan=1.0)


def _streaks(
    shape: tuple[int, int], per_thousand: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Pixels hit by particles: short straight tracks."""
    hit = np.zeros(shape, bool)
    n = rng.poisson(per_thousand * hit.size / 1000)
    along = np.arange(7)
    start = rng.uniform((0, 0), shape, (n, 2))
    angle = rng.uniform(0, 2 * np.pi, n)
    length = rng.integers(1, along.size, n)
    path = start[:, :, None] + np.stack([np.sin(angle), np.cos(angle)], 1)[:, :, None] * along
    row, column = path.astype(int).transpose(1, 0, 2)
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    inside &= along < length[:, None]
    hit[row[inside], column[inside]] = True
    return hit
