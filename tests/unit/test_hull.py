import numpy as np
import pytest
from scipy.spatial import ConvexHull
from specresample.footprint.hull import hull_corners

ROW, COLUMN = np.mgrid[:9, :90].reshape(2, -1).astype(float)
RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    "points",
    [
        RNG.normal(size=(2, 2000)),
        RNG.uniform(size=(2, 3)),
        # All are corners.
        np.array([np.cos(np.arange(700.0)), np.sin(np.arange(700.0))]),
        # Rows of pixels of a bent slit.
        np.stack([COLUMN, ROW + 0.01 * (COLUMN - 45) ** 2]),
    ],
    ids=["cloud", "triangle", "circle", "slit"],
)
def test_corners_are_those_of_qhull(points):
    assert set(hull_corners(points)) == set(ConvexHull(points.T).vertices)


def test_points_between_corners_are_none():
    square = np.array([(x, y) for x in range(4) for y in range(4)], float).T
    corners = square[:, hull_corners(square)]
    assert {*zip(*corners, strict=True)} == {(0, 0), (0, 3), (3, 0), (3, 3)}


@pytest.mark.parametrize(
    "points", [[[1.0], [2.0]], [[1.0, 1.0], [2.0, 2.0]], [[0, 1, 2], [0, 1, 2]]]
)
def test_points_on_a_line(points):
    points = np.array(points, float)
    corners = points[:, hull_corners(points)]
    for extreme in (points.min(axis=1), points.max(axis=1)):
        assert (extreme == corners.T).all(axis=1).any()
