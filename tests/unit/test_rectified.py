import json
from dataclasses import replace

import numpy as np
import pytest
from handmade import SLIT_X, SLIT_Y, STEP, summary
from specresample.common.errors import ResampleError
from specresample.common.sky import from_tangent, to_tangent
from specresample.grids.rectified import Grid, OutputGrid, build_grid
from specresample.grids.wavelengths import NATIVE, LinearGrid, LogGrid, NativeGrid, TableGrid

# Two nods, the second 3.4 pixels further: 22.4 pixels from the first centre to the last.
EXTENT = 22.4


def nods(**options):
    return [summary(first=first, **options) for first in (-9.5, -6.1)]


def slit_grid(exposures, ratio):
    return build_grid(exposures, "NRS_FIXEDSLIT", scale_ratio=ratio)


def interpolated_grid(exposures, ratio, *, descending):
    kind = "MIR_LRS-FIXEDSLIT" if descending else "MIR_LRS-SLITLESS"
    return build_grid(exposures, kind, scale_ratio=ratio)


def check_inverse(grid, atol=1e-6):
    """The pixel map of the grid's own pixels is their indices."""
    along = grid.wavelength_nodes()[1]
    along = along[1:-1] if grid.bounded else along
    across = np.array(grid.sky())
    if grid.dispersion_axis == 1:
        planes = [*np.broadcast_arrays(*across[:, :, None], along[None, :])]
    else:
        planes = [*np.broadcast_arrays(*across[:, None, :], along[:, None])]
    assert planes[0].shape == grid.shape
    y, x = np.indices(grid.shape)
    pixmap = grid.pixel_map(np.array(planes))
    assert pixmap.shape == (*grid.shape, 2)
    np.testing.assert_allclose(pixmap[..., 0], x, atol=atol)
    np.testing.assert_allclose(pixmap[..., 1], y, atol=atol)


def pixels(grid, ra, dec, wavelength=2.0):
    return grid.pixel_map(np.array([ra, dec, wavelength]).reshape(3, 1, 1))[0, 0]


# ---- NIRSpec slits -----------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("ratio", [1.0, 2.0, 0.5, 1.3])
@pytest.mark.parametrize("leading", [0, 1])
def test_slit_grid_holds_all_pixels_in_its_middle(leading, ratio, sign):
    slope = np.zeros(2)
    slope[leading] = sign * STEP
    exposures = nods(slope=tuple(slope))
    grid = slit_grid(exposures, ratio)
    assert grid.leading == leading
    assert grid.slope[leading] == pytest.approx(sign * STEP / ratio, rel=1e-6)
    n = int(np.ceil(EXTENT * ratio)) + 1
    assert grid.shape == (n, 4)
    # Pixels of the grid beyond the first and the last pixel centre, the same on both sides
    edge = (n - EXTENT * ratio) / 2
    for exposure, start in zip(exposures, (edge, edge + 3.4 * ratio), strict=True):
        for end, index in ((0, 0), (-1, 19)):
            ra, dec = np.array(exposure.centre)[:, end]
            _, y = pixels(grid, ra, dec)
            assert y == pytest.approx(start + index * ratio, abs=1e-5)


def test_slit_grid_across_both_axes():
    slope = (0.6 * STEP, -0.8 * STEP)
    grid = slit_grid(nods(slope=slope), 1.0)
    assert grid.leading == 1
    np.testing.assert_allclose(grid.slope, slope, rtol=1e-6)
    plane = np.array(to_tangent(*grid.sky(), *grid.tangent_point)) / np.reshape(slope, (2, 1))
    # Along the line through all pixels, in both coordinates alike
    np.testing.assert_allclose(plane[0], plane[1], atol=1e-5)
    np.testing.assert_allclose(np.diff(plane[1]), 1, atol=1e-5)


def test_slit_grid_does_not_depend_on_right_ascension():
    far, near = (
        slit_grid(nods(slope=(0.6 * STEP, -0.8 * STEP), point=(ra, 40.0)), 1.0) for ra in (180, 0)
    )
    np.testing.assert_allclose(near.slope, far.slope, rtol=1e-6)
    np.testing.assert_allclose(near.intercept, far.intercept, rtol=1e-6)
    assert near.shape == far.shape
    ra, _ = near.sky()
    assert ((ra > 359.99) | (ra < 0.01)).all()
    assert (ra > 359.99).any()
    assert (ra < 0.01).any()
    check_inverse(near)


