import numpy as np
import pytest
from drizzle.resample import Drizzle
from specresample.drizzling.lags import NoiseReach, lag_pairs, noise_reach
from specresample.drizzling.noise import drizzle_noise
from specresample.drizzling.slit import OntoGrid, drizzle_slit

SHAPE = (9, 11)
OUT = (32, 16)
RNG = np.random.default_rng(1)
WEIGHTS = RNG.uniform(0.5, 2.0, SHAPE).astype(np.float32)
WEIGHTS[3, 4] = WEIGHTS[6, 2:4] = 0
VARIANCE = RNG.uniform(0.1, 4.0, SHAPE).astype(np.float32)


def pixel_map(ratio=1.0, shift=(2.3, 1.6), tilt=0.04, curve=0.002, along=1.0):
    """Lines of constant wavelength are tilted, the trace is curved."""
    y, x = np.indices(SHAPE, dtype=float)
    columns = along * (x - tilt * y) + shift[0]
    return np.stack([columns, ratio * (y + curve * x**2) + shift[1]], axis=-1)


def drizzle(variances, weights=WEIGHTS, pixmap=None, *, reach=None, **options):
    pixmap = pixel_map() if pixmap is None else pixmap
    options = {"pixfrac": 1.0, "kernel": "square"} | options
    return drizzle_noise(variances, OntoGrid(weights, pixmap, OUT, **options), reach)


def shares(pixmap, weights=WEIGHTS, *, pixfrac=1.0, kernel="square"):
    """What every input pixel has in every output pixel, shape (n_in, ny, nx): drizzled alone."""
    found = np.zeros((weights.size, *OUT))
    for number in np.flatnonzero(weights):
        one = np.zeros(SHAPE, np.float32)
        one.flat[number] = 1
        drizzle = Drizzle(kernel=kernel, fillval="0", out_shape=OUT, disable_ctx=True)
        drizzle.add_image(
            one, exptime=1.0, pixmap=pixmap, weight_map=weights, pixfrac=pixfrac, in_units="cps"
        )
        found[number] = drizzle.out_img
    return found


def check_against_shares(out, reach, parts, variance=VARIANCE):
    for plane, lag in zip(out["covariance"], reach.lags, strict=True):
        first, second = lag_pairs(OUT, lag)
        expected = np.einsum("i,iyx,iyx->yx", variance.ravel(), parts[:, *first], parts[:, *second])
        np.testing.assert_allclose(plane[first], expected, atol=2e-6, rtol=2e-5, err_msg=str(lag))


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.6, 2.0, 3.0])
@pytest.mark.parametrize(
    ("pixfrac", "kernel"), [(1.0, "square"), (0.5, "square"), (0.3, "square"), (1.0, "point")]
)
def test_variances_and_covariances_are_those_of_a_weighted_mean(ratio, pixfrac, kernel):
    pixmap = pixel_map(ratio)
    options = {"pixfrac": pixfrac, "kernel": kernel}
    reach = noise_reach(pixmap, 0 if kernel == "point" else pixfrac)
    out = drizzle({"var_rnoise": VARIANCE}, pixmap=pixmap, reach=reach, **options)
    parts = shares(pixmap, **options)
    expected = np.einsum("i,iyx->yx", VARIANCE.ravel(), parts**2)
    has_weight = parts.any(axis=0)
    np.testing.assert_allclose(out["var_rnoise"][has_weight], expected[has_weight], rtol=2e-5)
    assert np.isnan(out["var_rnoise"][~has_weight]).all()
    check_against_shares(out, reach, parts)


# Of finer and coarser grids of wavelengths, inside the output.
@pytest.mark.parametrize("along", [0.6, 1.3])
@pytest.mark.parametrize("pixfrac", [0.5, 1.0])
def test_covariances_on_other_grids_of_wavelengths(along, pixfrac):
    pixmap = pixel_map(along=along)
    reach = noise_reach(pixmap, pixfrac)
    out = drizzle({"var_rnoise": VARIANCE}, pixmap=pixmap, reach=reach, pixfrac=pixfrac)
    parts = shares(pixmap, pixfrac=pixfrac)
    check_against_shares(out, reach, parts)
    variance = np.einsum("i,iyx->", VARIANCE.ravel(), parts**2)
    covariance = 2 * out["covariance"].sum(dtype=float)
    total = np.einsum("i,i->", VARIANCE.ravel(), parts.sum(axis=(1, 2)) ** 2)
    # Nothing is beyond the lags.
    assert variance + covariance == pytest.approx(total, rel=1e-3)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("pixfrac", [0.3, 1.0])
