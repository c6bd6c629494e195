"""Files are there whole or not at all, whatever happens; and nothing leaves its folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from inprocess import edit_tree, make, rewrite, write_slit_exposures
from runs import PROJECT, snakemake, write_association, write_config
from specresample.common.errors import ResampleError
from specresample.common.files import write_json, written_aside
from specresample.common.names import MAX_NAME
from specresample.plan.association import read_products
from specresample.plan.locks import Mark

PRODUCT = "jw1-product"


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return write_slit_exposures(tmp_path_factory.mktemp("data"))


@pytest.fixture
def campaign(originals, tmp_path):
    """A folder with an association of copied exposures; its config."""
    data = tmp_path / "data"
    data.mkdir()
    exposures = [data / path.name for path in originals]
    for original, exposure in zip(originals, exposures, strict=True):
        shutil.copy(original, exposure)
    path = write_association(data, PRODUCT, exposures)
    return tmp_path, write_config(tmp_path, associations=[str(path.relative_to(tmp_path))])


def content(folder):
    """All files of a folder but those of Snakemake, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".snakemake" not in path.parts
    }


def mounted(*arguments):
    """Mount something, or skip the test; returns how to undo it."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    run = subprocess.run(
        ["mount", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if run.returncode:
        pytest.skip(f"mount is not possible here: {run.stderr.strip()}")
    return lambda: subprocess.run(["umount", str(arguments[-1])], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system that takes one product and not another one beside it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    unmount = mounted("-t", "tmpfs", "-o", "size=200k", "tmpfs", disk)
    yield disk
    unmount()


@pytest.fixture
def read_only():
    """Make folders read-only, even for root."""
    undo = []

    def mount(folder):
        undo.append(mounted("--bind", folder, folder))
        mounted("-o", "remount,bind,ro", folder)

    yield mount
    for unmount in undo:
        unmount()


# ---- disk full, no permission --------------------------------------------------------------------


def test_disk_full_leaves_the_previous_product(originals, small_disk):
    make(originals, small_disk)
    before = content(small_disk)
    (small_disk / "filler").write_bytes(bytes(30_000))
    with pytest.raises(ResampleError, match=r"product_s2d\.fits: not written \(.*(space|Space)"):
        make(originals, small_disk, pixfrac=0.5)
    assert content(small_disk) == before | {"filler": bytes(30_000)}


def test_disk_full_leaves_the_previous_record(small_disk):
    write_json(small_disk / "record.json", [1])
    with pytest.raises(ResampleError, match=r"record\.json: not written \(.*No space left"):
        write_json(small_disk / "record.json", ["x" * 1000] * 1000)
    assert content(small_disk) == {"record.json": b"[1]\n"}


def test_folder_that_cannot_be_written(originals, tmp_path, read_only):
    out = tmp_path / "out"
    make(originals, out)
    before = content(out)
    read_only(out)
    with pytest.raises(ResampleError, match=r"product_s2d\.fits: not written \(.*Read-only"):
        make(originals, out, pixfrac=0.5)
    assert content(out) == before


def test_failed_run_leaves_the_previous_product(campaign):
    folder, config = campaign
    snakemake(folder, config)
    product = folder / f"results/{PRODUCT}_s2d.fits"
    before = product.read_bytes()
    broken = sorted((folder / "data").glob("*_cal.fits"))[1]
    rewrite(broken, lambda hdus: hdus.pop("ASDF"))
    run = snakemake(folder, config, check=False)
    assert run.returncode != 0
    assert product.read_bytes() == before


def test_failed_combination_leaves_the_previous_product(campaign):
    folder, config = campaign
    snakemake(folder, config)
    product = folder / f"results/{PRODUCT}_s2d.fits"
    before = product.read_bytes()
    singles = sorted((folder / f"results/.work/{PRODUCT}/singles").glob("*.npz"))
    singles[0].write_bytes(singles[0].read_bytes()[:-1000])
    run = snakemake(folder, config, check=False)
    assert run.returncode != 0
    assert product.read_bytes() == before


def test_read_only_input(campaign, read_only):
    folder, config = campaign
    before = content(folder / "data")
    read_only(folder / "data")
    snakemake(folder, config)
    assert (folder / f"results/{PRODUCT}_s2d.fits").is_file()
    assert content(folder / "data") == before


# ---- links ---------------------------------------------------------------------------------------


def test_aside_is_not_written_through_a_link(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    folder.mkdir()
    outside.write_text("mine")
    (folder / ".a.txt.part").symlink_to(outside)
    with written_aside(folder / "a.txt") as aside:
        aside.write_text("new")
    assert outside.read_text() == "mine"
    assert (folder / "a.txt").read_text() == "new"
    assert not (folder / "a.txt").is_symlink()


def test_product_replaces_a_link_and_not_its_target(campaign):
    folder, config = campaign
    outside = folder / "outside.fits"
    outside.write_text("mine")
    os.utime(outside, (1, 1))
    (folder / "results").mkdir()
    (folder / f"results/{PRODUCT}_s2d.fits").symlink_to(outside)
    snakemake(folder, config)
    assert outside.read_text() == "mine"
    assert (folder / f"results/{PRODUCT}_s2d.fits").read_bytes()[:6] == b"SIMPLE"


def test_members_may_be_links_to_data_elsewhere(originals, tmp_path):
    path = write_association(tmp_path / "asn", PRODUCT, originals)
    assert all((tmp_path / "asn" / original.name).is_symlink() for original in originals)
    before = [original.read_bytes() for original in originals]
    snakemake(tmp_path, write_config(tmp_path, associations=[str(path)]))
    assert [original.read_bytes() for original in originals] == before


# ---- names ---------------------------------------------------------------------------------------

OUTSIDE = [
    "../p",
    "/p",
    "a/b",
    "..",
    ".p",
    "-p",
    "p\0",
    "p\n",
    "p" * 300,
    "p;q",
    "$(p)",
    "p q",
    "é",
]


@pytest.mark.parametrize("name", OUTSIDE, ids=ascii)
def test_product_names_that_leave_their_folder(tmp_path, name):
    (tmp_path / "a_cal.fits").touch()
    members = [{"expname": "a_cal.fits", "exptype": "science"}]
    path = tmp_path / "asn.json"
    path.write_text(json.dumps({"products": [{"name": name, "members": members}]}))
    with pytest.raises(ResampleError, match="is not usable as a file name") as error:
        read_products([str(path)])
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500 + MAX_NAME


@pytest.mark.parametrize("name", ["a\0", "a\n", "x" * 300, "-a", "$(touch a)"], ids=ascii)
def test_member_names_that_are_no_files(tmp_path, name):
    (tmp_path / "a").touch()
    folder = tmp_path / "asn"
    folder.mkdir()
    members = [{"expname": name, "exptype": "science"}]
    (folder / "asn.json").write_text(json.dumps({"products": [{"name": "p", "members": members}]}))
    with pytest.raises(ResampleError, match=r"not printable|does not exist") as error:
        read_products([str(folder / "asn.json")])
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore")
def test_source_names_that_leave_their_folder(campaign):
    folder, _ = campaign
    exposures = sorted((folder / "data").glob("*_cal.fits"))
    for exposure in exposures:
        edit_tree(exposure, ("\nname: S200A1", "\nname: ../../S200A1"))
        rewrite(exposure, lambda hdus: hdus["SCI"].header.set("SLTNAME", "../../S200A1"))
    with pytest.raises(ResampleError, match="is not usable as a file name"):
        make(exposures, folder / "out", name="p_{slit_name}")
    assert not (folder / "out").exists()


def test_names_that_a_shell_would_take_for_more(originals, tmp_path):
    data = tmp_path / "data; touch $(x) 'a' \"b\""
    names = ["-rf_cal.fits", "a b;$(touch c)'_cal.fits"]
    data.mkdir()
    for original, name in zip(originals, names, strict=True):
        shutil.copy(original, data / name)
    path = write_association(data, "p", [data / name for name in names])
    config = write_config(tmp_path, associations=[str(path)], output_dir="-out put's")
    snakemake(tmp_path, config)
    assert (tmp_path / "-out put's/p_s2d.fits").is_file()
    assert {entry.name for entry in tmp_path.iterdir()} <= {
        data.name,
        "-out put's",
        "config.yaml",
        ".snakemake",
    }


# ---- two runs ------------------------------------------------------------------------------------


def started(folder, config, mark):
    """Start a run; returns its process once there is a file that matches, in Snakemake's folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    run = subprocess.Popen(
        [*command, "--directory", str(folder), "--cores", "1", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    while not [*folder.glob(f".snakemake/{mark}")]:
        assert run.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    return run


def test_two_runs_on_one_folder_exclude_each_other(campaign):
    folder, config = campaign
    first = started(folder, config, "locks/*")
    try:
        first.send_signal(signal.SIGSTOP)
        second = snakemake(folder, config, check=False)
        assert second.returncode != 0
        assert "locked" in second.stdout + second.stderr
        first.send_signal(signal.SIGCONT)
        assert first.wait(120) == 0
    finally:
        first.kill()
    assert (folder / f"results/{PRODUCT}_s2d.fits").is_file()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_locks_of_a_killed_run(campaign):
    folder, config = campaign
    run = started(folder, config, "resample-runs/*.json")
    run.kill()
    run.wait()
    locks = {*folder.glob(".snakemake/locks/*")}
    assert len(locks) == 2
    # A dry run removes nothing.
    snakemake(folder, config, "--dry-run")
    assert {*folder.glob(".snakemake/locks/*")} == locks
    # Nor does a run on another machine, which says why.
    (path,) = folder.glob(".snakemake/resample-runs/*.json")
    mark = Mark.read(path)
    replace(mark, host="elsewhere").write(path)
    elsewhere = snakemake(folder, config, check=False)
    assert elsewhere.returncode != 0
    assert "Locks of a run on elsewhere, process " in elsewhere.stderr
    assert {*folder.glob(".snakemake/locks/*")} == locks
    mark.write(path)
    again = snakemake(folder, config)
    assert "An earlier run was killed: its locks are removed." in again.stderr
    assert (folder / f"results/{PRODUCT}_s2d.fits").is_file()
    assert not [*folder.glob(".snakemake/locks/*")]
