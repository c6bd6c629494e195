import gc
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from inprocess import read_slits
from specresample.common.errors import ResampleError
from specresample.level2b.exposure import Exposure, slit_label
from specresample.level2b.flags import mark_invalid
from specsim import (
    LrsGeometry,
    LrsSetup,
    SlitGeometry,
    Slitlet,
    Source,
    fixed_slit,
    write_lrs,
    write_nirspec,
)
from stdatamodels.jwst import datamodels

PLANES = {
    "sci": "data",
    "err": "err",
    "var_rnoise": "var_rnoise",
    "var_poisson": "var_poisson",
    "var_flat": "var_flat",
}


def slitlet(**options):
    source = Source(0, 0, continuum=2e-12)
    return Slitlet(SlitGeometry(name="S200A1", shape=(30, 40)), source=source, **options)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """An exposure of each kind."""
    folder = tmp_path_factory.mktemp("exposures")
    second = replace(slitlet(source_id=2), geometry=SlitGeometry(name="S400A1", shape=(20, 30)))
    box = ((4.5, 30.5), (5.7, 33.7))
    lrs = LrsSetup(
        geometry=LrsGeometry(shape=(40, 36), bounding_box=box), nods=(0.0,), model_type="ImageModel"
    )
    one = fixed_slit(slitlets=(slitlet(),), nods=(0.0,))
    products = {
        "SlitModel": write_nirspec(folder / "slit", one),
        "MultiSlitModel": write_nirspec(
            folder / "slits",
            replace(one, slitlets=(slitlet(), second), single=False, unit="MJy/sr"),
        ),
        "ImageModel": write_lrs(folder / "lrs", lrs),
        "cube": write_nirspec(folder / "cube", replace(one, integrations=3)),
    }
    return {name: product.members[0] for name, product in products.items()}


@pytest.fixture
def edited(files, tmp_path):
    """Copy an exposure after changing its HDUs."""

    def copy(change, kind="SlitModel"):
        path = tmp_path / "edited_cal.fits"
        with fits.open(files[kind]) as hdus:
            change(hdus)
            hdus.writeto(path)
        return path

    return copy


@pytest.fixture
def remodelled(files, tmp_path):
    """Copy an exposure after changing its data model."""

    def copy(change, kind="SlitModel"):
        path = tmp_path / "remodelled_cal.fits"
        with datamodels.open(str(files[kind])) as model:
            change(model)
            model.save(str(path))
        return path

    return copy


def read(path):
    with Exposure(path, in_memory=True) as exposure:
        return read_slits(exposure)


# ---- invalid pixels ----------------------------------------------------------------------------


def arrays(*names):
    found = {name: np.full((2, 3), 1.0 + i, np.float32) for i, name in enumerate(names)}
    return found | {"dq": np.zeros((2, 3), np.uint32)}


@pytest.mark.parametrize("where", PLANES)
def test_nan_in_any_array_makes_a_pixel_invalid_in_all(where):
    given = arrays(*PLANES)
    given[where][1, 2] = np.nan
    given["dq"][1, 2] = 4
    found = mark_invalid(given)
    for number, name in enumerate(PLANES):
        assert np.isnan(found[name][1, 2])
        np.testing.assert_array_equal(found[name].ravel()[:-1], 1.0 + number)
    np.testing.assert_array_equal(found["dq"], [[0, 0, 0], [0, 0, 5]])


def test_do_not_use_makes_a_pixel_invalid_and_other_flags_do_not():
    given = arrays("sci", "err")
    given["dq"][0] = [1, 3, 2**32 - 2]
    found = mark_invalid(given)
    np.testing.assert_array_equal(found["sci"], [[np.nan, np.nan, 1], [1, 1, 1]])
    np.testing.assert_array_equal(found["err"], [[np.nan, np.nan, 2], [2, 2, 2]])
    np.testing.assert_array_equal(found["dq"], [[1, 3, 2**32 - 2], [0, 0, 0]])


