"""The convex hull of points in a plane."""

from collections.abc import Iterable

import numpy as np

# Of the polygon within which most points lie.
_FIRST_CORNERS = 64


def hull_corners(points: np.ndarray) -> np.ndarray:
    """Find the corners of the convex hull of points in a plane.

    Parameters
    ----------
    points : ndarray, shape (2, n)

    Returns
    -------
    ndarray of int
        Their indices.
    """
    # Most points lie within a polygon of some corners, and are none.
    angles = np.linspace(0, 2 * np.pi, _FIRST_CORNERS, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    polygon = np.unique(np.argmax(directions @ points, axis=1))
    x, y = points - points[:, polygon].mean(axis=1, keepdims=True)
    around = np.arctan2(y, x)
    polygon = polygon[np.argsort(around[polygon])]
    # Seen from within, a point is before or behind the one edge that is in its direction.
    edge = np.searchsorted(around[polygon], around, side="right") - 1
    (x0, x1), (y0, y1) = (
        (axis[polygon][edge], np.roll(axis[polygon], -1)[edge]) for axis in (x, y)
    )
    behind = (x1 - x0) * (y - y0) < (y1 - y0) * (x - x0)
    candidates = np.union1d(polygon, np.flatnonzero(behind))

    # Andrew 1979, Information Processing Letters 9, 216: from left to right, and back.
    order = candidates[np.lexsort(points[::-1, candidates])]
    path = [*zip(order.tolist(), *points[:, order].tolist(), strict=True)]
    return np.unique(_right_of_all(path) + _right_of_all(path[::-1]))


def _right_of_all(path: Iterable[tuple[int, float, float]]) -> list[int]:
    """Find the points (index, x, y) of a path that have all others on their left."""
    chain: list[tuple[int, float, float]] = []
    for point in path:
        _, x, y = point
        while len(chain) > 1:
            (_, x0, y0), (_, x1, y1) = chain[-2:]
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                break
            chain.pop()
        chain.append(point)
    return [index for index, _, _ in chain]
