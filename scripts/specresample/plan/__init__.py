"""Plan a run: configuration, associations, needs of jobs. Imports nothing heavy.

Every process that Snakemake starts for a job on a cluster parses the Snakefile again.
"""