def test_no_pairs_beyond_the_lags_share_noise(ratio, pixfrac):
    pixmap = pixel_map(ratio)
    lags = set(noise_reach(pixmap, pixfrac).lags)
    parts = shares(pixmap, pixfrac=pixfrac)
    total = np.einsum("iyx,iyx->", parts, parts)
    for lag in {(dy, dx) for dy in range(6) for dx in range(-3, 4) if (dy, dx) > (0, 0)} - lags:
        first, second = lag_pairs(OUT, lag)
        assert np.einsum("iyx,iyx->", parts[:, *first], parts[:, *second]) < 5e-4 * total


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("pixfrac", [0.3, 0.7, 1.0])
def test_a_wider_spacing_changes_nothing(ratio, pixfrac):
    pixmap = pixel_map(ratio)
    reach = noise_reach(pixmap, pixfrac)
    wide = NoiseReach(reach.lags, (7, 8))
    assert np.all(np.greater(wide.spacing, reach.spacing))
    near, far = (
        drizzle({"var_poisson": VARIANCE}, pixmap=pixmap, pixfrac=pixfrac, reach=each)["covariance"]
        for each in (reach, wide)
    )
    np.testing.assert_allclose(near, far, rtol=1e-5, atol=1e-6)


def test_a_narrower_spacing_would_be_wrong():
    reach = noise_reach(pixel_map(), 1.0)
    narrow = NoiseReach(reach.lags, (2, 2))
    right, wrong = (
        drizzle({"var_poisson": VARIANCE}, reach=each)["covariance"] for each in (reach, narrow)
    )
    assert np.max(wrong - right) > 0.1


@pytest.mark.parametrize("shift", [0.5, 0.25, 0.1])
def test_aligned_pixels_have_the_correlation_of_the_closed_form(shift):
    # A pixel takes the shares f and 1 - f of two neighbours, along both axes.
    pixmap = pixel_map(shift=(2 + shift, 1 + shift), tilt=0, curve=0)
    ones = np.ones(SHAPE, np.float32)
    reach = noise_reach(pixmap, 1.0)
    out = drizzle({"var_rnoise": ones}, ones, pixmap, reach=reach)
    inside = np.s_[3:9, 4:12]
    variance = shift**2 + (1 - shift) ** 2
    correlation = shift * (1 - shift) / variance
    np.testing.assert_allclose(out["var_rnoise"][inside], variance**2, rtol=1e-5)
    expected = {(0, 1): correlation, (1, 0): correlation}
    for plane, lag in zip(out["covariance"], reach.lags, strict=True):
        found = plane[inside] / out["var_rnoise"][inside]
        np.testing.assert_allclose(found, expected.get(lag, correlation**2), rtol=1e-5)


def test_variances_are_drizzled_each_and_covariances_together():
    reach = noise_reach(pixel_map(), 1.0)
    both = drizzle({"var_rnoise": VARIANCE, "var_poisson": 2 * VARIANCE}, reach=reach)
    one = drizzle({"var_rnoise": VARIANCE}, reach=reach)
    np.testing.assert_allclose(both["var_poisson"], 2 * both["var_rnoise"], rtol=1e-6)
    np.testing.assert_allclose(both["covariance"], 3 * one["covariance"], rtol=1e-5)


def test_flat_is_drizzled_by_its_square_root_and_has_no_covariance():
    reach = noise_reach(pixel_map(), 1.0)
    out = drizzle({"var_rnoise": VARIANCE, "var_flat": 5 * VARIANCE}, reach=reach)
    arrays = {"sci": VARIANCE, "var_flat": 5 * VARIANCE}
    onto = OntoGrid(WEIGHTS, pixel_map(), OUT, pixfrac=1.0, kernel="square")
    other = drizzle_slit(arrays, onto)
    np.testing.assert_allclose(out["var_flat"], other["var_flat"], rtol=1e-6)
    without = drizzle({"var_rnoise": VARIANCE}, reach=reach)
    np.testing.assert_array_equal(out["covariance"], without["covariance"])


