"""What has been measured, kept in a file so that an interrupted run can go on."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.measuring import SCHEDULES, Cost, Schedule


@dataclass
class CaseResult:
    """A case's costs in every round."""

    ours: dict[Schedule, list[Cost]] = field(default_factory=lambda: {s: [] for s in SCHEDULES})
    jwst: list[Cost] = field(default_factory=list)
    difference: float = 0.0  # largest one of the products, in units of the error


@dataclass
class Results:
    """All measurements."""

    about: dict[str, str] = field(default_factory=dict)  # what was run and on what
    # How heavy a slit of some exposures is, by their origin
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    cases: dict[str, CaseResult] = field(default_factory=dict)
    # By name and size; a cost for each round
    series: dict[str, dict[int, list[Cost]]] = field(default_factory=dict)
    # CPU seconds of the steps of some cases
    profiles: dict[str, dict[str, float]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write to a file."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read from a file."""
        results = cls(**json.loads(path.read_text(), object_hook=_typed))
        for name, sizes in results.series.items():
            results.series[name] = {int(size): costs for size, costs in sizes.items()}
        return results


def _typed(values: dict) -> object:
    """Tell by its names what an object of the file is."""
    for kind in (Cost, CaseResult):
        if values.keys() == kind.__annotations__.keys():
            return kind(**values)
    return values
