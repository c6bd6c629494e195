"""Every kind of broken exposure ends in a product, a recorded skip, or a line that says why not."""

import io
import re
import shutil
from pathlib import Path

import asdf
import numpy as np
import pytest
from astropy.io import fits
from bombs import BOMBS
from inprocess import (
    arrays,
    edit_tree,
    make,
    rewrite,
    set_keywords,
    tree_text,
    write_lrs_exposures,
    write_slit_exposures,
    write_slits_exposures,
    write_tree,
)
from specresample.common.errors import ResampleError
from specsim.wcs import Pointing

# What astropy and asdf have to say of such files goes to the log.
pytestmark = pytest.mark.filterwarnings("ignore")

NAME = "jw01345005001_03101_0000{}_nrs1_cal.fits"
SECOND = re.escape(NAME.format(2))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return {
        "slit": write_slit_exposures(tmp_path_factory.mktemp("slit")),
        "slits": write_slits_exposures(tmp_path_factory.mktemp("slits")),
        "lrs": write_lrs_exposures(tmp_path_factory.mktemp("lrs")),
    }


@pytest.fixture(scope="module")
def expected(originals, tmp_path_factory):
    """The product of good exposures."""
    folder = tmp_path_factory.mktemp("expected")
    make(originals["slit"], folder)
    return arrays(folder / "product_s2d.fits")


@pytest.fixture
def exposures(originals, tmp_path):
    """Copies of two exposures. Tests break the second one."""
    return [Path(shutil.copy(path, tmp_path)) for path in originals["slit"]]


@pytest.fixture
def slits(originals, tmp_path):
    """The same, of two slits each."""
    return [Path(shutil.copy(path, tmp_path)) for path in originals["slits"]]


def refused(exposures, folder, reason, **arguments):
    """Check that a line names file and reason, and that nothing is there."""
    with pytest.raises(ResampleError) as error:
        make(exposures, folder, **arguments)
    message = str(error.value)
    assert "\n" not in message
    assert re.search(reason, message), message
    assert not (folder / "product_s2d.fits").exists()


def made(exposures, folder, *, name="product", **arguments):
    grids = make(exposures, folder, name=name, **arguments)
    return grids, arrays(folder / f"{name}_s2d.fits")


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("hdu", range(9))
@pytest.mark.parametrize("more", [0, 1])
def test_truncated_at_each_hdu(exposures, tmp_path, hdu, more):
    with fits.open(exposures[1]) as hdus:
        where = hdus[hdu].fileinfo()["hdrLoc"] + more
    with open(exposures[1], "r+b") as file:
        file.truncate(where)
    refused(exposures, tmp_path, rf"{SECOND}: .*(not readable|no WCS)")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_compressed_file_is_not_unpacked(exposures, tmp_path, suffix):
    module = __import__({"gz": "gzip", "bz2": "bz2", "xz": "lzma"}[suffix])
    with open(exposures[1], "rb") as file:
        content = file.read()
    with open(exposures[1], "wb") as file:
        file.write(module.compress(content))
    refused(exposures, tmp_path, rf"{SECOND}: .*compressed ones must be unpacked")


def test_compressed_hdu_of_absurd_size(exposures, tmp_path):
    def inflate(hdus):
        image = fits.CompImageHDU(np.zeros((24, 40), "f4"), name="SCI")
        hdus["SCI"] = fits.CompImageHDU(image.data, name="SCI")

    rewrite(exposures[1], inflate)
    with open(exposures[1], "rb") as file:
        content = file.read()
    card = f"{'ZNAXIS1':8}= {10**9:>20}".encode()
    content = re.sub(rb"ZNAXIS1 = +40 *", lambda m: card.ljust(len(m[0])), content, count=1)
    with open(exposures[1], "wb") as file:
        file.write(content)
    refused(exposures, tmp_path, rf"{SECOND}: .*SCI inflates to an image of shape")


@pytest.mark.parametrize("size", ["2000000000", "-1", "0"])
def test_header_that_states_another_size(exposures, tmp_path, size):
    with open(exposures[1], "rb") as file:
        content = file.read()
    start = content.index(b"XTENSION")
    card = f"NAXIS1  = {size:>20}".encode()
    old = re.compile(rb"NAXIS1  = +40")
    with open(exposures[1], "wb") as file:
        file.write(content[:start] + old.sub(card, content[start:], count=1))
    refused(exposures, tmp_path, rf"{SECOND}: ")


