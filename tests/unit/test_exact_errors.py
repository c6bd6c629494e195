import numpy as np
import pytest
from specresample.drizzling.combined_errors import CombinedErrors, ExactErrors
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.lags import lag_pairs

SHAPE = (5, 6)
LAGS = ((0, 1), (1, -1), (1, 0), (1, 1))
NOISE = ("var_rnoise", "var_poisson")


def exposure(seed):
    """A drizzled exposure with covariances."""
    rng = np.random.default_rng(seed)
    names = ("wht", *NOISE, "var_flat")
    single = {name: rng.uniform(0.5, 4.0, SHAPE).astype(np.float32) for name in names}
    covariance = rng.uniform(0, 0.3, (len(LAGS), *SHAPE)).astype(np.float32)
    return single | {"covariance": covariance, "lags": np.array(LAGS)}


def combine(exposures):
    errors = ExactErrors(SHAPE)
    for single in exposures:
        errors.add(single)
    return errors.finish()


def stack(name, exposures):
    return np.array([single[name] for single in exposures], float)


@pytest.mark.parametrize("n", [1, 2, 40])
def test_noise_has_the_variance_of_the_weighted_mean(n):
    exposures = [exposure(seed) for seed in range(n)]
    found = combine(exposures).variances
    weights = stack("wht", exposures)
    for name in NOISE:
        expected = (weights**2 * stack(name, exposures)).sum(axis=0) / weights.sum(axis=0) ** 2
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, err_msg=name)


def test_equal_exposures_average_noise_down_and_not_the_flat():
    one = exposure(0)
    single, many = combine([one]), combine([one] * 16)
    for name in NOISE:
        np.testing.assert_allclose(many.variances[name], single.variances[name] / 16, rtol=1e-6)
    np.testing.assert_allclose(many.variances["var_flat"], one["var_flat"], rtol=1e-6)
    for lag in LAGS:
        np.testing.assert_allclose(many.covariance[lag], single.covariance[lag] / 16, rtol=1e-5)


def test_flat_errors_are_averaged_linearly():
    exposures = [exposure(seed) for seed in range(3)]
    roots = np.sqrt(stack("var_flat", exposures))
    expected = np.average(roots, axis=0, weights=stack("wht", exposures)) ** 2
    np.testing.assert_allclose(combine(exposures).variances["var_flat"], expected, rtol=1e-6)


def test_the_weight_of_reference_variances_does_not_matter():
    plain, weighted = ExactErrors(SHAPE), ExactErrors(SHAPE)
    for seed in range(3):
        plain.add(exposure(seed))
        weighted.add(exposure(seed), variance_weight=10.0 * seed + 1)
    for name, plane in plain.finish().variances.items():
        np.testing.assert_array_equal(weighted.finish().variances[name], plane)


@pytest.mark.parametrize("missing", ["var_rnoise", "var_poisson", "var_flat"])
def test_exposures_without_a_variance_leave_it_to_the_others(missing):
    first, second = exposure(0), exposure(1)
    del second[missing]
    found = combine([first, second])
    np.testing.assert_allclose(found.variances[missing], first[missing], rtol=1e-6)
    # What there is keeps its correlation: no pair shares more noise than its pixels have.
    noise = np.sum([found.variances[name].astype(float) for name in NOISE], axis=0)
    for lag, plane in found.covariance.items():
        one, other = lag_pairs(SHAPE, lag)
        assert plane[one].min() > 0
        assert (plane[one] < np.sqrt(noise[one] * noise[other])).all()


def test_variance_that_no_exposure_has_is_unknown():
    single = exposure(0)
    del single["var_poisson"], single["var_flat"]
    found = combine([single])
    assert np.isnan(found.variances["var_poisson"]).all()
    assert np.isnan(found.variances["var_flat"]).all()
    np.testing.assert_allclose(found.arrays()["err"], np.sqrt(single["var_rnoise"]), rtol=1e-6)


def test_without_any_variance_errors_are_unknown():
    found = combine([{"wht": np.ones(SHAPE, np.float32)}])
    assert np.isnan(found.arrays()["err"]).all()


def test_exposures_beside_each_other():
    left, right = exposure(0), exposure(1)
    for single, empty in ((left, np.s_[..., 3:]), (right, np.s_[..., :3])):
        single["wht"][empty] = 0
        for name in (*NOISE, "var_flat"):
            single[name][empty] = np.nan
    found = combine([left, right])
    for name in (*NOISE, "var_flat"):
        np.testing.assert_allclose(found.variances[name][:, :3], left[name][:, :3], rtol=1e-6)
        np.testing.assert_allclose(found.variances[name][:, 3:], right[name][:, 3:], rtol=1e-6)
    # No exposure has both pixels.
    assert not found.covariance[0, 1][:, 2].any()


@pytest.mark.parametrize("axis", [1, 2])
def test_variances_for_apertures_add_up_to_that_of_all_pixels_of_a_wavelength(axis):
    combined = combine([exposure(seed) for seed in range(3)])
    noise = CorrelatedNoise.of_product(
        combined.variances | {"var_flat": np.zeros(SHAPE)},
        combined.covariance,
        errors="pixel",
        dispersion_axis=axis,
    )
    grown = combined.for_apertures(axis)
    found = sum(grown.variances[name] for name in NOISE).sum(axis=axis - 1)
    np.testing.assert_allclose(found, noise.spectrum_variance(np.ones(SHAPE)), rtol=1e-5)
    np.testing.assert_array_equal(grown.variances["var_flat"], combined.variances["var_flat"])
    ratio = [grown.variances[name] / combined.variances[name] for name in NOISE]
    np.testing.assert_allclose(*ratio, rtol=1e-6)


def test_variances_for_apertures_give_the_pixels_back():
    combined = combine([exposure(seed) for seed in range(3)])
    found = [
        CorrelatedNoise.of_product(
            errors.variances, combined.covariance, errors=name, dispersion_axis=1
        )
        for name, errors in (("pixel", combined), ("aperture", combined.for_apertures(1)))
    ]
    np.testing.assert_allclose(found[0].variance, found[1].variance, rtol=1e-5)


def test_pixels_without_data_stay_unknown_in_apertures():
    unknown = np.full(SHAPE, np.nan, np.float32)
    variances = dict.fromkeys(("var_rnoise", "var_poisson", "var_flat"), unknown)
    found = CombinedErrors(variances, {(1, 0): np.zeros(SHAPE)}).for_apertures(1)
    assert np.isnan(found.arrays()["err"]).all()


def test_arrays_of_a_product():
    found = combine([exposure(0)]).covariance_arrays()
    assert found["covariance"].dtype == np.float32
    assert found["covariance"].shape == (len(LAGS), *SHAPE)
    np.testing.assert_array_equal(found["lags"], LAGS)
