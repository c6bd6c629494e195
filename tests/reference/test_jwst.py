"""Arguments and modes against jwst itself, on simulated exposures of many kinds.

Needs jwst in an environment of its own: JWST_PYTHON names its python. All cases run in one process
of jwst and in one run of the workflow.
"""

import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from runs import snakemake, write_association, write_config
from specsim import (
    LrsGeometry,
    LrsSetup,
    NirspecSetup,
    Pointing,
    SlitGeometry,
    fixed_slit,
    fixed_slits,
    lamp,
    mos,
    moving_target,
    prism_slitlet,
    write_lrs,
    write_nirspec,
)
from stdatamodels.jwst import datamodels

DRIVER = Path(__file__).with_name("jwst_driver.py")

# ---- exposures ---------------------------------------------------------------------------------

SLIT = SlitGeometry(
    name="S200A1",
    shape=(29, 150),
    wavelengths=(2.9, 3.7),
    unit=3.2,
    length=2.4,
    slant=-0.17,
    slope=2.3,
    curvature=-0.7,
    start=(794, 1042),
)
WIDE = SlitGeometry(
    name="S400A1",
    shape=(33, 120),
    wavelengths=(2.8, 3.5),
    unit=3.65,
    length=2.8,
    width=0.4,
    offset=(-8.0, 12.0),
    slope=-1.2,
    start=(830, 960),
)
PRISM = SlitGeometry(
    name="138",
    shape=(25, 110),
    wavelengths=(0.75, 5.25),
    disperser="prism",
    length=1.8,
    offset=(34.0, -50.0),
    slope=-2.0,
)
LRS = LrsGeometry(shape=(150, 58), bounding_box=((9.5, 47.5), (5.7, 140.7)), slope=-0.7)


def slits(setup=None, geometries=(SLIT,), **changes):
    """Set up an observation through small slits."""
    setup = setup or fixed_slit()
    setup = with_slitlets(setup, [{"geometry": geometry} for geometry in geometries])
    return replace(setup, **{"nods": (-0.43, 0.37), **changes})


def two_slits(**changes):
    return slits(fixed_slits(), (SLIT, WIDE), **changes)


def lrs(pointing=None, **changes):
    setup = LrsSetup(geometry=LRS, nods=(-0.6, 0.7), residual=2e-13)
    pointing = replace(setup.pointing, **(pointing or {}))
    return replace(setup, pointing=pointing, **changes)


def with_exposure(setup, **changes):
    return replace(setup, exposure=replace(setup.exposure, **changes))


def all_bad(setup, *exposures):
    """Lose all pixels of every slit in some exposures, one tuple of exposures per slit."""
    return with_slitlets(setup, [{"all_bad": numbers} for numbers in exposures])


def missing(setup, *exposures):
    """Leave every slit out of some exposures."""
    return with_slitlets(setup, [{"missing": numbers} for numbers in exposures])


def with_slitlets(setup, changes):
    slitlets = zip(setup.slitlets, changes, strict=True)
    return replace(setup, slitlets=tuple(replace(slit, **change) for slit, change in slitlets))


BACKGROUND = {"background": {"level": 3e-14, "subtracted": False, "method": "local"}}

