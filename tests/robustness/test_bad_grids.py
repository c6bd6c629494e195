"""Files with a grid that are broken: each is refused in one line that names it."""

import re
from pathlib import Path

import asdf
import gwcs
import numpy as np
import pytest
from asdf.exceptions import AsdfConversionWarning
from astropy import units as u
from astropy.coordinates import ICRS
from astropy.modeling import models
from bombs import BOMBS
from gwcs import coordinate_frames as frames
from handmade import summary
from nodes import gwcs_of
from specresample.common.errors import ResampleError
from specresample.common.limits import MAX_ASDF, MAX_PIXELS
from specresample.grids.handed_in import CustomGrid
from specresample.grids.rectified import build_grid

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{AsdfConversionWarning.__module__}.AsdfConversionWarning",
    "ignore::RuntimeWarning",
)

SHAPE = (21, 4)  # of the handmade grid


def good_wcs():
    return gwcs_of(build_grid([summary()], "NRS_FIXEDSLIT"))


@pytest.fixture
def written(tmp_path):
    """Function that writes a grid's file after changes of its YAML; returns its path."""

    def write(*changes, more="", wcs=None, **values):
        path = tmp_path / "grid.asdf"
        asdf.AsdfFile({"wcs": good_wcs() if wcs is None else wcs, **values}).write_to(path)
        text, blocks = path.read_bytes().split(b"\n...\n", 1)
        text = text.decode()
        for old, new in changes:
            assert re.search(old, text), (old, text)
            text = re.sub(old, new, text)
        path.write_bytes(f"{text}\n{more}\n...\n".encode() + blocks)
        return path

    return write


def refusal(path, output_shape=None):
    with pytest.raises(ResampleError) as error:
        CustomGrid.read(path, output_shape)
    message = str(error.value)
    assert message.startswith(f"output_wcs {path}: ")
    assert "\n" not in message
    return message.removeprefix(f"output_wcs {path}: ")


def test_good_grid(written):
    grid = CustomGrid.read(written(pixel_area=1e-13), None)
    assert (grid.shape, grid.pixel_area) == (SHAPE, 1e-13)
    x, y = np.moveaxis(grid.pixel_map(np.array(grid.wcs([1, 2], [3, 4]))), -1, 0)
    np.testing.assert_allclose([x, y], [[1, 2], [3, 4]], atol=1e-6)


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "reason"), BOMBS, ids=lambda text: text[:20])
def test_bombs(written, more, reason):
    assert re.search(reason, refusal(written(more=more)))


@pytest.mark.parametrize("method", ["zlib", "bzp2"])
def test_compressed_blocks_are_not_inflated(tmp_path, method):
    path = tmp_path / "grid.asdf"
    tree = asdf.AsdfFile({"wcs": good_wcs(), "zeros": np.zeros(1_000_000)})
    tree.write_to(path, all_array_compression=method)
    assert "compressed blocks" in refusal(path)


def test_large_file_is_not_read(written):
    path = written()
    with path.open("r+b") as file:
        file.truncate(MAX_ASDF + 1)
    assert f"its ASDF is of {MAX_ASDF + 1} bytes" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"#ASDF 1.0.0\n", b"\x00" * 100, b"SIMPLE  =", b"{}"])
def test_other_files(tmp_path, content):
    path = tmp_path / "grid.asdf"
    path.write_bytes(content)
    assert re.search("not readable as ASDF|no GWCS under the key wcs", refusal(path))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_truncated(written, part):
    path = written()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    assert "not readable as ASDF" in refusal(path)


def test_code_is_not_run(written, tmp_path):
    trap = tmp_path / "trap"
    path = written(more=f"code: !!python/object/apply:os.mkdir ['{trap}']")
    CustomGrid.read(path, None)
    assert not trap.exists()


# ---- values --------------------------------------------------------------------------------------


def test_wcs_missing(written):
    assert refusal(written(("(?m)^wcs:", "grid:"))) == "no GWCS under the key wcs"


@pytest.mark.parametrize("value", ["x", 3, None, [1, 2], {"steps": []}])
def test_wcs_that_is_none(tmp_path, value):
    path = tmp_path / "grid.asdf"
    asdf.AsdfFile({"wcs": value}).write_to(path)
    assert refusal(path) == "no GWCS under the key wcs"


def shapeless():
    wcs = good_wcs()
    bare = gwcs.WCS(wcs.pipeline)
    bare.bounding_box = None
    bare.array_shape = None
    return bare


@pytest.mark.parametrize("key", ["pixel_shape", "array_shape"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("ab", "is not two whole numbers"),
        (7, "is not two whole numbers"),
        ([7], "is not two whole numbers"),
        ([7, 8, 9], "is not two whole numbers"),
        ([7.5, 8], "is not two whole numbers"),
        ([None, "x"], "is not two whole numbers"),
        ({"x": 1, "y": 2}, "is not two whole numbers"),
        (float("nan"), "is not two whole numbers"),
        ([0, 5], "at least one"),
        ([-5, 5], "at least one"),
        ([10**6, 10**6], f"at most {MAX_PIXELS}"),
        ([10**18, 10**18], f"at most {MAX_PIXELS}"),
    ],
)
def test_shapes_that_are_none(written, key, value, reason):
    message = refusal(written(wcs=shapeless(), **{key: value}))
    assert message.startswith(key)
    assert reason in message


