"""Drizzle onto a grid that exposures reach beyond, without losing what lies at its edges.

Drizzle looks for the part of an exposure that falls onto the image by its four corners. Where the
image cuts through an exposure it misses pixels at the edges, and may write beyond the image. Of an
image that holds all of the exposure it misses nothing.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Pixels that a pixel of an exposure may span beyond the size of the grid. More is a fault of
# its WCS, and would need a canvas larger than any memory.
_LARGEST = 200


@dataclass(frozen=True)
class Canvas:
    """An image around a grid that holds all pixels of an exposure which reach onto the grid.

    Attributes
    ----------
    pixmap : ndarray, shape (ny, nx, 2)
        Where the pixel centres of the exposure fall on it; NaN for those that neither reach onto
        the grid nor lie beside one that does.
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
        reach = _reach(pixmap)
        size = np.array(shape[::-1])
        small = reach < size + _LARGEST
        with np.errstate(invalid="ignore"):
            near = small & (pixmap > -0.5 - reach) & (pixmap < size - 0.5 + reach)
        # Drizzle takes the corners of a pixel from its neighbours.
        needed = _neighbours(near.all(axis=-1), False).any(axis=(-2, -1))
        needed = (needed & small.all(axis=-1))[..., None]
        pixmap, ends = np.where(needed, pixmap, np.nan), np.where(needed, reach, 0)
        low = np.minimum(np.floor(_extreme(np.fmin, pixmap - ends, 0)), 0).astype(int)
        high = np.maximum(np.ceil(_extreme(np.fmax, pixmap + ends, 0)), size - 1).astype(int)
        window = tuple(slice(-first, n - first) for first, n in zip(low[::-1], shape, strict=True))
        return cls(pixmap - low, tuple((high - low + 1)[::-1].tolist()), window)

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
    """How far at most a pixel reaches from its centre: to its neighbours, in x and y."""
    around = np.stack([_neighbours(axis, np.nan) for axis in np.moveaxis(pixmap, -1, 0)], axis=2)
    distances = np.abs(around - pixmap[..., None, None])
    return np.fmax.reduce(distances, axis=(-2, -1), initial=0)


def _neighbours(image: np.ndarray, beyond: object) -> np.ndarray:
    """Every pixel and those around it, shape (ny, nx, 3, 3)."""
    return sliding_window_view(np.pad(image, 1, constant_values=beyond), (3, 3))


def _extreme(ufunc: np.ufunc, pixmap: np.ndarray, default: float) -> np.ndarray:
    return ufunc.reduce(pixmap.reshape(-1, 2), axis=0, initial=default)
