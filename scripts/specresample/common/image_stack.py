"""A stack of images on disk; some rows of all images are in memory at a time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np


class ImageStack(AbstractContextManager):
    """Images of one shape (float32), written one by one and read by rows of all.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of an image.
    folder : Path
        Takes an unnamed file.
    """

    def __init__(self, shape: tuple[int, int], folder: Path) -> None:
        self._shape = shape
        self._count = 0
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115, closed with the stack

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, image: np.ndarray) -> None:
        """Add an image."""
        image.astype(np.float32).tofile(self._file)
        self._count += 1

    def bands(self) -> Iterator[np.ndarray]:
        """Read the stack in bands of rows, one after another, none much larger than an image.

        Yields
        ------
        ndarray, shape (number of images, number of rows, nx)
        """
        ny, nx = self._shape
        height = max(1, ny // max(1, self._count))
        for first in range(0, ny, height):
            images = np.empty((self._count, min(height, ny - first), nx), np.float32)
            for number, image in enumerate(images):
                self._file.seek(4 * nx * (number * ny + first))
                self._file.readinto(image)
            yield images
