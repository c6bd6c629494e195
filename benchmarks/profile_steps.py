"""Where the seconds of a run are: CPU time of the steps of a product, made in one process.

Usage: ``python benchmarks/profile_steps.py ASSOCIATION ARGUMENTS PREPARED``, in the environment of
``make .venv``. ARGUMENTS is a JSON object. PREPARED is the folder of the prepared exposures: those
that are there already are used. Prints the seconds of every step as JSON.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace

PROJECT = Path(__file__).resolve().parents[1]

IMPORTS, REST = "imports of a job", "rest"

# What is timed: its step, where it is, and its name.
_FUNCTIONS = (
    ("opening and reading", "level2b.exposure:Exposure", "__init__"),
    ("opening and reading", "level2b.exposure:Exposure", "slit"),
    ("building WCSs", "level2b.exposure", "read_wcs"),
    ("evaluating WCSs", "footprint.preparation", "trace_slit"),
    ("checksums of the input", "footprint.preparation", "file_digest"),
    ("intermediate files", "common.arrays:ArrayWriter", "add"),
    ("intermediate files", "common.arrays:ArrayFile", "group"),
    ("laying out grids", "steps.lay_out", "output_grids"),
    ("drizzling", "drizzling.exposure", "drizzle_slit"),
    ("combining", "drizzling.combination:Combination", "add"),
    ("combining", "drizzling.combination:Combination", "finish"),
    ("headers and output WCS", "s2d.product_files", "product_model"),
    ("writing FITS and ASDF", "steps.combine", "write_product"),
)


class Stopwatch:
    """CPU seconds of named steps; those of a step inside another one count for the inner alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._steps = [REST]
        self._since = time.process_time()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time of a block for a step, or of a function that this decorates."""
        self._count()
        self._steps.append(name)
        try:
            yield
        finally:
            self._count()
            self._steps.pop()

    def finish(self) -> dict[str, float]:
        """Return the seconds of all steps, longest first and the rest last."""
        self._count()
        ranked = sorted(self.seconds, key=lambda name: (name == REST, -self.seconds[name]))
        return {name: self.seconds[name] for name in ranked}

    def _count(self) -> None:
        now = time.process_time()
        step = self._steps[-1]
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._since
        self._since = now


def _profile(association: str, arguments: Mapping[str, object], prepared: Path) -> dict[str, float]:
    """Make the product of an association in this process, and time its steps."""
    sys.path.insert(0, str(PROJECT / "scripts"))
    # Snakemake's part, not that of a job.
    from specresample.plan.campaign import Campaign
    from specresample.plan.resources import request_resources

    campaign = Campaign({"associations": [association], **arguments})
    request = campaign.request(next(iter(campaign.products)))
    watch = Stopwatch()
    with watch.step(IMPORTS):
        from specresample.jobs.job import logged_job
        from specresample.steps import make_product as product
    for step, place, name in _FUNCTIONS:
        owner = resolve_name(f"specresample.{place}")
        setattr(owner, name, watch.step(step)(getattr(owner, name)))
    # Prepared exposures stay for the next product.
    product.scratch_folder = lambda _: nullcontext(prepared)
    product.prepare = partial(_unless_there, product.prepare)
    exposures = {key: Path(path) for key, path in request.exposures.items()}
    given = request_resources("make_product", tuple(request.exposures.values()), attempt=1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        logs = SimpleNamespace(text=os.devnull, status=str(folder / "status.json"))
        job = SimpleNamespace(log=logs, resources=SimpleNamespace(**given), threads=1)
        made = {name: folder / name for name in ("grid", "contents", "singles", "files")}
        made |= {name: folder / "work" / "product" / name for name in ("record", "provenance")}
        with logged_job(job) as workers:
            product.make_product(request, exposures, workers, in_memory=True, **made)
    return watch.finish()


def _unless_there(prepare: Callable, path: Path, arrays: Path, summary: Path, **how: bool) -> None:
    if not summary.is_file():
        prepare(path, arrays, summary, **how)


if __name__ == "__main__":
    print(json.dumps(_profile(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))))