SETUPS = {
    # One slit a file
    "grating": slits(
        pointing=Pointing(ra=201.3, dec=41.9, pa=157.0),
        steps=(0.0, 0.05),
        wavelength_shifts=(0.0, 2.4),
        ngroups=(70, 31),
        seed=11,
    ),
    "prism": slits(prism_slitlet(), (PRISM,), nods=(0.5, -0.48), ngroups=(20, 45), seed=12),
    "lone": slits(pointing=Pointing(ra=17.2, pa=-71.0), nods=(0.2,), heavy=True, seed=13),
    "detectors": slits(
        pointing=Pointing(pa=102.0),
        detectors={"NRS1": (2.9, 3.6), "NRS2": (3.75, 4.4)},
        ngroups=(20, 45),
        seed=14,
    ),
    "apart": slits(
        nods=(-0.5, 0.1, 0.6),
        wavelength_shifts=(0.0, 190.0, -40.3),
        unit="MJy/sr",
        seed=15,
    ),
    "little": slits(nods=(-0.5, 0.6), wavelength_shifts=(0.2,), seed=16),
    "moving": slits(moving_target(), motion=((-6.0, -3.0), (6.0, 3.0)), seed=17),
    "lamp": slits(lamp(), nods=(0.0, 0.0), wavelength_shifts=(0.0, 0.4), seed=18),
    "ra_0": slits(pointing=Pointing(ra=0.0, dec=12.0, pa=90.0), seed=19),
    "north": slits(pointing=Pointing(ra=77.0, dec=89.99, pa=20.0), heavy=True, seed=20),
    "south": slits(pointing=Pointing(ra=310.0, dec=-89.99, pa=120.0), nods=(0.4,), seed=21),
    "along_dec": slits(pointing=Pointing(pa=180.0), seed=22),
    "bare": with_exposure(
        slits(pixel_area=False, ngroups=(70, 31), seed=23), measurement_time=False
    ),
    "background": with_exposure(slits(nods=(0.2,), seed=24), extra=BACKGROUND),
    # Several slits a file
    "two_slits": two_slits(pointing=Pointing(pa=250.0), ngroups=(31, 70), seed=31),
    "mos": missing(mos(5, columns=(60, 90), seed=32), (), (), (), (2,), (1,)),
    "bad_slits": all_bad(two_slits(unit="MJy", seed=33), (1,), (1, 2)),
    "two_slits_background": with_exposure(
        two_slits(unit="MJy", nods=(0.2,), seed=34), extra=BACKGROUND
    ),
    # MIRI LRS
    "lrs": lrs({"pa": 35.0}, wavelength_shifts=(0.0, 1.4), ngroups=(125, 50), seed=41),
    "lrs_image": lrs({"pa": -110.0}, model_type="ImageModel", unit="MJy", seed=42),
    "lrs_lone": lrs(nods=(0.3,), seed=43),
    "lrs_ra_0": lrs({"ra": 0.0, "pa": 90.0}, source_position=False, seed=44),
    "lrs_along_dec": lrs({"pa": 0.0}, unit="MJy", seed=45),
    "lrs_south": lrs({"dec": -89.99, "pa": 50.0}, source_position=False, seed=46),
}


def leave_little(path):
    """Leave 60 good pixels of an exposure."""
    with fits.open(path, mode="update") as hdus:
        good = np.argwhere(hdus["DQ"].data & 1 == 0)
        hdus["DQ"].data[tuple(good[:700].T)] |= 1
        hdus["DQ"].data[tuple(good[760:].T)] |= 1


def write_exposures(folder):
    """Write the exposures of all setups; returns their paths."""
    members = {}
    for number, (name, setup) in enumerate(SETUPS.items()):
        # A program of its own for each, hence file names of its own.
        setup = with_exposure(setup, program=9000 + number)
        write = write_nirspec if isinstance(setup, NirspecSetup) else write_lrs
        members[name] = list(write(folder / name, setup).members)
    leave_little(members["little"][0])
    return members


