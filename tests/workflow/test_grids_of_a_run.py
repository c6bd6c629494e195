"""Runs with wavelength grids and presets: arguments for all, and for single products."""

import json
import re

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable
from inprocess import write_slit_exposures
from runs import snakemake, write_association, write_config


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Products on three grids: what the header and the provenance of each say."""
    folder = tmp_path_factory.mktemp("run")
    exposures = write_slit_exposures(folder / "exposures")
    for name in ("common", "table", "plain"):
        write_association(folder / "data", name, exposures)
    QTable({"wave": [3.0, 3.1, 3.3] * u.um}).write(folder / "steps.ecsv")
    config = write_config(
        folder,
        associations=["data/*_asn.json"],
        overrides={
            "table": {
                "wavelength_grid": "steps.ecsv",
                "wavelength_range": None,
                "wavelength_step": None,
            },
            "plain": {
                "preset": "none",
                "wavelength_grid": "native",
                "wavelength_range": None,
                "wavelength_step": None,
                "output_shape": [20, 30],
            },
        },
    )
    asked = ["wavelength_grid=linear", "wavelength_range=3,5", "wavelength_step=0.05"]
    snakemake(folder, config, "--config", "preset=stsci", *asked)
    return {
        name: (
            fits.getheader(folder / "results" / f"{name}_s2d.fits"),
            fits.getdata(folder / "results" / f"{name}_s2d.fits", "WAVELENGTH"),
            json.loads((folder / "results" / name / "provenance.json").read_text()),
        )
        for name in ("common", "table", "plain")
    }


def test_arguments_are_those_of_each_product(run):
    np.testing.assert_allclose(run["common"][1][0], np.linspace(3, 5, 41), rtol=1e-6)
    np.testing.assert_allclose(run["table"][1][0], [3.0, 3.1, 3.3], rtol=1e-6)
    assert run["plain"][1].shape == (30, 20)


def test_header_states_the_arguments(run):
    header, _, _ = run["common"]
    assert (header["WAVEGRID"], header["WAVESTEP"]) == ("linear", 0.05)
    assert (header["PRESET"], header["RESWHT"]) == ("stsci", "exptime")
    assert run["table"][0]["WAVEGRID"] == "steps.ecsv"
    assert not {"WAVEGRID", "PRESET"} & set(run["plain"][0])
    assert run["plain"][0]["RESWHT"] == "ivm"


def test_provenance_states_them_too(run):
    _, _, provenance = run["common"]
    stated = provenance["arguments"]
    assert stated["wavelength_range"] == [3, 5]
    assert (stated["preset"], stated["weight_type"]) == ("stsci", "exptime")
    assert provenance["wavelength_table"] is None
    table = run["table"][2]["wavelength_table"]
    assert table["file"] == "steps.ecsv"
    assert re.fullmatch("[0-9a-f]{64}", table["sha256"])


def test_table_that_changes_makes_its_product_anew(run, tmp_path):
    exposures = write_slit_exposures(tmp_path / "exposures")
    write_association(tmp_path / "data", "product", exposures)
    table = tmp_path / "steps.ecsv"
    QTable({"wave": [3.0, 3.1, 3.3] * u.um}).write(table)
    config = write_config(tmp_path, associations=["data/*_asn.json"], wavelength_grid=table.name)
    snakemake(tmp_path, config)
    QTable({"wave": [3.0, 3.1, 3.2, 3.3] * u.um}).write(table, overwrite=True)
    snakemake(tmp_path, config)
    product = tmp_path / "results" / "product_s2d.fits"
    assert fits.getdata(product, "SCI").shape[1] == 4
