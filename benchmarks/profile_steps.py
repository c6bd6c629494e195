"""Where the seconds of a run are: CPU time of the steps of a product, made in one process.

Usage: ``python benchmarks/profile_steps.py ASSOCIATION ARGUMENTS PREPARED``, in the environment of
``make .venv``; ARGUMENTS is a JSON object, PREPARED the folder of the prepared exposures, of which
those that are there are used. Prints the seconds of every step as JSON.
"""

import functools
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

PROJECT = Path(__file__).resolve().parents[1]

IMPORTS, REST = "imports of a job", "rest"

# What is timed: its step, module and name.
_FUNCTIONS = (
    ("opening and reading", "exposure", "Exposure.__init__"),
    ("opening and reading", "exposure", "Exposure._read_slit"),
    ("building WCSs", "exposure", "_take_wcs"),
    ("evaluating WCSs", "preparation", "trace_slit"),
    ("checksums of the input", "preparation", "file_digest"),
    ("intermediate files", "storage", "ArrayWriter.add"),
    ("intermediate files", "storage", "ArrayFile.group"),
    ("laying out grids", "smallproduct", "output_grids"),
    ("drizzling", "smallproduct", "drizzle_exposure"),
    ("combining", "combination", "Combination.add"),
    ("combining", "combination", "Combination.finish"),
    ("headers and output WCS", "products", "product_model"),
    ("writing FITS and ASDF", "products", "write_product"),
)


class Stopwatch:
    """CPU time of named steps; that of a step inside another one counts for the inner alone.

    Attributes
    ----------
    seconds : dict of str to float
        By step.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._steps = [REST]
        self._since = time.process_time()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time of a block for a step."""
        self._count()
        self._steps.append(name)
        try:
            yield
        finally:
            self._count()
            self._steps.pop()

    def timed(self, name: str, function: object) -> object:
        """Return a function that counts for a step."""

        @functools.wraps(function)
        def counted(*args: object, **options: object) -> object:
            with self.step(name):
                return function(*args, **options)

        return counted

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


def profile(association: str, arguments: Mapping[str, object], prepared: Path) -> dict[str, float]:
    """Make the product of an association in this process, and time its steps.

    Parameters
    ----------
    association : str
        Path of the association.
    arguments : mapping
        Documented arguments.
    prepared : Path
        Folder of the prepared exposures.

    Returns
    -------
    dict of str to float
        CPU seconds by step.
    """
    sys.path.insert(0, str(PROJECT / "scripts"))
    # Snakemake's part, not that of a job.
    from specresample.plan.campaign import Campaign
    from specresample.plan.resources import request

    campaign = Campaign({"associations": [association], **arguments}, PROJECT)
    job = SimpleNamespace(product=next(iter(campaign.products)))
    keys, exposures = campaign.members(job), campaign.product(job).exposures
    watch = Stopwatch()
    with watch.step(IMPORTS):
        from specresample import smallproduct
        from specresample.jobs.job import logged_job
    for step, module, name in _FUNCTIONS:
        owner = importlib.import_module(f"specresample.{module}")
        *path, attribute = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, attribute, watch.timed(step, getattr(owner, attribute)))
    given = SimpleNamespace(**request("small_product", exposures, attempt=1))
    with logged_job(os.devnull, given), tempfile.TemporaryDirectory() as folder:
        smallproduct.SmallProduct(
            name=campaign.product(job).name,
            exposures=dict(zip(keys, exposures, strict=True)),
            arguments=campaign.arguments(job),
            association=campaign.association_metadata(job),
            prepared=prepared,
            code="",
            files=Path(folder) / "files",
            in_memory=True,
        ).make(workers=1)
    return watch.finish()


if __name__ == "__main__":
    print(json.dumps(profile(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))))
