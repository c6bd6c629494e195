"""The benchmark: ``make bench``, which puts ``demo`` and ``scripts`` into PYTHONPATH."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.cases import CASES, SERIES, Case, Series
from benchmarks.comparing import DifferentProductsError, compare_products
from benchmarks.fitting import spread
from benchmarks.measuring import (
    PROJECT,
    SCHEDULES,
    Cost,
    FailedRunError,
    jwst_python,
    profile_run,
    run_jwst,
    run_workflow,
)
from benchmarks.observations import mos_12_simulated, mos_58, weight
from benchmarks.report import report, write_report
from benchmarks.results import CaseResult, Results

README = PROJECT / "benchmarks" / "README.md"
CACHE = README.with_name(".cache")
PROFILE = "profile"
# Seconds from which a size of a series is measured in one round.
LONG = 60
# Cases of one association.
PROFILED = ("nods", "lrs", "fixed-slits", "mos-12", "mos-58", "pixfrac", "one-more")


class Benchmark:
    """Measures what is asked for.

    Parameters
    ----------
    folder : Path
        Takes simulated exposures and runs.
    rounds, cores : int
        Rounds of every measurement, and cores that Snakemake may use.
    """

    def __init__(self, folder: Path, rounds: int, cores: int) -> None:
        self.data, self.runs = folder / "data", folder / "runs"
        self.rounds, self.cores = rounds, cores
        self.data.mkdir(parents=True, exist_ok=True)
        self.python = jwst_python()
        self._warm = False

    def about(self) -> dict[str, str]:
        """Say what is run and on what."""
        command = [self.python, "-c", "import importlib.metadata as m; print(m.version('jwst'))"]
        jwst = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        return {
            "jwst": jwst,
            "Snakemake": version("snakemake"),
            "Python": platform.python_version(),
            "cores:": f"{os.cpu_count()}, used by the workflow: {self.cores}",
            "rounds:": str(self.rounds),
        }

    def case(self, case: Case) -> CaseResult:
        """Run jwst and the workflow alternately, and compare what they make."""
        work = case.work(self.data)
        folder = self.runs / case.name
        self._warm_up()
        result = CaseResult()
        for number in range(1, min(self.rounds, case.rounds) + 1):
            result.jwst.append(run_jwst(work, folder / "jwst", self.python))
            _tell(f"{case.name}, round {number}, jwst", result.jwst[-1])
            for schedule in SCHEDULES:
                cost = run_workflow(work, folder / schedule, self.cores, schedule)
                difference = compare_products(work, folder / schedule, folder / "jwst")
                result.ours[schedule].append(cost)
                result.difference = max(result.difference, difference)
                _tell(f"{case.name}, round {number}, job_per: {schedule}", cost)
        shutil.rmtree(folder)
        return result

    def series(self, series: Series) -> dict[int, list[Cost]]:
        """Run the workflow on work of growing size; in all rounds where that is soon done."""
        work = {size: series.work(self.data, size) for size in series.sizes}
        costs: dict[int, list[Cost]] = {size: [] for size in series.sizes}
        folder, how = self.runs / series.name, (self.cores, series.schedule, *series.options)
        for number in range(1, self.rounds + 1):
            for size, before in costs.items():
                if not before or before[0].wall <= LONG:
                    before.append(run_workflow(work[size], folder, *how))
                    _tell(f"{series.name} {size}, round {number}", before[-1])
        shutil.rmtree(folder)
        return costs

    def profile(self, case: Case) -> dict[str, float]:
        """Say where the seconds of a case are: medians of the rounds."""
        work, folder = case.work(self.data), self.runs / PROFILE
        rounds = [profile_run(work, folder, self.cores) for _ in range(self.rounds)]
        return {step: spread([seconds[step] for seconds in rounds]).median for step in rounds[0]}

    def _warm_up(self) -> None:
        """Run both once, so that the first round does not compile and read programs."""
        if not self._warm:
            work = CASES[0].work(self.data)
            run_workflow(work, self.runs / "warm-up", self.cores)
            run_jwst(work, self.runs / "warm-up", self.python)
            self._warm = True


def main() -> int:
    """Run the command line; returns the exit status."""
    names = [*(case.name for case in CASES), *(series.name for series in SERIES), PROFILE]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the workflow against jwst. All cases go into benchmarks/README.md, "
        "some of them into FOLDER/results.md.",
    )
    add = parser.add_argument
    some = {"nargs": "*", "metavar": "NAME", "choices": [*names, "all"], "default": "all"}
    add("names", **some, help=f"of {', '.join(names)}; default all")
    add("--rounds", type=int, default=3, help="default 3")
    add("--cores", type=int, default=2, help="of the workflow, default 2")
    add("--folder", type=Path, default=CACHE, help="for all data, default benchmarks/.cache")
    add("--resume", action="store_true", help="keep what was measured before")
    options = parser.parse_args()
    wanted = names if "all" in options.names else options.names

    folder = options.folder.resolve()
    benchmark = Benchmark(folder, options.rounds, options.cores)
    measurements = folder / "measurements.json"
    results = Results(benchmark.about())
    if options.resume and measurements.exists():
        before = Results.load(measurements)
        if before.about != results.about:
            parser.error(f"--resume: measured before with {before.about}, now {results.about}")
        results = before
    profiled = [case for case in CASES if PROFILE in wanted and case.name in PROFILED]
    # Where it goes, what is measured and how.
    tasks = [
        *((results.cases, case, benchmark.case) for case in CASES if case.name in wanted),
        *((results.series, series, benchmark.series) for series in SERIES if series.name in wanted),
        *((results.profiles, case, benchmark.profile) for case in profiled),
    ]
    failed = False
    for place, what, measure in tasks:
        if what.name in place:
            continue
        try:
            place[what.name] = measure(what)
            results.save(measurements)
        except (FailedRunError, DifferentProductsError) as error:
            print(f"{what.name}: {error}", file=sys.stderr, flush=True)
            failed = True
    exposures = {"the instrument's": mos_58, "simulated": mos_12_simulated}
    results.weights = {name: weight(made(benchmark.data)) for name, made in exposures.items()}
    text = report(results)
    print(text)
    page = README if set(wanted) == set(names) and not failed else folder / "results.md"
    write_report(results, text, page)
    print(f"Written to {page}")
    return int(failed)


def _tell(what: str, cost: Cost) -> None:
    shown = f"{cost.wall:.1f} s wall, {cost.cpu:.1f} s CPU, {cost.peak:.0f} MB"
    print(f"{what}: {shown}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
