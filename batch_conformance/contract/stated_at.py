"""Where a document states what a rule demands that is no keyword of a schema: its security, a response, an example.

What only a standard demands is said nowhere in a document.
"""

from __future__ import annotations

from collections.abc import Callable

from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.shape import Property

Locate = Callable[[Operation, str], Location | None]
"""Gives where the document, or an overlay, says what a rule demands of an operation; None where it does not.

The text is a pointer into the body of a success at which the rule is broken, empty for the operation as a whole.
"""


def nowhere(_operation: Operation, _pointer: str) -> Location | None:
    """Nowhere: only a standard states it."""
    return None


def at_security(operation: Operation, _pointer: str) -> Location | None:
    """Where the operation asks for a credential."""
    return operation.secured_at


def at_scheme(operation: Operation, _pointer: str) -> Location | None:
    """Where the scheme of the credential is declared."""
    return operation.scheme_at or operation.secured_at


def at_response(status: int) -> Locate:
    """Where a response is declared."""

    def find(operation: Operation, _pointer: str) -> Location | None:
        response = operation.response_for(status)
        return response.location if response is not None else None

    return find


def at_parameter(operation: Operation, _pointer: str) -> Location | None:
    """Where the id in the path is declared."""
    return operation.id_parameter.location if operation.id_parameter is not None else None


def at_operation(operation: Operation, _pointer: str) -> Location | None:
    """Where the operation is declared."""
    return operation.location


def at_place(operation: Operation, pointer: str) -> Location | None:
    """Where a place in the body of a success is declared; the success, where it is not."""
    return _of_property(operation, pointer) or at_response(200)(operation, pointer)


def at_example_of_time(operation: Operation, pointer: str) -> Location | None:
    """Where the example of a time stands; of the creation, where there is no pointer."""
    return _of_property(operation, pointer or operation.roles.created, "example")


def at_example(operation: Operation, pointer: str) -> Location | None:
    """Where the example of a property stands; None where there is no pointer."""
    return _of_property(operation, pointer or None, "example")


def at_state(operation: Operation, pointer: str) -> Location | None:
    """Where a time that is named after a state is declared; the state, where there is no pointer."""
    return _of_property(operation, pointer or operation.roles.state)


def place_of(operation: Operation, status: str, pointer: str) -> Location | None:
    """Where the document declares a response, or a place in its body; None where it does not."""
    response = operation.responses.get(status)
    declared = _declared(operation, status, pointer) if pointer else None
    return declared.location if declared is not None else response.location if response is not None else None


def _of_property(operation: Operation, pointer: str | None, keyword: str = "") -> Location | None:
    statuses = (status for status in operation.responses if status.startswith("2"))
    found = (_declared(operation, status, pointer) for status in statuses if pointer is not None)
    place = next((one for one in found if one is not None), None)
    return place.places.get(keyword, place.location) if place is not None else None


def _declared(operation: Operation, status: str, pointer: str) -> Property | None:
    response = operation.responses.get(status)
    schemas = response.content.values() if response is not None else ()
    places = (place for schema in schemas if schema is not None for place in schema.properties)
    return next((place for place in places if place.pointer == pointer), None)
