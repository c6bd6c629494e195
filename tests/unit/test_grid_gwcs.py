import numpy as np
import pytest
from astropy import units as u
from handmade import STEP, summary
from nodes import comparable, gwcs_of, nodes
from specresample.common.asdf_format import to_asdf
from specresample.common.errors import ResampleError
from specresample.common.sky import to_tangent
from specresample.grids.grid_gwcs import grid_wcs, gwcs_extensions
from specresample.grids.rectified import build_grid
from specresample.grids.wavelengths import LinearGrid, LogGrid, NativeGrid
from specresample.level2b.asdf_tree import parse_tree

LRS = {"kind": "interpolated", "dispersion_axis": 2, "wavelengths": (9.0, 8.0, 6.0)}
TILTED = (0.6 * STEP, -0.8 * STEP)

GRIDS = {
    "slit": ([summary(slope=TILTED), summary(slope=TILTED, first=-6.1)], "NRS_MSASPEC"),
    "slit along RA": ([summary(slope=(STEP, 0.0))], "NRS_FIXEDSLIT"),
    "slit at RA 0": ([summary(slope=TILTED, point=(0.0, -60.0))], "NRS_FIXEDSLIT"),
    "lrs": ([summary(slope=TILTED, **LRS)], "MIR_LRS-FIXEDSLIT"),
    "lrs slitless": ([summary(slope=TILTED, **LRS)], "MIR_LRS-SLITLESS"),
    "lamp": ([summary(kind="lamp", slope=(1e-6, 4e-5), first=100.0)], "NRS_LAMP"),
    "lamp along y": (
        [summary(kind="lamp", slope=(1e-6, 4e-5), dispersion_axis=2)],
        "NRS_LAMP",
    ),
}


SAMPLINGS = {
    "native": {},
    "linear": {"sampling": LinearGrid(step=0.4)},
    "log": {"sampling": LogGrid(resolving_power=15)},
    "oversampled": {"sampling": NativeGrid(2)},
    "reshaped": {"shape": (5, 5)},
}


@pytest.fixture(params=[(name, sampling) for name in GRIDS for sampling in SAMPLINGS])
def grid(request):
    name, sampling = request.param
    return build_grid(*GRIDS[name], scale_ratio=1.3, **SAMPLINGS[sampling])


def world(grid):
    """World coordinates of all pixels from the grid alone."""
    along, across = np.array(grid.wavelengths), np.array(grid.sky())
    if grid.dispersion_axis == 1:
        return np.array(np.broadcast_arrays(*across[:, :, None], along[None, :]))
    return np.array(np.broadcast_arrays(*across[:, None, :], along[:, None]))


def invert(wcs, *world):
    # With its box gwcs gives NaN beyond the footprint's limits in RA and Dec, also those of a slit
    # along one of them or across RA = 0.
    return wcs.invert(*world, with_bounding_box=False)


def check_world(found, expected, grid):
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-12)
    if grid.celestial:
        offset = to_tangent(found[0] % 360, found[1], *grid.tangent_point)
        expected = to_tangent(expected[0], expected[1], *grid.tangent_point)
        np.testing.assert_allclose(offset, expected, atol=1e-6 * STEP)
    else:
        np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-12)


def test_gwcs_agrees_with_the_grid(grid):
    y, x = np.indices(grid.shape, dtype=float)
    check_world(np.array(gwcs_of(grid)(x, y)), world(grid), grid)


def test_gwcs_and_back(grid):
    wcs = gwcs_of(grid)
    y, x = np.meshgrid(*(np.linspace(-0.4, n - 0.6, 7) for n in grid.shape), indexing="ij")
    if grid.bounded:
        # Within the last step of the table pixels are no function of halves of steps.
        x = np.minimum(x, grid.shape[1] - 1)
    back = invert(wcs, *wcs(x, y))
    np.testing.assert_allclose(back, [x, y], atol=1e-3)