# ---- cases -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Arguments for the exposures of a setup.

    The kinds are those of the driver. ``instead`` are arguments of jwst alone, for a case in which
    it fails itself; ``fails`` is why a test of the case fails, by its name.
    """

    data: str
    arguments: dict = field(default_factory=dict)
    kind: str = "product"
    instead: dict = field(default_factory=dict)
    fails: dict = field(default_factory=dict)

    @property
    def name(self):
        """Name of the product, without a template."""
        words = [self.data, *(f"{key}_{value}" for key, value in self.arguments.items())]
        if self.kind != "product":
            words.append(self.kind)
        name = "-".join(words).replace("/", "_").replace(", ", "x")
        return name.translate(str.maketrans("", "", "[]"))

    @property
    def product(self):
        """Name of the product in the association."""
        return self.name + "_{source_id}" * (self.kind == "sources")

    @property
    def several(self):
        """Whether the exposures have several slits."""
        return not getattr(SETUPS[self.data], "single", True)


# Setups of which grids are made: their pixel_scale_ratio, and the shape that some are cut to.
GRIDS = {
    "grating": (1.4, [120, 33]),
    "two_slits": (0.8, [110, 20]),
    "lrs": (1.7, [50, 100]),
    "bare": (1.0, [120, 20]),
}


CASES = [
    # One NIRSpec slit
    Case("grating"),
    Case("grating", {"pixfrac": 0.0, "fillval": "0"}),
    Case("grating", {"pixel_scale_ratio": 3.3, "fillval": "INDEF"}),
    Case("grating", {"pixel_scale": 0.07, "kernel": "point"}),
    Case("grating", {"output_shape": [140, 30], "blendheaders": False}),
    Case("grating", {"output_wcs": "grating/full", "pixel_scale": 0.2}),
    Case("grating", {"output_wcs": "grating/full_area", "weight_type": "exptime"}),
    Case("grating", {"output_wcs": "grating/array_shape_area", "propagate_dq": True}),
    Case(
        "grating",
        {"output_wcs": "grating/pixel_shape", "fillval": "-1.5"},
        instead={"output_wcs": "grating/trimmed"},
    ),
    Case(
        "grating",
        {"output_wcs": "grating/shapeless", "output_shape": [120, 33]},
        instead={"output_wcs": "grating/trimmed"},
    ),
    Case("grating", {"output_wcs": "grating/trimmed", "output_shape": [152, 40]}),
    Case("grating", {"pixel_scale_ratio": 2.0}, "singles"),
    Case("prism", {"kernel": "point", "fillval": "-1.5", "pixel_scale_ratio": 2.0}),
    Case("prism", {"pixel_scale": 0.15, "fillval": "-1.5", "propagate_dq": True}, "singles"),
    Case("lone", {"pixfrac": 0.3, "propagate_dq": True}),
    Case("detectors"),
    Case("detectors", {"pixel_scale_ratio": 0.5, "weight_type": "exptime"}),
    Case("apart", {"pixfrac": 0.3, "pixel_scale_ratio": 2.0}),
    Case("little", {"pixel_scale": 0.15, "fillval": "0"}),
    Case("moving", {"pixel_scale_ratio": 0.5, "fillval": "-1.5"}),
    Case("lamp", {"pixel_scale_ratio": 2.0, "pixfrac": 0.3}),
    Case("lamp", {"weight_type": "exptime", "propagate_dq": True, "pixel_scale": 0.05}),
    Case("ra_0"),
    Case("north", {"pixfrac": 0.3, "pixel_scale": 0.15}),
    Case("south", {"pixel_scale_ratio": 2.0, "kernel": "point"}),
    Case("along_dec", {"weight_type": "exptime", "pixel_scale_ratio": 0.5}),
    Case("bare", {"weight_type": "exptime", "pixel_scale": 0.07}),
    Case("bare", {"pixel_scale_ratio": 2.0, "output_wcs": "bare/full_area"}),
    Case("background"),
    # Several NIRSpec slits
    Case("two_slits", {"pixfrac": 0.0, "fillval": "-1.5"}),
    Case("two_slits", {"pixfrac": 0.3, "weight_type": "exptime", "output_shape": [100, 30]}),
    Case("two_slits", {"pixel_scale_ratio": 0.5, "propagate_dq": True}),
    Case("two_slits", {"pixel_scale_ratio": 2.0, "blendheaders": False}),
    Case("two_slits", {"output_wcs": "two_slits/box"}),
    Case("mos", {"kernel": "point", "fillval": "0", "pixel_scale": 0.15}),
    Case("mos", {"pixel_scale_ratio": 3.3, "fillval": "INDEF"}),
    Case("mos", {"fillval": "0", "propagate_dq": True}, "singles"),
    Case("mos", {}, "sources"),
    Case("bad_slits", {"fillval": "-1.5"}),
    Case("two_slits_background", {"pixel_scale_ratio": 0.5}),
    # MIRI LRS
    Case("lrs"),
    Case("lrs", {"pixfrac": 0.0, "fillval": "0"}),
    Case("lrs", {"pixfrac": 0.3, "weight_type": "exptime", "output_shape": [30, 100]}),
    Case("lrs", {"pixel_scale_ratio": 3.3, "fillval": "INDEF"}),
    Case("lrs", {"output_wcs": "lrs/full_area"}),
    Case(
        "lrs",
        {"output_wcs": "lrs/array_shape", "weight_type": "exptime"},
        instead={"output_wcs": "lrs/trimmed"},
    ),
    Case("lrs", {"pixel_scale_ratio": 2.0}, "singles"),
    Case("lrs_image", {"kernel": "point", "fillval": "-1.5"}),
    Case("lrs_image", {"pixel_scale_ratio": 0.5, "propagate_dq": True}),
    Case("lrs_lone", {"blendheaders": False, "pixel_scale_ratio": 2.0}),
    Case("lrs_ra_0", {"pixel_scale_ratio": 2.0, "weight_type": "exptime"}),
    Case("lrs_along_dec", {"pixel_scale": 0.05}),
    Case("lrs_south", {"pixfrac": 0.3}),
]


# ---- runs --------------------------------------------------------------------------------------


def order(association, output, kind, arguments):
    """Say to the driver what to do."""
    paths = {"association": str(association), "output": str(output)}
    return paths | {"kind": kind, "arguments": arguments}


def with_grid(arguments, work):
    """Put the path of a grid in the place of its name."""
    if "output_wcs" not in arguments:
        return arguments
    return arguments | {"output_wcs": str(work / "grids" / arguments["output_wcs"]) + ".asdf"}


def jwst_environment():
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


@pytest.fixture(scope="module")
def results(shared, tmp_path_factory):
    """Make all cases by both; returns the folder with ``jwst`` and ``results``."""
    python = os.environ.get("JWST_PYTHON")
    if not python:
        pytest.skip("JWST_PYTHON is not set: it names the python of an environment with jwst")
    work = tmp_path_factory.mktemp("jwst")
    exposures = write_exposures(work / "data")
    orders, overrides, associations = [], {}, []
    for name, (ratio, shape) in GRIDS.items():
        path = write_association(work / "data" / name, name, exposures[name], "grid.json")
        scale = {"pixel_scale_ratio": ratio}
        orders.append(order(path, work / "grids" / name, "grid", scale) | {"shape": shape})
    for case in CASES:
        path = write_association(work / "data" / case.data, case.product, exposures[case.data])
        arguments = case.arguments | {"single": case.kind == "singles"}
        theirs = with_grid(arguments | case.instead, work)
        orders.append(order(path, work / "jwst" / case.name, case.kind, theirs))
        overrides[case.product] = with_grid(arguments, work)
        associations.append(str(path))
    (work / "cases.json").write_text(json.dumps(orders))
    command = [python, DRIVER, shared / "oracle", work / "cases.json"]
    with (
        (work / "driver.log").open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=jwst_environment(), text=True
        ) as driver,
    ):
        driver.stdout.readline()  # comes when the grids are there
        assert not list(work.glob("grids/*/error")), "jwst fails to make the grids"
        snakemake(work, write_config(work, associations=associations, overrides=overrides))
        driver.stdout.read()  # until it ends
    assert driver.returncode == 0, (work / "driver.log").read_text()
    return work


# ---- comparison --------------------------------------------------------------------------------


@dataclass
class Slit:
    """A slit of a product: images and header of SCI."""

    file: Path
    number: int
    arrays: dict
    header: fits.Header


@dataclass
class Product:
    """A file."""

    primary: fits.Header
    table: fits.FITS_rec | None
    slits: list[Slit]


@cache
def read_product(path):
    """Read all of a file but its WCSs."""
    arrays, headers, table = {}, {}, None
    with fits.open(path, memmap=False) as hdus:
        for hdu in hdus[1:]:
            if hdu.is_image and hdu.data is not None:
                arrays.setdefault(hdu.ver, {})[hdu.name] = hdu.data
            if hdu.name == "SCI":
                headers[hdu.ver] = hdu.header
            if hdu.name == "HDRTAB":
                table = hdu.data
        primary = hdus[0].header
    parts = enumerate(zip(arrays.values(), headers.values(), strict=True))
    return Product(primary, table, [Slit(path, number, *part) for number, part in parts])


MODELS = {}


@pytest.fixture(scope="module", autouse=True)
def _close_models():
    yield
    for model in MODELS.values():
        model.close()


def wcs_of(slit):
    """WCS of a slit. Its file stays open, for tables are read when they are needed."""
    if slit.file not in MODELS:
        MODELS[slit.file] = datamodels.open(str(slit.file))
    model = MODELS[slit.file]
    return (model.slits[slit.number] if hasattr(model, "slits") else model).meta.wcs


def product_pairs(case, work):
    """Our products of a case and jwst's."""
    folder = work / "jwst" / case.name
    error = folder / "error"
    assert not error.exists(), error.read_text()
    theirs = [read_product(path) for path in sorted(folder.glob("*.fits"))]
    ours = work / "results"
    if case.kind == "product":
        (their,) = theirs
        if case.several and "output_wcs" in case.arguments:
            # We leave out slits that the grid does not overlap; jwst's are empty.
            slits = [slit for slit in their.slits if slit.arrays["WHT"].any()]
            their = replace(their, slits=slits)
        return [(read_product(ours / f"{case.name}_s2d.fits"), their)]
    if case.kind == "sources":
        made = [read_product(path) for path in ours.glob(f"{case.name}_*_s2d.fits")]
        by_source = {product.slits[0].header["SOURCEID"]: product for product in made}
        assert len(made) == len(theirs)
        return [(by_source[their.slits[0].header["SOURCEID"]], their) for their in theirs]
    made = {path.name: read_product(path) for path in (ours / case.name).glob("*.fits")}
    assert sum(len(product.slits) for product in made.values()) == len(theirs)
    pairs = []
    for their in theirs:
        # A file of ours holds all slits of an exposure, one of the driver a single one.
        (slit,) = their.slits
        our = made[slit.file.name.partition("-")[2]]
        (same,) = (s for s in our.slits if s.header["SOURCEID"] == slit.header["SOURCEID"])
        pairs.append((replace(our, slits=[same]), their))
    return pairs


