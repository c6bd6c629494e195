"""What exact errors cost beside the reference's: CPU time of runs, and memory of their jobs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specresample.jobs.status import JobStatus
from specresample.plan.resources import needs

from benchmarks.fitting import ratio, spread
from benchmarks.markdown import markdown_table
from benchmarks.measuring import Cost, Work, run_workflow

KINDS: Mapping[str, Mapping[str, object]] = {
    "`errors: reference`": {},
    "`errors: pixel`": {"errors": "pixel"},
    "`errors: aperture`": {"errors": "aperture"},
    "`errors: pixel`, `covariance: true`": {"errors": "pixel", "covariance": True},
}


def measure_costs(
    work: Work, folder: Path, rounds: int
) -> tuple[dict[str, list[Cost]], dict[str, float]]:
    """Run all kinds of errors alternately.

    Parameters
    ----------
    work : Work
        Of one association.
    folder : Path
        Takes the runs.
    rounds : int

    Returns
    -------
    costs : dict of str to list of Cost
        Of the rounds, by kind.
    shares : dict of str to float
        Largest share of its estimated memory that a job has taken, by kind.
    """
    costs: dict[str, list[Cost]] = {kind: [] for kind in KINDS}
    shares = dict.fromkeys(KINDS, 0.0)
    for _ in range(rounds):
        for kind, arguments in KINDS.items():
            costs[kind].append(run_workflow(replace(work, config=arguments), folder, cores=2))
            shares[kind] = max(shares[kind], _share_of_estimate(work, folder))
    return costs, shares


def _share_of_estimate(work: Work, folder: Path) -> float:
    (association,) = work.associations
    members = json.loads(association.read_text())["products"][0]["members"]
    paths = [str(association.parent / member["expname"]) for member in members]
    status = folder / "results" / ".work" / "status"
    rules = dict.fromkeys(("prepare_exposure", "drizzle_exposure"), paths[:1])
    rules |= dict.fromkeys(("output_grid", "combine"), paths)
    return max(
        JobStatus.read(path).peak_mb / needs(rule, exposures)[1]
        for rule, exposures in rules.items()
        for path in (status / rule).rglob("*.json")
    )


def cost_table(costs: Mapping[str, Sequence[Cost]], shares: Mapping[str, float]) -> str:
    """Lay out the costs as Markdown.

    Parameters
    ----------
    costs, shares
        From `measure_costs`.

    Returns
    -------
    str
    """
    reference = [run.cpu for run in costs["`errors: reference`"]]
    rows = []
    for kind, runs in costs.items():
        cpu, peak = [run.cpu for run in runs], [run.peak for run in runs]
        median, low, high = ratio(cpu, reference)
        over = [f"{median:.2f}", f"{low:.2f} to {high:.2f}"]
        share = f"{100 * shares[kind]:.0f} %"
        rows.append([kind, f"{spread(cpu).median:.1f}", *over, f"{spread(peak).median:.0f}", share])
    header = ["", "CPU, s", "over reference", "range", "peak, MB", "of its estimate"]
    return markdown_table(header, rows)
