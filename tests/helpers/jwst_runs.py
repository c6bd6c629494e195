"""Runs of jwst's own step, in the environment that it has for itself."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_DRIVER = Path(__file__).parents[1] / "reference" / "jwst_driver.py"


def run_order(
    association: Path, output: Path, kind: str, arguments: Mapping[str, object]
) -> dict[str, object]:
    """Say what the driver is to make; the kinds are told there."""
    paths = {"association": str(association), "output": str(output)}
    return paths | {"kind": kind, "arguments": arguments}


def outliers_order(
    association: Path, output: Path, arguments: Mapping[str, object]
) -> dict[str, object]:
    """Say what the driver is to make after a search for outliers; arguments have our names."""
    prefix = "outlier_"
    limits = {key: value for key, value in arguments.items() if key.startswith(prefix)}
    rest = {key: value for key, value in arguments.items() if key not in limits}
    limits.pop("outlier_detection", None)
    detect = {key.removeprefix(prefix): value for key, value in limits.items()}
    return run_order(association, output, "outliers", rest) | {"detect": detect}


@contextmanager
def started_jwst(
    python: str, orders: Sequence[Mapping[str, object]], folder: Path
) -> Iterator[subprocess.Popen]:
    """Run the driver on some orders beside what the block does, and wait for its end.

    Its log and the orders go into ``folder``. Standard output tells how far it is.
    """
    (folder / "orders.json").write_text(json.dumps(orders))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    log = folder / "driver.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [python, _DRIVER, folder / "orders.json"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            text=True,
        ) as driver,
    ):
        yield driver
        driver.stdout.read()  # until it ends
    assert driver.returncode == 0, log.read_text()