def test_first_exposure_with_data_is_the_spatial_reference():
    exposures = [
        summary(point=(53.0, -27.0), slope=(0.0, STEP), has_data=False, wavelengths=(1.0, 2.0)),
        summary(point=(53.0, -27.0005), slope=(0.0, -2 * STEP), wavelengths=(1.5, 3.0)),
        summary(point=(53.0, -27.0009), slope=(0.0, STEP)),
    ]
    grid = slit_grid(exposures, 1.0)
    assert grid.tangent_point == (53.0, -27.0005)
    assert grid.slope[1] == pytest.approx(-2 * STEP)
    assert grid.wavelengths == (1.0, 2.0, 2.5, 3.0)


def test_first_exposure_is_the_reference_when_none_has_data():
    exposures = [summary(point=(53.0, dec), has_data=False) for dec in (-27.0, -27.0002)]
    assert slit_grid(exposures, 1.0).tangent_point == (53.0, -27.0)


def test_hull_decides_on_the_size():
    assert slit_grid([summary(margin=0.3)], 1.0).shape[0] == int(np.ceil(19.6)) + 1
    assert slit_grid([summary(margin=2.3)], 1.0).shape[0] == int(np.ceil(23.6)) + 1


def test_slit_positions_follow_the_fit():
    grid = slit_grid(nods(slope=(0.6 * STEP, -0.8 * STEP)), 1.0)
    x, y = to_tangent(*grid.sky(), *grid.tangent_point)
    np.testing.assert_allclose(grid.slit_positions, SLIT_X * x + SLIT_Y * y, atol=1e-12)
    assert np.ptp(grid.slit_positions) > 22 * STEP


def test_slit_grid_reaches_half_a_pixel_below_its_first_wavelength():
    grid = slit_grid([summary(wavelengths=(1.0, 1.5, 2.0, 3.0))], 1.0)
    x = [pixels(grid, *grid.tangent_point, w)[0] for w in (0.749, 0.751, 0.875, 1.25, 2.25, 3.0)]
    np.testing.assert_allclose(x, [np.nan, -0.498, -0.25, 0.5, 2.25, 3.0])


def test_last_column_takes_what_lies_beyond_it_as_in_the_reference():
    # Not the half step of the specification: what jwst does, kept on purpose (grid.py).
    grid = slit_grid([summary(wavelengths=(1.0, 1.5, 2.0, 3.0))], 1.0)
    x = [pixels(grid, *grid.tangent_point, w)[0] for w in (3.5, 5.49, 5.51)]
    assert x[0] == pytest.approx(3.1)
    assert x[1] == pytest.approx(3.498)
    assert np.isnan(x[2])


def test_invalid_coordinates_stay_invalid():
    grid = slit_grid([summary()], 1.0)
    coordinates = np.full((3, 2, 2), np.nan)
    assert np.isnan(grid.pixel_map(coordinates)).all()


# ---- MIRI LRS ----------------------------------------------------------------------------------

LRS = {"kind": "interpolated", "dispersion_axis": 2, "wavelengths": (9.0, 8.0, 6.0)}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_interpolated_grid_of_one_exposure_is_centred_on_its_slice(ratio, sign):
    # 19.5 pixels from end to end of the hull
    exposure = summary(slope=(sign * STEP, 0.0), first=-4.5, margin=0.25, **LRS)
    grid = interpolated_grid([exposure], ratio, descending=True)
    ra, dec = np.array(exposure.centre)
    assert grid.tangent_point == pytest.approx((ra.mean(), dec.mean()), abs=1e-12)
    assert grid.leading == 0
    assert grid.slope[0] == pytest.approx(sign * STEP / ratio, rel=1e-6)
    n = int(np.ceil(19.5 * ratio))
    assert grid.shape == (3, n)
    x, _ = pixels(grid, *grid.tangent_point, 8.0)
    assert x == pytest.approx((n - 1) / 2, abs=1e-9)
    first, _ = pixels(grid, ra[0], dec[0], 8.0)
    assert first == pytest.approx((n - 1) / 2 - 9.5 * ratio, abs=1e-4)
    check_inverse(grid)


