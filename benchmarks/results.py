"""What has been measured, kept in a file so that an interrupted run can go on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.measuring import SCHEDULES, Cost, Schedule


@dataclass
class CaseResult:
    """A case's costs in every round.

    Attributes
    ----------
    ours : dict of str to list of Cost
        Of the workflow, by schedule.
    jwst : list of Cost
        Of jwst.
    difference : float
        Largest difference of the products in units of the error.
    """

    ours: dict[Schedule, list[Cost]] = field(
        default_factory=lambda: {schedule: [] for schedule in SCHEDULES}
    )
    jwst: list[Cost] = field(default_factory=list)
    difference: float = 0.0


@dataclass
class Results:
    """All measurements.

    Attributes
    ----------
    about : dict of str to str
        What was run and on what.
    weights : dict of str to dict of str to float
        How heavy a slit of some exposures is, by their origin.
    cases : dict of str to CaseResult
        By name.
    series : dict of str to dict of int to list of Cost
        By name and size; a cost for each round.
    profiles : dict of str to dict of str to float
        CPU seconds of the steps of some cases, by name.
    """

    about: dict[str, str] = field(default_factory=dict)
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    cases: dict[str, CaseResult] = field(default_factory=dict)
    series: dict[str, dict[int, list[Cost]]] = field(default_factory=dict)
    profiles: dict[str, dict[str, float]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write to a file."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read from a file."""
        content = json.loads(path.read_text())
        return cls(
            about=content["about"],
            cases={name: _case_result(case) for name, case in content["cases"].items()},
            series={
                name: {int(size): _costs(costs) for size, costs in sizes.items()}
                for name, sizes in content["series"].items()
            },
            profiles=content["profiles"],
            weights=content["weights"],
        )


def _case_result(case: Mapping) -> CaseResult:
    ours = {schedule: _costs(costs) for schedule, costs in case["ours"].items()}
    return CaseResult(ours, _costs(case["jwst"]), case["difference"])


def _costs(costs: list[Mapping]) -> list[Cost]:
    return [Cost(**cost) for cost in costs]
