"""Why a recording cannot be read."""

from batch_conformance.input_error import InputError


class SourceError(InputError):
    """A recording that cannot be read; its text is one line for people."""
