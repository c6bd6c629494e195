"""What every job does alike: log, bounds, worker processes."""
