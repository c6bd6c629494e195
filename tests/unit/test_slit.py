import numpy as np
import pytest
from specresample.drizzling.slit import OntoGrid, drizzle_slit

SHAPE = (8, 10)
OUT = (16, 18)
RNG = np.random.default_rng(1)
SCI = RNG.normal(3.0, 1.0, SHAPE).astype(np.float32)
WEIGHTS = RNG.uniform(0.5, 2.0, SHAPE).astype(np.float32)


def pixel_map(shift=(2.3, 3.6), scale=1.0, turn=0.0):
    """x and y of every pixel after rotation, scaling and shift."""
    y, x = np.indices(SHAPE, dtype=float)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    return np.stack([cosine * x - sine * y + shift[0], sine * x + cosine * y + shift[1]], axis=-1)


def drizzle(sci=SCI, weights=WEIGHTS, pixmap=None, *, kernel="square", pixfrac=1.0, **more):
    pixmap = pixel_map() if pixmap is None else pixmap
    scale = more.pop("intensity_scale", 1.0)
    return drizzle_slit({"sci": sci} | more, OntoGrid(weights, pixmap, OUT, pixfrac, kernel, scale))


@pytest.mark.parametrize("pixfrac", [1.0, 0.6])
@pytest.mark.parametrize(
    "pixmap", [pixel_map(), pixel_map(turn=0.3, shift=(4.1, 1.2)), pixel_map(scale=1.4)]
)
def test_constant_image_stays_constant(pixmap, pixfrac):
    out = drizzle(np.full(SHAPE, 7.25, np.float32), pixmap=pixmap, pixfrac=pixfrac)
    has_weight = out["wht"] > 0
    assert has_weight.sum() > 60
    np.testing.assert_allclose(out["sci"][has_weight], 7.25, rtol=1e-6)
    assert np.isnan(out["sci"][~has_weight]).all()


@pytest.mark.parametrize(("kernel", "pixfrac"), [("square", 1.0), ("square", 0.6), ("point", 1.0)])
@pytest.mark.parametrize(
    "pixmap", [pixel_map(), pixel_map(turn=0.3, shift=(4.1, 1.2)), pixel_map(scale=1.4)]
)
def test_flux_and_weight_are_conserved(pixmap, kernel, pixfrac):
    out = drizzle(pixmap=pixmap, kernel=kernel, pixfrac=pixfrac)
    assert out["wht"].sum() == pytest.approx(WEIGHTS.sum(), rel=1e-5)
    assert np.nansum(out["sci"] * out["wht"]) == pytest.approx((SCI * WEIGHTS).sum(), rel=1e-5)


def test_half_a_pixel_is_the_mean_of_two():
    out = drizzle(weights=np.ones(SHAPE, np.float32), pixmap=pixel_map(shift=(3.5, 2.0)))
    np.testing.assert_allclose(out["sci"][2:10, 4:13], (SCI[:, 1:] + SCI[:, :-1]) / 2, rtol=1e-5)
    np.testing.assert_allclose(out["wht"][2:10, 4:13], 1.0, rtol=1e-6)
    np.testing.assert_allclose(out["wht"][2:10, [3, 13]], 0.5, rtol=1e-6)


def test_square_pixels_share_out_by_area():
    sci = np.zeros(SHAPE, np.float32)
    sci[4, 5] = 1.0
    out = drizzle(sci, np.ones(SHAPE, np.float32))
    share = (out["sci"] * out["wht"])[7:9, 7:9]
    np.testing.assert_allclose(share, np.outer([0.4, 0.6], [0.7, 0.3]), atol=1e-6)


def test_pixfrac_shrinks_the_pixels():
    sci = np.zeros(SHAPE, np.float32)
    sci[4, 5] = 1.0
    out = drizzle(sci, np.ones(SHAPE, np.float32), pixfrac=0.5)
    # From 7.05 to 7.55 and from 7.35 to 7.85; the border of pixels is at 7.5.
    share = (out["sci"] * out["wht"])[7:9, 7:9]
    np.testing.assert_allclose(share, np.outer([0.3, 0.7], [0.9, 0.1]), atol=1e-6)


@pytest.mark.parametrize("kernel", ["square", "point"])
def test_linearity(kernel):
    other = RNG.normal(0.0, 2.0, SHAPE).astype(np.float32)
    mixed = drizzle(np.float32(3) * SCI - np.float32(2) * other, kernel=kernel)["sci"]
    parts = [drizzle(sci, kernel=kernel)["sci"] for sci in (SCI, other)]
    np.testing.assert_allclose(mixed, 3 * parts[0] - 2 * parts[1], atol=1e-5)


