import numpy as np
import pytest
from specresample.drizzling.combined_errors import CovarianceSum
from specresample.drizzling.lags import lag_pairs

SHAPE = (4, 5)
LAGS = ((0, 1), (1, -1), (1, 0), (1, 1))


def exposure(seed):
    """Weights, variances and covariances of a drizzled exposure."""
    rng = np.random.default_rng(seed)
    weight, variance = rng.uniform(0.5, 3.0, (2, *SHAPE))
    return weight, variance, {lag: 0.2 * rng.uniform(size=SHAPE) for lag in LAGS}


def combine(exposures, variance=None):
    total = CovarianceSum(SHAPE)
    for each in exposures:
        total.add(*each)
    return total.finish(mean_variance(exposures) if variance is None else variance)


def mean_variance(exposures):
    weights = sum(weight for weight, _, _ in exposures)
    return sum(weight**2 * variance for weight, variance, _ in exposures) / weights**2


def test_one_exposure_is_itself():
    weight, variance, covariance = exposure(0)
    out = combine([(weight, variance, covariance)])
    for lag, plane in covariance.items():
        first, _ = lag_pairs(SHAPE, lag)
        np.testing.assert_allclose(out[lag][first], plane[first], rtol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_covariance_is_that_of_the_weighted_mean(n):
    exposures = [exposure(seed) for seed in range(n)]
    out = combine(exposures)
    weights = sum(weight.astype(float) for weight, _, _ in exposures)
    for lag in LAGS:
        first, second = lag_pairs(SHAPE, lag)
        total = sum(w[first] * w[second] * c[lag][first] for w, _, c in exposures)
        expected = total / weights[first] / weights[second]
        np.testing.assert_allclose(out[lag][first], expected, rtol=1e-5)


def test_40_equal_exposures_have_a_40th():
    one = exposure(0)
    for lag, plane in combine([one] * 40).items():
        np.testing.assert_allclose(plane, combine([one])[lag] / 40, rtol=1e-6)


def test_exposures_have_lags_of_their_own():
    first, second = exposure(0), exposure(1)
    second[2][2, 0] = np.full(SHAPE, 0.1)
    out = combine([first, second])
    assert list(out) == [*LAGS, (2, 0)]
    weights = first[0] + second[0].astype(float)
    pairs = [weights[part] for part in lag_pairs(SHAPE, (2, 0))]
    own = [second[0][part] for part in lag_pairs(SHAPE, (2, 0))]
    np.testing.assert_allclose(
        out[2, 0][:2], 0.1 * own[0] * own[1] / pairs[0] / pairs[1], rtol=1e-6
    )


@pytest.mark.parametrize("unknown", [np.nan, np.inf])
def test_pixels_of_unknown_variance_do_not_count(unknown):
    known, partly = exposure(0), exposure(1)
    partly[1][2, 2] = unknown
    partly[2][0, 1][2, 2] = partly[2][1, 0][1, 2] = 0
    variance = mean_variance([known, exposure(1)])
    variance[2, 2] = known[1][2, 2]
    out = combine([known, partly], variance)
    neighbour = out[0, 1][2, 2] / np.sqrt(variance[2, 2] * variance[2, 3])
    exact = known[0][2, 2] * known[0][2, 3] * known[2][0, 1][2, 2]
    sums = (
        known[0][2, 2] ** 2 * known[1][2, 2],
        sum(w[2, 3] ** 2 * v[2, 3] for w, v, _ in (known, partly)),
    )
    assert neighbour == pytest.approx(exact / np.sqrt(sums[0] * sums[1]), rel=1e-5)


def test_pixels_without_weight_have_none():
    weight, variance, covariance = exposure(0)
    weight[:, 2], variance[:, 2] = 0, np.nan
    out = combine([(weight, variance, covariance)])
    for lag, plane in out.items():
        first, second = lag_pairs(SHAPE, lag)
        empty = (weight[first] == 0) | (weight[second] == 0)
        assert not plane[first][empty].any()
        assert plane[first][~empty].all()
        assert np.isfinite(plane).all()


def test_correlation_never_changes_with_the_unit():
    one = exposure(0)
    weight, variance, covariance = one
    scaled = (weight, 1e-30 * variance, {lag: 1e-30 * plane for lag, plane in covariance.items()})
    for lag, plane in combine([one]).items():
        np.testing.assert_allclose(combine([scaled])[lag], 1e-30 * plane, rtol=1e-6)
