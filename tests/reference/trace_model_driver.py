"""Run jwst's adaptive_trace_model on exposures: trace_model_driver.py OVERSAMPLE FOLDER EXPOSURE...

Runs in jwst's environment, not in ours. The results go into the folder, under the same names.
"""

import sys
from pathlib import Path

from jwst.adaptive_trace_model import AdaptiveTraceModelStep
from stdatamodels.jwst import datamodels

oversample, folder, *exposures = sys.argv[1:]
for exposure in exposures:
    step = AdaptiveTraceModelStep(skip=False, oversample=float(oversample))
    with datamodels.open(exposure) as model:
        step.process(model).save(str(Path(folder, Path(exposure).name)))
