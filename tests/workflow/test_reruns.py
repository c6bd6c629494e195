"""What is made again after a change, and what is not; and how runs go on that were killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from runs import PROJECT, snakemake, write_association, write_config
from specsim import fixed_slit, write_nirspec

PRODUCT = "jw01345-o005_t001_nirspec_f290lp-g395m"
REDUCTION = {"output_grid": 1, "combine": 1, "deliver": 1, "record": 1}


def jobs(folder, config, *arguments):
    """Jobs by rule that a run makes."""
    run = snakemake(folder, config, *arguments)
    made = Counter(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", run.stderr, re.M))
    return {rule: number for rule, number in made.items() if rule != "all"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A product of three nods, made step by step; a fourth one lies ready."""
    folder = tmp_path_factory.mktemp("made")
    exposures = write_nirspec(folder / "nods", fixed_slit(nods=(-0.6, -0.2, 0.2, 0.6))).members
    write_association(folder / "data", PRODUCT, list(exposures[:3]), "asn.json")
    write_config(folder, associations=["data/asn.json"])
    snakemake(folder, f"--configfile={folder}/config.yaml")
    return folder


@pytest.fixture
def copy(made, tmp_path):
    """A copy of it, to change at will."""
    folder = tmp_path / "copy"
    shutil.copytree(made, folder, symlinks=True)
    return folder, f"--configfile={folder}/config.yaml"


@pytest.fixture
def clone(copy, tmp_path):
    """The same, with a fresh copy of the workflow."""
    (tmp_path / "clone").mkdir()
    for name in ("Snakefile", "rules", "scripts", "config", "envs", "profiles"):
        source, target = PROJECT / name, tmp_path / "clone" / name
        if source.is_dir():
            shutil.copytree(source, target, copy_function=shutil.copy)
        else:
            shutil.copy(source, target)
    return *copy, f"--snakefile={tmp_path}/clone/Snakefile"


def test_appended_exposure_is_prepared_and_the_product_reduced_again(copy):
    folder, config = copy
    exposures = sorted((folder / "nods").glob("*_cal.fits"))
    write_association(folder / "data", PRODUCT, exposures, "asn.json")
    made = jobs(folder, config)
    assert made.pop("prepare_exposure") == 1
    # A common grid for all: the others are drizzled again, their WCSs are not evaluated again.
    assert made.pop("drizzle_exposure") == 4
    assert made == REDUCTION


def test_deleted_intermediates_are_not_missed(copy):
    folder, config = copy
    # As the README says.
    work = folder / "results/.work"
    for intermediates in (work / "exposures", work / PRODUCT / "singles", work / PRODUCT / "files"):
        shutil.rmtree(intermediates)
    assert jobs(folder, config) == {}


def test_deleted_intermediate_is_made_again_where_it_is_needed(copy):
    folder, config = copy
    next((folder / "results/.work" / PRODUCT / "singles").glob("*_00002_*.npz")).unlink()
    shutil.rmtree(folder / "results/.work" / PRODUCT / "files")
    (folder / f"results/{PRODUCT}_s2d.fits").unlink()
    made = {"drizzle_exposure": 1, "combine": 1, "deliver": 1, "record": 1}
    assert jobs(folder, config) == made


def test_fresh_clone_repeats_nothing(clone):
    assert jobs(*clone) == {}


def test_changed_core_repeats_what_runs_it(clone):
    module = (
        Path(clone[2].removeprefix("--snakefile=")).parent
        / "scripts/specresample/grids/grid_gwcs.py"
    )
    module.write_text(module.read_text() + "MORE = 1\n")
    assert jobs(*clone) == {"combine": 1, "deliver": 1, "record": 1}


def test_what_is_only_said_repeats_nothing(clone):
    package = Path(clone[2].removeprefix("--snakefile=")).parent / "scripts/specresample"
    module = package / "steps/drizzle.py"
    text = module.read_text()
    for said, other in (
        ("%s drizzled, %s", "%s is drizzled, %s"),
        ("Drizzle an exposure.", "Put it."),
    ):
        assert said in text
        text = text.replace(said, other)
    module.write_text(text)
    job = package / "jobs/job.py"
    job.write_text(job.read_text() + "MORE = 1\n")
    assert jobs(*clone) == {}


