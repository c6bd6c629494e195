"""Have drizzle look at every pixel of an exposure.

Drizzle (3.0.0) looks for the part of an exposure that falls onto the image: it takes their outlines
and follows these back to the exposure with a search that goes wrong where rows are tilted or
columns slanted. It then leaves out the pixels beyond, in the worst case most of an exposure. Where
a corner of the exposure has no place on the image, it looks at every pixel instead. The
reference's grids of NIRSpec mostly have such corners.
"""

from collections.abc import Mapping

import numpy as np


def full_scan(images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give an exposure a corner without a place, in two rows that are put before its first.

    Parameters
    ----------
    images : mapping of str to ndarray, shape (ny, nx, ...)
        Images of the exposure; ``pixmap``, shape (ny, nx, 2), says where the pixel centres fall on
        the output image, x and y in this order.

    Returns
    -------
    dict of str to ndarray
        The same with the two rows, in which all images are 0: the weights, too.
    """
    pixmap = images["pixmap"]
    # One pixel, beyond the image, keeps drizzle from leaving the row out of its frame.
    corner = np.full_like(pixmap[:1], np.nan)
    corner[0, 0] = -9
    # Drizzle takes the corners of the first row's pixels from the row before it. Without one it
    # would continue the first two rows in the same way.
    continued = 2 * pixmap[:1] - pixmap[1:2]
    return {
        name: np.concatenate([np.zeros_like(image[:2]), image]) for name, image in images.items()
    } | {"pixmap": np.concatenate([corner, continued, pixmap])}
