"""Arguments and modes against jwst itself, on simulated exposures of many kinds.

Needs jwst in an environment of its own: JWST_PYTHON names its python. All cases run in one process
of jwst and in one run of the workflow.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from jwst_products import (
    BLENDED,
    SINGLE,
    compare_images,
    compare_wcs,
    differences,
    opened_wcs,
    read_product,
)
from jwst_runs import run_order, started_jwst
from observations import SETUPS, write_observation
from runs import snakemake, write_association, write_config

# ---- cases -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Arguments for the exposures of a setup.

    The kinds are those of the driver. ``instead`` are arguments of jwst alone, for a case in which
    it fails itself. ``fails`` says why a test of the case fails, by its name.
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


# Grids are made of these setups: their pixel_scale_ratio, and the shape that some are cut to.
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
    Case("grating", {"blendheaders": False}),
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
    Case("two_slits", {"pixfrac": 0.3, "weight_type": "exptime"}),
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
    Case("lrs", {"pixfrac": 0.3, "weight_type": "exptime"}),
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


def with_grid(arguments, work):
    """Put the path of a grid in the place of its name."""
    if "output_wcs" not in arguments:
        return arguments
    return arguments | {"output_wcs": str(work / "grids" / arguments["output_wcs"]) + ".asdf"}


@pytest.fixture(scope="module")
def results(jwst_python, tmp_path_factory):
    """Make all cases by both; returns the folder with ``jwst`` and ``results``."""
    work = tmp_path_factory.mktemp("jwst")
    exposures = {name: write_observation(work / "data", name) for name in SETUPS}
    orders, overrides, associations = [], {}, []
    for name, (ratio, shape) in GRIDS.items():
        path = write_association(work / "data" / name, name, exposures[name], "grid.json")
        scale = {"pixel_scale_ratio": ratio}
        orders.append(run_order(path, work / "grids" / name, "grid", scale) | {"shape": shape})
    for case in CASES:
        path = write_association(work / "data" / case.data, case.product, exposures[case.data])
        arguments = case.arguments | {"single": case.kind == "singles"}
        theirs = with_grid(arguments | case.instead, work)
        orders.append(run_order(path, work / "jwst" / case.name, case.kind, theirs))
        overrides[case.product] = with_grid(arguments, work)
        associations.append(str(path))
    with started_jwst(jwst_python, orders, work) as driver:
        driver.stdout.readline()  # comes when the grids are there
        assert not list(work.glob("grids/*/error")), "jwst fails to make the grids"
        # tests/reference/test_parity.py shows that both schedules make the same bytes.
        asked = {"associations": associations, "overrides": overrides, "job_per": "product"}
        snakemake(work, write_config(work, **asked))
    return work


# ---- comparison --------------------------------------------------------------------------------


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


@every_case
def test_wcs(case, results):
    for ours, theirs in slit_pairs(case, results):
        # Without a bounding box jwst fails, and is given a grid that has one.
        shape, boxed = theirs.arrays["SCI"].shape, not case.instead
        with opened_wcs(ours) as our, opened_wcs(theirs) as their:
            compare_wcs(our, their, shape, boxed=boxed)


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
