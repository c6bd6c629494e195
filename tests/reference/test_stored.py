"""Our products against stored ones of jwst, in both schedules: a clone suffices.

`make_stored.py` makes the stored products anew.
"""

import os
import subprocess
import sys

import pytest
from astropy.io import fits
from jwst_products import (
    BLENDED,
    compare_arrays,
    compare_wcss,
    differences,
    read_product,
)
from observations import write_observation
from runs import PROJECT, snakemake, write_association, write_config
from stored_products import FOLDER, STORED, stored_file, unpack

SCHEDULES = ("exposure", "product")


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    """Exposures of every observation."""
    folder = tmp_path_factory.mktemp("exposures")
    names = {observation for observation, _ in STORED.values()}
    return {name: write_observation(folder, name) for name in names}


@pytest.fixture(scope="module", params=SCHEDULES)
def results(request, exposures, tmp_path_factory):
    """Folder of our products, made by one of the schedules."""
    work = tmp_path_factory.mktemp("stored")
    for name, (observation, _) in STORED.items():
        write_association(work / "data", name, exposures[observation])
    overrides = {name: arguments for name, (_, arguments) in STORED.items() if arguments}
    config = {"associations": ["data/*_asn.json"], "overrides": overrides, "job_per": request.param}
    snakemake(work, write_config(work, **config))
    return work / "results"


@pytest.fixture(params=STORED)
def pair(request, results, tmp_path):
    """Our product and jwst's."""
    ours = results / f"{request.param}_s2d.fits"
    return read_product(ours), read_product(unpack(request.param, tmp_path))


def test_arrays(pair):
    compare_arrays(*pair)


def test_wcs(pair):
    compare_wcss(*pair)


def test_headers(pair):
    ours, theirs = pair
    # With several slits jwst keeps the first exposure's header.
    permitted = BLENDED if len(theirs.slits) > 1 else set()
    assert differences(ours.primary, theirs.primary, permitted) == {}
    for our, their in zip(ours.slits, theirs.slits, strict=True):
        assert differences(our.header, their.header, permitted) == {}


@pytest.mark.parametrize("name", STORED)
def test_stored_products_say_what_made_them(name):
    assert "jwst 3.0.0" in str(fits.getheader(stored_file(name))["HISTORY"])


def test_stored_products_are_small():
    files = {path: path.stat().st_size for path in FOLDER.iterdir()}
    assert files.keys() == {stored_file(name) for name in STORED}
    assert sum(files.values()) < 2e6


def test_exposures_are_the_same_in_every_process(exposures, tmp_path):
    """What is stored was made from the same exposures, in another process."""
    code = (
        "import sys; from pathlib import Path; from observations import write_observation\n"
        "for name in sys.argv[2:]: write_observation(Path(sys.argv[1]), name)"
    )
    path = os.pathsep.join(str(PROJECT / folder) for folder in ("tests/helpers", "demo"))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", code, tmp_path, *exposures], env=environment, check=True)
    for name, paths in exposures.items():
        for exposure in paths:
            assert (tmp_path / name / exposure.name).read_bytes() == exposure.read_bytes()