@pytest.mark.parametrize("ra", [120.0, 4e-5, 359.99996, 0.0])
@pytest.mark.parametrize("turn", [0.0, 360.0])
def test_interpolated_grid_of_several_exposures_is_centred_on_all(ra, turn):
    point, steps = (ra, 10.0), (0.6 * STEP, 0.8 * STEP)
    # Pixels -9.75 ... 9.75 and -6.35 ... 13.15
    exposures = [
        summary(point=point, slope=steps, first=first, margin=0.25, **LRS) for first in (-9.5, -6.1)
    ]
    for exposure in exposures:
        low, high = exposure.limits[0]
        # As summarise gives them: on one side of RA = 0, whichever
        exposure.limits[0] = [high - 360.0, low] if high - low > 180 else [low, high]
    exposures[1].limits[0] = [limit + turn for limit in exposures[1].limits[0]]
    grid = interpolated_grid(exposures, 1.0, descending=True)
    middle = from_tangent(*np.multiply(steps, (-9.75 + 13.15) / 2), *point)
    found = to_tangent(*grid.tangent_point, *middle)
    np.testing.assert_allclose(found, 0, atol=1e-3 * STEP)
    assert grid.shape == (3, int(np.ceil(22.9)))
    check_inverse(grid)


def test_interpolated_wavelengths_are_added_beyond_the_ends_only():
    exposures = [
        summary(**LRS | {"wavelengths": wavelengths})
        for wavelengths in ((9.0, 8.0, 6.0), (10.0, 8.5, 7.0, 5.0), (10.5, 9.5, 4.0))
    ]
    descending = interpolated_grid(exposures, 1.0, descending=True)
    assert descending.wavelengths == (10.5, 10, 9, 8, 6, 5, 4)
    ascending = interpolated_grid(exposures, 1.0, descending=False)
    assert ascending.wavelengths == descending.wavelengths[::-1]
    check_inverse(ascending)


@pytest.mark.parametrize("descending", [True, False])
def test_interpolated_grid_is_continued_linearly(descending):
    grid = interpolated_grid([summary(**LRS)], 1.0, descending=descending)
    wavelengths = (11.0, 8.5, 7.0, 5.0)
    y = np.array([pixels(grid, *grid.tangent_point, w)[1] for w in wavelengths])
    expected = np.array([-2.0, 0.5, 1.5, 2.5])
    np.testing.assert_allclose(y, expected if descending else 2 - expected, atol=1e-12)


def test_lrs_fixed_slit_alone_runs_downwards():
    for exposure_type in ("MIR_LRS-FIXEDSLIT", "mir_lrs-fixedslit"):
        assert build_grid([summary(**LRS)], exposure_type).wavelengths == (9.0, 8.0, 6.0)
    assert build_grid([summary(**LRS)], "MIR_LRS-SLITLESS").wavelengths == (6.0, 8.0, 9.0)


# ---- lamps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1.0, 2.0, 1.26])
def test_lamp_grid_follows_the_central_column(ratio):
    exposure = summary(kind="lamp", slope=(1e-6, 4e-5), first=100.0)
    grid = build_grid([exposure], "NRS_LAMP", scale_ratio=ratio)
    assert grid.shape == (int(np.ceil(20 * ratio)), 4)
    assert not grid.celestial
    np.testing.assert_allclose(grid.slope, np.array([1e-6, 4e-5]) / ratio, rtol=1e-9)
    np.testing.assert_allclose(grid.intercept, [1e-4, 4e-3], rtol=1e-9)
    assert grid.wavelengths == (1.0, 1.5, 2.0, 2.5)
    assert pixels(grid, 1.1e-4, 4.4e-3, 3.0) == pytest.approx([4.0, 10.0 * ratio])
    check_inverse(grid)


def test_lamp_grid_is_the_first_exposures():
    exposures = [summary(kind="lamp", slope=(0.0, s), wavelengths=(s, 1.0)) for s in (0.1, 0.2)]
    assert build_grid(exposures, "NRS_LAMP") == build_grid(exposures[:1], "NRS_LAMP")


# ---- all ---------------------------------------------------------------------------------------

GRIDS = {
    "slit": lambda: build_grid(nods(slope=(0.6 * STEP, -0.8 * STEP)), "NRS_MSASPEC"),
    "slit along RA": lambda: build_grid(nods(slope=(STEP, 0.0)), "NRS_FIXEDSLIT", scale_ratio=1.7),
    "slit along Dec": lambda: build_grid(nods(slope=(0.0, STEP)), "NRS_FIXEDSLIT"),
    "near the pole": lambda: build_grid(nods(point=(10.0, 89.9999)), "NRS_FIXEDSLIT"),
    "lrs": lambda: build_grid([summary(**LRS)], "MIR_LRS-FIXEDSLIT", scale_ratio=0.6),
    "lamp": lambda: build_grid([summary(kind="lamp")], "NRS_LAMP"),
    "linear": lambda: sampled(LinearGrid(step=0.3)),
    "oversampled": lambda: sampled(NativeGrid(3), scale_ratio=2.0),
    "continued": lambda: sampled(NATIVE, shape=(40, 9)),
    "lrs log": lambda: build_grid(
        [summary(**LRS)], "MIR_LRS-FIXEDSLIT", sampling=LogGrid((5.0, 10.0), 20)
    ),
}


