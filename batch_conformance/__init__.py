"""Conformance tests and contract validation for ``GET /batches/{batch_id}``."""

__version__ = "0.1.0"
