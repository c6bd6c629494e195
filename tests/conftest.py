"""What the tests share: running the workflow, the reference data, simulated exposures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


def snakemake(folder: Path, *arguments: str, check: bool = True, **environment: str):
    """Run the workflow in a folder, as a user does; returns the finished process."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(PROJECT / "Snakefile"),
        "--directory",
        str(folder),
        "--cores",
        "2",
        *arguments,
    ]
    run = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=900,
        check=False,
    )
    if check:
        assert run.returncode == 0, run.stdout + run.stderr
    return run


def write_config(folder: Path, **config: object) -> str:
    """Write a config file; returns the argument that names it."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return f"--configfile={path}"


def write_association(
    folder: Path, product: str, exposures: list[Path], name: str | None = None
) -> Path:
    """Write an association beside links to its exposures."""
    folder.mkdir(parents=True, exist_ok=True)
    for exposure in exposures:
        link = folder / exposure.name
        if not link.exists():
            link.symlink_to(exposure)
    members = [{"expname": exposure.name, "exptype": "science"} for exposure in exposures]
    path = folder / (name or f"{product.replace('{', '').replace('}', '')}_asn.json")
    path.write_text(json.dumps({"products": [{"name": product, "members": members}]}))
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference data, which lies beside the project on the developers' machines."""
    if not SHARED.is_dir():
        pytest.skip(f"no reference data: {SHARED} is not there")
    return SHARED