# ---- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("kind", ["SlitModel", "MultiSlitModel", "ImageModel"])
def test_arrays_and_wcs_are_those_of_the_file(files, kind, in_memory):
    with (
        Exposure(files[kind], in_memory=in_memory) as exposure,
        datamodels.open(str(files[kind])) as model,
    ):
        assert exposure.model_type == kind
        assert exposure.reason_to_skip() is None
        slits = read_slits(exposure)
        expected = model.slits if kind == "MultiSlitModel" else [model]
        assert len(slits) == len(expected)
        for slit, reference in zip(slits, expected, strict=True):
            assert set(slit.arrays) == {*PLANES, "dq"}
            invalid = np.isnan(reference.data) | (reference.dq & 1 > 0)
            assert 0 < invalid.mean() < 0.6
            for name, attribute in PLANES.items():
                plane = np.where(invalid, np.nan, getattr(reference, attribute))
                np.testing.assert_array_equal(slit.arrays[name], plane)
                assert slit.arrays[name].dtype == np.float32
            np.testing.assert_array_equal(slit.arrays["dq"], reference.dq | invalid)
            assert slit.arrays["dq"].dtype == np.uint32
            np.testing.assert_array_equal(slit.wcs(12.0, 14.0), reference.meta.wcs(12.0, 14.0))


def test_metadata_of_exposure_and_slit(files):
    with Exposure(files["MultiSlitModel"], in_memory=True) as exposure:
        first, second = read_slits(exposure)
        assert exposure.metadata["meta.exposure.type"] == "NRS_FIXEDSLIT"
        assert exposure.metadata["meta.exposure.exposure_time"] > 0
    assert (first.metadata["name"], second.metadata["name"]) == ("S200A1", "S400A1")
    assert (first.metadata["source_id"], second.metadata["source_id"]) == (1, 2)
    for metadata in (first.metadata, second.metadata):
        assert metadata["meta.instrument.name"] == "NIRSPEC"
        assert metadata["meta.bunit_data"] == "MJy/sr"
        assert metadata["meta.wcsinfo.dispersion_direction"] == 1
        assert metadata["meta.photometry.pixelarea_steradians"] > 0
        assert all(isinstance(value, str | bool | int | float) for value in metadata.values())
        assert not [path for path in metadata if path.startswith("meta.wcs.")]


def test_fixed_slit_of_a_mos_exposure_keeps_its_type(remodelled):
    def change(model):
        model.meta.exposure.type = "NRS_MSASPEC"
        model.slits[1].meta.exposure = {"type": "NRS_MSASPEC"}

    first, second = read(remodelled(change, "MultiSlitModel"))
    assert first.metadata["meta.exposure.type"] == "NRS_FIXEDSLIT"
    assert second.metadata["meta.exposure.type"] == "NRS_MSASPEC"


@pytest.mark.parametrize("kind", ["SlitModel", "MultiSlitModel", "ImageModel"])
def test_edited_headers_count_as_in_data_models(edited, kind):
    def change(hdus):
        hdus[0].header["TARGNAME"], hdus[0].header["EFFEXPTM"] = "edited", 12.5
        hdus[0].header["FILENAME"] = "edited_cal.fits"  # as data models correct it
        for hdu in hdus:
            if hdu.name == "SCI":
                hdu.header["SRCNAME"], hdu.header["SOURCEID"] = f"edited {hdu.ver}", 70 + hdu.ver

    path = edited(change, kind)
    with Exposure(path, in_memory=True) as exposure, datamodels.open(str(path)) as model:
        slits = read_slits(exposure)
        flat = {
            name: value
            for name, value in model.to_flat_dict(include_arrays=False).items()
            if isinstance(value, str | bool | int | float)
        }
        assert exposure.metadata == {name: flat[name] for name in flat if name.startswith("meta.")}
    assert exposure.metadata["meta.target.catalog_name"] == "edited"
    assert exposure.metadata["meta.exposure.exposure_time"] == 12.5
    for number, slit in enumerate(slits):
        if kind != "ImageModel":  # which says nothing of sources
            assert slit.metadata["source_name"] == f"edited {number + 1}"
            assert slit.metadata["source_id"] == 71 + number
        prefix = f"slits.{number}." if kind == "MultiSlitModel" else ""
        for name in slit.metadata.keys() - exposure.metadata.keys():
            assert slit.metadata[name] == flat[f"{prefix}{name}"]


@pytest.mark.parametrize(
    ("metadata", "label"),
    [
        ({"name": "S1", "source_id": 7, "source_name": "a_7"}, "S1 (source a_7)"),
        ({"name": "S1", "source_id": 7}, "S1 (source 7)"),
        ({"name": "S1", "source_id": 0}, "S1 (source 0)"),
        ({"name": "S1"}, "S1"),
        ({}, "number 3"),
    ],
)
def test_slit_label(metadata, label):
    assert slit_label(metadata, 2) == label


def test_missing_arrays(remodelled):
    def change(model):
        for name in ("var_rnoise", "dq", "err"):
            delattr(model, name)

    (slit,) = read(remodelled(change))
    assert "var_rnoise" not in slit.arrays
    # Without DQ the invalid pixels are those with NaN.
    np.testing.assert_array_equal(slit.arrays["dq"], np.isnan(slit.arrays["sci"]))
    assert 0 < slit.arrays["dq"].mean() < 0.6


