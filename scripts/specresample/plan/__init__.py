"""Plan a run: configuration, associations, needs of jobs.

Nothing heavy is imported, because every process that runs a job reads the Snakefile again.
"""
