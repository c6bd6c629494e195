"""Tables and a plot of what was measured, and their place in the README."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.cases import CASES, SERIES, Case, Measure, Target
from benchmarks.fitting import Spread, growth, ratio, spread
from benchmarks.measuring import SCHEDULES, Cost
from benchmarks.observations import SLITS
from benchmarks.results import CaseResult, Results

BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"
PLOT = "results.png"

MEASURES: dict[Measure, str] = {"wall": "wall, s", "cpu": "CPU, s", "peak": "peak, MB"}
LESS_MEMORY = (Target("peak", 1), Target("peak", 1, schedule="product"))
LARGEST_EXPONENT = 1.1

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence
        Cells.

    Returns
    -------
    str
        Markdown, with a newline at its end.
    """
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def is_met(target: Target, ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Tell whether the median of some costs keeps to a target.

    Parameters
    ----------
    target : Target
    ours, theirs : sequence of float
        Costs of the workflow and of jwst in every round.

    Returns
    -------
    bool
    """
    value = ratio(ours, theirs) if target.relative else spread(ours)
    # As much memory as jwst is too much.
    strict = target.measure == "peak"
    return value.median < target.limit if strict else value.median <= target.limit


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
    parts = ["; ".join(f"{key} {value}" for key, value in results.about.items()) + ".\n"]
    if results.cases:
        parts.append(_cases_table(results))
    if results.series:
        parts.append(_series_table(results))
    if results.weights:
        parts.append(_weights_table(results))
    if results.profiles:
        parts.append(_profiles_table(results))
    return "\n".join(parts)


def _cases_table(results: Results) -> str:
    """Compare the workflow with jwst: medians, and the ratio with its range over the rounds."""
    rows = []
    for case in CASES:
        if case.name in results.cases:
            rows += _case_rows(case, results.cases[case.name])
    worst = max(result.difference for result in results.cases.values())
    header = ["case", "", "`job_per: exposure`", "ratio", "`job_per: product`", "ratio", "jwst"]
    note = (
        "Ratios are those to jwst, with their range and target. "
        f"SCI of all products agrees with jwst's, to {worst:.1g} of the error.\n"
    )
    return f"{markdown_table(header, rows)}\n{note}"


def _case_rows(case: Case, result: CaseResult) -> Iterable[Sequence[object]]:
    asked = case.targets
    if not any(target.measure == "peak" and target.relative for target in asked):
        asked = (*asked, *LESS_MEMORY)
    for measure, name in MEASURES.items():
        theirs = _values(result.jwst, measure)
        row = [case.title if measure == "wall" else "", name]
        for schedule in SCHEDULES:
            ours = _values(result.ours[schedule], measure)
            targets = [t for t in asked if t.measure == measure and t.schedule == schedule]
            row += [_number(spread(ours).median), _compared(ours, theirs, targets)]
        yield [*row, _number(spread(theirs).median)]


def _compared(ours: Sequence[float], theirs: Sequence[float], targets: Sequence[Target]) -> str:
    quotient = ratio(ours, theirs)
    text = f"{quotient.median:.3f} ({quotient.low:.3f} to {quotient.high:.3f})"
    for target in targets:
        text += f", {_limit(target)}: {'yes' if is_met(target, ours, theirs) else '**no**'}"
    return text


def _series_table(results: Results) -> str:
    """Say how costs grow with size."""
    rows = []
    for series in SERIES:
        if series.name not in results.series:
            continue
        by_size = results.series[series.name]
        fit = growth([*by_size], [_values(costs, "cpu") for costs in by_size.values()])
        rows.append(
            [
                series.title,
                ", ".join(map(str, by_size)),
                _medians(by_size.values(), "cpu"),
                f"{fit.fixed:.2f} + {fit.each:.3f} n",
                f"{fit.residual:.1%}",
                f"{fit.exponent:.2f}",
                f"≤ {LARGEST_EXPONENT}",
                "yes" if fit.exponent <= LARGEST_EXPONENT else "**no**",
                _medians(by_size.values(), "peak"),
            ]
        )
    header = [
        "growing number n of",
        "n",
        "CPU, s",
        "straight line, s",
        "farthest from it",
        "exponent above fixed costs",
        "target",
        "met",
        "peak, MB",
    ]
    return markdown_table(header, rows)


def _weights_table(results: Results) -> str:
    """Say how heavy the exposures are, and what a slit of theirs takes."""
    rows = [
        [name, *(_number(weights[name]) for weights in results.weights.values())]
        for name in next(iter(results.weights.values()))
    ]
    # The cases that resample these exposures.
    cases = ("mos-58", "mos-12-simulated")
    if results.cases.keys() >= set(cases):
        counted = [*zip(cases, results.weights.values(), strict=True)]
        for name, costs in (
            ("jwst, CPU s", lambda result: result.jwst),
            ("`job_per: exposure`, CPU s", lambda result: result.ours["exposure"]),
        ):
            row = [name]
            for case, weights in counted:
                cpu = spread(_values(costs(results.cases[case]), "cpu")).median
                row.append(_seconds(cpu / weights[SLITS]))
            rows.append(row)
    return markdown_table(["per slit of an exposure", *results.weights], rows)


def _profiles_table(results: Results) -> str:
    """Say where the seconds are."""
    titles = {case.name: case.title for case in CASES}
    steps = dict.fromkeys(step for profile in results.profiles.values() for step in profile)
    rows = [
        [step, *(_seconds(profile.get(step)) for profile in results.profiles.values())]
        for step in steps
    ]
    return markdown_table(["CPU, s", *(titles[name] for name in results.profiles)], rows)


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
    part = f"{BEGIN}\n\n{text}\n![Ratios and growth]({PLOT})\n\n{END}"
    page.write_text(with_part(page.read_text() if page.exists() else "", part))
    plot(results, page.with_name(PLOT))


def with_part(page: str, part: str, begin: str = BEGIN, end: str = END) -> str:
    """Replace what is between the marks of a page, or append it.

    Parameters
    ----------
    page : str
        The page.
    part : str
        Its new part, with the marks.
    begin, end : str
        The marks.

    Returns
    -------
    str
    """
    if begin not in page:
        return f"{page}{part}\n"
    before, _, rest = page.partition(begin)
    return f"{before}{part}{rest.partition(end)[2]}"


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
        colour, shift = _COLOURS[place], 0.22 * (place - 1)
        for row, case in enumerate(cases):
            result = results.cases[case.name]
            ours = result.ours["exposure"]
            quotient = ratio(_values(ours, measure), _values(result.jwst, measure))
            label = name.partition(",")[0] if row == 0 else None
            _plot_spread(axes, quotient, row + shift, colour, label)
            for target in case.targets:
                asked = target.relative and target.schedule == "exposure"
                if asked and target.measure == measure:
                    axes.plot(target.limit, row + shift, "|", color=colour, markersize=11)
    axes.axvline(1, color="0.6", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(min(0.04, axes.get_xlim()[0]), max(1.5, axes.get_xlim()[1]))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(cases)), [case.title.replace("`", "") for case in cases])
    axes.invert_yaxis()
    axes.set_xlabel("workflow, job_per: exposure / jwst (bars: targets)")
    if cases:
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)


def _plot_spread(axes: Axes, value: Spread, y: float, colour: str, label: str | None) -> None:
    axes.plot([value.low, value.high], [y, y], color=colour, linewidth=1.5)
    axes.plot(value.median, y, "o", color=colour, markersize=4, label=label)


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
    axes.set_xlabel("number")
    axes.set_ylabel("CPU time [s]")
    axes.set_xscale("log")
    axes.set_yscale("log")
    if shown:
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))


def _values(costs: Iterable[Cost], measure: Measure) -> list[float]:
    return [getattr(cost, measure) for cost in costs]


def _medians(costs: Iterable[Sequence[Cost]], measure: Measure) -> str:
    return ", ".join(_number(spread(_values(values, measure)).median) for values in costs)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _limit(target: Target) -> str:
    sign = "<" if target.measure == "peak" else "≤"
    if not target.relative:
        return f"{sign} {target.limit:g} MB"
    inverse = 1 / target.limit
    # Halves are read as they are: 1/4.5.
    is_part = inverse > 1 and abs(2 * inverse - round(2 * inverse)) < 1e-9
    return f"{sign} 1/{inverse:g}" if is_part else f"{sign} {target.limit:g}"
