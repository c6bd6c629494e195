"""What must hold for whole products, whatever the numbers are."""

import numpy as np
import pytest
from images import assert_same, bits
from inprocess import arrays, make, rewrite, write_slit_exposures


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    return write_slit_exposures(tmp_path_factory.mktemp("data"), nods=(-0.4, 0.4, 0.0))


@pytest.fixture
def product(tmp_path):
    def made(exposures, name="product", **arguments):
        grids = make(exposures, tmp_path, name=name, **arguments)
        return grids.sources[0].grid, arrays(tmp_path / f"{name}_s2d.fits")

    return made


def changed(exposures, folder, change):
    """Copy exposures after a change of their HDUs."""
    folder.mkdir()
    copies = []
    for exposure in exposures:
        copies.append(folder / exposure.name)
        copies[-1].write_bytes(exposure.read_bytes())
        rewrite(copies[-1], change)
    return copies


def test_order_of_all_but_the_reference_changes_the_context_alone(exposures, product):
    first, second, third = exposures
    grid, expected = product([first, second, third])
    other_grid, found = product([first, third, second], "other")
    assert other_grid == grid
    assert_same(found, expected, set(expected) - {"CON"}, rtol=1e-6)
    swapped = bits(expected["CON"])
    swapped[[1, 2]] = swapped[[2, 1]]
    np.testing.assert_array_equal(bits(found["CON"]), swapped)


def test_fully_masked_exposure_adds_nothing_to_the_arrays(exposures, product, tmp_path):
    (third,) = changed(exposures[2:], tmp_path / "masked", lambda hdus: hdus["DQ"].data.fill(1))
    grid, expected = product([*exposures[:2]])
    other_grid, found = product([*exposures[:2], third], "other")
    assert other_grid == grid
    assert_same(found, expected, set(expected))


def test_brighter_exposures_scale_science_and_error(exposures, product, tmp_path):
    def brighter(hdus):
        hdus["SCI"].data *= 2
        for name in ("VAR_RNOISE", "VAR_POISSON", "VAR_FLAT"):
            hdus[name].data *= 4

    _, expected = product(exposures)
    _, found = product(changed(exposures, tmp_path / "brighter", brighter), "other")
    for name in ("SCI", "ERR"):
        np.testing.assert_allclose(found[name], expected[name] * 2, rtol=1e-5, err_msg=name)
    np.testing.assert_array_equal(found["WHT"], expected["WHT"] / 4)
    assert_same(found, expected, {"CON", "WAVELENGTH"})


def test_scaled_read_noise_scales_the_weight(exposures, product, tmp_path):
    def louder(hdus):
        hdus["VAR_RNOISE"].data *= 4

    _, expected = product(exposures)
    _, found = product(changed(exposures, tmp_path / "louder", louder), "other")
    np.testing.assert_array_equal(found["WHT"], expected["WHT"] / 4)
    assert_same(found, expected, {"SCI", "CON", "WAVELENGTH", "VAR_POISSON", "VAR_FLAT"}, 1e-5)
    np.testing.assert_allclose(found["VAR_RNOISE"], expected["VAR_RNOISE"] * 4, rtol=1e-5)


def test_constant_image_stays_constant(exposures, product, tmp_path):
    def level(hdus):
        hdus["SCI"].data[...] = 0.25

    _, found = product(changed(exposures, tmp_path / "level", level))
    seen = found["WHT"] > 0
    assert seen.sum() > 500
    np.testing.assert_allclose(found["SCI"][seen], 0.25, rtol=1e-5)
