"""Headers of our products against those of jwst's, keyword by keyword (needs reference data)."""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from stdatamodels.jwst import datamodels

# The only differences that are allowed, with the reason.
ALLOWED = {
    "DATE": "when the file was made",
    "FILENAME": "what it is called",
    "ASNTABLE": "what the association is called",
    "CHECKSUM": "more than the reference writes",
    "DATASUM": "more than the reference writes",
    "KERNEL": "more than the reference writes",
    "FILLVAL": "more than the reference writes",
    "HISTORY": "more than the reference writes: provenance",
    "WCSAXES": "more than the reference writes: FITS WCS",
    **{
        f"{key}{axis}": "more than the reference writes: FITS WCS"
        for key in ("CTYPE", "CUNIT", "CRPIX", "CRVAL", "CDELT")
        for axis in (1, 2)
    },
    **{
        f"PS{axis}_{number}": "more than the reference writes: FITS WCS"
        for axis in (1, 2)
        for number in (0, 1, 2)
    },
}

# With several slits jwst keeps the first exposure's header; ours is blended, as documented.
BLENDED = {
    "EXPMID": "mean of all exposures",
    "EXPEND": "end of the last exposure",
    "EFFEXPTM": "sum over the exposures",
    "XPOSURE": "sum over the exposures",
    "TMEASURE": "sum over the exposures",
    "DURATION": "sum over the exposures",
    "TELAPSE": "sum over the exposures",
    "NDRIZ": "not written by jwst",
    "RESWHT": "not written by jwst",
}

# Numbers that jwst takes through the inverse of a WCS, which is off by 1e-4 pixel.
INEXACT = {"PXSCLRT": 1e-6, "PIXAR_SR": 1e-6, "PIXAR_A2": 1e-6, "SRCXPOS": 1e-9, "SRCYPOS": 1e-9}


@pytest.fixture
def files(pair):
    with fits.open(pair[0]) as ours, fits.open(pair[1]) as reference:
        yield ours, reference


def test_extensions(files):
    ours, reference = ([(hdu.name, hdu.ver) for hdu in hdus] for hdus in files)
    several = ("SCI", 2) in reference
    expected = [*reference[:-1], *([("HDRTAB", 1)] if several else []), ("WCS-TABLE", 1)]
    assert ours == [*expected, ("ASDF", 1)]


def test_keywords(files):
    ours, reference = files
    allowed = ALLOWED | (BLENDED if ("SCI", 2) in reference else {})
    for expected in reference:
        if expected.name in ("ASDF", "HDRTAB"):
            continue
        header = ours[expected.name, expected.ver].header
        apart = [*allowed, *INEXACT, "S_REGION"]
        difference = fits.HeaderDiff(without(header, apart), without(expected.header, apart))
        assert difference.identical, f"{expected.name},{expected.ver}\n{difference.report()}"
        for key in INEXACT.keys() & expected.header.keys():
            assert header[key] == pytest.approx(expected.header[key], rel=INEXACT[key]), key
        if "S_REGION" in expected.header:
            assert_same_region(header["S_REGION"], expected.header["S_REGION"])


def without(header, keywords):
    header = header.copy(strip=True)
    for keyword in keywords:
        header.remove(keyword, ignore_missing=True, remove_all=True)
    return header


def assert_same_region(region, expected):
    assert region.split()[:2] == expected.split()[:2]
    corners, expected = (np.array(r.split()[2:], float) for r in (region, expected))
    np.testing.assert_allclose(corners, expected, rtol=0, atol=2e-9)


def test_header_table(files):
    ours, reference = files
    if "HDRTAB" not in reference:
        pytest.skip("jwst writes no header table for several slits")
    table, expected = ours["HDRTAB"], reference["HDRTAB"]
    assert table.columns.names == expected.columns.names
    for name in table.columns.names:
        if name in ALLOWED:
            continue
        assert table.columns[name].format == expected.columns[name].format, name
        np.testing.assert_array_equal(table.data[name], expected.data[name], err_msg=name)


def test_several_slits_have_a_blended_header(files):
    ours, reference = files
    if ("SCI", 2) not in reference:
        pytest.skip("one slit")
    times = ours["HDRTAB"].data["EFFEXPTM"]
    assert len(times) == 3
    assert ours[0].header["EFFEXPTM"] == times.sum()
    assert ours[0].header["NDRIZ"] == 3


def test_standard(pair):
    with fits.open(pair[0], checksum=True) as hdus:  # a wrong checksum would warn, and so raise
        hdus.verify("exception")
        assert all("CHECKSUM" in hdu.header for hdu in hdus)


@pytest.mark.filterwarnings("error")
def test_data_model(pair):
    with datamodels.open(str(pair[0])) as model:
        several = "_sim" in pair[0].name and "nirspec" in pair[0].name
        kind = datamodels.MultiSlitModel if several else datamodels.SlitModel
        assert type(model) is kind
        model.validate()


def slits(path):
    model = datamodels.open(str(path))
    return model, list(model.slits) if hasattr(model, "slits") else [model]


def test_wcs_of_viewers_agrees_with_gwcs(pair):
    model, models = slits(pair[0])
    with model, fits.open(pair[0]) as hdus:
        for number, slit in enumerate(models, start=1):
            header = hdus["SCI", number].header
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FITSFixedWarning)
                wcs = WCS(header, hdus)
            spectral = 0 if slit.meta.wcsinfo.dispersion_direction == 1 else 1
            ny, nx = slit.data.shape
            y, x = np.mgrid[:ny, :nx]
            world = wcs.all_pix2world(x.ravel(), y.ravel(), 0)
            expected = slit.meta.wcs(x.ravel(), y.ravel())[2]
            np.testing.assert_allclose(world[spectral], expected, rtol=0, atol=1e-6)
            assert wcs.wcs.cunit[1 - spectral] == "arcsec"
            zero = wcs.wcs.crpix[1 - spectral] - 1
            if "slit_frame" in slit.meta.wcs.available_frames:
                to_slit = slit.meta.wcs.get_transform("detector", "slit_frame")
                assert to_slit(0, zero)[1] == pytest.approx(slit.source_ypos, abs=1e-9)
            elif spectral == 1:
                assert zero == pytest.approx(slit.source_xpos, abs=1e-9)
            else:  # a grid handed in
                assert zero == (ny - 1) / 2
            np.testing.assert_allclose(
                wcs.wcs.cdelt[1 - spectral], pixel_scale(slit, spectral), rtol=1e-5
            )


def pixel_scale(slit, spectral):
    ny, nx = slit.data.shape
    x, y = np.array([[nx // 2] * 2, [ny // 2] * 2])
    (x, y)[1 - spectral][1] += 1
    ra, dec, _ = slit.meta.wcs(x, y)
    return 3600 * np.hypot(np.diff(ra)[0] * np.cos(np.deg2rad(dec[0])), np.diff(dec)[0])


def test_gwcs_round_trip(pair):
    model, models = slits(pair[0])
    with model:
        for slit in models:
            ny, nx = slit.data.shape
            y, x = np.mgrid[:ny, :nx].astype(float)
            back = slit.meta.wcs.invert(*slit.meta.wcs(x, y), with_bounding_box=False)
            np.testing.assert_allclose(back, (x, y), rtol=0, atol=1e-3)
            if "slit_frame" in slit.meta.wcs.available_frames:
                to_slit = slit.meta.wcs.get_transform("detector", "slit_frame")
                np.testing.assert_allclose(to_slit.inverse(*to_slit(x, y)), (x, y), atol=1e-3)
