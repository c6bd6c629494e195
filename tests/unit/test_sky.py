import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Pix2Sky_TAN, RotateNative2Celestial
from hypothesis import given, settings
from hypothesis import strategies as st
from specresample.common.sky import from_tangent, separation, to_tangent, wrap_ra

TANGENT_POINTS = [(53.16, -27.79), (0.0, 10.0), (359.9999, -70.0), (12.0, 90.0), (200.0, -90.0)]

ra_values = st.one_of(st.sampled_from([0.0, 1e-9, 180.0, 359.999999999]), st.floats(0, 359.999))
dec_values = st.one_of(st.sampled_from([-90.0, -89.999999, 0.0, 90.0]), st.floats(-90, 90))
offsets = st.floats(-1, 1)

# Time limits would depend on other work of the machine.
untimed = settings(deadline=None, derandomize=True)


def offset_grid():
    line = np.linspace(-0.4, 0.5, 7)
    return [plane.ravel() for plane in np.meshgrid(line, line + 0.01)]


@pytest.mark.parametrize("point", TANGENT_POINTS)
def test_from_tangent_agrees_with_astropy(point):
    x, y = offset_grid()
    expected = SkyCoord(*(Pix2Sky_TAN() | RotateNative2Celestial(*point, 180))(x, y), unit="deg")
    found = SkyCoord(*from_tangent(x, y, *point), unit="deg")
    assert found.separation(expected).deg.max() < 1e-12


@pytest.mark.parametrize("point", TANGENT_POINTS)
def test_to_tangent_agrees_with_astropy(point):
    projection = Pix2Sky_TAN() | RotateNative2Celestial(*point, 180)
    ra, dec = projection(*offset_grid())
    np.testing.assert_allclose(
        to_tangent(ra, dec, *point), projection.inverse(ra, dec), rtol=0, atol=1e-11
    )


def test_plane_has_east_in_x_and_north_in_y():
    x, y = to_tangent([10.001, 10.0], [0.0, 0.001], 10.0, 0.0)
    np.testing.assert_allclose([x, y], [[0.001, 0.0], [0.0, 0.001]], rtol=1e-8, atol=1e-12)


@untimed
@given(offsets, offsets, ra_values, dec_values)
def test_plane_to_sky_and_back(x, y, ra, dec):
    back = to_tangent(*from_tangent(x, y, ra, dec), ra, dec)
    np.testing.assert_allclose(back, [x, y], rtol=0, atol=1e-11)


@untimed
@given(offsets, offsets, ra_values, dec_values)
def test_plane_distance_is_the_tangent_of_the_separation(x, y, ra, dec):
    angle = np.deg2rad(separation(*from_tangent(x, y, ra, dec), ra, dec))
    np.testing.assert_allclose(np.tan(angle), np.deg2rad(np.hypot(x, y)), rtol=1e-9, atol=1e-14)


def test_right_ascensions_are_from_0_to_360():
    ra, _ = from_tangent([-0.001, 0.001], [0.0, 0.0], 0.0, 0.0)
    np.testing.assert_allclose(ra, [359.999, 0.001], atol=1e-9)


def test_right_ascension_is_below_360_however_close():
    ra, _ = from_tangent(-1e-17, 0.0, 0.0, 0.0)
    assert 0 <= ra < 360


@untimed
@given(ra_values, dec_values, ra_values, st.floats(-80, 80))
def test_separation_agrees_with_astropy(ra1, dec1, ra2, dec2):
    expected = SkyCoord(ra1, dec1, unit="deg").separation(SkyCoord(ra2, dec2, unit="deg")).deg
    if expected < 179:  # the haversine formula loses precision at antipodes
        np.testing.assert_allclose(separation(ra1, dec1, ra2, dec2), expected, atol=1e-12)


def test_separation_is_exact_for_small_angles():
    assert separation(0.0, 0.0, 0.0, 1e-10) == pytest.approx(1e-10, rel=1e-12)
    assert separation(0.0, 60.0, 1e-8, 60.0) == pytest.approx(0.5e-8, rel=1e-9)
    assert separation(359.9999, 0.0, 0.0001, 0.0) == pytest.approx(0.0002, rel=1e-9)


@pytest.mark.parametrize(
    ("ra", "expected"),
    [
        ([10.0, 11.0, 12.0], [10.0, 11.0, 12.0]),
        ([359.9, 0.1, 0.2], [359.9, 360.1, 360.2]),
        ([0.1, 359.9, 359.8], [0.1, -0.1, -0.2]),
        ([np.nan, 359.9, 0.1], [np.nan, 359.9, 360.1]),
        ([np.nan, np.nan], [np.nan, np.nan]),
    ],
)
def test_right_ascensions_are_brought_to_the_side_of_the_first(ra, expected):
    np.testing.assert_allclose(wrap_ra(np.array(ra)), expected, atol=1e-12)


def test_right_ascensions_half_and_half_about_zero_are_brought_together():
    assert np.ptp(wrap_ra(np.array([359.9, 0.1]))) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ra", "reference", "expected"),
    [(359.9, 0.1, -0.1), (0.1, 359.9, 360.1), (-0.1, 359.0, 359.9), (720.5, 0.0, 0.5), (5, 4, 5)],
)
def test_right_ascension_is_brought_near_a_reference(ra, reference, expected):
    assert wrap_ra(np.array([reference, ra]))[1] == pytest.approx(expected)
