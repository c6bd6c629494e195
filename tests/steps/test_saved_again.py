"""FITS WCS for viewers: in a new product, and in one that stdatamodels has saved again."""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from inprocess import (
    make,
    set_keywords,
    write_lrs_exposures,
    write_slit_exposures,
    write_slits_exposures,
)
from specresample.grids.wavelength_table import MOST_SLITS, wavelength_table
from specresample.s2d import model
from stdatamodels.jwst import datamodels

PRODUCTS = {
    "slit": (write_slit_exposures, {}),
    "slits": (write_slits_exposures, {}),
    "lrs": (write_lrs_exposures, {}),
    "slit on a linear grid": (write_slit_exposures, {"wavelength_grid": "linear"}),
    "slits on a linear grid": (write_slits_exposures, {"wavelength_grid": "linear"}),
    "slits on a logarithmic grid": (write_slits_exposures, {"wavelength_grid": "log"}),
    "lrs on a logarithmic grid": (write_lrs_exposures, {"wavelength_grid": "log"}),
}


@pytest.fixture(scope="module", params=PRODUCTS)
def product(request, tmp_path_factory):
    """Path of a product, and its grids."""
    folder = tmp_path_factory.mktemp(request.param)
    write, asked = PRODUCTS[request.param]
    grids = make(write(folder / "exposures"), folder, **asked)
    return folder / "product_s2d.fits", [source.grid for source in grids.sources]


@pytest.fixture(scope="module")
def saved(product):
    """Path of the product after stdatamodels has opened and saved it."""
    path = product[0].with_name("saved_s2d.fits")
    with datamodels.open(product[0]) as opened:
        opened.save(path)
    return path


def coordinates(hdus, number):
    """World coordinates of all pixels of a slit, by unit, and the pixels that they lead back to."""
    header = hdus["SCI", number].header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(header, hdus)
    y, x = np.indices(hdus["SCI", number].shape, float)
    pixels = [x, y, np.zeros_like(x)][: wcs.naxis]
    world = wcs.pixel_to_world_values(*pixels)
    back = wcs.world_to_pixel_values(*world)
    np.testing.assert_allclose(back, pixels, rtol=0, atol=1e-6)
    found = dict(zip(wcs.world_axis_units, world, strict=True))
    # wcslib gives all wavelengths but those of tables in m.
    return found if "um" in found else found | {"um": found["m"] * 1e6}


def assert_right(path, grids):
    with fits.open(path) as hdus:
        for number, grid in enumerate(grids, start=1):
            world = coordinates(hdus, number)
            wavelengths = grid.wavelength_image()
            np.testing.assert_allclose(world["um"], wavelengths, rtol=0, atol=1e-9)
            axis = grid.dispersion_axis
            steps = np.diff(world["arcsec"], axis=axis - 1)
            np.testing.assert_allclose(steps, grid.pixel_scale(axis), rtol=1e-9)
            # The planned source is at zero, and in the slit.
            assert world["arcsec"].min() < 0 < world["arcsec"].max()


def test_new_product(product):
    path, grids = product
    assert_right(path, grids)
    with fits.open(path) as hdus:
        axes = {hdu.header["WCSAXES"] for hdu in hdus if hdu.name == "SCI"}
    assert axes == {2}


def test_saved_again(product, saved):
    assert_right(saved, product[1])


def test_saved_again_and_again(product, saved):
    path = saved.with_name("twice_s2d.fits")
    with datamodels.open(saved) as opened:
        opened.save(path)
    assert_right(path, product[1])


def test_saved_again_leaves_nothing_out_of_date(product, saved):
    with warnings.catch_warnings():
        # Checksums that do not fit are warnings.
        warnings.simplefilter("error")
        with fits.open(saved, checksum=True) as hdus, fits.open(product[0], checksum=True) as new:
            names = [(hdu.name, hdu.ver) for hdu in new]
            assert [(hdu.name, hdu.ver) for hdu in hdus] == names
            for keyword in ("KERNEL", "FILLVAL"):
                assert hdus[0].header[keyword] == new[0].header[keyword]
            for name in new["HDRTAB"].columns.names:
                np.testing.assert_array_equal(hdus["HDRTAB"].data[name], new["HDRTAB"].data[name])


def test_some_slits_saved(tmp_path):
    """Slits of a product that leave the others behind keep their own wavelengths."""
    grids = make(write_slits_exposures(tmp_path / "exposures"), tmp_path)
    with datamodels.open(tmp_path / "product_s2d.fits") as opened:
        del opened.slits[0]
        opened.save(tmp_path / "second_s2d.fits")
    assert_right(tmp_path / "second_s2d.fits", [grids.sources[1].grid])


def test_edited_and_saved_again_is_not_wrong(tmp_path):
    """What an edited header loses when it is saved is missed, and not taken from another slit."""
    make(write_slits_exposures(tmp_path / "exposures"), tmp_path)
    path = tmp_path / "product_s2d.fits"
    set_keywords(path, {"TARGNAME": "another"})
    with datamodels.open(path) as opened:
        opened.save(path)
    with fits.open(path) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        pixels = np.indices(hdus["SCI", 1].shape, float)[::-1]
        first = WCS(hdus["SCI", 1].header, hdus)
        assert np.isnan(first.pixel_to_world_values(*pixels, 0 * pixels[0])[0]).all()
        with pytest.raises(MemoryError):
            WCS(hdus["SCI", 2].header, hdus)


def test_slits_beyond_what_a_table_holds_have_no_wcs(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "MOST_SLITS", 1)
    grids = make(write_slits_exposures(tmp_path / "exposures"), tmp_path)
    path = tmp_path / "product_s2d.fits"
    assert_right(path, [source.grid for source in grids.sources[:1]])
    with fits.open(path) as hdus:
        assert "WCSAXES" not in hdus["SCI", 2].header
        assert hdus["WCS-TABLE"].columns.names == ["wavelength_1", "index_1"]


def test_as_many_slits_as_a_table_holds():
    table = wavelength_table([np.arange(2.0)] * MOST_SLITS)
    assert len(table.columns) == 2 * MOST_SLITS <= 999 < 2 * (MOST_SLITS + 1)
