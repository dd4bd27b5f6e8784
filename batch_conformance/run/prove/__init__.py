"""The ``prove`` command: every drift of the catalogue tried out on the suite."""
