import numpy as np
import pytest
from astropy.modeling.models import Identity, Scale, Shift
from astropy.stats import sigma_clip
from gwcs import WCS
from gwcs import coordinate_frames as cf
from nodes import slit_wcs
from specresample.common.errors import ResampleError
from specresample.common.sky import from_tangent, separation, to_tangent
from specresample.footprint.slit_frame import far_off
from specresample.footprint.summary import convex_hull, summarise
from specresample.footprint.trace import trace_slit
from specresample.level2b.exposure import Slit
from specsim import LrsGeometry, Pointing, SlitGeometry, lrs_wcs, nirspec_wcs

SLIT = SlitGeometry(shape=(30, 40))
LRS = LrsGeometry(shape=(40, 36), bounding_box=((4.5, 30.5), (5.7, 33.7)))
POINTINGS = [
    Pointing(),
    Pointing(ra=0.0, dec=10.0, pa=90.0),
    Pointing(ra=120.0, dec=-89.9, pa=0.0),
]


def image(shape=SLIT.shape):
    return np.random.default_rng(3).normal(5.0, 1.0, shape).astype(np.float32)


def trace(wcs, sci=None, *, instrument="NIRSPEC", dispersion_axis=1, source=(None, None)):
    sci = image() if sci is None else sci
    metadata = {
        "meta.instrument.name": instrument,
        "meta.wcsinfo.dispersion_direction": dispersion_axis,
        "source_xpos": source[0],
        "source_ypos": source[1],
    }
    arrays = {"sci": sci, "dq": np.isnan(sci).astype(np.uint32)}
    return trace_slit(Slit(arrays, sci, slit_wcs(wcs), metadata))


def trace_lrs(wcs, sci=None, **options):
    sci = image(LRS.shape) if sci is None else sci
    return trace(wcs, sci, instrument="MIRI", dispersion_axis=2, **options)


@pytest.fixture(params=POINTINGS, ids=["plain", "RA 0", "pole"])
def pointing(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["light", "heavy"])
def wcs(request):
    return nirspec_wcs(SLIT, Pointing(), heavy=request.param)


# ---- coordinates -------------------------------------------------------------------------------


def test_coordinates_are_the_wcs_of_every_pixel(wcs):
    footprint = trace(wcs)
    assert footprint.rows == slice(0, 30)
    assert footprint.columns == slice(0, 40)
    y, x = np.indices(SLIT.shape, dtype=float)
    np.testing.assert_allclose(footprint.coordinates, wcs(x, y), rtol=1e-12)
    assert 0.7 < np.isfinite(footprint.coordinates).mean() < 1


def test_moving_target_goes_to_the_last_frame():
    shift = (0.01, -0.02)
    fixed, moving = (
        trace(nirspec_wcs(SLIT, Pointing(), frame=frame, target_shift=shift))
        for frame in ("world", "moving_target")
    )
    moved = moving.coordinates - fixed.coordinates
    np.testing.assert_allclose(moved[0][np.isfinite(moved[0])], 0.01, atol=1e-9)
    np.testing.assert_allclose(moved[1][np.isfinite(moved[1])], -0.02, atol=1e-9)
    moved = np.subtract(moving.summary.fiducial, fixed.summary.fiducial)
    np.testing.assert_allclose(moved, shift, atol=1e-9)


def test_only_the_part_in_the_bounding_box_is_kept():
    wcs = lrs_wcs(LRS, Pointing())
    footprint = trace_lrs(wcs)
    assert footprint.rows == slice(5, 35)
    assert footprint.columns == slice(4, 32)
    y, x = np.mgrid[footprint.rows, footprint.columns].astype(float)
    np.testing.assert_allclose(footprint.coordinates, wcs(x, y), rtol=1e-12)
    finite = np.isfinite(footprint.coordinates).all(axis=0)
    inside = (x > 4.5) & (x < 30.5) & (y > 5.7) & (y < 33.7)
    np.testing.assert_array_equal(finite, inside)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (None, (slice(0, 40), slice(0, 36))),
        (((-0.5, 35.5), (-0.5, 39.5)), (slice(0, 40), slice(0, 36))),
        (((2.5, 10.5), (3.0, 4.0)), (slice(2, 6), slice(2, 12))),
        (((-20.0, 100.0), (-1.0, 2.2)), (slice(0, 4), slice(0, 36))),
    ],
)
def test_drizzled_part_has_a_margin_of_a_pixel(box, expected):
    wcs = lrs_wcs(LRS, Pointing())
    wcs.bounding_box = box
    footprint = trace_lrs(wcs)
    assert (footprint.rows, footprint.columns) == expected


