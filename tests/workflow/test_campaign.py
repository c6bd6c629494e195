"""A campaign in parts: what the launcher divides, and parts run by hand beside each other."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
import yaml
from runs import PROJECT, campaign_products, snakemake, write_config

LAUNCHER = PROJECT / "profiles/campaign/launch.py"


def launch(folder, *arguments, **environment):
    """Call the launcher for a working folder; returns the finished process."""
    command = [sys.executable, str(LAUNCHER), *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def launcher():
    """The launcher as a module."""
    spec = importlib.util.spec_from_file_location("launch", LAUNCHER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_products_that_share_exposures_stay_together(launcher):
    products = {"a": "12", "b": "3", "c": "45", "d": "24", "e": "6"}
    groups = launcher.independent_groups(products)
    assert sorted(map(sorted, groups)) == [["a", "c", "d"], ["b"], ["e"]]


def test_parts_are_of_about_the_same_size(launcher):
    groups = [["a", "b"], ["c"], ["d"], ["e"], ["f"]]
    parts = launcher.divide(groups, {"a": 3, "b": 4, "c": 5, "d": 4, "e": 2, "f": 1}, 2)
    assert sorted(map(sorted, parts)) == [["a", "b", "e", "f"], ["c", "d"]]


def test_no_part_is_empty(launcher):
    assert launcher.divide([["a"], ["b"]], {"a": 1, "b": 1}, 5) == [["a"], ["b"]]


def test_profiles_agree():
    """A workflow profile replaces the default one, so that they repeat what they share."""
    default, slurm, campaign = (
        yaml.safe_load((PROJECT / "profiles" / name / "config.yaml").read_text())
        for name in ("default", "slurm", "campaign")
    )
    del default["cores"]
    assert default.items() <= campaign.items()
    # The controller of a cluster must not be flooded.
    del default["max-jobs-per-timespan"]
    assert default.items() <= slurm.items()
    # It would erase account and partition of the user's own profile.
    assert "default-resources" not in slurm


def test_bad_configuration_is_refused_before_anything_is_submitted(tmp_path):
    run = launch(tmp_path, "2", write_config(tmp_path, associations=["missing.json"]))
    assert run.returncode != 0
    assert "missing.json" in run.stderr
    assert "Traceback" not in run.stderr


def test_without_slurm_nothing_is_submitted(make_campaign):
    folder = make_campaign("one")
    run = launch(folder, "1", "--configfile=config.yaml", PATH="")
    assert run.returncode != 0
    assert "--dry-run" in run.stderr


def test_parts_by_hand_make_the_same_as_one_run(make_campaign, campaign_expected):
    folder = make_campaign("one", "two", "three", "four")
    run = launch(
        folder, "2", "--configfile", "config.yaml", "--dry-run", "--", "--account=me", "--exclusive"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search("sbatch .*--array=1-2 .*--account=me --exclusive", run.stdout)

    parts = folder / "results/.work/campaign"
    lists = [path.read_text().split() for path in sorted(parts.glob("part-*.txt"))]
    assert Counter(target for part in lists for target in part) == Counter(
        f"results/{name}/record.json" for name in ("one", "two", "three", "four")
    )
    # They share an exposure.
    sharing = {"results/one/record.json", "results/two/record.json"}
    assert any(sharing <= set(part) for part in lists)

    # One core each, as in an allocation.
    environment = os.environ | {"SLURM_CPUS_ON_NODE": "1", "SLURM_MEM_PER_NODE": "4000"}
    runs = [
        subprocess.Popen(
            ["bash", str(parts / "run.sh"), str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        for number in (1, 2)
    ]
    for run in runs:
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 0, output
    assert campaign_products(folder) == campaign_expected
    # Whichever part was the last one saw what the other had made.
    ledger = json.loads((folder / "results/ledger.json").read_text())["products"]
    assert [entry["state"] for entry in ledger] == ["done"] * 4
    (folder / "results/ledger.json").unlink()
    last = launch(folder, "2", "--configfile", "config.yaml", "--dry-run")
    assert "Nothing to be done" in last.stdout
    assert "4 products made" in last.stdout
    assert (folder / "results/ledger.json").is_file()
    # A plain run afterwards knows all of it.
    assert "Nothing to be done" in snakemake(folder, "--configfile=config.yaml").stderr
    assert not json.loads((folder / "results/one/record.json").read_text())["left_out"]
