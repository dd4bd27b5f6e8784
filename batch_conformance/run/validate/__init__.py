"""The ``validate`` command: recorded traffic in, the reports and exit codes of a run out."""
