"""Resample and combine JWST 2-D spectra: the numerical core of the workflow.

The modules follow the data: `association` and `arguments` say what is to be made, `exposure`
reads a level-2b file, `world` evaluates its WCS, `grid` lays out the output grid of a source,
`drizzling` puts an exposure onto it, `combination` averages exposures, `blending`, `gridwcs` and
`product` make an s2d file of it. None of them knows Snakemake.
"""

__version__ = "0.1.0"