@pytest.mark.parametrize(
    "box",
    [
        ((50.0, 60.0), (2.0, 9.0)),
        ((2.0, 9.0), (50.0, 60.0)),
        ((-30.0, -10.0), (2.0, 9.0)),
        ((40.2, 45.0), (2.0, 9.0)),
    ],
)
def test_bounding_box_outside_the_image(box):
    wcs = nirspec_wcs(SLIT, Pointing())
    wcs.bounding_box = box
    with pytest.raises(ResampleError, match=r"bounding box .* lies outside its \(30, 40\) image"):
        trace(wcs)


def test_bounding_box_between_pixels():
    wcs = nirspec_wcs(SLIT, Pointing())
    wcs.bounding_box = ((10.2, 10.8), (5.0, 20.0))
    with pytest.raises(ResampleError, match="no finite world coordinates"):
        trace(wcs)


def test_without_a_bounding_box_the_whole_image_counts():
    wcs = nirspec_wcs(SLIT, Pointing())
    expected = trace(wcs)
    wcs.bounding_box = None
    assert trace(wcs).summary == expected.summary


def test_wcs_that_is_nan_everywhere():
    wcs = nirspec_wcs(SLIT, Pointing())
    wcs.bounding_box = ((-0.5, 39.5), (-0.5, 0.5))  # rows off the slit
    with pytest.raises(ResampleError, match="no finite world coordinates"):
        trace(wcs)


def test_lrs_that_is_nan_everywhere():
    wcs = lrs_wcs(LRS, Pointing(ra=np.nan))
    with pytest.raises(ResampleError, match="no finite world coordinates"):
        trace_lrs(wcs)


def test_wcs_without_wavelength():
    wcs = nirspec_wcs(SLIT, Pointing())
    plane = cf.Frame2D(name="world", axes_order=(0, 1))
    wcs = WCS([("detector", wcs.forward_transform), (plane, None)])
    with pytest.raises(ResampleError, match="no wavelength"):
        trace(wcs)


def test_nirspec_without_slit_frame():
    wcs = nirspec_wcs(SLIT, Pointing())
    whole = WCS([(wcs.input_frame, wcs.forward_transform), (wcs.output_frame, None)])
    with pytest.raises(ResampleError, match="no slit_frame"):
        trace(whole)


# ---- summaries ---------------------------------------------------------------------------------


def all_pixels(coordinates):
    return coordinates[:2, np.isfinite(coordinates[:2]).all(axis=0)]


@pytest.mark.parametrize("heavy", [False, True])
def test_hull_has_the_extremes_of_all_pixels_in_any_tangent_plane(pointing, heavy):
    footprint = trace(nirspec_wcs(SLIT, pointing, heavy=heavy))
    pixels, hull = all_pixels(footprint.coordinates), np.array(footprint.summary.hull)
    for x, y in [(0, 0), (0.001, 0), (-0.01, 0.02), (0.3, -0.2)]:
        tangent_point = from_tangent(x, y, pointing.ra, pointing.dec)
        expected, found = (np.array(to_tangent(*p, *tangent_point)) for p in (pixels, hull))
        np.testing.assert_allclose(found.min(axis=1), expected.min(axis=1), atol=1e-10)
        np.testing.assert_allclose(found.max(axis=1), expected.max(axis=1), atol=1e-10)


def test_hull_of_a_square_has_its_corners_and_nothing_inside():
    x, y = (axis.ravel() * 1e-5 for axis in np.mgrid[:7, :5])
    hull = convex_hull(np.array(from_tangent(x, y, 10.0, 20.0)))
    found = {tuple(corner) for corner in np.round(np.array(to_tangent(*hull, 10.0, 20.0)).T * 1e5)}
    assert {(0, 0), (6, 0), (0, 4), (6, 4)} <= found
    assert not {(x, y) for x, y in found if 0 < x < 6 and 0 < y < 4}


@pytest.mark.parametrize("slope", [(1e-5, 0.0), (0.0, 1e-5), (3e-5, -4e-5)])
@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_hull_of_collinear_points_is_its_ends(slope, n):
    x, y = np.outer(slope, np.arange(n))
    radec = np.array(from_tangent(x, y, 0.0, 20.0))
    hull = np.array(to_tangent(*convex_hull(radec), 0.0, 20.0))
    np.testing.assert_allclose(hull.min(axis=1), [x.min(), y.min()], atol=1e-13)
    np.testing.assert_allclose(hull.max(axis=1), [x.max(), y.max()], atol=1e-13)


def test_hull_of_one_point_many_times():
    hull = convex_hull(np.full((2, 9), 5.0))
    assert hull.shape == (2, 1)


