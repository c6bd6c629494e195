"""Read level-2b exposures: arrays, WCSs, metadata."""