def test_intensity_scale_enters_squared():
    reach = noise_reach(pixel_map(), 1.0)
    arrays = {"var_rnoise": VARIANCE, "var_flat": VARIANCE}
    one, half = (drizzle(arrays, reach=reach, intensity_scale=scale) for scale in (1.0, 0.5))
    for name in ("var_rnoise", "var_flat", "covariance"):
        np.testing.assert_allclose(half[name], one[name] / 4, rtol=1e-6, err_msg=name)


# Flux densities in MJy have weights whose squares are beyond single precision.
@pytest.mark.parametrize("power", [-100, -30, 40, 90])
def test_size_of_weights_does_not_matter(power):
    reach = noise_reach(pixel_map(), 1.0)
    one = drizzle({"var_rnoise": VARIANCE}, reach=reach)
    scaled = drizzle({"var_rnoise": VARIANCE}, np.ldexp(WEIGHTS, power), reach=reach)
    for name, values in one.items():
        np.testing.assert_array_equal(scaled[name], values, err_msg=name)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_variances_without_weight_leave_no_trace(value):
    reach = noise_reach(pixel_map(), 1.0)
    masked = np.where(WEIGHTS > 0, VARIANCE, np.float32(value))
    arrays = {"var_rnoise": VARIANCE, "var_flat": VARIANCE}
    expected = drizzle(arrays, reach=reach)
    found = drizzle(dict.fromkeys(arrays, masked), reach=reach)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_variances_that_make_no_sense_are_unknown_where_they_count(value):
    variance = VARIANCE.copy()
    variance[5, 5] = value
    reach = noise_reach(pixel_map(), 1.0)
    arrays = {"var_rnoise": variance, "var_flat": variance}
    found, expected = drizzle(arrays, reach=reach), drizzle({"var_rnoise": VARIANCE}, reach=reach)
    unknown = np.isnan(found["var_rnoise"]) & np.isfinite(expected["var_rnoise"])
    touched = shares(pixel_map())[5 * SHAPE[1] + 5] > 0
    np.testing.assert_array_equal(unknown, touched)
    assert np.isnan(found["var_flat"][touched]).all()
    assert np.isfinite(found["covariance"]).all()
    apart = (
        np.abs(np.argwhere(~touched)[:, None] - np.argwhere(touched)).max(axis=-1).min(axis=1) > 1
    )
    for y, x in np.argwhere(~touched)[apart]:
        np.testing.assert_allclose(
            found["covariance"][:, y, x], expected["covariance"][:, y, x], rtol=1e-5
        )


def test_only_what_is_given_and_asked_for():
    assert set(drizzle({})) == set()
    assert set(drizzle({"var_flat": VARIANCE})) == {"var_flat"}
    assert set(drizzle({"var_poisson": VARIANCE})) == {"var_poisson"}
    reach = noise_reach(pixel_map(), 1.0)
    assert not drizzle({"var_flat": VARIANCE}, reach=reach)["covariance"].any()


@pytest.mark.parametrize("pixmap", [np.full((*SHAPE, 2), np.nan), pixel_map(shift=(900.0, 900.0))])
def test_slit_beyond_the_grid_is_empty(pixmap):
    reach = noise_reach(pixmap, 1.0)
    out = drizzle({"var_rnoise": VARIANCE, "var_flat": VARIANCE}, pixmap=pixmap, reach=reach)
    assert np.isnan(out["var_rnoise"]).all()
    assert np.isnan(out["var_flat"]).all()
    assert out["covariance"].shape == (len(reach.lags), *OUT)
    assert not out["covariance"].any()


def test_inputs_are_not_changed():
    weights, variance = WEIGHTS.copy(), VARIANCE.copy()
    drizzle({"var_rnoise": variance, "var_flat": variance}, weights)
    np.testing.assert_array_equal(weights, WEIGHTS)
    np.testing.assert_array_equal(variance, VARIANCE)
