"""Resample an association with jwst: resample_jwst.py ASSOCIATION PRODUCT ARGUMENTS.

Runs in jwst's environment, not in ours. ARGUMENTS is a JSON object of those of ``resample_spec``.
"""

import json
import os
import sys
from pathlib import Path

# Nothing of the step comes from the reference data system, which is then not asked.
os.environ["STPIPE_DISABLE_CRDS_STEPPARS"] = "true"

from jwst.datamodels import ModelContainer
from jwst.resample import ResampleSpecStep
from stdatamodels.jwst import datamodels


def resample(path: Path, product: str, arguments: dict[str, object]) -> None:
    """Resample and save."""
    association = json.loads(path.read_text())
    members = association["products"][0]["members"]
    models = ModelContainer(
        [
            datamodels.open(str(path.parent / member["expname"]))
            for member in members
            if member["exptype"] == "science"
        ]
    )
    models.asn_table = association
    for model in models:
        model.meta.asn.table_name = path.name
    ResampleSpecStep(**arguments).process(models).save(product)


if __name__ == "__main__":
    resample(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
