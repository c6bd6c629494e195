"""Grids that are handed in, good and bad."""

import json

import asdf
import numpy as np
import pytest
from astropy.io import fits
from astropy.modeling.models import Identity
from gwcs import WCS
from gwcs.coordinate_frames import Frame2D
from nodes import gwcs_of
from runs import snakemake, write_config
from specresample.grids.rectified import Grid
from specsim import fixed_slit, write_nirspec

PRODUCT = "jw01345-o005_t001_nirspec_f290lp-g395m"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two nods, resampled onto their own grid."""
    folder = tmp_path_factory.mktemp("grids")
    write_nirspec(folder / "data", fixed_slit(nods=(-0.4, 0.4), product=PRODUCT))
    config = write_config(folder, associations=["data/*_asn.json"], job_per="product")
    snakemake(folder, config)
    area = fits.getval(folder / "results" / f"{PRODUCT}_s2d.fits", "PIXAR_SR", "SCI")
    return folder, config, gwcs_of(Grid.from_json(own_grid(folder))), area


def own_grid(folder):
    path = folder / "results" / ".work" / PRODUCT / "grid.json"
    return json.loads(path.read_text())["sources"][0]["grid"]


def write_grid(folder, name, wcs, **more):
    asdf.AsdfFile({"wcs": wcs, **more}).write_to(folder / name)
    return f"output_wcs={name}"


def sci(path):
    with fits.open(path) as hdus:
        return hdus["SCI"].data.astype(float), hdus["SCI"].header


def test_own_grid_handed_in_gives_the_same_product(workspace):
    folder, config, wcs, area = workspace
    argument = write_grid(folder, "own.asdf", wcs, pixel_area=area)
    snakemake(folder, config, "--config", argument, "output_dir=own")
    expected, header = sci(folder / "results" / f"{PRODUCT}_s2d.fits")
    result, own_header = sci(folder / "own" / f"{PRODUCT}_s2d.fits")
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6 * np.nanmax(expected))
    assert own_header["PIXAR_SR"] == pytest.approx(header["PIXAR_SR"], rel=1e-12)


def test_pixel_area_scales_flux_density(workspace):
    folder, config, wcs, area = workspace
    argument = write_grid(folder, "half.asdf", wcs, pixel_area=area / 2)
    snakemake(folder, config, "--config", argument, "output_dir=half")
    expected, _ = sci(folder / "results" / f"{PRODUCT}_s2d.fits")
    result, header = sci(folder / "half" / f"{PRODUCT}_s2d.fits")
    assert header["PIXAR_SR"] == pytest.approx(area / 2, rel=1e-12)
    np.testing.assert_allclose(result, expected / 2, rtol=1e-5, atol=1e-6 * np.nanmax(expected))


@pytest.fixture
def bare(workspace):
    """The grid without any shape."""
    wcs = workspace[2]
    bare = type(wcs)(wcs.pipeline)
    bare.bounding_box = None
    bare.array_shape = None
    return bare


def shape_of(folder, config, *arguments):
    path = f"shapes/.work/{PRODUCT}/grid.json"
    snakemake(folder, config, path, "--config", "output_dir=shapes", *arguments)
    return tuple(json.loads((folder / path).read_text())["sources"][0]["grid"]["shape"])


def test_precedence_of_shapes(workspace, bare):
    folder, config, wcs, _ = workspace
    full = {"pixel_shape": [30, 20], "array_shape": [21, 31]}
    with_shapes = write_grid(folder, "shapes.asdf", bare, **full)
    assert shape_of(folder, config, with_shapes) == (20, 30)
    array_shape = write_grid(folder, "array.asdf", bare, array_shape=[21, 31])
    assert shape_of(folder, config, array_shape) == (21, 31)
    assert shape_of(folder, config, array_shape, "output_shape=15,12") == (12, 15)
    own_shape = write_grid(folder, "wcs.asdf", wcs, **full)
    assert shape_of(folder, config, own_shape) == wcs.array_shape
    boxed = type(wcs)(wcs.pipeline)
    boxed.bounding_box = ((-0.5, 24.5), (-0.5, 14.5))
    boxed.array_shape = None
    box = write_grid(folder, "box.asdf", boxed)
    assert shape_of(folder, config, box) == (15, 25)


def refused(folder, config, *arguments):
    run = snakemake(folder, config, "--config", *arguments, "output_dir=refused", check=False)
    assert run.returncode != 0
    assert not list((folder / "refused").glob("*.fits"))
    return "\n".join(line for line in run.stderr.splitlines() if line.startswith("ERROR"))


def test_unknown_shape_is_refused(workspace, bare):
    folder, config, *_ = workspace
    message = refused(folder, config, write_grid(folder, "bare.asdf", bare))
    assert "output_wcs bare.asdf: no shape is known: give output_shape" in message


def test_grid_elsewhere_is_refused(workspace):
    folder, config, *_ = workspace
    elsewhere = Grid.from_json(own_grid(folder) | {"tangent_point": [10.0, 10.0]})
    argument = write_grid(folder, "elsewhere.asdf", gwcs_of(elsewhere))
    assert "does not overlap the data" in refused(folder, config, argument)


def test_wcs_of_the_wrong_kind_is_refused(workspace):
    folder, config, wcs, _ = workspace
    flat = WCS([(Frame2D(name="detector"), Identity(2)), (Frame2D(name="sky"), None)])
    message = refused(folder, config, write_grid(folder, "flat.asdf", flat))
    assert "a WCS from two pixel axes to RA, Dec and wavelength is needed" in message
    asdf.AsdfFile({"grid": wcs}).write_to(folder / "other.asdf")
    assert "no GWCS under the key wcs" in refused(folder, config, "output_wcs=other.asdf")


def test_unreadable_file_is_refused(workspace):
    folder, config, *_ = workspace
    (folder / "text.asdf").write_text("not ASDF\n")
    message = refused(folder, config, "output_wcs=text.asdf")
    assert "output_wcs text.asdf: not readable as ASDF" in message


def test_absurd_scale_is_refused(workspace):
    folder, config, *_ = workspace
    message = refused(folder, config, "pixel_scale_ratio=50")
    assert "is more than 10 times the" in message