def test_array_of_another_shape_is_left_out(edited, caplog):
    def change(hdus):
        hdus["VAR_FLAT"].data = hdus["VAR_FLAT"].data[:-1]

    (slit,) = read(edited(change))
    assert set(slit.arrays) == {"sci", "err", "var_rnoise", "var_poisson", "dq"}
    assert "slit S200A1 (source 1): VAR_FLAT has another shape than SCI" in caplog.text


def remove(model_or_hdus, name):
    del model_or_hdus[name]


def test_slit_without_wcs(edited):
    path = edited(lambda hdus: remove(hdus, "ASDF"))
    reason = re.escape("no WCS (is there an ASDF extension, is the file complete?)")
    with pytest.raises(ResampleError, match=f"^{reason}$"):
        read(path)


def test_one_bad_slit_leaves_the_other(remodelled):
    path = remodelled(lambda model: delattr(model.slits[0].meta, "wcs"), "MultiSlitModel")
    with Exposure(path, in_memory=True) as exposure:
        with pytest.raises(ResampleError, match=r"^no WCS"):
            exposure.slit(0, exposure.slit_metadata(0))
        second = exposure.slit(1, exposure.slit_metadata(1))
    assert second.metadata["name"] == "S400A1"
    assert np.isfinite(second.arrays["sci"]).any()


@pytest.mark.parametrize(
    ("subtracted", "expected"),
    [
        (False, 5e-13),
        (True, 0.0),
    ],
)
def test_known_background_is_subtracted_once(files, remodelled, subtracted, expected):
    def change(model):
        model.meta.background.level = 5e-13
        model.meta.background.subtracted = subtracted

    (before,), (after,) = read(files["SlitModel"]), read(remodelled(change))
    difference = before.arrays["sci"] - after.arrays["sci"]
    np.testing.assert_allclose(difference[np.isfinite(difference)], expected, atol=1e-18)


# ---- exposures that are not resampled ----------------------------------------------------------


def test_cubes_are_skipped(files):
    with Exposure(files["cube"], in_memory=True) as exposure:
        assert exposure.reason_to_skip() == "3-D data (integrations) are not resampled"
        reason = re.escape("SCI is not an image (shape (3, 30, 40))")
        with pytest.raises(ResampleError, match=f"{reason}$"):
            read_slits(exposure)


@pytest.mark.parametrize(
    "kind", ["MIR_IMAGE", "NIS_WFSS", "MIR_MRS", "NRS_IFU", "NRS_TACQ", "NRS_BRIGHTOBJ"]
)
def test_other_kinds_of_exposures_are_skipped(edited, kind):
    path = edited(lambda hdus: hdus[0].header.set("EXP_TYPE", kind))
    with Exposure(path, in_memory=True) as exposure:
        assert exposure.reason_to_skip() == f"EXP_TYPE {kind} is not one of slit spectra"


@pytest.mark.parametrize("kind", ["NRS_MSASPEC", "NRS_LAMP", "MIR_LRS-FIXEDSLIT"])
def test_slit_spectra_are_not_skipped(edited, kind):
    path = edited(lambda hdus: hdus[0].header.set("EXP_TYPE", kind))
    with Exposure(path, in_memory=True) as exposure:
        assert exposure.reason_to_skip() is None


def refusal(path):
    with pytest.raises(ResampleError) as error:
        Exposure(path, in_memory=True)
    message = str(error.value)
    assert message.startswith(f"{path}: not readable as a JWST exposure (")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("content", [b"", b"not FITS at all\nnor ever\n", b"{}", b"SIMPLE  ="])
def test_file_that_is_not_fits(tmp_path, content):
    path = tmp_path / "bad_cal.fits"
    path.write_bytes(content)
    refusal(path)


def test_missing_file(tmp_path):
    assert "No such file" in refusal(tmp_path / "none_cal.fits")


def cut(path, folder, share):
    """Copy the first part of a file."""
    content = path.read_bytes()
    copy = folder / "cut_cal.fits"
    copy.write_bytes(content[: int(share * len(content))])
    return copy


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_truncated_file(files, tmp_path, share):
    refusal(cut(files["SlitModel"], tmp_path, share))
    gc.collect()


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_file_that_cannot_be_read_is_closed(files, tmp_path, share):
    path = cut(files["SlitModel"], tmp_path, share)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        refusal(path)
        gc.collect()
    assert not [warning for warning in caught if warning.category is ResourceWarning]
