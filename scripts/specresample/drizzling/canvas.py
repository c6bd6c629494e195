"""Drizzle onto a grid that exposures reach beyond, without losing what lies at its edges.

Drizzle looks for the part of an exposure that falls onto the image by its four corners. Where the
image cuts through an exposure it misses pixels at the edges, and may write beyond the image. Of an
image that holds all of the exposure it misses nothing.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

# An image this many times larger than the grid holds all of the exposure; a larger one would cost
# more than to tell which pixels matter.
_SPACIOUS = 2

# Pixels that a pixel of an exposure may span beyond the size of the grid. More is a fault of
# its WCS, and would need a canvas larger than any memory.
_LARGEST = 200


@dataclass(frozen=True)
class Canvas:
    """An image around a grid that holds all pixels of an exposure which reach onto the grid.

    Attributes
    ----------
    pixmap : ndarray, shape (ny, nx, 2)
        Where the pixel centres of the exposure fall on it; NaN for those that are left
        out because they do not matter to the grid.
    shape : tuple of int
        Its shape, numpy order.
    window : tuple of slice
        The grid in it, rows and columns.
    """

    pixmap: np.ndarray
    shape: tuple[int, int]
    window: tuple[slice, slice]

    @classmethod
    def around(cls, pixmap: np.ndarray, shape: tuple[int, int]) -> Self:
        """Lay a canvas around a grid.

        Parameters
        ----------
        pixmap : ndarray, shape (ny, nx, 2)
            Where the pixel centres of an exposure fall on the grid: x and y, in this order.
        shape : tuple of int
            Shape of the grid, numpy order.

        Returns
        -------
        Canvas
        """
        reach, size = _reach(pixmap), np.array(shape[::-1])
        low, high = _limits(pixmap, reach, size)
        if np.prod(high - low + 1) > _SPACIOUS * np.prod(size):
            pixmap, reach = _near(pixmap, reach, size)
            low, high = _limits(pixmap, reach, size)
        (x, y), (nx, ny) = low.astype(int).tolist(), (high - low + 1).astype(int).tolist()
        window = slice(-y, shape[0] - y), slice(-x, shape[1] - x)
        return cls(pixmap - low, (ny, nx), window)

    @classmethod
    def exactly(cls, pixmap: np.ndarray, shape: tuple[int, int]) -> Self:
        """Take the grid itself, which holds all of the exposure; parameters as of `around`."""
        return cls(pixmap, shape, (slice(None), slice(None)))

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Return the grid's part of an image.

        Parameters
        ----------
        image : ndarray, shape (..., ny, nx)
            With the shape of the canvas.
        """
        return image[(..., *self.window)]


def _reach(pixmap: np.ndarray) -> np.ndarray:
    """Give how far at most a pixel reaches from its centre in x and y: to a neighbour's centre."""
    padded = np.pad(pixmap, ((1, 1), (1, 1), (0, 0)), constant_values=np.nan)
    rows = np.abs(np.diff(padded[:, 1:-1], axis=0))
    columns = np.abs(np.diff(padded[1:-1], axis=1))
    # A neighbour without a place tells nothing.
    return np.fmax(np.fmax(rows[1:], rows[:-1]), 0) + np.fmax(
        np.fmax(columns[:, 1:], columns[:, :-1]), 0
    )


def _limits(
    pixmap: np.ndarray, reach: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the first and the last pixel, x and y, of an image that holds an exposure and a grid."""
    # Of an exposure without any place that is the grid.
    first = np.fmin.reduce(pixmap - reach, axis=(0, 1), initial=0)
    last = np.fmax.reduce(pixmap + reach, axis=(0, 1), initial=0)
    return np.floor(first), np.maximum(np.ceil(last), size - 1)


def _near(pixmap: np.ndarray, reach: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take away the places of pixels that do not matter to a grid, and how far they reach."""
    small = reach < size + _LARGEST
    near = small & (pixmap > -0.5 - reach) & (pixmap < size - 0.5 + reach)
    # Drizzle takes the corners of a pixel from its neighbours.
    beside = np.pad(near.all(axis=-1), 1)
    beside = beside[2:] | beside[1:-1] | beside[:-2]
    beside = beside[:, 2:] | beside[:, 1:-1] | beside[:, :-2]
    needed = (beside & small.all(axis=-1))[..., None]
    return np.where(needed, pixmap, np.nan), np.where(needed, reach, 0)