def slit_pairs(case, work):
    """Our slits of a case and jwst's."""
    for ours, theirs in product_pairs(case, work):
        yield from zip(ours.slits, theirs.slits, strict=True)


def every_case(test):
    """Make a test of every case."""
    name = test.__name__.removeprefix("test_")
    cases = [
        pytest.param(
            case,
            id=case.name,
            marks=[pytest.mark.xfail(reason=case.fails[name], strict=True)]
            if name in case.fails
            else [],
        )
        for case in CASES
    ]
    return pytest.mark.parametrize("case", cases)(test)


@every_case
def test_arrays(case, results):
    for ours, theirs in slit_pairs(case, results):
        # To the singles that it does not return, jwst does not add wavelengths.
        names = set(theirs.arrays) | ({"WAVELENGTH"} if case.kind == "singles" else set())
        assert set(ours.arrays) == names
        for name, expected in theirs.arrays.items():
            compare_images(ours.arrays[name], expected, name)


def compare_images(image, expected, name):
    assert image.shape == expected.shape, name
    assert image.dtype == expected.dtype, name
    if image.dtype.kind in "iu":
        np.testing.assert_array_equal(image, expected, err_msg=name)
        return
    # jwst sums in single precision; what it loses there is in proportion to the largest terms,
    # which in SCI may be larger than the sum.
    finite = np.abs(expected[np.isfinite(expected)])
    floor = 1e-6 * np.percentile(finite, 99) if finite.size else 0
    np.testing.assert_allclose(image, expected, rtol=2e-5, atol=floor, err_msg=name)