def sampled(sampling, **options):
    return build_grid(nods(), "NRS_MSASPEC", sampling=sampling, **options)


@pytest.fixture(params=GRIDS)
def grid(request):
    return GRIDS[request.param]()


def test_pixel_map_is_the_inverse_of_sky_and_wavelengths(grid):
    check_inverse(grid)


def test_grid_comes_back_from_json(grid):
    values = json.loads(json.dumps(grid.to_json()))
    assert Grid.from_json(values) == grid
    assert OutputGrid.from_json(values) == grid
    assert Grid.from_json(values) != replace(grid, leading=1 - grid.leading)


def test_wavelength_image(grid):
    image = grid.wavelength_image()
    assert image.shape == grid.shape
    line = np.array(grid.wavelengths)
    expected = line[None, :] if grid.dispersion_axis == 1 else line[:, None]
    np.testing.assert_allclose(image - expected, np.zeros(grid.shape), atol=1e-6)


def test_exposures_of_different_kinds():
    exposures = [summary(), summary(kind="lamp")]
    with pytest.raises(ResampleError, match="different kinds: lamp, slit"):
        build_grid(exposures, "NRS_FIXEDSLIT")


@pytest.mark.filterwarnings("ignore:.*empty slice", "ignore:invalid value")
@pytest.mark.parametrize("kind", ["slit", "interpolated", "lamp"])
@pytest.mark.parametrize("n", [0, 1])
def test_too_few_pixels_across_the_dispersion(kind, n):
    exposure = summary(kind=kind)
    exposure = replace(exposure, centre=[row[:n] for row in exposure.centre])
    with pytest.raises(ResampleError, match="fewer than two valid pixels across the dispersion"):
        build_grid([exposure], "MIR_LRS-FIXEDSLIT")


def test_slit_without_wavelengths():
    with pytest.raises(ResampleError, match="not enough valid pixels"):
        build_grid([summary(wavelengths=())], "NRS_FIXEDSLIT")


# ---- grids that are asked for ------------------------------------------------------------------

FOUR = (1.0, 1.5, 2.0, 2.5)  # the wavelengths of `summary`


def test_wavelengths_that_are_asked_for_change_nothing_across_the_dispersion():
    native = sampled(NATIVE)
    grid = sampled(LinearGrid((0.5, 3.0), 0.1))
    assert grid.shape == (native.shape[0], 26)
    assert grid.wavelengths == pytest.approx(np.linspace(0.5, 3, 26))
    assert grid.spacing == "linear"
    assert not grid.as_reference
    ours, theirs = grid.to_json(), native.to_json()
    same = {key for key in ours if ours[key] == theirs[key]}
    assert set(ours) - same == {"shape", "wavelengths", "spacing", "as_reference"}


def test_native_wavelengths_are_the_default():
    assert sampled(NATIVE) == build_grid(nods(), "NRS_MSASPEC")
    # No gap, nothing to fill.
    assert sampled(NativeGrid(fill_gap=True)) == sampled(NATIVE)
    assert sampled(NATIVE).bounded


def test_filled_gap_leaves_the_ends_as_they_are():
    steps = np.repeat([1.0, 7.0, 1.0], [15, 1, 15])
    exposure = summary(wavelengths=tuple(20 + np.cumsum(steps)))
    native = build_grid([exposure], "NRS_FIXEDSLIT")
    grid = build_grid([exposure], "NRS_FIXEDSLIT", sampling=NativeGrid(fill_gap=True))
    assert len(grid.wavelengths) == len(native.wavelengths) + 6
    assert set(native.wavelengths) <= set(grid.wavelengths)
    assert grid.bounded
    assert grid.as_reference


def test_grid_that_is_asked_for_is_continued_beyond_its_ends():
    # Pixels of an exposure beyond the range keep their true places, because drizzle takes the
    # corners of a pixel from its neighbours' places.
    grid = sampled(LinearGrid((1.5, 2.0), 0.25))
    x = [pixels(grid, *grid.tangent_point, w)[0] for w in (1.0, 1.375, 1.5, 2.0, 2.125, 3.0)]
    np.testing.assert_allclose(x, [-2, -0.5, 0, 2, 2.5, 6])


