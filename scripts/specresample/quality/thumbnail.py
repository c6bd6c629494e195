"""A small picture of a slit, for a page that shows thousands of them."""

import base64
import struct
import zlib

import numpy as np

# Width along the dispersion, and most rows, in pixels.
_WIDTH, _MOST_ROWS = 144, 24

# Colours for 15 steps of brightness, as in a preview: stops of matplotlib's viridis. Index 0 is the
# grey of pixels without data.
_STOPS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_NO_DATA = (209, 209, 209)
_STEPS = 15

_PERCENTILES = 1.0, 99.8
_LINEAR = 8.0  # sigma within which colours change in proportion

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


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
    return base64.b64encode(_png(_levels(small)[::-1])).decode("ascii")


def _binned(image: np.ndarray, count: int) -> np.ndarray:
    """Average rows to as many as asked for; NaN where there is nothing to average."""
    starts = np.arange(count) * len(image) // count
    known = np.isfinite(image)
    sums = np.add.reduceat(np.where(known, image, 0).astype(float), starts, axis=0)
    numbers = np.add.reduceat(known, starts, axis=0, dtype=int)
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)


def _levels(image: np.ndarray) -> np.ndarray:
    """Give steps from 1, linear within the noise and logarithmic beyond; 0 without data."""
    known = image[np.isfinite(image)]
    if known.size == 0:
        return np.zeros(image.shape, np.uint8)
    low, high = np.percentile(known, _PERCENTILES)
    faint, bright = np.percentile(known, (16, 84))
    scale = _LINEAR * (bright - faint) / 2 or 1.0
    first, last = np.arcsinh(np.array([low, high]) / scale)
    part = (np.arcsinh(image / scale) - first) / ((last - first) or 1.0)
    steps = 1 + np.clip(np.nan_to_num(part), 0, 1) * (_STEPS - 1)
    return np.where(np.isfinite(image), np.round(steps), 0).astype(np.uint8)


def _png(levels: np.ndarray) -> bytes:
    """Write an image of values below 16 as a PNG of 4 bits (PNG specification, third edition)."""
    rows, columns = levels.shape
    even = np.pad(levels, ((0, 0), (0, columns % 2)))
    packed = even[:, ::2] << 4 | even[:, 1::2]
    # Every row begins with the number of its filter: 0, none.
    lines = np.pad(packed, ((0, 0), (1, 0)))
    stops = np.linspace(0, 1, len(_STOPS))
    at = np.linspace(0, 1, _STEPS)
    colours = np.array([np.interp(at, stops, channel) for channel in zip(*_STOPS, strict=True)]).T
    palette = np.concatenate([[_NO_DATA], np.round(colours)]).astype(np.uint8)
    header = struct.pack(">IIBBBBB", columns, rows, 4, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
