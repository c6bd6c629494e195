"""Many products. Some cannot be made: no other one is lost, and the ledger says why."""

import json
from collections import Counter
from importlib.metadata import version

import numpy as np
import pytest
from inprocess import arrays, rewrite, write_slit_exposures, write_slits_exposures
from runs import snakemake, write_association
from soak import campaign


def mark_bad(hdus):
    """Leave no good pixel in the second of two slits."""
    hdus["DQ", 2].data[:] = 1


def write_odd_products(folder):
    """Write associations of a truncated exposure, of integrations, and with a slit all bad."""
    truncated = write_slit_exposures(folder / "truncated")
    truncated[1].write_bytes(truncated[1].read_bytes()[:-30_000])
    integrations = write_slit_exposures(folder / "integrations", integrations=3)
    slits = write_slits_exposures(folder / "slits")
    for exposure in slits:
        rewrite(exposure, mark_bad)
    odd = {"truncated": truncated, "integrations": integrations, "bad-slit": slits}
    for product, exposures in odd.items():
        write_association(folder / f"asn-{product}", product, exposures)


@pytest.mark.parametrize("number", [6, pytest.param(200, marks=pytest.mark.nightly)])
def test_no_good_product_is_lost(tmp_path, number):
    config = campaign(tmp_path, number - 3)
    write_odd_products(tmp_path)
    run = snakemake(tmp_path, config, check=False)
    assert run.returncode != 0
    results = tmp_path / "results"
    good = {f"p{i:04d}" for i in range(number - 3)} | {"bad-slit"}
    assert {path.name for path in results.glob("*_s2d.fits")} == {f"{p}_s2d.fits" for p in good}

    ledger = json.loads((results / "ledger.json").read_text())["products"]
    assert Counter(entry["state"] for entry in ledger) == {
        "done": number - 2,
        "skipped": 1,
        "failed": 1,
    }
    entries = {entry["product"]: entry for entry in ledger}
    assert all(entries[product]["state"] == "done" for product in good)
    for product in good:
        entry = entries[product]
        for exposure in entry["inputs"]:
            assert len(exposure["sha256"]) == 64
            assert exposure["CAL_VER"]
            assert exposure["CRDS_CTX"].startswith("jwst_")
        assert entry["software"]["drizzle"] == version("drizzle")
        assert entry["arguments"]["pixfrac"] == 1.0
        assert entry["seconds"] > 1
        assert 50 < entry["peak_mb"] < 1000
    assert entries["integrations"]["reason"] == "3-D data (integrations) are not resampled"
    assert "truncated/" in entries["truncated"]["reason"]
    # As jwst does, a slit gets its images though nothing is in them.
    images = arrays(results / "bad-slit_s2d.fits")
    assert np.isfinite(images["SCI"]).any()
    assert not np.isfinite(images["SCI,2"]).any()
    assert f"{number - 2} products made, 1 skipped, 1 failed" in run.stderr
