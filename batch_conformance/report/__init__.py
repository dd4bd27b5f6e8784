"""Reports: one model of a run, rendered in every format."""
