"""Errors of spectra that jwst's own extract_1d makes of our products, against their scatter."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from apertures import write_apertures
from inprocess import make
from specresample.grids.output_grids import output_grids

from benchmarks.error_trials import (
    ARGUMENTS,
    draw_realisations,
    prepare_exposures,
    shown_by_all,
    summaries,
)

REALISATIONS = 40

# Which source, and how wide the box is, in rows.
CASES = {"nirspec_mos_sim": (5, 5), "miri_lrs_sim": (0, 7)}


@pytest.mark.parametrize("instrument", CASES)
def test_errors_for_apertures_are_those_of_extracted_spectra(
    instrument, shared, jwst_python, tmp_path
):
    slit, width = CASES[instrument]
    paths = sorted((shared / "data" / instrument).glob("*_cal.fits"))
    exposures = prepare_exposures(paths, tmp_path)
    name = "product_{source_id}"
    grids = output_grids(name, summaries(exposures), ARGUMENTS)
    source = shown_by_all(grids, exposures)[slit]
    make(paths, tmp_path, name=name, errors="aperture")
    images = [*draw_realisations(exposures, source, ARGUMENTS, REALISATIONS, seed=1)]
    np.save(tmp_path / "images.npy", images)
    reference_file = write_apertures(tmp_path / "extract1d.json", width)
    files = [f"{source.file}_s2d.fits", "images.npy", "out.npz"]
    driver = Path(__file__).with_name("extraction_driver.py")
    run = subprocess.run(
        [jwst_python, driver, reference_file, *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    with np.load(tmp_path / "out.npz") as out:
        error, fluxes = out["error"], out["fluxes"]
    known = np.isfinite(error) & (error > 0) & np.isfinite(fluxes).all(axis=0)
    assert known.sum() > 300
    ratio = np.sqrt(np.mean(fluxes[:, known] ** 2, axis=0) / error[known] ** 2)
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1, abs=0.07)
