"""The steps of the flow, as functions from paths to paths: what the scripts of the rules call."""
