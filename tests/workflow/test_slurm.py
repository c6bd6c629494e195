"""The profiles for clusters, on a real SLURM of one node that tests/slurm/cluster starts.

The executor is not among what `make test` installs: `make slurm` adds it.
"""

import importlib.util
import re
import subprocess
import time

import pytest
import yaml
from runs import PROJECT, campaign_products, snakemake
from specresample.plan.resources import request_resources
from test_campaign import launch

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
    reason="the SLURM executor is not installed; `make slurm` does it",
)

CLUSTER = PROJECT / "tests/slurm/cluster"
UNAVAILABLE = 77

# The test cluster has no accounting database, and nobody shares it.
PLUGIN = [
    "--slurm-status-command=squeue",
    "--slurm-no-account",
    "--slurm-init-seconds-before-status-checks=2",
]
# What the tests ask for one rule on the command line.
RULE, MINUTES, MEGABYTES = "combine", 7, 1700


def command(*words):
    """Run a command that has to succeed; returns its output."""
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture(scope="module")
def cluster():
    """The running cluster."""
    start = subprocess.run(
        [CLUSTER, "start"], capture_output=True, text=True, check=False, timeout=600
    )
    if start.returncode == UNAVAILABLE:
        pytest.skip(start.stderr.strip())
    assert start.returncode == 0, start.stdout + start.stderr
    yield
    command(CLUSTER, "stop")


def slurm_jobs(name):
    """Jobs that SLURM remembers under a name, as it describes them."""
    lines = command("scontrol", "--oneliner", "show", "job").splitlines()
    # The comment is the last of what may hold blanks, and our names hold none.
    jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
    return [job for job in jobs if job.get("JobName", "").startswith(name)]


@pytest.fixture(scope="module")
def submitted(cluster, make_campaign):
    """Products made through profiles/slurm, one of them from a broken exposure."""
    folder = make_campaign("one", "three", "broken")
    broken = next((folder / "data").glob("*broken_cal.fits"))
    broken.unlink()
    broken.write_bytes(b"not FITS")
    # A partition is what a user's own profile is for.
    user = folder / "user"
    user.mkdir()
    (user / "config.yaml").write_text(
        yaml.safe_dump({"default-resources": {"slurm_partition": "other", "mem_mb": 1500}})
    )
    run = snakemake(
        folder,
        "--configfile=config.yaml",
        f"--workflow-profile={PROJECT / 'profiles/slurm'}",
        f"--profile={user}",
        *PLUGIN,
        "--cores=100",
        "--retries=0",
        "--set-resources",
        f"{RULE}:runtime={MINUTES}",
        f"{RULE}:mem_mb={MEGABYTES}",
        check=False,
    )
    return folder, run


def test_jobs_of_slurm_make_the_same_bytes(submitted, campaign_expected):
    folder, run = submitted
    expected = {
        file: content
        for file, content in campaign_expected.items()
        if re.match("(one|three)[_/]", file)
    }
    assert len(expected) == 6
    assert campaign_products(folder) == expected, run.stdout + run.stderr


def test_failed_job_of_slurm_is_reported(submitted):
    folder, run = submitted
    output = run.stdout + run.stderr
    assert run.returncode != 0, output
    assert re.search(r"broken_cal\.fits", output)
    assert not list(folder.rglob("broken_s2d.fits"))
    failed = [job for job in slurm_jobs("resample") if job["JobState"] == "FAILED"]
    assert len(failed) == 1


def test_slurm_knows_what_jobs_ask_for(submitted):
    jobs = slurm_jobs("resample")
    assert len(jobs) > 4
    assert {job["Partition"] for job in jobs} == {"other"}
    asked = [job for job in jobs if job["Comment"].startswith(f"rule_{RULE}_")]
    assert asked
    for job in asked:
        assert job["TimeLimit"] == f"00:{MINUTES:02}:00"
        assert job["MinMemoryNode"] == f"{MEGABYTES}M"
    folder, _ = submitted
    sizes = {path.stem.removesuffix("_cal"): str(path) for path in folder.glob("data/*_cal.fits")}
    for key, path in sizes.items():
        asked = [job for job in jobs if job["Comment"] == f"rule_prepare_exposure_wildcards_{key}"]
        requested = request_resources("prepare_exposure", (path,), attempt=1)
        assert [job["MinMemoryNode"] for job in asked] == [f"{requested['mem_mb']}M"]


def test_campaign_goes_on_after_its_allocations_were_lost(
    cluster, make_campaign, campaign_expected
):
    folder = make_campaign("one", "two", "three", "four")
    arguments = ["2", "--configfile", "config.yaml", "--", "--cpus-per-task=1", "--mem=4000"]
    first = launch(folder, *arguments)
    assert first.returncode == 0, first.stdout + first.stderr
    name = slurm_jobs("resample-")[0]["JobName"]

    # Both at work: started twice, they would spoil each other.
    deadline = time.monotonic() + 60
    while len(list(folder.glob("results/.work/logs/prepare_exposure/*.log"))) < 2:
        assert time.monotonic() < deadline, command("scontrol", "show", "job")
        time.sleep(0.2)
    second = launch(folder, *arguments)
    assert second.returncode != 0
    assert f"scancel --name={name}" in second.stderr

    command("scancel", "--signal=KILL", "--full", f"--name={name}")
    while command("squeue", "--noheader", f"--name={name}"):
        assert time.monotonic() < deadline + 60
        time.sleep(0.2)
    assert campaign_products(folder) != campaign_expected

    third = launch(folder, *arguments, "--wait")
    logs = "".join(path.read_text() for path in folder.glob("results/.work/campaign/*.log"))
    assert third.returncode == 0, third.stdout + third.stderr + logs
    assert campaign_products(folder) == campaign_expected
    tasks = [job for job in slurm_jobs("resample-") if job["JobState"] == "COMPLETED"]
    assert {job["ArrayTaskId"] for job in tasks} == {"1", "2"}
    assert {job["NumCPUs"] for job in tasks} == {"1"}
    assert "Nothing to be done" in snakemake(folder, "--configfile=config.yaml").stderr