def test_summary_of_made_up_coordinates():
    wavelength = np.array([[2.0, 1.0, np.nan], [4.0, 3.0, np.nan], [9.0, np.nan, np.nan]])
    ra = np.array([[10.0, 10.1, np.nan], [10.2, 10.3, np.nan], [10.4, np.nan, np.nan]])
    dec = np.where(np.isfinite(ra), -ra, np.nan)
    summary = summarise(np.array([ra, dec, wavelength]), "slit", 1, 1)
    assert summary.wavelengths == [4.0, 2.0]
    assert summary.centre == [[10.1, 10.3], [-10.1, -10.3]]
    assert summary.limits == [[10.0, 10.4], [-10.4, -10.0]]
    turned = summarise(np.array([ra, dec, wavelength]).transpose(0, 2, 1), "slit", 2, 1)
    same = ("wavelengths", "centre", "limits", "kind")
    assert [getattr(turned, name) for name in same] == [getattr(summary, name) for name in same]
    assert turned.dispersion_axis == 2
    assert sorted(turned.hull[0]) == sorted(summary.hull[0])


def test_limits_are_on_one_side_of_right_ascension_zero():
    ra = np.array([[359.99, 0.01, 0.02]])
    summary = summarise(np.array([ra, ra * 0, ra * 0 + 2]), "interpolated", 1, 0)
    np.testing.assert_allclose(summary.limits[0], [359.99, 360.02], atol=1e-9)


def test_centre_is_the_middle_column_of_the_box(wcs):
    y = np.arange(30.0)
    ra, dec, _ = wcs(np.full(30, int((-0.5 + 39.5) / 2)), y)
    on_slit = np.isfinite(ra)
    np.testing.assert_allclose(trace(wcs).summary.centre, [ra[on_slit], dec[on_slit]], rtol=1e-12)


def test_centre_of_lrs_is_counted_from_the_box():
    wcs = lrs_wcs(LRS, Pointing())
    # First row of the box is 6; half of its 28 pixels further
    ra, dec, _ = wcs(np.arange(5.0, 31.0), np.full(26, 6 + int((33.7 - 5.7) / 2)))
    np.testing.assert_allclose(trace_lrs(wcs).summary.centre, [ra, dec], rtol=1e-12)


def test_wavelengths_are_medians_in_order_of_pixels(wcs):
    footprint = trace(wcs)
    with np.errstate(all="ignore"):
        expected = np.nanmedian(footprint.coordinates[2], axis=0)
    np.testing.assert_array_equal(footprint.summary.wavelengths, expected)
    assert (np.diff(expected) > 0).all()
    falling = np.array(trace_lrs(lrs_wcs(LRS, Pointing())).summary.wavelengths)
    assert (np.diff(falling) < 0).all()
    assert falling.size == 28


def test_pixel_scale(pointing):
    assert trace(nirspec_wcs(SLIT, pointing)).summary.pixel_scale == pytest.approx(0.103, 1e-5)
    scale = trace_lrs(lrs_wcs(LRS, pointing)).summary.pixel_scale
    assert scale == pytest.approx(0.1106, rel=2e-4)


def test_source_position_becomes_world_coordinates():
    wcs = lrs_wcs(LRS, Pointing())
    source = trace_lrs(wcs, source=(12.3, 20.5)).summary.source
    np.testing.assert_allclose(source, wcs(12.3, 20.5), rtol=1e-12)
    assert trace_lrs(wcs).summary.source is None


def oversampled(wcs, factor, *, across_x):
    """Give the WCS that adaptive_trace_model leaves: its first frame has finer pixels."""
    finer = Scale(1 / factor) | Shift(-(factor - 1) / (2 * factor))
    to_detector = finer & Identity(1) if across_x else Identity(1) & finer
    frame = cf.Frame2D(name="coordinates", axes_order=(0, 1))
    return WCS([(frame, to_detector), *wcs.pipeline])


def test_source_is_in_pixels_of_the_detector_though_the_image_has_finer_ones():
    wcs = lrs_wcs(LRS, Pointing())
    finer = oversampled(wcs, 2, across_x=True)
    sci = image((LRS.shape[0], 2 * LRS.shape[1]))
    source = trace_lrs(finer, sci, source=(12.3, 20.5)).summary.source
    np.testing.assert_allclose(source, wcs(12.3, 20.5), rtol=1e-12)


def test_oversampling(wcs):
    assert trace(wcs).summary.oversampling == 1
    finer = oversampled(wcs, 3, across_x=False)
    summary = trace(finer, image((3 * SLIT.shape[0], SLIT.shape[1]))).summary
    assert summary.oversampling == pytest.approx(3)


