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

# The rules, and whether they work on one exposure or on all of a product.
_RULES = {
    "prepare_exposure": True,
    "drizzle_exposure": True,
    "output_grid": False,
    "combine": False,
}


def measure_costs(
    work: Work, folder: Path, rounds: int, cores: int = 2
) -> tuple[dict[str, list[Cost]], dict[str, float]]:
    """Run all kinds of errors alternately.

    Parameters
    ----------
    work : Work
        Of one association.
    folder : Path
        Takes the runs.
    rounds, cores : int
        Rounds, and cores that Snakemake may use.

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
            costs[kind].append(run_workflow(replace(work, config=arguments), folder, cores))
            shares[kind] = max(shares[kind], _share_of_estimate(work, folder))
    return costs, shares


def _share_of_estimate(work: Work, folder: Path) -> float:
    (association,) = work.associations
    members = json.loads(association.read_text())["products"][0]["members"]
    paths = [str(association.parent / member["expname"]) for member in members]
    status = folder / "results" / ".work" / "status"
    shares = []
    for rule, of_exposure in _RULES.items():
        peaks = [JobStatus.read(path).peak_mb for path in (status / rule).rglob("*.json")]
        _, megabytes = needs(rule, paths[:1] if of_exposure else paths)
        shares.append(max(peaks) / megabytes)
    return max(shares)


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
    cpu = {kind: [run.cpu for run in runs] for kind, runs in costs.items()}
    over = {kind: ratio(runs, cpu["`errors: reference`"]) for kind, runs in cpu.items()}
    rows = [
        [
            kind,
            f"{spread(cpu[kind]).median:.1f}",
            f"{over[kind].median:.2f}",
            f"{over[kind].low:.2f} to {over[kind].high:.2f}",
            f"{spread([run.peak for run in runs]).median:.0f}",
            f"{100 * shares[kind]:.0f} %",
        ]
        for kind, runs in costs.items()
    ]
    header = ["", "CPU, s", "over reference", "range", "peak, MB", "of its estimate"]
    return markdown_table(header, rows)
