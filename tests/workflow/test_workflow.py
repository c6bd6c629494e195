"""Whole runs of the workflow on simulated exposures: what is made, and what is made again."""

import hashlib
import json
import re
import shutil
from collections import Counter
from importlib.metadata import version

import numpy as np
import pytest
from astropy.io import fits
from runs import PROJECT, snakemake, write_config
from specresample.common.files import file_digest
from specresample.jobs.status import DONE, JobStatus
from specsim import write_demo
from stdatamodels.jwst import datamodels

FS = "jw01345-o005_t001_nirspec_f290lp-g395m"
LRS = "jw01536-o002_t001_miri_p750l"
MOS = "jw02736-o007_nirspec_f290lp-g395m"

# Jobs of three products of eight exposures.
FLOW = {"prepare_exposure": 8, "output_grid": 3, "drizzle_exposure": 8, "combine": 3}


def planned(folder, config, *arguments):
    """Jobs by rule that a run would make."""
    run = snakemake(folder, config, "-n", *arguments)
    table = re.search(r"^Job stats:\n(.*?)\n\n", run.stdout + run.stderr, re.S | re.M)
    if table is None:
        assert "Nothing to be done" in run.stdout + run.stderr
        return {}
    counts = (line.split() for line in table[1].splitlines()[2:])
    return {rule: int(count) for rule, count in counts if rule not in ("all", "total")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo data set and its products."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "data")
    config = write_config(folder, associations=["data/*/*_asn.json"])
    snakemake(folder, config)
    return folder, config


@pytest.fixture(scope="module")
def at_one_go(demo, tmp_path_factory):
    """The same products, each made by one job."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copytree(demo[0] / "data", folder / "data")
    config = write_config(folder, associations=["data/*/*_asn.json"], job_per="product")
    snakemake(folder, config)
    return folder, config


def test_both_schedules_make_the_same_bytes(demo, at_one_go):
    expected, found = (folder / "results" for folder, _ in (demo, at_one_go))
    names = {path.name for path in expected.glob("*_s2d.fits")}
    assert {path.name for path in found.glob("*_s2d.fits")} == names
    for name in names:
        assert (found / name).read_bytes() == (expected / name).read_bytes()
    for path in expected.glob("*/*.json"):
        assert (found / path.parent.name / path.name).read_bytes() == path.read_bytes()


def test_products_that_are_one_job_each(at_one_go):
    assert planned(*at_one_go) == {}
    again = {"make_product": 3, "record": 3}
    assert planned(*at_one_go, "--config", "pixfrac=0.7") == again
    product = at_one_go[0] / "results" / f"{FS}_s2d.fits"
    before = product.read_bytes()
    product.unlink()
    assert planned(*at_one_go) == {"deliver": 1, "record": 1}
    snakemake(*at_one_go)
    assert product.read_bytes() == before
    next((at_one_go[0] / "data" / "miri_lrs").glob("*_00002_*_cal.fits")).touch()
    assert planned(*at_one_go) == {"make_product": 1, "record": 1}


def test_both_schedules_make_the_same_single_products(at_one_go):
    folder, config = at_one_go
    arguments = ["single=true", "job_per=exposure", "output_dir=split"]
    snakemake(folder, config, "--config", *arguments)
    snakemake(folder, config, "--config", "single=true", "output_dir=whole")
    names = [path.relative_to(folder / "split") for path in folder.glob("split/*/*_s2d.fits")]
    assert len(names) == 8
    for name in names:
        assert (folder / "whole" / name).read_bytes() == (folder / "split" / name).read_bytes()


def test_products_and_records_are_there(demo):
    results = demo[0] / "results"
    files = {path.name for path in results.glob("*_s2d.fits")}
    assert {f"{FS}_s2d.fits", f"{LRS}_s2d.fits"} < files
    sources = {name for name in files if name.startswith("jw02736")}
    assert {re.sub(r"[0-9]{9}", "", name[13:])[:2] for name in sources} == {"s_", "b_", "v_"}
    record = json.loads((results / MOS / "record.json").read_text())
    assert record["state"] == "done"
    assert set(record["files"]) == sources


def test_products_open_as_slit_models(demo):
    for path in (demo[0] / "results").glob("*_s2d.fits"):
        with datamodels.open(str(path)) as model:
            assert isinstance(model, datamodels.SlitModel)
            assert model.meta.cal_step.resample == "COMPLETE"
            ny, nx = model.data.shape
            ra, dec, wavelength = model.meta.wcs(nx / 2, ny / 2)
            assert np.isfinite([ra, dec, wavelength]).all()
            x, y = model.meta.wcs.invert(ra, dec, wavelength)
            np.testing.assert_allclose([x, y], [nx / 2, ny / 2], atol=1e-3)
            assert model.hdrtab is not None


@pytest.mark.parametrize(("product", "axis"), [(FS, 1), (LRS, 0)])
def test_nods_line_up(demo, product, axis):
    folder = demo[0] / "results"
    with fits.open(folder / f"{product}_s2d.fits") as hdus:
        combined = np.nansum(hdus["SCI"].data, axis=axis)
    peak = np.argmax(combined)
    singles = sorted((folder / ".work" / product / "singles").glob("*.npz"))
    assert len(singles) > 1
    for path in singles:
        with np.load(path) as arrays:
            profile = np.nansum(arrays["0/sci"], axis=axis)
        assert abs(np.argmax(profile) - peak) <= 1


def test_products_say_how_they_were_made(demo):
    folder, _ = demo
    results = folder / "results"
    provenance = json.loads((results / LRS / "provenance.json").read_text())
    for entry in (provenance["association"], *provenance["inputs"], *provenance["products"]):
        content = (folder / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(provenance["inputs"]) == 2
    assert provenance["inputs"][0]["CRDS_CTX"].startswith("jwst_")
    assert provenance["software"]["drizzle"] == version("drizzle")
    assert provenance["lock"]["sha256"] == file_digest(PROJECT / "envs/resample.lock")
    assert provenance["arguments"]["pixfrac"] == 1.0
    with fits.open(results / f"{LRS}_s2d.fits") as hdus:
        history = list(hdus[0].header["HISTORY"])
        assert hdus[0].header["CRDS_CTX"] == provenance["inputs"][0]["CRDS_CTX"]
    for entry in provenance["inputs"]:
        assert f"sha256 {entry['sha256']}" in history


def test_edit_of_a_product_does_not_change_the_work_folder(copy):
    product = copy[0] / "results" / f"{FS}_s2d.fits"
    before = product.read_bytes()
    fits.setval(product, "OBSERVER", value="somebody")
    assert product.read_bytes() != before
    assert (copy[0] / f"results/.work/{FS}/files/{FS}_s2d.fits").read_bytes() == before
    product.unlink()
    snakemake(*copy)
    assert product.read_bytes() == before


def test_default_run_has_the_jobs_of_the_flow(demo):
    statuses = demo[0] / "results/.work/status"
    jobs = Counter(path.relative_to(statuses).parts[0] for path in statuses.rglob("*.json"))
    assert {rule: jobs[rule] for rule in FLOW} == FLOW
    assert all(JobStatus.read(path).state == DONE for path in statuses.rglob("*.json"))


def test_second_call_does_nothing(demo):
    assert planned(*demo) == {}


def test_changed_pixfrac_repeats_drizzle_and_combine_only(demo):
    assert planned(*demo, "--config", "pixfrac=0.7") == {
        "drizzle_exposure": 8,
        "combine": 3,
        "deliver": 7,
        "record": 3,
    }


def test_changed_fill_value_repeats_combine_only(demo):
    repeated = planned(*demo, "--config", "fillval=0")
    assert set(repeated) == {"combine", "deliver", "record"}


def test_changed_scale_leaves_the_wcs_alone(demo):
    repeated = planned(*demo, "--config", "pixel_scale_ratio=2")
    assert repeated["output_grid"] == 3
    assert "prepare_exposure" not in repeated


def test_override_repeats_its_product_only(demo, tmp_path):
    config = write_config(
        tmp_path,
        associations=["data/*/*_asn.json"],
        overrides={LRS: {"kernel": "point"}},
    )
    repeated = {"drizzle_exposure": 2, "combine": 1, "deliver": 1, "record": 1}
    assert planned(demo[0], config) == repeated


@pytest.fixture
def copy(demo, tmp_path):
    """A copy of the demo, of one product, to change at will."""
    folder = tmp_path / "copy"
    shutil.copytree(demo[0], folder, symlinks=True)
    associations = ["data/nirspec_fs/*_asn.json"]
    return folder, write_config(folder, associations=associations)


def test_touched_input_repeats_its_exposure_and_what_follows(copy):
    exposure = next((copy[0] / "data" / "nirspec_fs").glob("*_00002_*_cal.fits"))
    exposure.touch()
    assert planned(*copy)["prepare_exposure"] == 1
    snakemake(*copy)
    assert planned(*copy) == {}


def test_deleted_product_is_delivered_again(copy):
    product = copy[0] / "results" / f"{FS}_s2d.fits"
    before = product.read_bytes()
    product.unlink()
    assert planned(*copy) == {"deliver": 1, "record": 1}
    snakemake(*copy)
    assert product.read_bytes() == before


def test_products_are_the_same_bytes_in_another_place_and_on_disk(copy, tmp_path):
    folder, _ = copy
    product = f"{FS}_s2d.fits"
    config = write_config(
        tmp_path,
        associations=[str(folder / "data/nirspec_fs/spec3_asn.json")],
        in_memory=False,
        keep_intermediates=False,
    )
    snakemake(tmp_path, config, "--cores", "1")
    results = tmp_path / "results"
    assert (results / product).read_bytes() == (folder / "results" / product).read_bytes()
    assert not list((results / ".work").rglob("*.npz"))


def test_single_products_are_on_the_common_grid(copy):
    folder, config = copy
    snakemake(folder, config, "--config", "single=true", "output_dir=singles")
    with fits.open(folder / "results" / f"{FS}_s2d.fits") as hdus:
        shape = hdus["SCI"].shape
    singles = sorted((folder / "singles" / FS).glob("*_outlier_s2d.fits"))
    assert [path.name for path in singles] == [
        f"jw01345005001_03101_0000{number}_nrs1_outlier_s2d.fits" for number in (1, 2, 3)
    ]
    for path in singles:
        with datamodels.open(str(path)) as model:
            assert model.data.shape == shape
            assert model.err.shape == shape
            assert np.isfinite(model.data).any()
    assert not (folder / "singles" / f"{FS}_s2d.fits").exists()


def test_one_source_is_a_target(copy, demo):
    folder, _ = copy
    config = write_config(folder, associations=["data/*/*_asn.json"])
    product = next((folder / "results").glob("jw02736-o007_s*_s2d.fits"))
    before = product.read_bytes()
    product.unlink()
    snakemake(folder, config, f"results/{product.name}")
    assert product.read_bytes() == before


def test_both_schedules_make_the_same_previews(demo, at_one_go):
    for folder, config in (demo, at_one_go):
        snakemake(folder, "previews", config)
    pictures = sorted((demo[0] / "results").glob("*/preview.png"))
    assert len(pictures) == 3
    for path in pictures:
        assert path.read_bytes()[:4] == b"\x89PNG"
        assert (at_one_go[0] / path.relative_to(demo[0])).read_bytes() == path.read_bytes()
