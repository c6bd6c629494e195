"""Products that were edited, deleted or put there are found, and nothing else."""

import json
import subprocess
import sys

import pytest
from astropy.io import fits
from runs import PROJECT
from specresample.common.errors import ResampleError
from specresample.common.files import file_digest
from specresample.reporting.verification import verify_products

FILES = ("a_s2d.fits", "b/b1_outlier_s2d.fits", "b/b2_outlier_s2d.fits", "c_outlier_s2d.fits")


@pytest.fixture
def folder(tmp_path):
    """Files of three products, one of them of single products, made elsewhere."""
    for file in FILES:
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        fits.HDUList([fits.PrimaryHDU()]).writeto(path)
    for product, files in {"a": FILES[:1], "b": FILES[1:3], "c_outlier": FILES[3:]}.items():
        (tmp_path / product).mkdir(exist_ok=True)
        entries = [
            {"file": f"elsewhere/results/{file}", "sha256": file_digest(tmp_path / file)}
            for file in files
        ]
        (tmp_path / product / "provenance.json").write_text(json.dumps({"products": entries}))
    return tmp_path


def states(folder):
    return {str(file.relative_to(folder)): state for file, state in verify_products(folder).items()}


def verify(*arguments):
    """Call the command line."""
    command = [sys.executable, str(PROJECT / "scripts/verify_products.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_products_as_they_were_made(folder):
    assert states(folder) == dict.fromkeys(FILES, "as made")
    run = verify(folder)
    assert (run.returncode, run.stdout) == (0, "4 as made\n")


def test_products_that_were_touched(folder):
    fits.setval(folder / "a_s2d.fits", "OBSERVER", value="me")
    (folder / "b/b1_outlier_s2d.fits").unlink()
    (folder / "d_s2d.fits").touch()
    (folder / ".work").mkdir()
    (folder / ".work/e_s2d.fits").touch()
    expected = {
        "a_s2d.fits": "changed",
        "b/b1_outlier_s2d.fits": "missing",
        "b/b2_outlier_s2d.fits": "as made",
        "c_outlier_s2d.fits": "as made",
        "d_s2d.fits": "unknown",
    }
    assert states(folder) == expected
    run = verify(folder)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        f"changed: {folder}/a_s2d.fits",
        f"missing: {folder}/b/b1_outlier_s2d.fits",
        f"unknown: {folder}/d_s2d.fits",
        "1 changed, 1 missing, 2 as made, 1 unknown",
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"products": [1]}'])
def test_provenance_that_is_broken(folder, content):
    (folder / "b/provenance.json").write_text(content)
    with pytest.raises(ResampleError, match=r"b/provenance\.json: not readable as provenance"):
        verify_products(folder)
    assert verify(folder).returncode == 2


def test_folder_without_products(tmp_path):
    run = verify(tmp_path)
    assert run.returncode == 2
    assert "no products" in run.stderr
