"""Resample source by source, as ``calwebb_spec3`` does: resample_sources.py ASN PREFIX ARGUMENTS.

Writes PREFIX_{source}_s2d.fits. Runs in jwst's environment, not in ours. ARGUMENTS is a JSON object
as that of `resample_jwst`.
"""

import json
import sys
from pathlib import Path

from jwst.exp_to_source import multislit_to_container
from resample_jwst import open_members, save_product

if __name__ == "__main__":
    path, arguments = Path(sys.argv[1]), json.loads(sys.argv[3])
    for source, exposures in multislit_to_container(open_members(path)).items():
        save_product(list(exposures), path, f"{sys.argv[2]}_{source}_s2d.fits", arguments)
