"""Comparing campaigns: what is changed on purpose is found, and nothing else."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from astropy.io import fits
from runs import PROJECT
from specresample.reporting.comparison import (
    compare_arrays,
    compare_folders,
    details,
    exit_status,
    summary,
)
from stdatamodels.jwst import datamodels

PRODUCT = "one_s2d.fits"


def compare(*arguments):
    """Call the command line."""
    command = [sys.executable, str(PROJECT / "scripts/compare_products.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def folders(campaign_expected, tmp_path):
    """Two copies of the results of a small campaign."""
    for name, content in campaign_expected.items():
        path = tmp_path / "old" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    return tmp_path / "old", tmp_path / "new"


def changed(folders):
    """What changed of the products, by file."""
    results = compare_folders(*folders)
    return {result["file"]: result for result in results if result["state"] != "same"}


def test_equal_arrays():
    array = np.array([1, np.nan, 3], dtype="f4")
    assert compare_arrays(array, array.copy()) == {}


def test_changed_pixels():
    old = np.array([1, 2, np.nan, 4, 0, np.nan])
    new = np.array([1, 4, np.nan, 5, np.nan, 1])
    assert compare_arrays(old, new) == {
        "pixels": 6,
        "different": 4,
        "largest": 0.5,
        "median": pytest.approx(0.35),
        "nan_in_old": 1,
        "nan_in_new": 1,
    }


def test_changed_bits_and_shapes():
    old = np.array([1, 2, 3], dtype="i4")
    assert compare_arrays(old, old ^ 4) == {"pixels": 3, "different": 3}
    assert compare_arrays(old, old[:2]) == {"shapes": [[3], [2]]}


@pytest.mark.parametrize(
    ("states", "expected"),
    [([], 2), (["same"], 0), (["same", "missing"], 1), (["changed", "error"], 2)],
)
def test_exit_status(states, expected):
    assert exit_status([{"state": state} for state in states]) == expected


def test_copies_are_the_same(folders):
    run = compare(*folders)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "8 same"


def test_dates_do_not_count(folders):
    with fits.open(folders[1] / PRODUCT, mode="update") as hdus:
        hdus[0].header["DATE"] = "2030-01-01T00:00:00.000"
        for hdu in hdus:
            hdu.add_checksum()
    assert changed(folders) == {}


def test_missing_and_additional_products(folders):
    (folders[1] / PRODUCT).rename(folders[1] / "more_s2d.fits")
    found = {name: result["state"] for name, result in changed(folders).items()}
    assert found == {PRODUCT: "missing", "more_s2d.fits": "additional"}
    # Intermediates are no products.
    (folders[1] / ".work").mkdir()
    (folders[1] / ".work" / PRODUCT).touch()
    assert len(changed(folders)) == 2


def test_unreadable_product(folders):
    (folders[1] / PRODUCT).write_text("This is not a FITS file.")
    run = compare(*folders)
    assert run.returncode == 2
    assert f"error      {PRODUCT}: " in run.stdout


def test_no_folder_and_no_products(folders, tmp_path):
    assert compare(folders[0], tmp_path / "none").returncode == 2
    (tmp_path / "empty").mkdir()
    assert compare(tmp_path / "empty", tmp_path / "empty").returncode == 2


def test_changed_content_is_named(folders):
    with fits.open(folders[1] / PRODUCT, mode="update") as hdus:
        hdus["SCI"].data *= np.float32(1.5)
        hdus["CON"].data[0, 3, 4] ^= 2
        hdus[0].header["PIXFRAC"] = 0.5
        hdus[0].header["NEWWORD"] = "new"
        del hdus["SCI"].header["VELOSYS"]
        hdus["HDRTAB"].data["DETECTOR"][0] = "other"
        hdus.append(fits.ImageHDU(np.zeros((2, 2)), name="EXTRA"))
    [result] = changed(folders).values()
    assert set(result["arrays"]) == {"SCI", "CON"}
    assert result["arrays"]["CON"]["different"] == 1
    assert result["arrays"]["SCI"]["median"] == pytest.approx(1 / 3, rel=1e-6)
    assert result["flux"]["SCI"] == pytest.approx({"total": 1.5, "column": 1.5})
    assert result["headers"]["PRIMARY"] == {
        "added": ["NEWWORD"],
        "changed": {"PIXFRAC": [[1.0, 0.5]]},
    }
    assert result["headers"]["SCI"] == {"removed": ["VELOSYS"]}
    assert list(result["tables"]) == ["HDRTAB"]
    assert result["extensions"] == {"added": ["EXTRA"]}
    assert "wcs" not in result
    assert "flux +0.5" in summary(result)
    assert yaml.safe_load(details(result))["headers"] == result["headers"]
    assert json.loads(compare(*folders, "--json", "--changed").stdout) == [result]


def several_slits(path, *slits):
    """Write a product of several slits, as far as the comparison looks at it."""
    hdus = [fits.PrimaryHDU(header=fits.Header({"DATAMODL": "MultiSlitModel"}))]
    for version, (name, value) in enumerate(slits, start=1):
        header = fits.Header({"SLTNAME": name, "SOURCEID": 7})
        sci = fits.ImageHDU(np.full((3, 4), value, "f4"), header, name="SCI", ver=version)
        hdus += [sci, fits.ImageHDU(np.full((3, 4), value, "f4"), name="ERR", ver=version)]
    path.parent.mkdir(exist_ok=True)
    fits.HDUList(hdus).writeto(path)


def test_slits_are_compared_by_name(tmp_path):
    several_slits(tmp_path / "old" / PRODUCT, ("A", 1), ("B", 2))
    several_slits(tmp_path / "new" / PRODUCT, ("B", 3))
    [result] = compare_folders(tmp_path / "old", tmp_path / "new")
    assert result["extensions"] == {"removed": ["SCI A source 7", "ERR A source 7"]}
    assert list(result["arrays"]) == ["SCI B source 7", "ERR B source 7"]
    assert result["flux"]["SCI B source 7"]["total"] == 1.5
    assert "headers" not in result


def test_shifted_wcs_is_measured(folders):
    from astropy.modeling.models import Identity, Shift

    with datamodels.open(str(folders[1] / PRODUCT)) as model:
        wcs = model.meta.wcs
        world = np.array(wcs(0, 0)), np.array(wcs(2, 0))
        step = wcs.pipeline[0].transform
        wcs.set_transform("detector", "slit_frame", Shift(2) & Identity(1) | step)
        model.meta.wcs = wcs
        # Not onto the file that it still reads from.
        (folders[1] / "saved").mkdir()
        saved = model.save(str(folders[1] / "saved" / PRODUCT))
    shutil.move(saved, folders[1] / PRODUCT)
    [result] = changed(folders).values()
    assert result["wcs"]["SCI"]["pixels"] == pytest.approx(2, abs=1e-6)
    assert result["wcs"]["SCI"]["wavelength"] == pytest.approx(abs(np.diff(world, axis=0)[0, 2]))
    assert "arcsec" not in result["wcs"]["SCI"]
    assert "WCS pixels 2" in summary(result)


def test_provenance_says_why(folders):
    path = folders[1] / "one" / "provenance.json"
    provenance = json.loads(path.read_text())
    provenance["software"]["numpy"] = "9.0"
    provenance["arguments"]["pixfrac"] = 0.5
    for entry in provenance["inputs"]:
        entry["file"] = f"elsewhere/{entry['file']}"
    provenance["inputs"][0]["CAL_VER"] = "9.9"
    provenance["inputs"].pop()
    path.write_text(json.dumps(provenance))
    [result] = changed(folders).values()
    assert list(result["software"]) == ["numpy"]
    assert result["arguments"] == {"pixfrac": [1.0, 0.5]}
    [kept] = provenance["inputs"]
    assert result["inputs"][kept["file"].rpartition("/")[2]]["CAL_VER"][1] == "9.9"
    assert len(result["inputs"]["removed"]) == 1
    assert "arguments: pixfrac 1 -> 0.5" in summary(result)