@pytest.mark.parametrize("kind", ["slit", "lamp", "interpolated"])
def test_shape_that_is_the_default_one(kind):
    exposure = summary(**LRS) if kind == "interpolated" else summary(kind=kind)
    default = build_grid([exposure], "MIR_LRS-FIXEDSLIT")
    assert build_grid([exposure], "MIR_LRS-FIXEDSLIT", shape=default.shape) == default


@pytest.mark.parametrize("rows", [10, 21, 40])
@pytest.mark.parametrize("kind", ["slit", "lamp", "interpolated"])
def test_shape_stays_centred_across_the_dispersion(kind, rows):
    exposure = summary(**LRS) if kind == "interpolated" else summary(kind=kind)
    default = build_grid([exposure], "MIR_LRS-FIXEDSLIT")
    shape = (rows, 3) if kind != "interpolated" else (3, rows)
    grid = build_grid([exposure], "MIR_LRS-FIXEDSLIT", shape=shape)
    assert grid.shape == shape
    assert grid.as_reference == (shape == default.shape)
    middles = [
        np.array(g.slope) * (g.shape[g.dispersion_axis - 1] - 1) / 2 + g.intercept
        for g in (grid, default)
    ]
    np.testing.assert_allclose(*middles, atol=1e-6 * STEP)
    assert grid.slope == default.slope
    if kind == "slit":
        assert len(grid.slit_positions) == rows
        x, y = to_tangent(*grid.sky(), *grid.tangent_point)
        np.testing.assert_allclose(grid.slit_positions, SLIT_X * x + SLIT_Y * y, atol=1e-12)


def test_shape_is_cut_or_continued_from_the_first_wavelength():
    for columns, expected in ((2, FOUR[:2]), (3, FOUR[:3]), (6, (*FOUR, 3.0, 3.5))):
        grid = sampled(NATIVE, shape=(30, columns))
        assert grid.wavelengths == pytest.approx(expected)
        # The reference's last column would take all that is cut off.
        assert grid.spacing == "free"
    down = build_grid([summary(**LRS)], "MIR_LRS-FIXEDSLIT", shape=(5, 30))
    assert down.wavelengths == pytest.approx([9, 8, 6, 4, 2])


def test_shape_of_other_wavelengths():
    assert sampled(LinearGrid(step=0.25), shape=(30, 6)).wavelengths == pytest.approx(
        0.875 + 0.25 * np.arange(6)
    )
    grid = sampled(LogGrid(resolving_power=10), shape=(30, 20))
    np.testing.assert_allclose(np.diff(np.log(grid.wavelengths)), 0.1)
    assert grid.spacing == "log"


def test_wavelengths_of_a_table():
    grid = sampled(TableGrid((1.0, 1.2, 1.9), "grid.ecsv"))
    assert grid.wavelengths == (1.0, 1.2, 1.9)
    assert grid.spacing == "free"


def test_descending_wavelengths_that_are_asked_for():
    exposure = summary(**LRS)
    for sampling, wavelengths in (
        (LinearGrid((6.0, 9.0), 1.0), [9, 8, 7, 6]),
        (NativeGrid(2), [9.25, 8.75, 8.25, 7.5, 6.5, 5.5]),
        (TableGrid((7.0, 8.0), "grid.ecsv"), [8, 7]),
    ):
        grid = build_grid([exposure], "MIR_LRS-FIXEDSLIT", sampling=sampling)
        assert grid.wavelengths == pytest.approx(wavelengths)
        assert grid.shape == (len(wavelengths), 20)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (1, 50)}, "output_shape asks for 50 x 1 pixels: at least two along an axis"),
        ({"shape": (10**6, 10**6)}, "output_shape asks for 1000000 x 1000000 pixels"),
        ({"shape": (30, 10**6)}, "output_shape asks for 1000000 x 30 pixels"),
        (
            {"sampling": LinearGrid((1.0, 1000.0), 1e-3)},
            "its wavelength grid asks for 999001 x 24 pixels",
        ),
        ({"sampling": LinearGrid((5.0, 6.0), 0.1)}, "5 to 6 um, does not overlap its exposures"),
        ({"sampling": LinearGrid((1.0, 1.2), 0.5)}, "its wavelength grid asks for 1 x 24 pixels"),
    ],
)
def test_absurd_grids_are_refused_with_the_numbers(options, message):
    with pytest.raises(ResampleError, match=message):
        build_grid(nods(), "NRS_MSASPEC", **options)


def test_descending_grid_is_not_continued_beyond_zero():
    with pytest.raises(ResampleError, match=r"-2 to 9 um, is continued beyond 0"):
        build_grid([summary(**LRS)], "MIR_LRS-FIXEDSLIT", shape=(7, 30))
