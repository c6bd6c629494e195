"""Make the stored products of jwst anew, from exposures that the simulator writes.

Run as ``JWST_PYTHON=PYTHON .venv/bin/python tests/reference/make_stored.py``, where PYTHON is that
of an environment with jwst. Each product states in its HISTORY with which versions it was made.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

if __name__ == "__main__":
    project = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(project / folder) for folder in ("tests/helpers", "scripts", "demo")]

from jwst_runs import outliers_order, run_order, started_jwst
from observations import write_observation
from runs import write_association
from stored_products import STORED, store


def make_stored(python: str, work: Path) -> None:
    """Simulate, resample with jwst, and keep the products."""
    orders = []
    for name, (observation, arguments) in STORED.items():
        exposures = write_observation(work, observation)
        association = write_association(work / observation, name, exposures)
        output = work / "jwst" / name
        if "outlier_detection" in arguments:
            orders.append(outliers_order(association, output, arguments))
        else:
            orders.append(run_order(association, output, "product", arguments))
    with started_jwst(python, orders, work):
        pass
    for name in STORED:
        (product,) = (work / "jwst" / name).glob("*.fits")
        size = store(name, product.read_bytes())
        print(f"{name}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        make_stored(os.environ["JWST_PYTHON"], Path(scratch))
