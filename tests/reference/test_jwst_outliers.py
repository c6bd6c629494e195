"""Outliers against jwst's step, pixel by pixel, and the products that follow.

Needs jwst in an environment of its own: JWST_PYTHON names its python. Exposures are simulated, with
hits; at night they are the reference data as well.
"""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from astropy.io import fits
from jwst_products import compare_images, compare_wcs, differences, opened_wcs, read_product
from jwst_runs import outliers_order, run_order, started_jwst
from observations import BACKGROUND, PRISM, lrs, missing, slits, with_exposure
from runs import SHARED, snakemake, write_association, write_config
from specsim import NirspecSetup, mos, prism_slitlet, write_lrs, write_nirspec
from stdatamodels.jwst import datamodels

SETUPS = {
    "grating": slits(nods=(-0.5, 0.0, 0.5), steps=(0.0, 0.05), ngroups=(70, 31), seed=61),
    "pair": slits(prism_slitlet(), (PRISM,), nods=(0.5, -0.48), unit="MJy", seed=62),
    "detectors": slits(detectors={"NRS1": (2.9, 3.6), "NRS2": (3.75, 4.4)}, seed=63),
    "lone": slits(nods=(0.2,), seed=64),
    "background": with_exposure(slits(nods=(-0.3, 0.0, 0.3), seed=65), extra=BACKGROUND),
    # With seed 66 an exposure touches a pixel by 1e-16 of its area: rounding decides about CON.
    "mos": missing(mos(5, columns=(60, 90), seed=68), (), (), (), (2,), (0, 1)),
    "lrs": lrs(nods=(-0.6, 0.0, 0.7), seed=67),
}

# As the observatory runs NIRSpec.
OBSERVATORY = {"outlier_scale": "3.0 2.0", "outlier_maskpt": 0.0}


@dataclass(frozen=True)
class Case:
    """Exposures, and what the search and the product are given."""

    data: str
    arguments: dict = field(default_factory=dict)

    @property
    def name(self):
        words = [self.data, *(f"{key}_{value}" for key, value in self.arguments.items())]
        return "-".join(words).replace(" ", "_")


CASES = [
    Case("grating"),
    Case("grating", {"outlier_snr": "3.0 2.5", "pixel_scale_ratio": 2.0}),
    Case("grating", {"outlier_maskpt": 0.0, "weight_type": "exptime"}),
    Case("pair", {"pixfrac": 0.5, "kernel": "point"}),
    Case("pair", OBSERVATORY),
    Case("detectors", {"propagate_dq": True}),
    Case("lone"),
    Case("background"),
    Case("mos"),
    Case("mos", {"outlier_snr": "8 6", "outlier_backg": 1e-15}),
    Case("lrs"),
    Case("lrs", {**OBSERVATORY, "pixel_scale": 0.15}),
]
NIGHTLY = [
    Case(data, arguments)
    for data in (
        *("nirspec_mos_real", "nirspec_mos_real_182", "nirspec_mos_sim", "nirspec_fs_sim"),
        "miri_lrs_sim",
    )
    for arguments in ({}, OBSERVATORY)
]


def write_hit_exposures(folder, name):
    """Write the exposures of a setup, and let cosmic rays hit them; returns their paths."""
    setup = SETUPS[name]
    setup = with_exposure(setup, program=9000 + setup.seed)
    write = write_nirspec if isinstance(setup, NirspecSetup) else write_lrs
    members = [*write(folder / name, setup).members]
    for number, path in enumerate(members):
        add_hits(path, 100 * setup.seed + number)
    return members


def add_hits(path, seed):
    """Hit one pixel in a hundred, and some of their neighbours."""
    rng = np.random.default_rng(seed)
    with fits.open(path, mode="update") as hdus:
        for sci in (hdu for hdu in hdus if hdu.name == "SCI"):
            error = np.nanmedian(hdus["ERR", sci.ver].data)
            hit = rng.random(sci.shape) < 0.01
            hit[:, 1:] |= hit[:, :-1] & (rng.random(sci.shape) < 0.4)[:, 1:]
            strength = 10 ** rng.uniform(0.3, 2.5, sci.shape)
            sci.data = np.where(hit, sci.data + strength * error, sci.data).astype(np.float32)


def shared_exposures(name):
    """Exposures of the reference data."""
    association = json.loads((SHARED / "data" / name / "spec3_asn.json").read_text())
    members = association["products"][0]["members"]
    return [SHARED / "data" / name / member["expname"] for member in members]


def made_by_both(cases, exposures, python, work):
    """Make the products of all cases by jwst and by the workflow, one for every source."""
    orders, overrides, associations = [], {}, []
    for case in cases:
        product = f"{case.name}_{{source_id}}"
        path = write_association(work / "data" / case.data, product, exposures[case.data])
        orders.append(outliers_order(path, work / "jwst" / case.name, case.arguments))
        overrides[product] = case.arguments | {"outlier_detection": True, "save_crf": True}
        associations.append(str(path))
    with started_jwst(python, orders, work):
        config = {"associations": associations, "overrides": overrides, "job_per": "product"}
        snakemake(work, write_config(work, **config))
    return work