@pytest.mark.parametrize(("n", "expected"), [(100, False), (101, True)])
def test_exposure_has_data_with_more_than_100_good_pixels(n, expected):
    sci = np.zeros(SLIT.shape, np.float32)
    sci.ravel()[:n] = -1.0
    sci.ravel()[n : n + 50] = np.nan
    assert trace(nirspec_wcs(SLIT, Pointing()), sci).summary.has_data is expected


def test_lamp_has_no_place_on_the_sky():
    summary = trace(nirspec_wcs(SLIT, Pointing(), frame="msa_frame")).summary
    assert summary.kind == "lamp"
    assert summary.pixel_scale is None
    assert summary.hull is summary.fiducial is summary.slit_position is None


# ---- fiducial and slit position ----------------------------------------------------------------


def slit_coordinates(wcs):
    y, x = np.indices(SLIT.shape, dtype=float)
    return wcs.get_transform("detector", "slit_frame")(x, y)


def fiducial_on_slit(wcs, sci):
    """Slit position of the fiducial."""
    ra, dec = trace(wcs, sci).summary.fiducial
    wavelength = np.nanmean(slit_coordinates(wcs)[2])
    x, y, _ = wcs.get_transform("world", "slit_frame")(ra, dec, wavelength)
    assert x == pytest.approx(0.0, abs=1e-6)
    return y


def test_fiducial_is_weighted_by_flux_over_the_minimum(wcs):
    sci = image()
    sci[5, 5] = np.nan
    position = slit_coordinates(wcs)[1]
    on_slit = np.isfinite(position) & np.isfinite(sci)
    weights = (sci - np.nanmin(sci))[on_slit]
    expected = np.average(position[on_slit], weights=weights)
    assert fiducial_on_slit(wcs, sci) == pytest.approx(expected, abs=1e-5)


def test_fiducial_of_a_bright_row(wcs):
    sci = np.zeros(SLIT.shape, np.float32)
    sci[9, 10:30] = 7.0
    expected = slit_coordinates(wcs)[1][9, 10:30].mean()
    assert abs(expected) > 0.5
    assert fiducial_on_slit(wcs, sci) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("value", [np.nan, 0.0, 3.0])
def test_fiducial_without_contrast_is_the_middle_of_the_slit(wcs, value):
    found = fiducial_on_slit(wcs, np.full(SLIT.shape, value, np.float32))
    assert found == pytest.approx(np.nanmean(slit_coordinates(wcs)[1]), abs=1e-5)


def test_fiducial_does_without_pixels_beyond_100_sigma():
    slit = SlitGeometry(shape=(30, 500))
    wcs = nirspec_wcs(slit, Pointing())
    sci = np.random.default_rng(3).normal(5.0, 1.0, slit.shape).astype(np.float32)
    wild = sci.copy()
    wild[20, 250] = 1e6
    sci[20, 250] = sci.min()
    expected, found = (trace(wcs, data).summary.fiducial for data in (sci, wild))
    assert 3600 * separation(*found, *expected) < 1e-5


def test_fiducial_does_without_pixels_outside_the_bounding_box():
    wcs = nirspec_wcs(SLIT, Pointing())
    wcs.bounding_box = ((4.5, 34.5), (9.5, 20.5))
    sci = image()
    expected = trace(wcs, sci).summary.fiducial
    sci[9], sci[21] = 500.0, 5.0  # rows next to the box
    found = trace(wcs, sci).summary.fiducial
    assert 3600 * separation(*found, *expected) < 1e-6


@pytest.mark.parametrize("wild", [[], [1e6], [1e6, -3e8], [np.nan, 1e9], [np.inf]])
@pytest.mark.filterwarnings("ignore:Input data contains invalid values")
def test_values_far_off_are_those_that_astropy_clips(wild):
    values = image((200, 300))
    values.flat[: len(wild)] = wild
    clipped = sigma_clip(values, sigma=100.0, masked=True)
    np.testing.assert_array_equal(far_off(values), np.ma.getmaskarray(clipped))


def test_fit_of_the_slit_position(pointing, wcs):
    wcs = nirspec_wcs(
        SLIT, pointing, heavy=wcs.available_frames != ["detector", "slit_frame", "world"]
    )
    footprint = trace(wcs)
    fit, target = footprint.summary.slit_position, footprint.summary.fiducial
    # At pixels of the slit, which are not the points of the fit
    finite = np.isfinite(footprint.coordinates).all(axis=0)
    ra, dec, wavelength = footprint.coordinates[:, finite]
    expected = slit_coordinates(wcs)[1][finite]
    variables = [*to_tangent(ra, dec, *target), wavelength]
    scaled = [(v - c) / s for v, c, s in zip(variables, fit.centres, fit.scales, strict=True)]
    found = np.polynomial.polynomial.polyval3d(*scaled, np.array(fit.coefficients))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(expected) > 4
