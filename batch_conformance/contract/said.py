"""Where a document says what rules demand whose clause is no keyword of a schema: its security, a response, an example.

What only a standard demands is said nowhere in a document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.shape import Property


def said_at(operation: Operation, rule: str, pointer: str = "") -> Location | None:
    """Where the document, or an overlay, says what a rule demands; None where it does not.

    ``pointer`` is the place in the body of a success that the rule is broken at, empty for the operation's as a whole.
    """
    if rule in _OF_OPERATION:
        return _OF_OPERATION[rule](operation)
    if rule in _OF_TIMES:
        return _of_property(operation, pointer or operation.roles.created, "example")
    if rule in _OF_STATES:
        return _of_property(operation, pointer or operation.roles.state)
    return None


def place_of(operation: Operation, status: str, pointer: str) -> Location | None:
    """Where the document declares a response, or a place in its body; None where it does not."""
    response = operation.responses.get(status)
    declared = _declared(operation, status, pointer) if pointer else None
    return declared.location if declared is not None else response.location if response is not None else None


def _of_security(operation: Operation) -> Location | None:
    return operation.secured_at


def _of_scheme(operation: Operation) -> Location | None:
    return operation.scheme_at or operation.secured_at


def _of_response(status: int) -> Callable[[Operation], Location | None]:
    def find(operation: Operation) -> Location | None:
        response = operation.response_for(status)
        return response.location if response is not None else None

    return find


def _of_parameter(operation: Operation) -> Location | None:
    return operation.id_parameter.location if operation.id_parameter is not None else None


def _of_methods(operation: Operation) -> Location | None:
    return operation.location


_OF_OPERATION: Mapping[str, Callable[[Operation], Location | None]] = {
    "auth.missing_accepted": _of_security,
    "auth.wrong_token_accepted": _of_security,
    "auth.checked_late": _of_security,
    "auth.scheme_accepted": _of_scheme,
    "auth.elsewhere_accepted": _of_scheme,
    "auth.not_401": _of_response(401),
    "identity.other_batch": _of_response(200),
    "identity.unknown_answered": _of_response(404),
    "identity.list_answered": _of_parameter,
    "method.undeclared_answered": _of_methods,
}
_OF_TIMES = frozenset({"time.magnitude", "time.window"})
"""Rules that the examples of times stand behind."""
_OF_STATES = frozenset({"state.timestamp_missing", "state.stage_timestamp_missing", "state.timestamp_early"})
"""Rules that the names of times stand behind."""


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