@pytest.fixture(scope="module")
def simulated(jwst_python, tmp_path_factory):
    work = tmp_path_factory.mktemp("outliers")
    exposures = {name: write_hit_exposures(work / "data", name) for name in SETUPS}
    return made_by_both(CASES, exposures, jwst_python, work)


@pytest.fixture(scope="module")
def measured(jwst_python, shared, tmp_path_factory):
    work = tmp_path_factory.mktemp("outliers_of_data")
    exposures = {case.data: shared_exposures(case.data) for case in NIGHTLY}
    return made_by_both(NIGHTLY, exposures, jwst_python, work)


@pytest.fixture(
    params=[
        *(pytest.param(("simulated", case), id=case.name) for case in CASES),
        *(
            pytest.param(("measured", case), id=case.name, marks=pytest.mark.nightly)
            for case in NIGHTLY
        ),
    ]
)
def made(request):
    """A case, and the folder with ``jwst`` and ``results``."""
    fixture, case = request.param
    work = request.getfixturevalue(fixture)
    error = work / "jwst" / case.name / "error"
    assert not error.exists(), error.read_text()
    return case, work


def test_flags(made):
    case, work = made
    theirs = np.load(work / "jwst" / case.name / "flags.npz")
    outliers = 0
    for name, flags in theirs.items():
        source, number, exposure = name.split("/")
        (path,) = (work / "results" / case.name).glob(f"{exposure.removesuffix('_cal.fits')}*")
        with datamodels.open(path) as model:
            slits_ = getattr(model, "slits", [model])
            (slit,) = (s for s in slits_ if len(slits_) == 1 or f"{s.source_id} {s.name}" == source)
            np.testing.assert_array_equal(slit.dq, flags, err_msg=name)
            planes = (slit.data, slit.err, slit.var_rnoise, slit.var_poisson, slit.var_flat)
            # jwst leaves the slits alone that it does not search.
            for plane in planes if number != "1" else ():
                np.testing.assert_array_equal(np.isnan(plane), (flags & 1) != 0, err_msg=name)
        outliers += ((flags & 16) != 0).sum()
    assert (outliers > 0) == (case.data != "lone")


def product_pairs(case, work):
    """Our product of every source, and jwst's."""
    ours = [read_product(path) for path in work.glob(f"results/{case.name}_[bsv]*_s2d.fits")]
    by_source = {product.slits[0].header.get("SOURCEID"): product for product in ours}
    theirs = [read_product(path) for path in (work / "jwst" / case.name).glob("*.fits")]
    assert len(ours) == len(by_source) == len(theirs) > 0
    return [(by_source[their.slits[0].header.get("SOURCEID")], their) for their in theirs]


def test_products(made):
    for ours, theirs in product_pairs(*made):
        (our,), (their,) = ours.slits, theirs.slits
        assert set(our.arrays) == set(their.arrays)
        for name, expected in their.arrays.items():
            compare_images(our.arrays[name], expected, name)
        with opened_wcs(our) as our_wcs, opened_wcs(their) as their_wcs:
            compare_wcs(our_wcs, their_wcs, their.arrays["SCI"].shape)


def test_headers(made):
    case, work = made
    # jwst calls the search of a lone exposure FAILED, although it says that it is skipped.
    permitted = {"S_OUTLIR"}
    for ours, theirs in product_pairs(case, work):
        assert differences(ours.primary, theirs.primary, permitted) == {}
        assert differences(ours.slits[0].header, theirs.slits[0].header, permitted) == {}
        status = theirs.primary["S_OUTLIR"].replace("FAILED", "SKIPPED")
        assert ours.primary["S_OUTLIR"] == status
        assert ours.table.names == theirs.table.names
        # Some reference data were renamed: jwst goes by the name of the file, not by FILENAME.
        for name in {*theirs.table.names} - permitted - {"FILENAME"}:
            np.testing.assert_array_equal(ours.table[name], theirs.table[name], err_msg=name)
        assert set(ours.table["S_OUTLIR"]) == {status}


@pytest.mark.nightly
def test_jwst_makes_its_own_product_of_our_exposures(simulated, jwst_python, tmp_path):
    exposures = sorted((simulated / "results" / "mos").glob("*_crf.fits"))
    path = write_association(tmp_path / "data", "p", exposures)
    with started_jwst(jwst_python, [run_order(path, tmp_path / "made", "sources", {})], tmp_path):
        pass
    made = sorted((tmp_path / "made").glob("*.fits"))
    assert len(made) == 5
    for path in made:
        ours, theirs = (read_product(p) for p in (path, simulated / "jwst" / "mos" / path.name))
        for name, expected in theirs.slits[0].arrays.items():
            np.testing.assert_array_equal(ours.slits[0].arrays[name], expected, err_msg=name)
