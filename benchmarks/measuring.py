"""Run the workflow and jwst on the same work and measure what they take."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Schedule = Literal["exposure", "product"]
SCHEDULES: tuple[Schedule, ...] = ("exposure", "product")

PROJECT = Path(__file__).resolve().parents[1]
JWST = "jwst==3.0.0"

_HERE = Path(__file__).parent


class FailedRunError(Exception):
    """A command that was to be measured has failed."""


@dataclass(frozen=True)
class Cost:
    """What a run took, from the command line to the finished products."""

    wall: float  # elapsed time [s]
    cpu: float  # user and system time of all processes [s]
    peak: float  # memory of the largest process [MB]


@dataclass(frozen=True)
class Work:
    """What is to be made."""

    associations: tuple[Path, ...]  # one product each
    # Of the workflow and jwst: the documented ones, and ``outlier_detection``
    arguments: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)  # more of the workflow's
    # jwst resamples a template's sources one by one, as ``calwebb_spec3`` does; otherwise the step
    # gets all slits at once.
    by_source: bool = False
    # What the workflow has made before, in the same folder; it is not measured. jwst keeps nothing
    # that it could use again.
    before: "Work | None" = None


def measure(commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Run commands one after another and measure them together.

    Parameters
    ----------
    commands : sequence of sequence of str
        Programs with their arguments.
    folder : Path
        Takes the log.

    Returns
    -------
    Cost

    Raises
    ------
    FailedRunError
        When a command fails.
    """
    log = folder / "log"
    # Their own imports are all that these environments offer.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    launcher = subprocess.run(
        [sys.executable, _HERE / "launch.py", json.dumps(commands), log],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(launcher.stdout)
    if result.pop("status"):
        last = "\n".join(log.read_text().splitlines()[-20:])
        raise FailedRunError(f"{' '.join(commands[0])} failed; its log {log} ends with\n{last}")
    return Cost(**result)


def workflow_command(
    work: Work, folder: Path, cores: int, job_per: Schedule, *options: str
) -> list[str]:
    """Command that makes some work with the workflow; the configuration is written.

    Parameters
    ----------
    work : Work
    folder : Path
        Working directory.
    cores : int
        Cores that Snakemake may use.
    job_per : {"exposure", "product"}
        The schedule.
    *options
        More options of Snakemake.

    Returns
    -------
    list of str
    """
    given = {"associations": work.associations, "job_per": job_per}
    configfile = folder / "config.json"
    configfile.write_text(json.dumps({**given, **work.arguments, **work.config}, default=str))
    return [
        str(Path(sys.executable).with_name("snakemake")),
        *("--snakefile", str(PROJECT / "Snakefile")),
        *("--directory", str(folder)),
        *("--configfile", str(configfile)),
        *("--cores", str(cores)),
        *options,
    ]


def run_workflow(
    work: Work, folder: Path, cores: int, job_per: Schedule = "exposure", *options: str
) -> Cost:
    """Make some work with the workflow.

    Parameters
    ----------
    work, cores, job_per, *options
        As of `workflow_command`.
    folder : Path
        Working directory, made anew.

    Returns
    -------
    Cost
    """
    _empty(folder)
    if work.before:
        measure([workflow_command(work.before, folder, cores, job_per)], folder)
    return measure([workflow_command(work, folder, cores, job_per, *options)], folder)


def run_jwst(work: Work, folder: Path, python: str) -> Cost:
    """Make some work with jwst, a process for each association.

    Parameters
    ----------
    work : Work
    folder : Path
        Made anew; takes the products, by number.
    python : str
        Python of jwst's environment.

    Returns
    -------
    Cost
    """
    _empty(folder)
    script, arguments = str(_HERE / "resample_jwst.py"), json.dumps(dict(work.arguments))
    options = ["--by-source"] if work.by_source else []
    commands = [
        [python, script, str(path), str(folder / f"{number:03d}"), arguments, *options]
        for number, path in enumerate(work.associations)
    ]
    return measure(commands, folder)


def jwst_python() -> str:
    """Python of an environment with jwst, which is made when ``JWST_PYTHON`` names none.

    Returns
    -------
    str
    """
    if named := os.environ.get("JWST_PYTHON"):
        return named
    folder = PROJECT / ".venv-jwst"
    python, installed = folder / "bin" / "python", folder / "installed"
    if not installed.exists():
        print(f"Installing {JWST} in {folder.name}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", JWST], check=True)
        installed.touch()
    return str(python)


def profile_run(work: Work, folder: Path, cores: int) -> dict[str, float]:
    """Say where the CPU seconds of a run of the workflow are.

    Parameters
    ----------
    work : Work
        With one association.
    folder, cores
        As of `run_workflow`.

    Returns
    -------
    dict of str to float
        Seconds of the steps, made in one process; of Snakemake's dry run; of the whole run; and
        what of this the others leave, which is less than nothing where they vary by more.
    """
    _empty(folder)
    if work.before:
        _profile_steps(work.before, folder)
    steps = _profile_steps(work, folder)
    plan = measure([workflow_command(work, folder, cores, "exposure", "--dry-run")], folder).cpu
    whole = run_workflow(work, folder, cores).cpu
    return {
        **steps,
        "Snakemake: start and plan": plan,
        "Snakemake's jobs; imports of more jobs": whole - plan - sum(steps.values()),
        "whole run": whole,
    }


def _profile_steps(work: Work, folder: Path) -> dict[str, float]:
    (association,) = work.associations
    arguments, prepared = json.dumps(dict(work.arguments)), folder / "prepared"
    command = [sys.executable, _HERE / "profile_steps.py", association, arguments, prepared]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise FailedRunError(f"the profile of {association} failed:\n{run.stderr}")
    return json.loads(run.stdout)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