def test_shape_of_the_wcs_that_is_absurd(written):
    message = refusal(written(("pixel_shape: .*", "pixel_shape: [1000000, 1000000]")))
    assert message.startswith("array_shape of its WCS asks for 1000000 x 1000000 pixels")


def test_output_shape_that_is_absurd(written):
    assert "output_shape asks for 100000 x 9000 pixels" in refusal(written(), [100_000, 9_000])


@pytest.mark.parametrize("limits", ["[-0.5, .inf]", "[-0.5, .nan]", "[-0.5, 1e300]", "x", "[]"])
def test_bounding_box_that_is_none(written, limits):
    path = written(
        (r"pixel_shape: \[.*\]", "pixel_shape: null"), (r"x0: \[-0.5, 3.5\]", f"x0: {limits}")
    )
    assert re.search("usable|readable|bounding_box asks for", refusal(path))


@pytest.mark.parametrize(
    "area", [0.0, -1e-13, float("nan"), float("inf"), 1e300, "x", [1e-13], True]
)
def test_pixel_area_that_is_none(written, area):
    assert re.search("pixel_area .* is no solid angle", refusal(written(pixel_area=area)))


def test_values_that_are_objects_are_named_by_their_kind(written):
    path = written(pixel_area=models.Const1D(1.0))
    assert "pixel_area tag:stsci.edu:asdf/transform/constant-1.6.0 is no" in refusal(path)


# ---- WCS -----------------------------------------------------------------------------------------


def wcs_of(transform, *, spectral_first=False):
    sky = (1, 2) if spectral_first else (0, 1)
    celestial = frames.CelestialFrame(axes_order=sky, reference_frame=ICRS(), name="sky")
    spectral = frames.SpectralFrame(
        axes_order=(0,) if spectral_first else (2,), unit=u.um, name="wavelength"
    )
    world = frames.CompositeFrame([celestial, spectral], name="world")
    wcs = gwcs.WCS([(frames.Frame2D(name="detector"), transform), (world, None)])
    wcs.array_shape = (10, 20)
    return wcs


def linear(slope=1e-5, ra=53.0):
    """RA and Dec along y, wavelength along x."""
    return models.Mapping((1, 1, 0)) | (
        models.Linear1D(slope, ra) & models.Linear1D(slope, -27.0) & models.Linear1D(0.01, 1.0)
    )


def inverse(slope=1e-5):
    lines = models.Linear1D(100.0, -100.0) & models.Linear1D(1 / slope, 27.0 / slope)
    return models.Mapping((2, 1)) | lines


def with_inverse(transform, back):
    transform.inverse = back
    return transform


def test_wcs_made_by_hand(written):
    wcs = wcs_of(with_inverse(linear(), inverse()))
    assert CustomGrid.read(written(wcs=wcs), None).shape == (10, 20)


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        (models.Mapping((1, 1, 1)) | linear().right, "not usable|do not come back"),
        (with_inverse(linear(), inverse(2e-5)), "do not come back to their place"),
        (with_inverse(linear(float("nan")), inverse()), "no finite world coordinates"),
        (with_inverse(linear(ra=float("inf")), inverse()), "no finite world coordinates"),
        (with_inverse(linear(), inverse(float("nan"))), "do not come back to their place"),
        (
            with_inverse(linear(), models.Mapping((0,), n_inputs=3)),
            "not usable|do not come back to their place",
        ),
        (with_inverse(linear(), models.Identity(3)), "not usable"),
    ],
)
def test_wcs_that_leads_nowhere(written, transform, reason):
    assert re.search(reason, refusal(written(wcs=wcs_of(transform))))


def test_wcs_whose_wavelength_comes_first(written):
    wcs = wcs_of(with_inverse(linear(), inverse()), spectral_first=True)
    assert "this one gives SPECTRAL, SPATIAL, SPATIAL" in refusal(written(wcs=wcs))


@pytest.mark.parametrize("old", ["transform:", "steps:", "frame:", "points:", "lookup_table:"])
def test_wcs_with_a_part_that_is_missing(written, old):
    refusal(written((old, "other:")))


@pytest.mark.parametrize("value", [".nan", ".inf", "x", "[]", "{}"])
@pytest.mark.parametrize("key", ["slope", "intercept", "phi", "theta"])
def test_wcs_of_no_numbers(written, key, value):
    refusal(written((rf"\b{key}: [-+0-9.e]+", f"{key}: {value}")))


def test_wcs_that_no_product_could_hold(written):
    path = written((r"mapping: \[2, 1\]", "mapping: [2, true]"))
    assert "not usable" in refusal(path)


def test_grid_is_read_again_from_what_is_written_of_it(written):
    grid = CustomGrid.read(written(), [3, 2])
    again = CustomGrid.from_json(grid.to_json())
    assert again.shape == grid.shape == (2, 3)
    assert Path(again.file).name == "grid.asdf"
