"""Tables and a plot of what was measured, and their place in the README."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.cases import CASES, SERIES, Case, Measure
from benchmarks.fitting import growth, ratio, spread
from benchmarks.markdown import markdown_table, write_part
from benchmarks.measuring import SCHEDULES, Cost
from benchmarks.observations import SLITS
from benchmarks.results import CaseResult, Results

MEASURES: dict[Measure, str] = {"wall": "wall, s", "cpu": "CPU, s", "peak": "peak, MB"}
LARGEST_EXPONENT = 1.1

_VERDICTS = {True: "yes", False: "**no**"}
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")


def report(results: Results) -> str:
    """Write all tables.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        Markdown.
    """
    about = "; ".join(f"{key} {value}" for key, value in results.about.items())
    tables = {
        _cases_table: results.cases,
        _series_table: results.series,
        _weights_table: results.weights,
        _profiles_table: results.profiles,
    }
    return "\n".join([f"{about}.\n", *(table(results) for table, has in tables.items() if has)])


def write_report(results: Results, text: str, page: Path) -> None:
    """Put tables and plot into a page, between its marks, the plot as a file beside it.

    Parameters
    ----------
    results : Results
    text : str
        The tables.
    page : Path
        A Markdown file.
    """
    picture = page.with_name("results.png")
    write_part(page, "results", "make bench", f"{text}\n![Ratios and growth]({picture.name})\n")
    plot(results, picture)


# ---- tables ------------------------------------------------------------------------------------


def _cases_table(results: Results) -> str:
    """Compare the workflow with jwst: medians, and the ratio with its range over the rounds."""
    shown = [(case, results.cases[case.name]) for case in CASES if case.name in results.cases]
    rows = [row for case, result in shown for row in _case_rows(case, result)]
    worst = max(result.difference for _, result in shown)
    header = ["case", "", "`job_per: exposure`", "ratio", "`job_per: product`", "ratio", "jwst"]
    return (
        f"{markdown_table(header, rows)}\nRatios are those to jwst, with their range and target. "
        f"SCI of all products agrees with jwst's, to {worst:.1g} of the error.\n"
    )


def _case_rows(case: Case, result: CaseResult) -> Iterator[Sequence[str]]:
    targets = {"peak": (1, 1)} | case.targets
    for measure, name in MEASURES.items():
        theirs = _values(result.jwst, measure)
        row = [case.title if measure == "wall" else "", name]
        for schedule, limit in zip(SCHEDULES, targets.get(measure, (None, None)), strict=True):
            ours = _values(result.ours[schedule], measure)
            quotient = ratio(ours, theirs)
            compared = [f"{quotient.median:.3f} ({quotient.low:.3f} to {quotient.high:.3f})"]
            if case.megabytes and (measure, schedule) == ("peak", "exposure"):
                met = is_met(measure, spread(ours).median, case.megabytes)
                compared.append(f"< {case.megabytes:g} MB: {_VERDICTS[met]}")
            if limit:
                sign = "<" if measure == "peak" else "≤"
                met = is_met(measure, quotient.median, limit)
                compared.append(f"{sign} {_part(limit)}: {_VERDICTS[met]}")
            row += [_median(ours), ", ".join(compared)]
        yield [*row, _median(theirs)]


def is_met(measure: Measure, value: float, limit: float) -> bool:
    """Tell whether a cost or a ratio keeps to its limit: as much memory as jwst is too much."""
    return value < limit if measure == "peak" else value <= limit


def _part(limit: float) -> str:
    """Write a limit as a part of one; halves are read as they are, 1/4.5."""
    inverse = 1 / limit
    is_part = inverse > 1 and abs(2 * inverse - round(2 * inverse)) < 1e-9
    return f"1/{inverse:g}" if is_part else f"{limit:g}"


def _series_table(results: Results) -> str:
    """Say how costs grow with size."""
    header = ["growing number n of", "n", "CPU, s", "straight line, s", "farthest from it"]
    header += ["exponent above fixed costs", "target", "met", "peak, MB"]
    rows = []
    for series in SERIES:
        if by_size := results.series.get(series.name):
            cpu, peak = ([_values(c, of) for c in by_size.values()] for of in ("cpu", "peak"))
            fit = growth([*by_size], cpu)
            row = [series.title, ", ".join(map(str, by_size)), ", ".join(map(_median, cpu))]
            row += [f"{fit.fixed:.2f} + {fit.each:.3f} n", f"{fit.residual:.1%}"]
            met = _VERDICTS[fit.exponent <= LARGEST_EXPONENT]
            row += [f"{fit.exponent:.2f}", f"≤ {LARGEST_EXPONENT}", met]
            rows.append([*row, ", ".join(map(_median, peak))])
    return markdown_table(header, rows)


def _weights_table(results: Results) -> str:
    """Say how heavy the exposures are, and what a slit of theirs takes."""
    weights = [*results.weights.values()]
    rows = [[name, *(_number(weight[name]) for weight in weights)] for name in weights[0]]
    # The cases that resample these exposures.
    cases = [results.cases.get(name) for name in ("mos-58", "mos-12-simulated")]
    if all(cases):
        ours = [case.ours["exposure"] for case in cases]
        compared = {"jwst": [case.jwst for case in cases], "`job_per: exposure`": ours}
        for name, runs in compared.items():
            cpu = [spread(_values(costs, "cpu")).median for costs in runs]
            each = [cost / weight[SLITS] for cost, weight in zip(cpu, weights, strict=True)]
            rows.append([f"{name}, CPU s", *(f"{seconds:.2f}" for seconds in each)])
    return markdown_table(["per slit of an exposure", *results.weights], rows)


def _profiles_table(results: Results) -> str:
    """Say where the seconds are."""
    titles = {case.name: case.title for case in CASES}
    profiles = results.profiles.values()
    rows = [
        [step, *(f"{profile[step]:.2f}" if step in profile else "" for profile in profiles)]
        for step in dict.fromkeys(step for profile in profiles for step in profile)
    ]
    return markdown_table(["CPU, s", *(titles[name] for name in results.profiles)], rows)


def _values(costs: Iterable[Cost], measure: Measure) -> list[float]:
    return [getattr(cost, measure) for cost in costs]


def _median(values: Sequence[float]) -> str:
    return _number(spread(values).median)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


# ---- plot --------------------------------------------------------------------------------------


def plot(results: Results, path: Path) -> None:
    """Plot the ratios of all cases with their targets, and the growth of CPU time.

    Parameters
    ----------
    results : Results
    path : Path
        PNG file.
    """
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        _plot_ratios(left, results)
        _plot_growth(right, results)
        # Without the version of matplotlib, which would change the bytes.
        figure.savefig(path, dpi=120, metadata={"Software": None})


def _plot_ratios(axes: Axes, results: Results) -> None:
    cases = [case for case in CASES if case.name in results.cases]
    for place, (measure, name) in enumerate(MEASURES.items()):
        colour = _COLOURS[place]
        for row, case in enumerate(cases):
            y = row + 0.22 * (place - 1)
            result = results.cases[case.name]
            ours = _values(result.ours["exposure"], measure)
            median, low, high = ratio(ours, _values(result.jwst, measure))
            label = name.partition(",")[0] if row == 0 else None
            axes.plot([low, high], [y, y], color=colour, linewidth=1.5)
            axes.plot(median, y, "o", color=colour, markersize=4, label=label)
            if limit := case.targets.get(measure, (None, None))[0]:
                axes.plot(limit, y, "|", color=colour, markersize=11)
    axes.axvline(1, color="0.6", linewidth=0.8)
    axes.set(xscale="log", xlabel="workflow, job_per: exposure / jwst (bars: targets)")
    axes.set_xlim(min(0.04, axes.get_xlim()[0]), max(1.5, axes.get_xlim()[1]))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(cases)), [case.title.replace("`", "") for case in cases])
    axes.invert_yaxis()
    if cases:
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)


def _plot_growth(axes: Axes, results: Results) -> None:
    shown = [series for series in SERIES if series.name in results.series]
    for colour, series in zip(_COLOURS, shown, strict=False):
        by_size = results.series[series.name]
        costs = [_values(values, "cpu") for values in by_size.values()]
        fit = growth([*by_size], costs)
        for size, values in zip(by_size, costs, strict=True):
            axes.plot([size] * len(values), values, "o", color=colour, markersize=4)
        ends = np.geomspace(min(by_size), max(by_size))
        label = f"{series.title.replace('`', '')}: exponent {fit.exponent:.2f}"
        axes.plot(ends, fit.fixed + fit.each * ends, color=colour, linewidth=1, label=label)
    axes.set(xlabel="number", ylabel="CPU time [s]", xscale="log", yscale="log")
    if shown:
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
