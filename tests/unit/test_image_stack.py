import numpy as np
import pytest
from specresample.common.image_stack import ImageStack

SHAPE = (7, 5)


@pytest.mark.parametrize("number", [1, 2, 3, 20])
def test_bands_together_are_the_images(tmp_path, number):
    images = np.random.default_rng(number).normal(size=(number, *SHAPE)).astype(np.float32)
    with ImageStack(SHAPE, tmp_path) as stack:
        for image in images:
            stack.add(image)
        bands = [*stack.bands()]
    np.testing.assert_array_equal(np.concatenate(bands, axis=1), images)


def test_a_band_is_no_larger_than_an_image_or_a_row_of_all(tmp_path):
    with ImageStack(SHAPE, tmp_path) as stack:
        for _ in range(3):
            stack.add(np.zeros(SHAPE))
        assert max(band.size for band in stack.bands()) <= np.prod(SHAPE)
        for _ in range(9):
            stack.add(np.zeros(SHAPE))
        assert max(band.size for band in stack.bands()) == 12 * SHAPE[1]


def test_nothing_is_left_on_disk(tmp_path):
    with ImageStack(SHAPE, tmp_path) as stack:
        stack.add(np.zeros(SHAPE))
        assert not [*tmp_path.iterdir()]
    assert not [*tmp_path.iterdir()]
