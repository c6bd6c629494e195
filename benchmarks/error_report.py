"""How errors hold, in docs/numbers.md, and what they cost, in README.md: ``make errors``.

Takes the reference data that the tests have, or other folders of exposures.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure
from specresample.jobs.status import JobStatus
from specresample.plan.resources import needs

from benchmarks.error_trials import CLAIMS, Box, prepare_exposures, true_over_claimed
from benchmarks.fitting import ratio, spread
from benchmarks.markdown import markdown_table, write_part
from benchmarks.measuring import Cost, Work, run_workflow
from benchmarks.observations import REFERENCE_DATA

TRIALS_PAGE = Path(__file__).parents[1] / "docs" / "numbers.md"
COSTS_PAGE = Path(__file__).with_name("README.md")
PLOT = "errors.png"

# Which of the slits of a folder of exposures, and with what arguments.
CASES = {
    "MOS, 3 nods": ("nirspec_mos_sim", 5, {}),
    "MOS, `pixfrac: 0.5`": ("nirspec_mos_sim", 5, {"pixfrac": 0.5}),
    "MOS, `pixel_scale_ratio: 2`": ("nirspec_mos_sim", 5, {"pixel_scale_ratio": 2.0}),
    "LRS, 2 nods": ("miri_lrs_sim", 0, {}),
}
REALISATIONS = 100

KINDS: Mapping[str, Mapping[str, object]] = {
    "`errors: reference`": {},
    "`errors: pixel`": {"errors": "pixel"},
    "`errors: aperture`": {"errors": "aperture"},
    "`errors: pixel`, `covariance: true`": {"errors": "pixel", "covariance": True},
}
ROUNDS = 3

_COLOURS = ("#999999", "#d55e00", "#0072b2", "#009e73")

Ratios = Mapping[Box, Mapping[str, float]]


# ---- how they hold -----------------------------------------------------------------------------


def _make_trials(data: Path) -> dict[str, Ratios]:
    """Make the trials of all cases with the folders of exposures in ``data``."""
    with TemporaryDirectory() as scratch:
        prepared = {
            name: prepare_exposures(sorted((data / name).glob("*_cal.fits")), Path(scratch, name))
            for name in {name for name, _, _ in CASES.values()}
        }
        return {
            case: true_over_claimed(
                prepared[name], realisations=REALISATIONS, slit=slit, **arguments
            )
            for case, (name, slit, arguments) in CASES.items()
        }


def _trials_table(cases: Mapping[str, Ratios]) -> str:
    """Lay out claimed over true sigma, as Markdown."""
    rows = [
        [case, f"{rows} x {columns}", *(f"{1 / ratios[name]:.2f}" for name in CLAIMS)]
        for case, boxes in cases.items()
        for (rows, columns), ratios in boxes.items()
    ]
    return markdown_table(["", "box", *(f"`{name}`" for name in CLAIMS)], rows)


def _plot_trials(cases: Mapping[str, Ratios], path: Path) -> None:
    """Draw claimed over true sigma of every box."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, len(cases), sharey=True)
    for axes, (case, boxes) in zip(panels, cases.items(), strict=True):
        axes.axhspan(0.98, 1.02, color="#eeeeee")
        for name, colour in zip(CLAIMS, _COLOURS, strict=True):
            values = [1 / ratios[name] for ratios in boxes.values()]
            axes.plot(range(len(boxes)), values, "o-", color=colour, label=name, markersize=4)
        axes.set_xticks(range(len(boxes)), [f"{y} x {x}" for y, x in boxes], rotation=60)
        axes.set_title(case.replace("`", ""), fontsize=10)
        axes.set_xlabel("box: rows x columns")
    panels[0].set_ylabel("claimed / true error")
    panels[0].legend(fontsize=8)
    # Without the version of matplotlib, which would change the bytes.
    figure.savefig(path, dpi=120, metadata={"Software": None})


# ---- what they cost ----------------------------------------------------------------------------


def _measure_costs(work: Work, folder: Path) -> tuple[dict[str, list[Cost]], dict[str, float]]:
    """Run all kinds of errors alternately; gives costs and shares as of `cost_table`."""
    costs: dict[str, list[Cost]] = {kind: [] for kind in KINDS}
    shares = dict.fromkeys(KINDS, 0.0)
    for _ in range(ROUNDS):
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
    costs : mapping of str to sequence of Cost
        Of the rounds, by kind.
    shares : mapping of str to float
        Largest share of its estimated memory that a job has taken, by kind.

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


def main() -> None:
    """Measure, and write the parts of both pages and the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=REFERENCE_DATA)
    data = parser.parse_args().data
    cases = _make_trials(data)
    image = f"![Claimed over true errors of sums over boxes]({PLOT})\n"
    write_part(TRIALS_PAGE, "errors", "make errors", f"{_trials_table(cases)}\n{image}")
    _plot_trials(cases, TRIALS_PAGE.with_name(PLOT))
    with TemporaryDirectory() as scratch:
        work = Work((data / "nirspec_mos_sim" / "spec3_asn.json",))
        table = cost_table(*_measure_costs(work, Path(scratch, "run")))
        write_part(COSTS_PAGE, "errors", "make errors", table)


if __name__ == "__main__":
    main()
