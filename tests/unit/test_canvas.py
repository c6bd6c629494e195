"""What lies at the edges of a grid that cuts through an exposure is not lost."""

import numpy as np
import pytest
from specresample.drizzling.canvas import Canvas
from specresample.drizzling.slit import drizzle_slit

ROWS, COLUMNS = 30, 80


def tilted(rng, scale):
    """Map of a tilted, slanted exposure, larger than the grid on all sides; its grid's shape."""
    y, x = np.indices((ROWS, COLUMNS), float)
    tilt, slant = rng.uniform(-0.06, 0.06), rng.uniform(-0.2, 0.2)
    left, below = rng.uniform(10, 20), rng.uniform(6, 10)
    along = scale[1] * (x - left + slant * y)
    across = scale[0] * (y - below + tilt * (x - COLUMNS / 2))
    return np.stack([along, across], axis=-1), (int(10 * scale[0]), max(2, int(30 * scale[1])))


def weights_on(canvas, kernel="square"):
    ones = np.ones((ROWS, COLUMNS), np.float32)
    drizzled = drizzle_slit(
        {"sci": ones}, ones, canvas.pixmap, canvas.shape, pixfrac=1, kernel=kernel
    )
    return canvas.cut(drizzled["wht"])


@pytest.mark.parametrize("scale", [(1, 1), (2.5, 1), (1, 4), (0.7, 0.4), (1, 25)])
def test_pixels_of_the_grid_are_covered_to_its_edges(scale):
    rng = np.random.default_rng(3)
    for _ in range(25):
        pixmap, shape = tilted(rng, scale)
        weight = weights_on(Canvas.around(pixmap, shape))
        assert weight.shape == shape
        # The exposure covers all of the grid, evenly.
        np.testing.assert_allclose(weight, weight[0, 0], rtol=1e-4)
        assert weight[0, 0] * np.prod(scale) == pytest.approx(1, abs=0.02)


def test_point_kernel_loses_none():
    pixmap, shape = tilted(np.random.default_rng(4), (1, 1))
    inside = ((pixmap >= -0.5) & (pixmap < np.array(shape[::-1]) - 0.5)).all(axis=-1)
    assert weights_on(Canvas.around(pixmap, shape), "point").sum() == inside.sum()


def test_grid_that_holds_the_exposure_is_drizzled_as_ever():
    pixmap, _ = tilted(np.random.default_rng(5), (1, 1))
    pixmap -= np.floor(pixmap.reshape(-1, 2).min(axis=0)) - 3
    shape = tuple((np.ceil(pixmap.reshape(-1, 2).max(axis=0)).astype(int) + 4)[::-1].tolist())
    around, exactly = Canvas.around(pixmap, shape), Canvas.exactly(pixmap, shape)
    np.testing.assert_array_equal(weights_on(around), weights_on(exactly))
    assert around.shape == exactly.shape


def test_far_pixels_and_those_without_a_place_do_not_make_it_larger():
    pixmap, shape = tilted(np.random.default_rng(6), (1, 1))
    canvas = Canvas.around(pixmap, shape)
    assert canvas.shape[0] < shape[0] + 12
    assert canvas.shape[1] < shape[1] + 12
    pixmap[:, -1] = 1e12
    pixmap[0] = np.nan
    far = Canvas.around(pixmap, shape)
    assert far.shape == canvas.shape
    np.testing.assert_array_equal(weights_on(far), weights_on(canvas))


def test_exposure_beside_the_grid_leaves_nothing():
    pixmap, shape = tilted(np.random.default_rng(7), (1, 1))
    canvas = Canvas.around(pixmap + 1000, shape)
    assert canvas.shape == shape
    assert not weights_on(canvas).any()
    assert not weights_on(Canvas.around(np.full_like(pixmap, np.nan), shape)).any()


def test_planes_are_cut_alike():
    pixmap, shape = tilted(np.random.default_rng(8), (1, 1))
    canvas = Canvas.around(pixmap, shape)
    image = np.random.default_rng(9).normal(size=(4, *canvas.shape))
    assert canvas.cut(image).shape == (4, *shape)
    np.testing.assert_array_equal(canvas.cut(image)[2], canvas.cut(image[2]))
