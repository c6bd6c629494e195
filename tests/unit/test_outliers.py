import warnings

import numpy as np
import pytest
from drizzle.resample import Drizzle
from scipy import ndimage
from specresample.drizzling.outliers import (
    OutlierLimits,
    blot,
    find_outliers,
    group_mean,
    grown,
    median,
    steepest,
    weight_threshold,
)
from specresample.drizzling.slit import OntoGrid, drizzle_slit

RNG = np.random.default_rng(18)
LIMITS = OutlierLimits(snr=(5.0, 4.0), scale=(1.2, 0.7), weight=0.7, background=0.0)


def image(shape=(7, 9), value=0.0):
    return np.full(shape, value, np.float32)


# ---- weights -----------------------------------------------------------------------------------


def test_threshold_is_a_part_of_the_mean_of_usual_weights():
    weights = np.append(np.tile([1.0, 3.0], 50), [0.0, np.nan, 1e4]).astype(np.float32)
    assert weight_threshold(weights, 0.7) == pytest.approx(1.4)
    assert weight_threshold(weights, 0.0) == 0.0


def test_weights_of_faint_units_are_all_usual():
    """As in jwst: the standard deviation of weights as large as of MJy overflows."""
    weights = np.append(np.ones(100), 50).astype(np.float32)
    assert weight_threshold(weights, 1.0) == pytest.approx(1)
    large = weights * np.float32(1e27)
    assert weight_threshold(large, 1.0) == pytest.approx(large.mean(dtype=float))


def test_without_weight_there_is_no_threshold():
    assert weight_threshold(image(), 0.7) == 0.0


# ---- groups ------------------------------------------------------------------------------------


def test_detectors_are_averaged_as_if_drizzled_together():
    y, x = np.indices((6, 8), dtype=float)
    pixmaps = [np.stack([x + shift, y + 0.3], axis=-1) for shift in (0.2, 5.6)]
    planes = [
        {name: RNG.normal(5, 1, (6, 8)).astype(np.float32) for name in ("sci", "err")}
        for _ in pixmaps
    ]
    weights = [np.full((6, 8), value, np.float32) for value in (1.0, 3.0)]
    together = {name: Drizzle(out_shape=(8, 16), fillval="NaN") for name in ("sci", "err")}
    singles = []
    for detector in zip(planes, weights, pixmaps, strict=True):
        onto = OntoGrid(*detector[1:], (8, 16), pixfrac=1.0, kernel="square")
        singles.append(drizzle_slit(detector[0], onto))
        for name, drizzle in together.items():
            plane, weight, pixmap = detector
            drizzle.add_image(plane[name], 1.0, pixmap, weight_map=weight)
    assert ((singles[0]["wht"] > 0) & (singles[1]["wht"] > 0)).any()
    mean = group_mean(singles)
    for name, drizzle in together.items():
        assert mean[name].dtype == np.float32
        np.testing.assert_allclose(mean[name], drizzle.out_img, rtol=1e-6)
    np.testing.assert_allclose(mean["wht"], together["sci"].out_wht, rtol=1e-6)


def test_an_exposure_of_one_detector_stays_as_it_is():
    single = {name: RNG.normal(size=(3, 4)).astype(np.float32) for name in ("sci", "err", "wht")}
    for name, array in group_mean([single]).items():
        np.testing.assert_array_equal(array, single[name])


# ---- median ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
def test_median_is_that_of_numpy_to_the_last_bit(n):
    images = RNG.normal(1e-9, 1e-10, (n, 20, 30)).astype(np.float32)
    images[RNG.random(images.shape) < 0.4] = np.nan
    before = images.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.nanmedian(images, axis=0)
    result = median(images)
    assert result.dtype == np.float32
    assert np.isnan(result).any() or n == 9
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(images, before)


# ---- blot --------------------------------------------------------------------------------------


def test_blot_interpolates_linearly():
    y, x = np.indices((8, 10), dtype=np.float32)
    places = np.stack(np.meshgrid(np.linspace(0.2, 8.7, 6), np.linspace(0.4, 6.3, 5)), axis=-1)
    result = blot(2 * x - 3 * y, places)
    np.testing.assert_allclose(result, 2 * places[..., 0] - 3 * places[..., 1], atol=1e-5)
    assert result.dtype == np.float32


def test_blot_is_nan_outside_and_without_a_place():
    places = np.array([[[-3.0, 2.0], [np.nan, np.nan], [4.0, 40.0], [4.0, 2.0]]])
    before = places.copy()
    result = blot(image(value=1.0), places)
    np.testing.assert_array_equal(result, [[np.nan, np.nan, np.nan, 1.0]])
    np.testing.assert_array_equal(places, before)


# ---- flags -------------------------------------------------------------------------------------


def test_steepest_is_the_largest_step_to_a_neighbour():
    values = np.array([[1, 2, 4], [1, np.nan, 9], [1, 1, 1]], np.float32)
    expected = np.array([[1, 2, 5], [0, np.nan, 8], [0, 0, 8]], np.float32)
    known = np.isfinite(values)
    np.testing.assert_array_equal(steepest(values)[known], expected[known])


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_grown_has_all_neighbours(share):
    mask = RNG.random((12, 17)) < share
    expected = ndimage.binary_dilation(mask, np.ones((3, 3)))
    np.testing.assert_array_equal(grown(mask), expected)


def found(sci, expected=None, error=1.0, limits=LIMITS):
    expected = image() if expected is None else expected
    return find_outliers(sci, expected, image(value=error), limits)


@pytest.mark.parametrize("sign", [1, -1])
def test_more_than_the_first_limit_is_an_outlier(sign):
    sci = image()
    sci[3, 4] = sign * 5.01
    assert np.argwhere(found(sci)).tolist() == [[3, 4]]
    sci[3, 4] = sign * 5.0
    assert not found(sci).any()


def test_neighbours_of_an_outlier_have_the_second_limit():
    sci = image()
    sci[3, 4] = 9.0
    sci[2, 3], sci[4, 4], sci[3, 6], sci[2, 4] = 4.1, -4.1, 4.1, 3.9
    assert np.argwhere(found(sci)).tolist() == [[2, 3], [3, 4], [4, 4]]


def test_a_bad_pixel_without_a_number_is_none():
    sci = image()
    sci[3, 4], sci[3, 5] = np.nan, 4.5
    assert not found(sci).any()


def test_steps_of_the_median_are_allowed_for():
    expected = image()
    expected[:, 5:] = 10.0
    sci = expected.copy()
    sci[3, 4] += 16.9  # the limit is 1.2 * 10 + 5
    assert not found(sci, expected).any()
    sci[3, 4] += 0.2
    assert np.argwhere(found(sci, expected)).tolist() == [[3, 4]]


def test_where_the_median_is_unknown_there_are_no_outliers():
    expected = image()
    expected[2:4] = np.nan
    result = found(image(value=100.0), expected)
    assert not result[2:4].any()
    assert result[[0, 1, 4, 5, 6]].all()


def test_an_unknown_error_is_none():
    sci = image(value=1e-3)
    assert find_outliers(sci, image(), image(value=np.nan), LIMITS).all()


def test_a_background_is_expected():
    limits = OutlierLimits(LIMITS.snr, LIMITS.scale, LIMITS.weight, background=7.0)
    assert not found(image(value=7.0), limits=limits).any()
    assert found(image(), limits=limits).all()
