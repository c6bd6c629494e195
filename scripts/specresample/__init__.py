"""Resample and combine JWST 2-D spectra: the core of the workflow.

The sub-packages follow the data. `common` serves all others, `level2b` reads exposures,
`footprint` evaluates their WCSs, `grids` lays out output grids, `drizzling` drizzles and combines,
`quality` judges the result, `s2d` writes products, and `reporting` says what became of them.
`steps` makes the steps of the flow of these. Imports point one way, in this order. Beside them,
`jobs` is about the processes that run steps, and `plan` answers what the Snakefile asks.
"""

import os

__version__ = "0.1.0"

# Arrays are small and processes share the cores, so threads of the linear algebra would take longer
# to start than to work. This must be set before numpy is imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