def test_prepared_exposure_of_which_half_is_lost_is_made_again(copy):
    folder, config = copy
    for path in folder.glob("results/.work/exposures/*.npz"):
        path.unlink()
    assert jobs(folder, config) == {}
    made = jobs(folder, config, "--config", "pixfrac=0.7")
    assert made["prepare_exposure"] == 3
    assert (folder / f"results/{PRODUCT}_s2d.fits").is_file()


def test_other_package_version_repeats_all(copy, tmp_path):
    # What Python takes for the installed drizzle.
    metadata = tmp_path / "other/drizzle-99.0.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: drizzle\nVersion: 99.0\n")
    run = snakemake(*copy, "--dry-run", PYTHONPATH=str(tmp_path / "other"))
    # From the beginning; what follows is known once the grids are made again.
    assert re.search("^prepare_exposure +3$", run.stdout + run.stderr, re.M)
    assert re.search("^output_grid +1$", run.stdout + run.stderr, re.M)


def test_incomplete_file_is_made_again(copy, start):
    folder, config = copy
    shutil.rmtree(folder / "results")
    run = start(folder, config)
    logs = folder / "results/.work/logs/prepare_exposure"
    wait_for(lambda: list(logs.glob("*.log")))
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    log = next(logs.glob("*.log"))
    # Younger than its exposure, as if the job had got so far: only Snakemake's mark tells.
    for ending in (".npz", ".json"):
        (folder / "results/.work/exposures" / f"{log.stem}{ending}").write_bytes(b"half a file")
    assert jobs(folder, config)["prepare_exposure"] == 3


@pytest.fixture
def start():
    """Starts runs, each in a process group of its own; none outlives the test."""
    runs = []

    def start_run(folder, config):
        command = [sys.executable, "-m", "snakemake", f"--snakefile={PROJECT}/Snakefile", config]
        run = psutil.Popen(
            [*command, "--cores=2"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        runs.append(run)
        return run

    yield start_run
    for run in runs:
        if run.is_running():
            run.kill()
        run.wait()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("job_per", ["exposure", "product"])
def test_killed_snakemake_goes_on_with_the_same_command(made, tmp_path, job_per, start):
    shutil.copytree(made / "nods", tmp_path / "nods")
    shutil.copytree(made / "data", tmp_path / "data", symlinks=True)
    config = write_config(tmp_path, associations=["data/asn.json"], job_per=job_per)
    run = start(tmp_path, config)
    wait_for(lambda: list(tmp_path.glob("results/.work/logs/*/*.log")))
    jobs_of_run = run.children()
    run.kill()
    run.wait()
    # Its jobs end by themselves.
    wait_for(lambda: not any(job.is_running() for job in jobs_of_run))
    snakemake(tmp_path, config)
    product = f"results/{PRODUCT}_s2d.fits"
    assert (tmp_path / product).read_bytes() == (made / product).read_bytes()


@pytest.mark.parametrize("job_per", ["exposure", "product"])
def test_killed_job_is_made_again_with_the_same_command(made, tmp_path, job_per, start):
    shutil.copytree(made / "nods", tmp_path / "nods")
    shutil.copytree(made / "data", tmp_path / "data", symlinks=True)
    config = write_config(tmp_path, associations=["data/asn.json"], job_per=job_per)
    run = start(tmp_path, config)
    # Begun and with the log open, an exposure or the whole product.
    wait_for(lambda: list(tmp_path.glob("results/.work/logs/[pm]*/*.log")))
    run.children()[0].kill()
    assert run.wait() != 0
    assert not (tmp_path / f"results/{PRODUCT}_s2d.fits").exists()
    snakemake(tmp_path, config)
    product = f"results/{PRODUCT}_s2d.fits"
    assert (tmp_path / product).read_bytes() == (made / product).read_bytes()