@pytest.mark.parametrize("keyword", ["NAXIS", "TFIELDS"])
def test_header_that_counts_for_ever(exposures, tmp_path, keyword):
    content = exposures[1].read_bytes()
    card = f"{keyword:8}= {10**11:>20}".encode()
    start = content.index(b"XTENSION")
    old = re.compile(rb"%-8s= {19,20}[0-9]" % keyword.encode())
    exposures[1].write_bytes(content[:start] + old.sub(card, content[start:], count=1))
    refused(exposures, tmp_path, rf"{SECOND}: .*it states {keyword} .*{10**11}")


def test_exposure_that_is_a_folder(exposures, tmp_path):
    refused([exposures[0], tmp_path], tmp_path, f"{tmp_path}: not readable .*directory")


def test_datamodel_that_is_none(exposures, tmp_path):
    for exposure in exposures:
        set_keywords(exposure, {"DATAMODL": "open"})
    _, found = made(exposures, tmp_path)
    assert np.isfinite(found["SCI"]).any()


# ---- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hdu", ["ERR", "DQ", "WAVELENGTH", "VAR_POISSON", "VAR_FLAT"])
def test_missing_extension_leaves_the_science(exposures, tmp_path, hdu):
    # A pixel that is bad in any array is bad in all; with NaN in SCI it is so without the others.
    def mark(hdus):
        invalid = (hdus["DQ"].data & 1) != 0
        for plane in ("ERR", "VAR_POISSON", "VAR_FLAT"):
            invalid |= np.isnan(hdus[plane].data)
        hdus["SCI"].data[invalid] = np.nan

    rewrite(exposures[1], mark)
    _, complete = made(exposures, tmp_path, name="complete")
    rewrite(exposures[1], lambda hdus: hdus.pop(hdu))
    _, found = made(exposures, tmp_path)
    np.testing.assert_array_equal(found["CON"], complete["CON"])
    np.testing.assert_array_equal(found["SCI"], complete["SCI"])


@pytest.mark.parametrize("hdu", ["SCI", "ASDF"])
def test_missing_extension_without_which_nothing_goes(exposures, tmp_path, hdu):
    rewrite(exposures[1], lambda hdus: hdus.pop(hdu))
    refused(exposures, tmp_path, rf"{SECOND}: .*S200A1.*(SCI is not an image|no WCS)")