def test_weights_count_in_proportion():
    one, five = drizzle(), drizzle(weights=5 * WEIGHTS)
    np.testing.assert_allclose(five["sci"], one["sci"], rtol=1e-6)
    np.testing.assert_allclose(five["wht"], 5 * one["wht"], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("kernel", ["square", "point"])
def test_pixels_without_weight_leave_no_trace(kernel, value):
    weights, zero, masked = WEIGHTS.copy(), SCI.copy(), SCI.copy()
    bad = (slice(3, 5), slice(4, 8))
    weights[bad], zero[bad], masked[bad] = 0.0, 0.0, value
    found, expected = (drizzle(sci, weights, kernel=kernel) for sci in (masked, zero))
    np.testing.assert_array_equal(found["sci"], expected["sci"])
    np.testing.assert_array_equal(found["wht"], expected["wht"])
    assert found["wht"].sum() == pytest.approx(weights.sum(), rel=1e-5)


def test_slit_without_weight_is_empty():
    out = drizzle(weights=np.zeros(SHAPE, np.float32), var_rnoise=SCI**2)
    assert (out["wht"] == 0).all()
    assert np.isnan(out["sci"]).all()
    assert np.isnan(out["var_rnoise"]).all()
    assert out["sci"].shape == out["wht"].shape == OUT


def test_pixels_of_unknown_place_are_left_out():
    pixmap = pixel_map()
    pixmap[:, :3] = np.nan
    out = drizzle(pixmap=pixmap, kernel="point")
    assert out["wht"].sum() == pytest.approx(WEIGHTS[:, 3:].sum(), rel=1e-5)


def test_point_kernel_puts_pixels_into_the_nearest():
    out = drizzle(kernel="point")
    np.testing.assert_allclose(out["sci"][4:12, 2:12], SCI, rtol=1e-6)
    np.testing.assert_allclose(out["wht"][4:12, 2:12], WEIGHTS, rtol=1e-6)
    assert (out["wht"] > 0).sum() == SCI.size


def test_point_kernel_averages_what_falls_together():
    out = drizzle(pixmap=pixel_map(shift=(3.2, 3.2), scale=0.5), kernel="point")
    # x: 3.2, 3.7, 4.2, ... so that the first pixel falls alone and then two by two.
    expected = np.average(SCI[1:3, 3:5], weights=WEIGHTS[1:3, 3:5])
    assert out["sci"][4, 5] == pytest.approx(expected, rel=1e-6)
    assert out["wht"][4, 5] == pytest.approx(WEIGHTS[1:3, 3:5].sum(), rel=1e-6)


@pytest.mark.filterwarnings("ignore:Kernel reset to 'point'")
def test_pixfrac_0_makes_points():
    square = drizzle(pixfrac=0.0)
    point = drizzle(kernel="point")
    np.testing.assert_array_equal(square["sci"], point["sci"])
    np.testing.assert_array_equal(square["wht"], point["wht"])


def test_pixfrac_does_not_matter_to_points():
    np.testing.assert_array_equal(
        drizzle(kernel="point", pixfrac=0.3)["sci"], drizzle(kernel="point")["sci"]
    )


@pytest.mark.parametrize("name", ["var_rnoise", "var_poisson", "var_flat"])
def test_square_roots_of_variances_are_drizzled(name):
    variance = RNG.uniform(0.1, 4.0, SHAPE).astype(np.float32)
    out = drizzle(**{name: variance, "err": np.sqrt(variance)})
    np.testing.assert_allclose(out[name], out["err"] ** 2, rtol=1e-6)
    assert np.nanmax(out[name]) > 2


def test_intensity_scale():
    arrays = {"err": SCI**2 / 9, "var_flat": SCI**2, "var_rnoise": SCI**4}
    one, half = drizzle(**arrays), drizzle(**arrays, intensity_scale=0.5)
    for name, factor in {
        "sci": 0.5,
        "err": 0.5,
        "var_flat": 0.25,
        "var_rnoise": 0.25,
        "wht": 1,
    }.items():
        np.testing.assert_allclose(half[name], factor * one[name], rtol=1e-6, err_msg=name)


def test_dq_is_the_bitwise_or_of_contributing_pixels():
    dq = np.zeros(SHAPE, np.uint32)
    dq[4, 5], dq[4, 6], dq[2, 2] = 2, 2**31 + 4, 8
    weights = WEIGHTS.copy()
    weights[2, 2] = 0
    out = drizzle(weights=weights, dq=dq)["dq"]
    expected = np.zeros(OUT, np.uint32)
    # Moved by (2.3, 3.6), every pixel touches four.
    expected[7:9, 7:9] |= 2
    expected[7:9, 8:10] |= np.uint32(2**31 + 4)
    np.testing.assert_array_equal(out, expected)
    assert out.dtype == np.uint32


def test_arrays_that_are_not_given_are_not_made():
    assert set(drizzle()) == {"sci", "wht"}
    assert set(drizzle(err=SCI, var_flat=SCI**2)) == {"sci", "wht", "err", "var_flat"}


def test_inputs_are_not_changed():
    sci, weights = SCI.copy(), WEIGHTS.copy()
    drizzle(sci, weights, var_rnoise=SCI**2, intensity_scale=2.0)
    np.testing.assert_array_equal(sci, SCI)
    np.testing.assert_array_equal(weights, WEIGHTS)
