import numpy as np
import pytest
from handmade import STEP, summary
from specresample.common.sky import from_tangent, separation, to_tangent
from specresample.grids.rectified import build_grid
from specresample.grids.regions import box_region, slit_region

LRS = {"kind": "interpolated", "dispersion_axis": 2, "wavelengths": (9.0, 8.0, 6.0)}


def corners(region):
    words = region.split()
    assert words[:2] == ["POLYGON", "ICRS"]
    return np.reshape([float(word) for word in words[2:]], (-1, 2))


def polygon(corners):
    return "POLYGON ICRS  " + " ".join(f"{value:.9f}" for value in np.ravel(corners))


@pytest.mark.parametrize("ra", [53.0, 0.001])
def test_box_holds_all_pixels(ra):
    grid = build_grid([summary(point=(ra, 60.0), slope=(-0.6 * STEP, 0.8 * STEP))], "NRS_MSASPEC")
    pixels = np.array(grid.sky())
    expected = [
        (pixels[0].min(), pixels[1].min()),
        (pixels[0].max(), pixels[1].min()),
        (pixels[0].max(), pixels[1].max()),
        (pixels[0].min(), pixels[1].max()),
    ]
    np.testing.assert_allclose(corners(box_region(grid)), expected, atol=1e-9)


def test_box_across_right_ascension_zero():
    # 15 of 20 pixels to the West of RA = 0
    grid = build_grid([summary(point=(0.0, 0.0), slope=(STEP, 0.0), first=-14.5)], "NRS_MSASPEC")
    box = corners(box_region(grid))
    ra = np.sort(grid.sky()[0])
    west, east = ra[ra > 180].min(), ra[ra < 180].max()
    np.testing.assert_allclose(box[:, 0], [west, east, east, west], atol=1e-9)
    assert (west - 360) / STEP < -14
    assert east / STEP > 4


def test_box_of_a_slit_centred_on_right_ascension_zero():
    slit = summary(point=(0.0, 0.0), slope=(STEP, 0.0), first=-9.2, margin=0.6)
    grid = build_grid([slit], "NRS_MSASPEC")
    ra, _ = grid.sky()
    assert (ra > 180).sum() == (ra < 180).sum()
    west, east = corners(box_region(grid))[:2, 0]
    assert (east - west) % 360 == pytest.approx(np.ptp((ra + 180) % 360), abs=1e-8)


@pytest.mark.parametrize("point", [(120.0, -30.0), (0.0, 75.0)])
@pytest.mark.parametrize("slope", [(0.6 * STEP, 0.8 * STEP), (-0.8 * STEP, 0.6 * STEP)])
def test_slit_region_is_as_long_as_the_output_and_as_wide_as_the_input(point, slope):
    grid = build_grid([summary(point=point, slope=slope, **LRS)], "MIR_LRS-FIXEDSLIT")
    width = 0.51 / 3600
    # An input rectangle elsewhere on the sky, in arcsec
    plane = np.array([[-2.4, -2.4, 2.4, 2.4], [-0.255, 0.255, 0.255, -0.255]]) / 3600
    given = polygon(np.transpose(from_tangent(*plane, 40.0, 50.0)))
    found = corners(slit_region(grid, given)).T

    sides = separation(*found, *np.roll(found, -1, axis=1))
    ra, dec = np.array(grid.sky())[:, [0, -1]]
    length = separation(ra[0], dec[0], ra[1], dec[1])
    np.testing.assert_allclose(sides, [length, width, length, width], rtol=1e-4)
    np.testing.assert_allclose(
        separation(*found[:, :2], *found[:, 2:]), np.hypot(length, width), rtol=1e-4
    )
    # The ends of the slit lie in the middle of the short sides.
    x, y = to_tangent(*found, *grid.tangent_point)
    ends = np.array(to_tangent(ra, dec, *grid.tangent_point))
    np.testing.assert_allclose([x[0] + x[3], y[0] + y[3]], 2 * ends[:, 0], atol=1e-3 * STEP)
    np.testing.assert_allclose([x[1] + x[2], y[1] + y[2]], 2 * ends[:, 1], atol=1e-3 * STEP)


@pytest.mark.parametrize("region", ["", "POLYGON ICRS 1 2 3", "POLYGON ICRS a b c d e f g h"])
def test_input_region_that_cannot_be_read(region):
    grid = build_grid([summary(**LRS)], "MIR_LRS-FIXEDSLIT")
    assert slit_region(grid, region) is None