@pytest.mark.parametrize("plane", ["ERR", "DQ", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"])
def test_plane_of_another_shape_is_left_out(exposures, tmp_path, plane, caplog):
    def crop(hdus):
        hdus[plane].data = hdus[plane].data[:-1]

    rewrite(exposures[1], crop)
    _, found = made(exposures, tmp_path)
    assert (found["WHT"] > 0).any()
    assert f"{plane} has another shape than SCI and is left out" in caplog.text


@pytest.mark.parametrize("shape", [(1, 40), (24, 1), (0, 40), (960,), (1, 24, 40)])
def test_images_that_are_none(slits, tmp_path, shape):
    def reshape(hdus):
        for plane in ("SCI", "ERR", "DQ", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"):
            hdus[plane, 1].data = np.resize(hdus[plane, 1].data, shape)

    rewrite(slits[1], reshape)
    grids, found = made(slits, tmp_path)
    (bad,) = grids.left_out
    assert bad.slit.startswith("S200A1")
    assert re.search("SCI is not an image|only one row or column", bad.reason)
    assert set(np.unique(found["CON"])) == {0, 1}
    assert set(np.unique(found["CON,2"])) > {3}


def test_absurd_image_is_not_read(exposures, tmp_path):
    def blow(hdus):
        hdus["SCI"].data = np.broadcast_to(np.float32(0), (5000, 5000))

    rewrite(exposures[1], blow)
    refused(exposures, tmp_path, rf"{SECOND}: .*SCI is not an image \(shape \(5000, 5000\)\)")


def test_nothing_but_nan_is_a_product_without_weight(exposures, tmp_path):
    for exposure in exposures:
        rewrite(exposure, lambda hdus: hdus["SCI"].data.fill(np.nan))
    _, found = made(exposures, tmp_path)
    assert not found["WHT"].any()
    assert not found["CON"].any()
    assert np.isnan(found["SCI"]).all()


@pytest.mark.parametrize("value", [np.inf, -1.0, 0.0])
def test_read_noise_that_gives_no_weight(exposures, tmp_path, value):
    rewrite(exposures[1], lambda hdus: hdus["VAR_RNOISE"].data.fill(value))
    _, found = made(exposures, tmp_path)
    assert set(np.unique(found["CON"])) == {0, 1}
    assert np.isfinite(found["ERR"]).any()


@pytest.mark.parametrize("value", [np.inf, -1.0])
@pytest.mark.parametrize("plane", ["VAR_POISSON", "VAR_FLAT"])
def test_variance_that_makes_no_sense(exposures, tmp_path, plane, value, expected):
    rewrite(exposures[1], lambda hdus: hdus[plane].data.fill(value))
    _, found = made(exposures, tmp_path)
    for name in ("SCI", "WHT", "VAR_RNOISE"):
        np.testing.assert_array_equal(found[name], expected[name])
    assert not np.isinf(found["ERR"]).any()
    assert not (found[plane] < 0).any()


@pytest.mark.parametrize("kind", ["i2", "i4", "i8", "u1"])
def test_dq_of_another_integer_type(exposures, tmp_path, kind, expected):
    def retype(hdus):
        flags = hdus["DQ"].data
        hdus["DQ"] = fits.ImageHDU((flags & 1).astype(kind), name="DQ")

    rewrite(exposures[1], retype)
    _, found = made(exposures, tmp_path)
    np.testing.assert_array_equal(found["CON"], expected["CON"])


def test_dq_of_floats(exposures, tmp_path):
    def retype(hdus):
        hdus["DQ"] = fits.ImageHDU(hdus["DQ"].data.astype("f4"), name="DQ")

    rewrite(exposures[1], retype)
    refused(
        exposures, tmp_path, rf"{SECOND}: .*S200A1.*DQ is not an image of integers \(.*(f4|float32)"
    )


def test_first_of_two_extensions_counts(exposures, tmp_path, expected):
    def append(hdus):
        hdus.append(hdus["SCI"].copy())
        hdus[-1].data = hdus[-1].data * 100

    rewrite(exposures[1], append)
    _, found = made(exposures, tmp_path)
    np.testing.assert_array_equal(found["SCI"], expected["SCI"])


def test_read_noise_missing_in_one(exposures, tmp_path, caplog):
    rewrite(exposures[1], lambda hdus: hdus.pop("VAR_RNOISE"))
    _, found = made(exposures, tmp_path)
    assert set(np.unique(found["CON"])) == {0, 1, 2, 3}
    assert f"{exposures[1].stem}: slit S200A1 (source 1): no VAR_RNOISE: all good" in caplog.text


@pytest.mark.parametrize("kind", ["slit", "slits", "lrs"])
def test_form_in_which_arrays_are_stored_does_not_matter(originals, tmp_path, kind):
    def store(hdus):
        for i, hdu in enumerate(hdus):
            if hdu.name in ("SCI", "ERR"):
                hdus[i] = fits.ImageHDU(hdu.data.astype("f8"), hdu.header)
            elif hdu.name in ("DQ", "VAR_RNOISE"):
                hdus[i] = fits.CompImageHDU(
                    hdu.data, hdu.header, compression_type="GZIP_2", quantize_level=0
                )
            elif hdu.name == "VAR_FLAT":
                hdu.header["EXTNAME"] = "var_flat"
        hdus.append(fits.ImageHDU(np.zeros((5, 5)), name="PATHLOSS_PS"))
        hdus.append(fits.ImageHDU(name="EMPTY"))

    exposures = [Path(shutil.copy(path, tmp_path)) for path in originals[kind]]
    _, expected = made(exposures, tmp_path, name="plain")
    for exposure in exposures:
        rewrite(exposure, store)
    _, found = made(exposures, tmp_path)
    assert {*found} == {*expected}
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize("good", [0, 1, 2])
def test_hardly_a_good_pixel(exposures, tmp_path, good):
    def mask(hdus):
        flags = hdus["DQ"].data
        flags[...] |= 1
        flags[12, 20 : 20 + good] = 0

    rewrite(exposures[1], mask)
    _, found = made(exposures, tmp_path)
    seen = (found["CON"][0] & 2) > 0
    assert seen.any() == (good > 0)
    assert np.isfinite(found["SCI"][found["WHT"] > 0]).all()


def test_highest_flag_in_signed_integers(exposures, tmp_path):
    highest = np.uint32(1 << 31)

    def retype(hdus):
        flags = (hdus["DQ"].data | highest).view("i4")
        hdus["DQ"] = fits.ImageHDU(flags, name="DQ")

    for exposure in exposures:
        rewrite(exposure, retype)
    _, found = made(exposures, tmp_path, propagate_dq=True)
    assert ((found["DQ"][found["WHT"] > 0] & highest) > 0).all()


def test_memory_that_does_not_suffice_names_the_exposure(exposures, tmp_path, monkeypatch):
    def trace_slit(slit):
        raise MemoryError("Unable to allocate")

    monkeypatch.setattr("specresample.footprint.preparation.trace_slit", trace_slit)
    reason = "more memory than there may be .Unable to allocate"
    refused(exposures, tmp_path, rf"{re.escape(exposures[0].name)}: it needs {reason}")


# ---- metadata ------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [None, "nonsense"])
def test_unit_that_is_no_flux_density_in_all(exposures, tmp_path, unit, expected):
    for exposure in exposures:
        edit_tree(exposure, ("  bunit_data: MJy\n", f"  bunit_data: {unit}\n" if unit else ""))
        set_keywords(exposure, {"BUNIT": unit}, "SCI")
    _, found = made(exposures, tmp_path)
    np.testing.assert_array_equal(found["SCI"], expected["SCI"])


@pytest.mark.parametrize("unit", ["MJy/sr", "mJy", "nonsense"])
def test_units_that_differ(exposures, tmp_path, unit):
    set_keywords(exposures[1], {"BUNIT": unit}, "SCI")
    refused(exposures, tmp_path, rf"product product: .*S200A1.*units \(BUNIT\): .*{unit}")


def test_unit_missing_in_one(exposures, tmp_path):
    edit_tree(exposures[1], ("  bunit_data: MJy\n", ""))
    set_keywords(exposures[1], {"BUNIT": None}, "SCI")
    refused(exposures, tmp_path, r"product product: .*units \(BUNIT\): MJy, none")


def test_pixel_area_missing(exposures, tmp_path, caplog):
    for exposure in exposures:
        edit_tree(exposure, ("pixelarea_steradians", "unknown"))
        set_keywords(exposure, {"PIXAR_SR": None}, "SCI")
    _, found = made(exposures, tmp_path, pixel_scale=0.05)
    assert "pixel_scale ignored" in caplog.text
    assert found["SCI"].shape == (34, 40)


@pytest.mark.parametrize("value", ["0.0", "-1.0", ".nan", ".inf", "x", "[]", "1" * 400])
def test_time_that_is_none(exposures, tmp_path, value):
    text, blocks = tree_text(exposures[1])
    text = re.sub(r"((measurement|exposure)_time:) *[0-9.]+", rf"\1 {value}", text)
    write_tree(exposures[1], text, blocks)
    refused(
        exposures,
        tmp_path,
        rf"{SECOND.removesuffix(re.escape('.fits'))}: slit .*exptime needs TMEASURE",
        weight_type="exptime",
    )
    _, found = made(exposures, tmp_path)
    assert np.isfinite(found["SCI"]).any()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pixelarea_steradians", "x"),
        ("pixelarea_steradians", ".nan"),
        ("source_id", "1e400"),
        ("source_id", "9" * 400),
        ("gs_mag", ".inf"),
        ("duration", "x"),
        ("start_time", "[1]"),
        ("title", r'"line\nline"'),
        ("title", "Ünglück"),
        ("title", "x" * 20_000),
        ("pi_name", "{first: 1, last: 2}"),
        ("count", "x"),
        ("data_problem", "7"),
    ],
)
def test_metadata_that_no_header_takes(exposures, tmp_path, key, value):
    text, blocks = tree_text(exposures[1])
    write_tree(
        exposures[1], re.sub(rf"\b{key}: ('[^']*'|[^,}}\n]+)", f"{key}: {value}", text), blocks
    )
    _, found = made(exposures, tmp_path)
    assert np.isfinite(found["SCI"]).any()


def test_dispersion_axis_that_is_none(exposures, tmp_path):
    edit_tree(exposures[1], ("dispersion_direction: 1", "dispersion_direction: 3"))
    refused(exposures, tmp_path, rf"{SECOND}: .*DISPAXIS\) is 3")


def test_dispersion_axis_that_is_the_other(exposures, tmp_path):
    edit_tree(exposures[1], ("dispersion_direction: 1", "dispersion_direction: 2"))
    refused(exposures, tmp_path, rf"{SECOND}: .*wavelength does not run along .*DISPAXIS 2")


def test_dispersion_axis_missing_where_it_is_not_the_default(originals, tmp_path):
    exposures = [Path(shutil.copy(path, tmp_path)) for path in originals["lrs"]]
    edit_tree(exposures[1], ("dispersion_direction: 2", "other: 2"))
    set_keywords(exposures[1], {"DISPAXIS": None}, "SCI")
    refused(exposures, tmp_path, "mirimage_cal.fits: .*wavelength does not run along .*DISPAXIS 1")


def test_two_slits_of_one_source(slits, tmp_path):
    edit_tree(slits[1], ("source_id: 2", "source_id: 1"))
    for number in (1, 2):
        set_keywords(slits[1], {"SOURCEID": 1}, ("SCI", number))
    grids, _ = made(slits, tmp_path)
    (bad,) = grids.left_out
    assert bad.slit.startswith("S400A1")
    assert "shows the same source" in bad.reason


@pytest.mark.parametrize("number", [40, 70])
def test_many_exposures_fill_several_context_planes(originals, tmp_path, number):
    exposures = []
    for i in range(number):
        exposures.append(tmp_path / f"{i}_cal.fits")
        exposures[-1].symlink_to(originals["slit"][0])
    _, found = made(exposures, tmp_path)
    assert found["CON"].shape[0] == -(-number // 32)
    context = found["CON"].astype("i4").view("u4")
    seen = found["WHT"] > 0
    assert seen.any()
    for plane, bits in zip(context, [32, 32, 32], strict=False):
        n = min(bits, number)
        number -= n
        np.testing.assert_array_equal(plane, np.where(seen, np.uint32(2**n - 1), 0))


# ---- WCS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [".nan", ".inf", "x", "[]"])
def test_wcs_of_no_numbers(exposures, tmp_path, value):
    text, blocks = tree_text(exposures[1])
    head, wcs = text.split("  wcs: ")
    wcs = re.sub(r"(factor|offset|angle|value): [-0-9.e]+", rf"\1: {value}", wcs)
    write_tree(exposures[1], f"{head}  wcs: {wcs}", blocks)
    refused(exposures, tmp_path, rf"{SECOND}: .*(WCS|coordinates|parsing)")


@pytest.mark.parametrize("part", ["transform:", "frame:", "steps:", "unit:", "x0:"])
def test_wcs_with_a_part_that_is_missing(exposures, tmp_path, part):
    text, blocks = tree_text(exposures[1])
    head, wcs = text.split("  wcs: ")
    write_tree(exposures[1], f"{head}  wcs: {wcs.replace(part, 'other:')}", blocks)
    refused(exposures, tmp_path, rf"{SECOND}: .*S200A1.* WCS")


@pytest.mark.parametrize("limits", ["[500, 600]", "[-90, -50]", "[.nan, .nan]", "[39.5, -0.5]"])
def test_bounding_box_beside_the_data(exposures, tmp_path, limits):
    edit_tree(exposures[1], ("x0: [-0.5, 39.5]", f"x0: {limits}"))
    refused(exposures, tmp_path, rf"{SECOND}: .*slit S200A1|its WCS")


def test_exposures_of_different_places(exposures, tmp_path):
    (far,) = write_slit_exposures(tmp_path / "far", nods=(0.0,), pointing=Pointing(ra=80.0, dec=10))
    refused([exposures[0], far], tmp_path, "product product: .*S200A1.*exposures of one place")


# ---- bombs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "reason"), BOMBS)
def test_tree_that_would_fill_the_memory(exposures, tmp_path, more, reason):
    text, blocks = tree_text(exposures[1])
    write_tree(exposures[1], f"{text}\n{more}", blocks)
    refused(exposures, tmp_path, rf"{SECOND}: .*{reason}")


def test_polynomial_of_absurd_degree(exposures, tmp_path):
    edit_tree(exposures[1], ("shape: [3, 3]", "shape: [3000, 3000]"))
    refused(exposures, tmp_path, rf"{SECOND}: .*array of absurd size")


@pytest.mark.parametrize("method", ["zlib", "bzp2"])
def test_compressed_blocks_are_not_inflated(exposures, tmp_path, method):
    buffer = io.BytesIO()
    asdf.AsdfFile({"zeros": np.zeros(1_000_000)}).write_to(buffer, all_array_compression=method)
    _, blocks = buffer.getvalue().split(b"\n...\n", 1)
    text, _ = tree_text(exposures[1])
    write_tree(exposures[1], text, b"\n...\n" + blocks)
    refused(exposures, tmp_path, rf"{SECOND}: .*compressed blocks")


def test_tree_runs_no_code(exposures, tmp_path):
    text, blocks = tree_text(exposures[1])
    trap = tmp_path / "trap"
    call = f"!!python/object/apply:os.mkdir ['{trap}']"
    write_tree(exposures[1], f"{text}\ncode: {call}\n", blocks)
    _, found = made(exposures, tmp_path)
    assert np.isfinite(found["SCI"]).any()
    assert not trap.exists()