def test_gwcs_inverse_agrees_with_the_pixel_map(grid):
    coordinates = world(grid)
    pixmap = grid.pixel_map(coordinates)
    found = invert(gwcs_of(grid), *coordinates)
    np.testing.assert_allclose(np.stack(found, axis=-1), pixmap, atol=1e-3)


def test_box_and_shape(grid):
    wcs = gwcs_of(grid)
    ny, nx = grid.shape
    assert wcs.bounding_box.bounding_box(order="F") == ((-0.5, nx - 0.5), (-0.5, ny - 0.5))
    assert tuple(wcs.array_shape) == grid.shape
    assert np.isnan(wcs(nx, 0.0)[2])
    assert np.isnan(wcs(0.0, ny)[2])


def test_frames(grid):
    wcs = gwcs_of(grid)
    middle = ["slit_frame"] if grid.kind == "slit" else []
    assert wcs.available_frames == ["detector", *middle, "world"]
    assert wcs.output_frame.axes_type[2] == "SPECTRAL"
    spatial = u.deg if grid.celestial else u.m
    assert [*wcs.output_frame.unit] == [spatial, spatial, u.um]
    assert ("pos.eq.ra" in wcs.world_axis_physical_types) == grid.celestial


def test_nodes_are_those_that_gwcs_writes(grid):
    tree = {"wcs": grid_wcs(grid)}
    written = nodes(wcs=gwcs_of(grid))
    assert comparable(written["wcs"]) == comparable(parse_tree(to_asdf(tree))["wcs"])
    extensions = [entry.value["extension_uri"] for entry in written["history"]["extensions"]]
    assert sorted(extensions) == gwcs_extensions(grid)


def test_slit_frame():
    grid = build_grid(*GRIDS["slit"])
    wcs = gwcs_of(grid)
    y, x = np.indices(grid.shape, dtype=float)
    slit_x, slit_y, wavelength = wcs.get_transform("detector", "slit_frame")(x, y)
    np.testing.assert_array_equal(slit_x, np.zeros(grid.shape))
    expected = np.broadcast_to(np.reshape(grid.slit_positions, (-1, 1)), grid.shape)
    np.testing.assert_allclose(slit_y, expected, rtol=1e-12)
    assert np.ptp(slit_y) > 10 * STEP
    np.testing.assert_allclose(wavelength, world(grid)[2])
    check_world(
        np.array(wcs.get_transform("slit_frame", "world")(slit_x, slit_y, wavelength)),
        world(grid),
        grid,
    )
    back = wcs.get_transform("slit_frame", "detector")(slit_x, slit_y, wavelength)
    np.testing.assert_allclose(back, [x, y], atol=1e-6)


def test_slit_frame_goes_on_beyond_the_ends_of_the_slit():
    grid = build_grid(*GRIDS["slit"])
    position = gwcs_of(grid).get_transform("detector", "slit_frame")
    step = grid.slit_positions[1] - grid.slit_positions[0]
    assert position(1.0, -0.4)[1] == pytest.approx(grid.slit_positions[0] - 0.4 * step)


def test_lrs_wavelengths_fall_with_y():
    grid = build_grid(*GRIDS["lrs"])
    wavelength = gwcs_of(grid)([0.0, 3.0], [[0.0], [1.0], [1.5], [2.0]])[2]
    np.testing.assert_allclose(wavelength, [[9.0, 9.0], [8.0, 8.0], [7.0, 7.0], [6.0, 6.0]])


def test_wavelengths_of_a_slit_begin_half_a_pixel_early():
    wcs = gwcs_of(build_grid([summary(wavelengths=(1.0, 1.5, 2.0, 3.0))], "NRS_FIXEDSLIT"))
    wavelength = wcs([-0.5, -0.25, 0.5, 3.0], [3.0] * 4)[2]
    np.testing.assert_allclose(wavelength, [0.75, 0.875, 1.25, 3.0])


def test_slit_of_a_single_wavelength():
    with pytest.raises(ResampleError, match="no more than one pixel"):
        build_grid([summary(wavelengths=(2.0,))], "NRS_FIXEDSLIT")
