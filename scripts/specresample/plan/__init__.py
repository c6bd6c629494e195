"""Plan a run: configuration, associations, needs of jobs. Imports nothing heavy."""
