"""Peak memory of the largest process, for 3 and 12 exposures, `in_memory` true and false.

Usage: python benchmarks/memory.py [FOLDER]; needs the environment of `make .venv`.
"""

import filecmp
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "demo"))

from specsim import mos, write_nirspec  # noqa: E402 - found by the path above

# Runs a command and prints the peak of the largest of its processes, in kB.
_PEAK = (
    "import resource, subprocess, sys; "
    "subprocess.run(sys.argv[1:], check=True, capture_output=True); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def peak_memory(folder: Path, exposures: int, in_memory: bool) -> float:
    """Peak memory in MB of the largest process of a run of the workflow."""
    config = {
        "associations": [f"{exposures}/spec3_asn.json"],
        "output_dir": f"out-{exposures}-{in_memory}",
        "in_memory": in_memory,
    }
    file = folder / f"{exposures}-{in_memory}.json"
    file.write_text(json.dumps(config))
    workflow = ["--snakefile", PROJECT / "Snakefile", "--directory", folder, "--configfile", file]
    command = [sys.executable, "-m", "snakemake", *workflow, "--cores", "2"]
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, *command], check=True, capture_output=True, text=True
    )
    return int(run.stdout) / 1024


def main(folder: Path) -> None:
    """Simulate, run and print a table."""
    print("| exposures | in_memory | peak of the largest process, MB |\n|---|---|---|")
    for exposures in (3, 12):
        nods = tuple(np.linspace(-0.6, 0.6, exposures))
        write_nirspec(folder / str(exposures), mos(12, columns=(600, 900), nods=nods))
        for in_memory in (True, False):
            peak = peak_memory(folder, exposures, in_memory)
            print(f"| {exposures} | {str(in_memory).lower()} | {peak:.0f} |", flush=True)
        for product in (folder / f"out-{exposures}-True").glob("*_s2d.fits"):
            other = folder / f"out-{exposures}-False" / product.name
            assert filecmp.cmp(product, other, shallow=False), f"{product.name} differs"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as default:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else default))
