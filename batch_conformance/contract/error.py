"""What is raised for a contract that cannot be used."""

from __future__ import annotations

from batch_conformance.input_error import InputError


class ContractError(InputError):
    """A contract that cannot be used; one line says what is wrong, where, and what to do."""
