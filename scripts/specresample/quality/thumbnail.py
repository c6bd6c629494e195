"""A small picture of a slit, for a page that shows thousands of them."""

import base64
import io

import numpy as np
from PIL import Image

# Width along the dispersion, and most rows, in pixels.
_WIDTH, _MOST_ROWS = 144, 24

# Red, green and blue of each level: a grey for pixels without data, and 15 evenly spaced colours of
# matplotlib's viridis, as in previews. matplotlib itself would take long to import here.
_PALETTE = bytes.fromhex(
    "d1d1d1 440154 481b6d 46327e 3f4788 365c8d 2e6e8e 277f8e 21918c"
    " 1fa187 2db27d 4ac16d 73d056 a0da39 d0e11c fde725"
)
_STEPS = 15

# The first and the last percentile limit the colours. The others are a sigma from the median.
_PERCENTILES = 1.0, 16.0, 84.0, 99.8
_LINEAR = 8.0  # sigma within which colours change in proportion


def thumbnail(image: np.ndarray) -> str:
    """Draw a slit as a small PNG with 16 colours.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        Spectrum with its dispersion along the columns; NaN without data.

    Returns
    -------
    str
        PNG file in base64, a kilobyte or two.
    """
    rows, columns = image.shape
    small = _binned(_binned(image, min(rows, _MOST_ROWS)).T, min(columns, _WIDTH)).T
    picture = Image.fromarray(_levels(small)[::-1])
    picture.putpalette(_PALETTE)
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=True)
    return base64.b64encode(png.getvalue()).decode("ascii")


def stretch(image: np.ndarray) -> tuple[float, float, float]:
    """Find a stretch that shows sky and bright lines: the inverse hyperbolic sine.

    Parameters
    ----------
    image : ndarray
        NaN without data.

    Returns
    -------
    width : float
        Of values around zero that are stretched in proportion; beyond, by their logarithm.
    low, high : float
        Limits of the colours, which differ even when all values are the same.
    """
    known = image[np.isfinite(image)]
    if not known.size:
        return 1.0, 0.0, 1.0
    low, faint, bright, high = map(float, np.percentile(known, _PERCENTILES))
    if low == high:
        low, high = low - 0.5, low + 0.5
    return _LINEAR * (bright - faint) / 2 or 1.0, low, high


def _binned(image: np.ndarray, count: int) -> np.ndarray:
    """Average rows to as many as asked for; NaN where there is nothing to average."""
    starts = np.arange(count) * len(image) // count
    known = np.isfinite(image)
    sums = np.add.reduceat(np.where(known, image, 0).astype(float), starts, axis=0)
    numbers = np.add.reduceat(known, starts, axis=0, dtype=int)
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)


def _levels(image: np.ndarray) -> np.ndarray:
    """Give steps from 1 in proportion to the stretched image; 0 without data."""
    width, *limits = stretch(image)
    first, last = np.arcsinh(np.array(limits) / width)
    part = (np.arcsinh(image / width) - first) / ((last - first) or 1.0)
    steps = 1 + np.clip(np.nan_to_num(part), 0, 1) * (_STEPS - 1)
    return np.where(np.isfinite(image), np.round(steps), 0).astype(np.uint8)
