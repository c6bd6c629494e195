import numpy as np
from specresample.drizzling.weights import inverse_variance_weights
from specresample.level2b.flags import DO_NOT_USE, NON_SCIENCE, good_pixels


def test_only_do_not_use_and_non_science_exclude_a_pixel():
    dq = np.array([0, 1, 2, 3, 4, 512, 516, 513, 2**31, 2**32 - 1 - 513], dtype=np.uint32)
    expected = [True, False, True, False, True, False, False, False, True, True]
    np.testing.assert_array_equal(good_pixels(dq), expected)
    assert (DO_NOT_USE, NON_SCIENCE) == (1, 512)


def test_inverse_variance():
    variance = np.array([[0.5, 4.0, 0.0], [np.nan, np.inf, 2.0]], dtype=np.float32)
    good = np.array([[True, True, True], [True, True, False]])
    weights = inverse_variance_weights(good, variance)
    np.testing.assert_array_equal(weights, [[2.0, 0.25, 0.0], [0.0, 0.0, 0.0]])
    assert weights.dtype == np.float32


def test_without_read_noise_variance_good_pixels_weigh_one():
    good = np.array([[True, False]])
    weights = inverse_variance_weights(good, None)
    np.testing.assert_array_equal(weights, [[1.0, 0.0]])
    assert weights.dtype == np.float32


def test_variance_is_not_changed():
    variance = np.array([0.0, 2.0], dtype=np.float32)
    inverse_variance_weights(np.array([True, True]), variance)
    np.testing.assert_array_equal(variance, [0.0, 2.0])
