"""The container recipe: all its steps, and a run in what they make.

The base image is one that debootstrap makes, as far as the recipe is concerned: Debian with python
and pip. So no registry of images is needed, only Debian's packages and PyPI.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from inprocess import write_slit_exposures
from runs import PROJECT, snakemake, write_association, write_config

TOOLS = ("buildah", "debootstrap")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
        reason=f"needs root, {' and '.join(TOOLS)}",
    ),
]


def succeed(*words):
    """Run a command that has to succeed; returns its output."""
    run = subprocess.run(
        list(map(str, words)),
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
        env=os.environ | {"BUILDAH_ISOLATION": "chroot"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.strip()


@pytest.fixture(scope="module")
def buildah(tmp_path_factory):
    """Command for buildah, which has the image that the recipe makes."""
    folder = tmp_path_factory.mktemp("container")
    storage = ["--storage-driver=vfs", f"--root={folder}/store", f"--runroot={folder}/run"]
    buildah = ["buildah", *storage]
    base = folder / "base"
    packages = "python3-pip,python-is-python3,ca-certificates"
    succeed("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", base)
    for mark in base.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        mark.unlink()
    # Whom this machine trusts, pip trusts there.
    shutil.copy(CERTIFICATES, base / CERTIFICATES.relative_to("/"))
    name = re.search("^FROM (.*)$", (PROJECT / "Containerfile").read_text(), re.M)[1]
    scratch = succeed(*buildah, "from", "scratch")
    succeed(*buildah, "add", scratch, base, "/")
    succeed(*buildah, "config", "--env", f"PIP_CERT={CERTIFICATES}", scratch)
    succeed(*buildah, "commit", "--rm", scratch, name)
    shutil.rmtree(base)
    succeed(*buildah, "build", "--pull-never", "--tag=resample-spec", PROJECT)
    yield buildah
    shutil.rmtree(folder)


@pytest.fixture
def work(tmp_path):
    exposures = write_slit_exposures(tmp_path / "simulated")
    (tmp_path / "data").mkdir()
    copies = [Path(shutil.copy(exposure, tmp_path / "data")) for exposure in exposures]
    write_association(tmp_path / "data", "product", copies)
    return tmp_path, write_config(tmp_path, associations=["data/product_asn.json"])


# Root, and one whom the container does not know.
@pytest.mark.parametrize("user", ["0:0", "12345:12345"])
def test_container_makes_the_same_bytes(buildah, work, user):
    folder, config = work
    # One of its own, as `podman run --rm` makes it.
    name = succeed(*buildah, "from", "--pull-never", "resample-spec")
    snakemake(folder, config, "--config", "output_dir=here")
    shutil.rmtree(folder / ".snakemake")
    folder.chmod(0o777)
    entry = "{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}"
    words = succeed(*buildah, "inspect", f"--format={entry}", name).split()
    volume = f"--volume={folder}:/data"
    call = [*words, "--configfile=config.yaml", "--cores=2"]
    succeed(*buildah, "run", f"--user={user}", volume, name, "--", *call)
    product = "product_s2d.fits"
    assert (folder / "results" / product).read_bytes() == (folder / "here" / product).read_bytes()