@every_case
def test_wcs(case, results):
    for ours, theirs in slit_pairs(case, results):
        # Without a bounding box jwst fails, and is given a grid that has one.
        shape, boxed = theirs.arrays["SCI"].shape, not case.instead
        compare_wcs(wcs_of(ours), wcs_of(theirs), shape, boxed=boxed)


def compare_wcs(our, their, shape, *, boxed):
    """Compare both directions all over a grid, and the frame between."""
    corners = (np.linspace(-0.4, n - 0.6, 19) for n in shape[::-1])
    x, y = (grid.ravel() for grid in np.meshgrid(*corners))
    assert our.available_frames == their.available_frames
    assert our.array_shape == their.array_shape == shape
    if boxed:
        assert our.bounding_box == their.bounding_box
    world = np.array(their(x, y))
    on_sky = np.cos(np.deg2rad(world[1])), 1, 1  # for degrees of RA near the poles
    for ours, theirs, scale in zip(our(x, y), world, on_sky, strict=True):
        np.testing.assert_allclose(scale * ours, scale * theirs, rtol=0, atol=1e-10)
    for with_box in (False, boxed):
        if with_box and np.ptp(world, axis=1).min() < 1e-9:
            # Along a meridian all of the slit is outside its own footprint, but for rounding.
            continue
        inverse = [wcs.invert(*world, with_bounding_box=with_box) for wcs in (our, their)]
        np.testing.assert_allclose(*inverse, rtol=0, atol=1e-6)
    if "slit_frame" in their.available_frames:
        slit = [wcs.get_transform("detector", "slit_frame")(x, y) for wcs in (our, their)]
        np.testing.assert_allclose(*slit, rtol=0, atol=1e-8)


