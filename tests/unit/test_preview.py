"""Pictures of products: what is read, what is drawn, and what is said of broken ones."""

import hashlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from pictures import axes_of
from specresample.common.errors import ResampleError
from specresample.quality.extraction import signal_to_noise, spatial_profile
from specresample.reporting.preview import (
    SLITS_IN_FULL,
    outlier_places,
    preview,
    split_names,
    sum_spectrum,
    write_preview,
)
from specresample.s2d.read import count_exposures, read_product

ROWS, COLUMNS = 9, 40
PROFILE = np.exp(-0.5 * ((np.arange(ROWS) - 4) / 1.2) ** 2)
PROFILE /= PROFILE.sum()
FLUX = np.linspace(2.0, 5.0, COLUMNS)  # microjansky
GREY = to_rgba("0.82")


def arrays(rows=ROWS, columns=COLUMNS):
    """Arrays of a slit with a source, wavelength along x."""
    profile = PROFILE if rows == ROWS else np.full(rows, 1 / rows)
    flux = FLUX if columns == COLUMNS else np.full(columns, 3.0)
    context = np.ones((1, rows, columns), np.int32)
    context[0, : rows // 2] = 0b101
    return {
        "SCI": (profile[:, None] * flux * 1e-12).astype(np.float32),
        "ERR": np.full((rows, columns), 1e-14, np.float32),
        "WAVELENGTH": np.tile(np.linspace(3, 5, columns, dtype=np.float32), (rows, 1)),
        "WHT": np.full((rows, columns), 2.0, np.float32),
        "CON": context,
    }


HEADER = {
    "BUNIT": "MJy",
    "DISPAXIS": 1,
    "SLTNAME": "S200A1",
    "SOURCEID": 7,
    "CTYPE2": "OFFSET",
    "CRPIX2": 5.0,
    "CDELT2": 0.1,
}


def write(path, *slits, **header):
    """Write a product of slits, each a mapping of arrays."""
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header.update({"INSTRUME": "NIRSPEC", "FILTER": "F290LP", "EFFEXPTM": 1500.0})
    for version, slit in enumerate(slits or [arrays()], start=1):
        for name, array in slit.items():
            hdus.append(fits.ImageHDU(array, name=name, ver=version))
        hdus["SCI", version].header.update(
            {key: value for key, value in (HEADER | header).items() if value is not None}
        )
    hdus.writeto(path)
    return path


@pytest.fixture
def slit(tmp_path):
    (slit,) = read_product(write(tmp_path / "a_s2d.fits"))
    return slit


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def picture(axes):
    """The image of axes as RGBA, row 0 at the bottom."""
    (image,) = axes.images
    return image.to_rgba(image.get_array())


def assert_apart(figure):
    """No line of text lies on another one."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    lines, boxes = [], []

    def record(gc, x, y, line, prop, angle, ismath=False, mtext=None):
        width, height, _ = renderer.get_text_width_height_descent(line, prop, ismath)
        lines.append(line)
        boxes.append([x, y - height, x + width, y] if angle == 0 else [x - height, y - width, x, y])

    renderer.draw_text = record
    figure.draw(renderer)
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        left, top, right, bottom = np.reshape(boxes[index + 1 :], (-1, 4)).T
        overlap = (left < x1) & (right > x0) & (top < y1) & (bottom > y0)
        assert not overlap.any(), (lines[index], lines[index + 1 + np.argmax(overlap)])
    assert np.min(boxes) >= 0
    assert (np.max(boxes, axis=0)[2:] <= figure.bbox.size).all()


# ---- reading -----------------------------------------------------------------------------------


def test_axes_and_units(slit):
    assert (slit.wavelength.unit, slit.offset.unit) == ("um", "arcsec")
    step = 2 / (COLUMNS - 1)
    np.testing.assert_allclose(slit.wavelength.edges, 3 + step * (np.arange(COLUMNS + 1) - 0.5))
    np.testing.assert_allclose(slit.offset.edges, 0.1 * (np.arange(ROWS + 1) - 4.5), atol=1e-12)
    assert (slit.unit, slit.sum_unit) == ("µJy", "µJy")
    np.testing.assert_allclose(slit.sci.sum(axis=0), FLUX, rtol=1e-6)
    assert slit.label == "S200A1 (source 7)"
    assert slit.about == ("NIRSPEC F290LP", "1,500 s effective exposure", "9 x 40 pixels")
    assert slit.remarks == ()


def test_dispersion_along_y_with_falling_wavelengths_is_drawn_alike(tmp_path, slit):
    turned = {name: np.swapaxes(array, -1, -2)[..., ::-1, :] for name, array in arrays().items()}
    header = {"DISPAXIS": 2, "CTYPE2": None, "CRPIX2": None, "CDELT2": None}
    spatial = {"CTYPE1": "OFFSET", "CRPIX1": 5.0, "CDELT1": 0.1}
    (found,) = read_product(write(tmp_path / "b_s2d.fits", turned, **header, **spatial))
    for name in ("sci", "err", "wht", "contributions"):
        np.testing.assert_array_equal(getattr(found, name), getattr(slit, name), err_msg=name)
    np.testing.assert_allclose(found.wavelength.edges, slit.wavelength.edges)
    np.testing.assert_allclose(found.offset.edges, slit.offset.edges)


def test_without_celestial_axis_offsets_are_pixels(tmp_path):
    (slit,) = read_product(write(tmp_path / "a_s2d.fits", CTYPE2=None))
    assert slit.offset.unit == "pixel"
    np.testing.assert_array_equal(slit.offset.edges, np.arange(ROWS + 1) - 0.5)


@pytest.mark.parametrize(
    ("header", "factor", "unit"),
    [
        ({"BUNIT": "MJy/sr", "PIXAR_SR": 5e-13}, 0.5, "µJy"),
        ({"BUNIT": "MJy/sr"}, 1.0, "MJy/sr pixel"),
        ({"BUNIT": "DN/s"}, 1.0, "DN/s"),
        ({"BUNIT": None}, 1.0, ""),
    ],
)
def test_unit_of_the_sum(tmp_path, header, factor, unit):
    (slit,) = read_product(write(tmp_path / "a_s2d.fits", **header))
    assert (slit.sum_factor, slit.sum_unit) == (pytest.approx(factor), unit)


def test_gap_between_detectors_stays_empty(tmp_path):
    gapped = arrays()
    gapped["WAVELENGTH"][:, COLUMNS // 2 :] += 1
    (slit,) = read_product(write(tmp_path / "a_s2d.fits", gapped))
    assert slit.sci.shape == (ROWS, COLUMNS + 1)
    gap = COLUMNS // 2
    assert np.isnan(slit.sci[:, gap]).all()
    assert (slit.contributions[:, gap] == 0).all()
    steps = np.diff(slit.wavelength.edges)
    np.testing.assert_allclose(np.delete(steps, gap), 2 / (COLUMNS - 1), rtol=1e-4)
    assert steps[gap] == pytest.approx(1, rel=1e-4)


def test_fill_value_is_no_data(tmp_path):
    filled = arrays()
    filled["SCI"][2], filled["WHT"][2] = -1e20, 0
    (slit,) = read_product(write(tmp_path / "a_s2d.fits", filled))
    assert np.isnan(slit.sci[2]).all()
    assert np.isfinite(np.delete(slit.sci, 2, axis=0)).all()


def test_70_exposures_in_three_planes():
    context = np.zeros((3, 2, 2), np.uint32)
    context[:, 0, 0] = 2**32 - 1, 2**32 - 1, 2**6 - 1
    context[1, 1, 1] = 2**31
    contributions, number = count_exposures(context.view(np.int32))
    np.testing.assert_array_equal(contributions, [[70, 0], [0, 1]])
    assert number == 70


@pytest.mark.parametrize("name", ["nirspec_mos_sim-default", "miri_lrs_sim-default"])
def test_products_of_jwst_are_read(shared, name):
    slits = read_product(shared / f"data/expected/{name}_s2d.fits")
    assert len(slits) == (12 if "mos" in name else 1)
    for slit in slits:
        assert slit.remarks == ()
        assert slit.wavelength.unit == "um"
        assert (np.diff(slit.wavelength.edges) > 0).all()
        assert slit.contributions.max() <= slit.n_exposures <= 3


# ---- measuring ---------------------------------------------------------------------------------


def test_profile_is_the_weighted_mean_of_valid_pixels():
    sci = np.array([[1.0, 3.0, np.nan], [np.nan, np.nan, np.nan]])
    wht = np.array([[3.0, 1.0, 9.0], [1.0, 1.0, 1.0]])
    np.testing.assert_allclose(spatial_profile(sci, wht), [1.5, np.nan])
    np.testing.assert_allclose(spatial_profile(sci, np.ones((2, 3))), [2.0, np.nan])


def test_sum_is_the_flux_of_the_source_despite_holes(slit):
    sci = slit.sci.copy()
    sci[4, 10:13] = np.nan
    flux, error = sum_spectrum(slit)
    holed, holed_error = sum_spectrum(replace(slit, sci=sci))
    # Rows in the wings that are not significant are not summed.
    np.testing.assert_allclose(flux, FLUX, rtol=2e-2)
    np.testing.assert_allclose(holed, FLUX, rtol=3e-2)
    assert (holed_error[10:13] > error[10:13]).all()
    assert signal_to_noise(flux, error) == pytest.approx(np.median(flux / error))


def test_errors_of_the_sum_are_those_of_its_noise(slit):
    rng = np.random.default_rng(1)
    noisy = (slit.sci + rng.normal(0, 0.05, (200, *slit.sci.shape))).astype(float)
    slits = [replace(slit, sci=sci, err=np.full(sci.shape, 0.05)) for sci in noisy]
    fluxes, errors = np.array([sum_spectrum(each) for each in slits]).swapaxes(0, 1)
    assert errors.mean() == pytest.approx(fluxes.std(axis=0).mean(), rel=0.1)


def test_empty_slit_is_summed_over_all_rows(slit):
    empty = replace(slit, sci=np.zeros_like(slit.sci), err=np.full(slit.sci.shape, 0.1))
    flux, error = sum_spectrum(empty)
    np.testing.assert_array_equal(flux, 0)
    np.testing.assert_allclose(error, 0.1 * np.sqrt(ROWS))


def test_names_are_split_into_what_they_share_and_what_differs():
    names = ["a_1_x_nrs1", "a_1_x_nrs2", "a_2_x_nrs1"]
    assert split_names(names) == ("a_x", ["1_nrs1", "1_nrs2", "2_nrs1"])
    for names in (["a_1"], ["a_1", "b"], []):
        assert split_names(names) == ("", names)


# ---- drawing -----------------------------------------------------------------------------------


def test_panels_share_axes_in_physical_units(slit):
    figure = preview([("product", slit)])
    for name in ("SCI", "WHT", "CON"):
        axes = axes_of(figure, name)
        assert axes.get_xlim() == tuple(slit.wavelength.edges[[0, -1]])
        assert axes.get_ylim() == tuple(slit.offset.edges[[0, -1]])
    assert axes_of(figure, "sum").get_xlim() == axes_of(figure, "SCI").get_xlim()
    assert axes_of(figure, "profile").get_ylim() == axes_of(figure, "SCI").get_ylim()
    assert axes_of(figure, "CON").get_xlabel() == "wavelength (µm)"
    assert axes_of(figure, "SCI").get_ylabel() == "offset (arcsec)"
    assert axes_of(figure, "sum").get_ylabel() == "sum (µJy)"
    assert {"product", slit.label} < set(texts(figure))
    width, height = figure.get_size_inches() * 100
    assert (width, height) == (1400, 900)


def test_drawn_data(slit):
    figure = preview([("product", slit)])
    drawn = {name: axes_of(figure, name).images[0].get_array() for name in ("SCI", "WHT", "CON")}
    np.testing.assert_array_equal(drawn["SCI"], slit.sci)
    np.testing.assert_array_equal(drawn["WHT"], slit.wht)
    np.testing.assert_array_equal(drawn["CON"], slit.contributions)
    (line,) = axes_of(figure, "sum").patches[1:]
    np.testing.assert_array_equal(line.get_data().values, sum_spectrum(slit)[0])
    low, high = axes_of(figure, "sum").get_ylim()
    assert low < 0 < FLUX.max() < high < 2 * FLUX.max()


def test_pixels_without_data_have_a_colour_of_their_own(slit):
    sci = slit.sci.copy()
    sci[0, 0] = np.nan
    sci[0, 1] = -100
    figure = preview([("product", replace(slit, sci=sci))])
    image = picture(axes_of(figure, "SCI"))
    grey = np.isclose(image, GREY).all(axis=-1)
    assert grey[0, 0]
    assert grey.sum() == 1
    sheet = preview([(name, replace(slit, sci=sci)) for name in "abcd"])
    grey = np.isclose(picture(axes_of(sheet, "a")), GREY).all(axis=-1)
    assert grey[0, 0]
    assert grey.sum() == 1


def test_profiles_of_exposures_are_drawn_over_that_of_the_product(slit):
    exposures = {f"jw1_0000{number}_nrs1": number * PROFILE for number in (1, 2, 3)}
    axes = axes_of(preview([("product", slit)], [exposures]), "profile")
    combined, *others = axes.patches
    np.testing.assert_array_equal(combined.get_data().values, spatial_profile(slit.sci, slit.wht))
    for drawn, profile in zip(others, exposures.values(), strict=True):
        np.testing.assert_array_equal(drawn.get_data().values, profile)
        np.testing.assert_array_equal(drawn.get_data().edges, slit.offset.edges)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["product", "00001", "00002", "00003"]


OUTLIERS = {"e_1": np.array([[3.2, 4.0], [-0.1, 0.2]]), "e_2": np.array([[4.5], [0.0]])}


def test_outliers_are_marked_and_counted(slit):
    figure = preview([("product", slit)], [{}], [OUTLIERS])
    marks = axes_of(figure, "CON").lines
    for line, (exposure, places) in zip(marks, OUTLIERS.items(), strict=True):
        np.testing.assert_array_equal(line.get_data(), places)
        assert line.get_label() == exposure
    assert "outliers: 2, 1" in "\n".join(texts(figure))
    assert_apart(figure)
    many = {f"e_{number}": places for number in range(20) for places in [OUTLIERS["e_1"]]}
    assert "outliers: 40" in "\n".join(texts(preview([("product", slit)], [{}], [many])))
    assert "outliers" not in "\n".join(texts(preview([("product", slit)])))


class Single:
    """A drizzled exposure with one outlier."""

    def __init__(self, x, y):
        self._place = {"x": np.array([x], np.float32), "y": np.array([y], np.float32)}

    def group(self, prefix):
        return {"outliers": self._place}


@pytest.mark.parametrize("dispersion_axis", [1, 2])
def test_outliers_are_where_the_slit_has_them(slit, dispersion_axis):
    grid = SimpleNamespace(wavelength_image=lambda: image)
    image = arrays()["WAVELENGTH"]
    x, y = 10, 2.5
    if dispersion_axis == 2:
        image, x, y = image.T[::-1], y, COLUMNS - 1 - x
    source = SimpleNamespace(grid=grid, slits={"e": 0}, number=7)
    turned = replace(slit, dispersion_axis=dispersion_axis)
    (place,) = outlier_places(turned, source, {"e": Single(x, y)}).values()
    expected = 3 + 10 * 2 / (COLUMNS - 1), 0.1 * (2.5 - 4)
    np.testing.assert_allclose(place[:, 0], expected, rtol=1e-6)


def test_many_exposures_are_drawn_alike_under_one_name(slit):
    exposures = {f"exposure_{number}": PROFILE for number in range(70)}
    axes = axes_of(preview([("product", slit)], [exposures]), "profile")
    assert len(axes.patches) == 71
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["product", "70 exposures"]


def test_columns_known_badly_do_not_set_the_limits(slit):
    sci, err = slit.sci.copy(), slit.err.copy()
    sci[:, 0], err[:, 0] = 1e4, 1e4
    axes = axes_of(preview([("product", replace(slit, sci=sci, err=err))]), "sum")
    assert axes.get_ylim()[1] < 10


def changed(**values):
    slit = arrays()
    for name, value in values.items():
        slit[name][...] = value
    return slit


# A broken slit, and what its picture says.
BROKEN = {
    "all NaN": (changed(SCI=np.nan), "no valid pixel"),
    "all infinite": (changed(SCI=np.inf), "no valid pixel"),
    "no weight": (changed(WHT=0), "no pixel has weight"),
    "no context": (changed(CON=0), "no exposure contributes"),
    "constant": (changed(SCI=3e-12), "all valid pixels are 3"),
    "without ERR": (
        {name: array for name, array in arrays().items() if name != "ERR"},
        "no ERR in the product",
    ),
    "errors unknown": (changed(ERR=np.nan), "median S/N unknown"),
    "one wavelength": (changed(WAVELENGTH=4.0), "wavelengths neither rise nor fall"),
    "no wavelengths": (changed(WAVELENGTH=np.nan), "wavelengths neither rise nor fall"),
    "not rectified": (
        changed(WAVELENGTH=arrays()["WAVELENGTH"] + 0.1 * np.arange(ROWS)[:, None]),
        "wavelengths vary along the slit",
    ),
    "one row": (arrays(rows=1), "1 x 40 pixels"),
    "one column": (arrays(columns=1), "9 x 1 pixels"),
    "one pixel": (arrays(rows=1, columns=1), "1 x 1 pixels"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_products_are_drawn_and_say_so(tmp_path, name):
    slit, message = BROKEN[name]
    slits = [("broken", slit) for slit in read_product(write(tmp_path / "a_s2d.fits", slit))]
    figure = preview(slits)
    assert message in "\n".join(texts(figure))
    assert_apart(figure)


@pytest.mark.parametrize("name", ["WHT", "CON", "WAVELENGTH"])
def test_products_that_are_not_whole_are_refused(tmp_path, name):
    slit = arrays()
    del slit[name]
    path = write(tmp_path / "a_s2d.fits", arrays(), slit)
    with pytest.raises(ResampleError, match=f"a_s2d.fits: no {name} beside SCI,2"):
        read_product(path)


def test_broken_products_are_on_a_contact_sheet(tmp_path):
    slits = []
    for name, (slit, _) in BROKEN.items():
        slits += [(name, slit) for slit in read_product(write(tmp_path / f"{name}.fits", slit))]
    FigureCanvasAgg(preview(slits)).draw()


# One more than each arrangement of thumbnails holds, and many.
@pytest.mark.parametrize("number", [SLITS_IN_FULL + 1, 5, 13, 61, 200])
def test_contact_sheet_shows_every_slit_apart_from_the_others(slit, number):
    labels = [f"{n} (source 2736_{100000 + n})" for n in range(number)]
    slits = [("jw02736-o007_nirspec_f290lp-g395m", replace(slit, label=text)) for text in labels]
    figure = preview(slits, (), [OUTLIERS] * number)
    assert [axes.get_label() for axes in figure.axes] == labels
    assert set(labels) < set(texts(figure))
    assert sum("S/N" in text and "2.97-5.03 µm" in text for text in texts(figure)) == number
    assert texts(figure).count("outliers: 2, 1") == number
    assert_apart(figure)
    boxes = np.array([axes.get_position().extents for axes in figure.axes])
    assert (boxes > 0).all()
    assert (boxes < 1).all()
    width, height = figure.get_size_inches()
    assert width == 14
    assert height < 60
    for index, box in enumerate(boxes):
        x0, y0, x1, y1 = np.delete(boxes, index, axis=0).T
        assert ((x1 <= box[0]) | (x0 >= box[2]) | (y1 <= box[1]) | (y0 >= box[3])).all()


def test_many_slits_become_a_contact_sheet_and_few_are_drawn_in_full(tmp_path):
    few = read_product(write(tmp_path / "a_s2d.fits", *[arrays()] * SLITS_IN_FULL))
    figure = preview([("a", slit) for slit in few])
    assert len(figure.subfigs) == SLITS_IN_FULL
    many = [("a", slit) for slit in [*few, few[0]]]
    assert [axes.get_label() for axes in preview(many).axes] == ["S200A1 (source 7)"] * 4


def test_sheet_of_several_files_is_labelled_by_what_tells_them_apart(slit):
    sources = [f"jw1_s00{number}_g395m" for number in range(4)]
    figure = preview([(source, slit) for source in sources])
    assert [axes.get_label() for axes in figure.axes] == ["s000", "s001", "s002", "s003"]
    assert "jw1_g395m" in texts(figure)
    figure = preview([(source, slit) for source in sources[:2] for _ in range(2)])
    assert [axes.get_label() for axes in figure.axes][::2] == [
        "s000 S200A1 (source 7)",
        "s001 S200A1 (source 7)",
    ]


def test_long_target_names_are_cut(slit):
    long = replace(slit, about=("A-VERY-LONG-TARGET-NAME-" * 3, *slit.about))
    figure = preview(
        [("product", long)], [{f"jw1_0000{number}_nrs1": PROFILE for number in "123456"}]
    )
    assert_apart(figure)
    assert "A-VERY-LONG-TARGET-NAME-A-VERY…" in "\n".join(texts(figure))


def test_product_without_slits_is_said():
    assert "no slit to show" in texts(preview([]))


def test_equal_pictures_are_equal_bytes_whatever_the_settings(tmp_path, slit):
    def digest(name):
        write_preview(tmp_path / name, preview([("product", slit)]))
        return hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()

    expected = digest("a.png")
    with rc_context({"font.size": 20, "image.cmap": "hot", "savefig.dpi": 30}):
        assert digest("b.png") == expected
    assert {path.name for path in tmp_path.glob("*.png")} == {"a.png", "b.png"}
    assert b"Software" not in (tmp_path / "a.png").read_bytes()
