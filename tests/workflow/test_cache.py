"""Prepared exposures that campaigns share through snakemake's cache between workflows."""

import pytest
from inprocess import write_slit_exposures
from runs import campaign_products, snakemake, write_association, write_config


@pytest.fixture
def campaign(tmp_path_factory):
    """Function that sets up a folder of its own with a product, and the exposures' names in it."""
    exposures = write_slit_exposures(tmp_path_factory.mktemp("simulated"))

    def make(*names):
        folder = tmp_path_factory.mktemp("work")
        (folder / "data").mkdir()
        copies = [folder / "data" / name for name in names]
        for exposure, copy in zip(exposures, copies, strict=True):
            copy.write_bytes(exposure.read_bytes())
        write_association(folder / "data", "product", copies)
        return folder, write_config(folder, associations=["data/*_asn.json"])

    return make


def test_campaigns_share_prepared_exposures(campaign, tmp_path):
    cache = {"SNAKEMAKE_OUTPUT_CACHE": str(tmp_path)}
    first, second, third = (
        campaign("a_cal.fits", "b_cal.fits"),
        campaign("b_cal.fits", "c_cal.fits"),
        campaign("b_cal.fits", "c_cal.fits"),
    )
    snakemake(*first, "--cache", **cache)
    cached = {path: path.stat() for path in tmp_path.iterdir()}
    assert len(cached) == 4

    snakemake(*second, "--cache", **cache)
    assert {path: path.stat() for path in tmp_path.iterdir()} == cached
    prepared = second[0] / "results/.work/exposures"
    assert sorted(path.name for path in prepared.iterdir()) == [
        "b.json",
        "b.npz",
        "c.json",
        "c.npz",
    ]
    assert {path.resolve() for path in prepared.iterdir()} == set(cached)
    # They were not run.
    logs = (second[0] / "results/.work/logs").glob("prepare_exposure/*")
    assert not any(log.read_text() for log in logs)

    snakemake(*third)
    assert campaign_products(second[0]) == campaign_products(third[0])
    again = snakemake(*second, "--cache", **cache)
    assert "Nothing to be done" in again.stdout + again.stderr
    again = snakemake(*second)
    assert "Nothing to be done" in again.stdout + again.stderr
