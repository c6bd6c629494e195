"""Runs of the workflow, their configuration and associations, and what they leave."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
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
        timeout=1800,
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


def campaign_products(folder: Path) -> dict[str, bytes]:
    """Return the content of all that a run delivered, by path below the folder of results.

    But for ledger and overview, which say how long it took.
    """
    results = folder / "results"
    files = (path for path in results.rglob("*") if path.is_file())
    paths = {str(path.relative_to(results)): path for path in files}
    for name in ("ledger.json", "overview.html"):
        paths.pop(name, None)
    return {name: path.read_bytes() for name, path in paths.items() if name[0] != "."}
