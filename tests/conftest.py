"""What the tests share: the reference data, simulated exposures, and runs made once."""

import os
import shutil
from pathlib import Path

import pytest
from runs import (
    SHARED,
    campaign_products,
    snakemake,
    write_association,
    write_config,
)
from specsim import LrsSetup, fixed_slit, write_lrs, write_nirspec

# Arguments of every expected product, as jwst was given them.
EXPECTED = {
    "nirspec_mos_real-default": {},
    "nirspec_mos_real-pixfrac_0.6": {"pixfrac": 0.6},
    "nirspec_mos_real-kernel_point": {"kernel": "point"},
    "nirspec_mos_real-weight_type_exptime": {"weight_type": "exptime"},
    "nirspec_mos_real-pixel_scale_ratio_2": {"pixel_scale_ratio": 2.0},
    "nirspec_mos_real-pixel_scale_0.08": {"pixel_scale": 0.08},
    "nirspec_mos_real-fillval_0": {"fillval": "0"},
    "nirspec_mos_real-propagate_dq": {"propagate_dq": True},
    "nirspec_mos_real-output_wcs": {"output_wcs": "grid.asdf"},
    "nirspec_mos_real_182-default": {},
    "nirspec_fs_sim-default": {},
    "nirspec_fs_sim-pixfrac_0.6": {"pixfrac": 0.6},
    "nirspec_mos_sim-default": {},
    "miri_lrs_sim-default": {},
    "miri_lrs_sim-pixel_scale_ratio_2": {"pixel_scale_ratio": 2.0},
    "miri_lrs_sim-weight_type_exptime": {"weight_type": "exptime"},
}


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference data, which lies beside the project on the developers' machines."""
    if not SHARED.is_dir():
        pytest.skip(f"no reference data: {SHARED} is not there")
    return SHARED


@pytest.fixture(scope="session")
def products(shared, tmp_path_factory):
    """Products of all expected arguments, made in one run: an override each."""
    work = tmp_path_factory.mktemp("parity")
    for name in EXPECTED:
        source = shared / "data" / name.split("-")[0]
        exposures = sorted(source.glob("*_cal.fits"))
        write_association(work / source.name, name, exposures)
    (work / "grid.asdf").symlink_to(shared / "data/expected/nirspec_mos_real-grid.asdf")
    overrides = {name: arguments for name, arguments in EXPECTED.items() if arguments}
    write_config(work, associations=["*/*_asn.json"], overrides=overrides)
    snakemake(work, "--configfile=config.yaml")
    return work / "results"


@pytest.fixture(scope="session")
def products_at_one_go(products):
    """The same products, each made by one job."""
    arguments = "job_per=product", "output_dir=at-one-go"
    snakemake(products.parent, "--configfile=config.yaml", "--config", *arguments)
    return products.parent / "at-one-go"


@pytest.fixture(params=EXPECTED)
def pair(request, products, shared):
    """Our product and jwst's."""
    name = request.param
    return products / f"{name}_s2d.fits", shared / f"data/expected/{name}_s2d.fits"


@pytest.fixture(scope="session")
def jwst_python() -> str:
    """Python of an environment with jwst and specutils."""
    python = os.environ.get("JWST_PYTHON")
    if not python:
        pytest.skip("JWST_PYTHON does not name the python of an environment with jwst")
    return python


@pytest.fixture(scope="session")
def make_campaign(tmp_path_factory):
    """Function that sets up a working folder with some of a campaign's small products.

    The products ``one`` and ``two`` share an exposure; ``broken`` has a file of its own to break.
    """
    data = tmp_path_factory.mktemp("campaign")
    slit = write_nirspec(data, fixed_slit(nods=(-0.4, 0.0, 0.4))).members
    lrs = write_lrs(data, LrsSetup()).members
    broken = Path(shutil.copy(slit[0], data / "broken_cal.fits"))
    members = {
        "one": slit[:2],
        "two": slit[1:],
        "three": lrs[:1],
        "four": lrs[1:],
        "broken": [broken],
    }

    def make(*products: str) -> Path:
        folder = tmp_path_factory.mktemp("work")
        for product in products:
            write_association(folder / "data", product, members[product])
        write_config(folder, associations=["data/*_asn.json"])
        return folder

    return make


@pytest.fixture(scope="session")
def campaign_expected(make_campaign):
    """What a plain run makes of the campaign."""
    folder = make_campaign("one", "two", "three", "four")
    snakemake(folder, "--configfile=config.yaml")
    return campaign_products(folder)
