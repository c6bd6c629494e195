"""Drizzle misses no pixel of an exposure, wherever and however it lies on the image."""

import numpy as np
import pytest
from specresample.drizzling.full_scan import full_scan
from specresample.drizzling.slit import OntoGrid, drizzle_slit

ROWS, COLUMNS = 30, 80


def tilted(rng, scale):
    """Map of a tilted, slanted exposure onto a grid that it reaches beyond; the grid's shape."""
    y, x = np.indices((ROWS, COLUMNS), float)
    tilt, slant = rng.uniform(-0.06, 0.06), rng.uniform(-0.2, 0.2)
    left, below = rng.uniform(10, 20), rng.uniform(6, 10)
    along = scale[1] * (x - left + slant * y)
    across = scale[0] * (y - below + tilt * (x - COLUMNS / 2))
    return np.stack([along, across], axis=-1), (int(10 * scale[0]), max(2, int(30 * scale[1])))


def exposure(pixmap):
    """Random images of an exposure; all pixels count alike."""
    rng = np.random.default_rng(1)
    return {
        "pixmap": pixmap,
        "weights": np.ones(pixmap.shape[:2], np.float32),
        "sci": rng.normal(size=pixmap.shape[:2]).astype(np.float32),
        "dq": rng.integers(0, 2**31, pixmap.shape[:2], dtype=np.uint32),
    }


def drizzled(images, shape, kernel="square"):
    planes = {name: images[name] for name in ("sci", "dq")}
    onto = OntoGrid(images["weights"], images["pixmap"], shape, pixfrac=1, kernel=kernel)
    return drizzle_slit(planes, onto)


@pytest.mark.parametrize("scale", [(1, 1), (2.5, 1), (1, 4), (0.7, 0.4), (1, 25)])
def test_pixels_of_the_grid_are_covered_to_its_edges(scale):
    rng = np.random.default_rng(3)
    for _ in range(25):
        pixmap, shape = tilted(rng, scale)
        weight = drizzled(full_scan(exposure(pixmap)), shape)["wht"]
        # The exposure covers all of the grid, evenly.
        np.testing.assert_allclose(weight, weight[0, 0], rtol=1e-4)
        assert weight[0, 0] * np.prod(scale) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("scale", [(1, 1), (1, 4), (0.7, 0.4)])
@pytest.mark.parametrize("kernel", ["square", "point"])
def test_all_of_an_exposure_that_lies_on_the_grid_counts(scale, kernel):
    pixmap, _ = tilted(np.random.default_rng(5), scale)
    pixmap -= np.floor(pixmap.reshape(-1, 2).min(axis=0)) - 30
    shape = tuple((np.ceil(pixmap.reshape(-1, 2).max(axis=0)).astype(int) + 30)[::-1].tolist())
    weight = drizzled(full_scan(exposure(pixmap)), shape, kernel)["wht"]
    assert weight.sum() == pytest.approx(ROWS * COLUMNS, rel=1e-5)


def test_point_kernel_loses_none_at_the_edges():
    pixmap, shape = tilted(np.random.default_rng(4), (1, 1))
    inside = ((pixmap >= -0.5) & (pixmap < np.array(shape[::-1]) - 0.5)).all(axis=-1)
    assert drizzled(full_scan(exposure(pixmap)), shape, "point")["wht"].sum() == inside.sum()


def test_drizzle_alone_misses_pixels():
    """Otherwise this module has no use any more."""
    pixmap, shape = tilted(np.random.default_rng(6), (1, 4))
    assert drizzled(exposure(pixmap), shape)["wht"].sum() < 0.9 * np.prod(shape) / 4


@pytest.mark.parametrize("kernel", ["square", "point"])
def test_what_drizzle_sees_alone_does_not_change(kernel):
    pixmap, shape = tilted(np.random.default_rng(7), (1, 1))
    # A corner without a place.
    pixmap[0, :3] = np.nan
    images = exposure(pixmap)
    found, alone = drizzled(full_scan(images), shape, kernel), drizzled(images, shape, kernel)
    assert (alone["wht"] > 0).mean() > 0.9
    for name, image in alone.items():
        np.testing.assert_allclose(found[name], image, rtol=1e-5, atol=1e-6, err_msg=name)


def test_exposure_without_a_place_leaves_nothing():
    pixmap, shape = tilted(np.random.default_rng(8), (1, 1))
    for nowhere in (pixmap + 1000, np.full_like(pixmap, np.nan)):
        assert not drizzled(full_scan(exposure(nowhere)), shape)["wht"].any()