OF_FILE = {"", "CHECKSUM", "DATASUM", "DATE", "FILENAME", "HISTORY"}
# The FITS WCS for viewers is ours alone, too.
OURS_ALONE = {
    *("KERNEL", "FILLVAL", "WCSAXES", "PS1_0", "PS1_1", "PS2_0", "PS2_1"),
    *(f"{key}{axis}" for key in ("CDELT", "CRPIX", "CRVAL", "CTYPE", "CUNIT") for axis in (1, 2)),
}
# Where files have several slits, jwst keeps the header of the first exposure.
BLENDED = {
    *("BKGLEVEL", "BKGSUB", "DATE-END", "DURATION", "EFFEXPTM", "EXPEND", "EXPMID", "MJD-AVG"),
    *("MJD-END", "NDRIZ", "RESWHT", "TDB-END", "TDB-MID", "TELAPSE", "TMEASURE", "XPOSURE"),
}
# Of its singles jwst completes only those that it returns, and it counts on from one to the next.
SINGLE = {"NDRIZ", "SRCXPOS", "SRCYPOS", "S_REGION"}


def differences(ours, theirs, permitted):
    """Keywords that differ, with both values."""
    return {
        key: (ours.get(key), theirs.get(key))
        for key in {*ours, *theirs} - OF_FILE - OURS_ALONE - permitted
        if not same(ours.get(key), theirs.get(key))
    }


def same(ours, theirs):
    if isinstance(theirs, str) and theirs.startswith("POLYGON"):
        ours, theirs = ours.split(), theirs.split()
        return ours[:2] == theirs[:2] and np.allclose(
            np.array(ours[2:], float), np.array(theirs[2:], float), rtol=0, atol=2.1e-9
        )
    if isinstance(theirs, float) and isinstance(ours, int | float):
        return np.isclose(ours, theirs, rtol=1e-8, atol=0)
    return ours == theirs


@every_case
def test_header(case, results):
    permitted = SINGLE if case.kind == "singles" else BLENDED if case.several else set()
    if case.kind == "sources":
        permitted = set()
    for ours, theirs in product_pairs(case, results):
        if case.kind == "singles" and case.several:
            # The driver's files are SlitModels.
            assert differences(ours.primary, theirs.primary, permitted | {"DATAMODL"}) == {}
            continue
        assert differences(ours.primary, theirs.primary, permitted) == {}
        for our, their in zip(ours.slits, theirs.slits, strict=True):
            assert differences(our.header, their.header, permitted) == {}


@every_case
def test_header_table(case, results):
    for ours, theirs in product_pairs(case, results):
        if case.several and case.kind != "sources":
            # Each of jwst's slits would have one of its own.
            assert (ours.table is None) == (not case.arguments.get("blendheaders", True))
            continue
        if theirs.table is None:
            assert ours.table is None
            continue
        assert ours.table.dtype == theirs.table.dtype
        for name in theirs.table.names:
            np.testing.assert_array_equal(ours.table[name], theirs.table[name], err_msg=name)


def test_header_of_several_slits_is_that_of_a_source_in_all_exposures(results):
    (combined,) = (case for case in CASES if case.data == "mos" and "kernel" in case.arguments)
    (sources,) = (case for case in CASES if case.kind == "sources")
    ((ours, _),) = product_pairs(combined, results)
    theirs = product_pairs(sources, results)[0][1]
    assert len(theirs.table) == len(SETUPS["mos"].nods)
    assert differences(ours.primary, theirs.primary, {"ASNTABLE", "DATAMODL", "PXSCLRT"}) == {}


def test_output_shape_without_a_grid_is_ignored(results):
    """As in jwst: what test_arrays finds equal has the shape that was not asked for."""
    cases = [c for c in CASES if "output_shape" in c.arguments and "output_wcs" not in c.arguments]
    assert len(cases) == 3
    for case in cases:
        for ours, _ in slit_pairs(case, results):
            assert ours.arrays["SCI"].shape[::-1] != tuple(case.arguments["output_shape"])
