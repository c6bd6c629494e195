"""Resample and combine JWST 2-D spectra: the numerical core of the workflow.

The modules follow the data: `association` and `arguments` say what is to be made, `exposure`
reads a level-2b file, `world` evaluates its WCS, `grid` lays out the output grid of a source,
`drizzling` puts an exposure onto it, `combination` averages exposures, `blending`, `gridwcs` and
`product` make an s2d file of it. None of them knows Snakemake.
"""

import os

__version__ = "0.1.0"

# Arrays are small, and processes share the cores: threads of the linear algebra would take longer
# to start than to work. It has to be said before numpy is imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
