import base64
import io

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image
from specresample.quality.thumbnail import thumbnail


def picture(image):
    """Draw an image; gives the colours of the thumbnail, the lowest row first."""
    png = base64.b64decode(thumbnail(image))
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))[::-1].astype(int)


def test_trace_stands_out_where_it_is():
    image = np.random.default_rng(1).normal(0, 1, (12, 100))
    image[3] += 300
    colours = picture(image)
    assert colours.shape == (12, 100, 3)
    bright = colours[..., 1].mean(axis=1)
    assert np.argmax(bright) == 3
    assert bright[3] > 2 * np.delete(bright, 3).max()


def test_colours_are_those_of_previews():
    ramp = np.tile(np.linspace(0, 1e-9, 15), (2, 1))
    colours = picture(ramp)[0]
    expected = np.array([*map(colormaps["viridis"], np.linspace(0, 1, 15))])[:, :3] * 255
    np.testing.assert_allclose(colours, expected, atol=1)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (40, 1501), (23, 145)])
def test_any_shape(shape):
    rows, columns = shape
    colours = picture(np.arange(rows * columns, dtype=np.float32).reshape(shape))
    assert colours.shape[:2] == (min(rows, 24), min(columns, 144))


def test_no_data_is_grey():
    image = np.ones((4, 6))
    image[2, 3] = np.nan
    grey = (picture(image) == 209).all(axis=2)
    assert [*zip(*np.nonzero(grey), strict=True)] == [(2, 3)]
    assert (picture(np.full((4, 6), np.nan)) == 209).all()
    large = np.ones((48, 288))
    large[:2, :2] = large[10, 10] = np.nan
    assert (picture(large) == 209).all(axis=2).sum() == 1
