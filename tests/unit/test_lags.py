import numpy as np
import pytest
from specresample.drizzling.lags import lag_pairs, noise_reach, same_wavelength

SHAPE = (20, 30)
NATIVE = ((0, 1), (1, -1), (1, 0), (1, 1))


def pixel_map(across=1.0, along=1.0, tilt=0.0):
    y, x = np.indices(SHAPE, dtype=float)
    return np.stack([along * x + tilt * y, across * y], axis=-1)


@pytest.mark.parametrize("ratio", [0.5, 0.7, 1.0, 1.3, 2.0, 3.0])
@pytest.mark.parametrize("drop", [0.3, 0.5, 1.0])
def test_lags_reach_as_far_as_a_drop(ratio, drop):
    reach = noise_reach(pixel_map(ratio), drop)
    rows = np.ceil(ratio * drop)
    assert set(reach.lags) == {(0, 1)} | {
        (dy, dx) for dy in np.arange(1, rows + 1) for dx in (-1, 0, 1)
    }
    assert reach.spacing[0] > (rows + 1) / ratio + drop >= reach.spacing[0] - 1
    assert reach.spacing[1] > 2 + drop >= reach.spacing[1] - 1


def test_axes_change_places():
    pixmap = pixel_map(2.0).transpose(1, 0, 2)[..., ::-1]
    reach, upright = noise_reach(pixmap, 1.0), noise_reach(pixel_map(2.0), 1.0)
    assert set(reach.lags) == {(0, 1), (0, 2)} | {(1, dx) for dx in range(-2, 3)}
    assert reach.spacing == upright.spacing[::-1]


def test_more_wavelengths_need_more_lags():
    reach = noise_reach(pixel_map(along=3.0), 1.0)
    assert set(reach.lags) == {(0, 1), (0, 2), (0, 3)} | {(1, dx) for dx in range(-3, 4)}
    assert reach.spacing == (4, 3)


def test_points_share_no_noise_but_have_lags():
    assert noise_reach(pixel_map(), 0).lags == NATIVE


@pytest.mark.parametrize("tilt", [-0.15, 0.05, 0.15])
def test_tilted_lines_need_no_more(tilt):
    assert noise_reach(pixel_map(tilt=tilt), 1.0) == noise_reach(pixel_map(), 1.0)


def test_few_irregular_pixels_do_not_count():
    pixmap = pixel_map()
    pixmap[:, 0] = np.nan
    pixmap[3, 5] += 0.3
    assert noise_reach(pixmap, 1.0).lags == NATIVE


def test_without_any_place_there_are_lags():
    assert noise_reach(np.full((*SHAPE, 2), np.nan), 1.0).lags == NATIVE


@pytest.mark.parametrize("shape", [(4, 6), (1, 6), (4, 1), (1, 1)])
@pytest.mark.parametrize("lag", [*NATIVE, (2, -1), (3, 3), (0, 5)])
def test_pairs_are_all_that_lie_on_the_image(shape, lag):
    number = np.arange(np.prod(shape)).reshape(shape)
    first, second = lag_pairs(shape, lag)
    expected = {
        (number[y, x], number[y + lag[0], x + lag[1]])
        for y, x in np.ndindex(shape)
        if y + lag[0] < shape[0] and 0 <= x + lag[1] < shape[1]
    }
    assert set(zip(number[first].ravel(), number[second].ravel(), strict=True)) == expected


@pytest.mark.parametrize(
    ("axis", "rows"), [(1, [1.0, 1.0, 0.0, 0.0]), (2, [20.0, 20.0, 40.0, 20.0])]
)
def test_same_wavelength(axis, rows):
    covariance = {lag: np.zeros((4, 3)) for lag in NATIVE}
    covariance[1, 0][0] = 1.0
    covariance[0, 1][:, :2] = 20.0
    covariance[0, 1][2] = [20.0, 40.0, 0.0]
    covariance[1, 1][:] = 300.0
    total = same_wavelength(covariance, (4, 3), axis)
    if axis == 1:
        np.testing.assert_array_equal(total, np.repeat(np.reshape(rows, (4, 1)), 3, axis=1))
    else:
        np.testing.assert_array_equal(total[:, 0], [20.0] * 4)
        np.testing.assert_array_equal(total[:, 1], [40.0, 40.0, 60.0, 40.0])
        np.testing.assert_array_equal(total[:, 2], rows)
