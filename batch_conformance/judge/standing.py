"""Standing clauses: what holds for any contract, by HTTP, by bearer authentication, and by common sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batch_conformance.contract.operation import Operation
from batch_conformance.judge.response import accepts_documented
from batch_conformance.judge.sighting import Sighting


def _conclusive(sighting: Sighting) -> bool:
    status = sighting.exchange.status or 0
    return sighting.exchange.failure is None and 0 < status < 500 and status != 429


def _is_success(sighting: Sighting) -> bool:
    return sighting.batch is not None


def _has_json(sighting: Sighting) -> bool:
    """Whether a body came where the contract has JSON."""
    return sighting.covered and sighting.parsed is not None and "json" in sighting.contract_media_type


def _has_bytes(sighting: Sighting) -> bool:
    return sighting.answer is not None and bool(sighting.answer.body)


def _is_odd(sighting: Sighting) -> bool:
    """Whether a request is one that a gateway may turn away: for its id, or for the status that it asks for."""
    probe = sighting.exchange.probe
    odd = probe.subject in ("hostile", "neighbour") or (probe.forced_status is not None and not sighting.forced)
    return (odd or sighting.operation.breaks_its_schema(probe.batch_id)) and _conclusive(sighting)


STANDING: Mapping[str, tuple[str, str, Callable[[Sighting], bool]]] = {
    "response.status": ("", "no undocumented status is answered", lambda s: s.covered and s.answer is not None),
    "response.charset": ("", "JSON is in UTF-8", _has_json),
    "response.encoding": ("", "each body is in the Content-Encoding that it names", _has_bytes),
    "response.coding_unasked": ("", "no body is in a Content-Encoding that was not offered", _has_bytes),
    "response.framing": ("", "each message is framed as HTTP/1.1", lambda s: s.answer is not None),
    "response.server_error": ("", "no kind of request always ends in a server error", _conclusive),
    "response.silent": ("", "every kind of request is answered", _conclusive),
    "response.drops": ("", "connections are not dropped time and again", _conclusive),
    "response.refused_input": ("", "what is odd is refused as documented", _is_odd),
    "response.not_acceptable": (
        "",
        "an Accept that names nothing documented gets a documented answer",
        lambda s: s.answer is not None and not accepts_documented(s),
    ),
    "response.undocumented_error": (
        "",
        "every error is one that is documented",
        lambda s: (s.exchange.status or 0) >= 400 and _conclusive(s),
    ),
    "method.undeclared_answered": (
        "",
        "methods that the document does not declare do not succeed",
        lambda s: s.method not in (*s.operation.methods, "HEAD") and _conclusive(s),
    ),
    "json.invalid": ("", "each body is JSON", _has_json),
    "json.bom": ("", "no body begins with a byte order mark", _has_json),
    "json.trailing": ("", "nothing follows the JSON of a body", _has_json),
    "json.duplicate_key": ("", "no object has a member twice", _has_json),
    "json.surrogate": ("", "no text has half of a surrogate pair", _has_json),
    "json.unquoted": ("", "texts of errors are in quotes", lambda s: _has_json(s) and (s.exchange.status or 0) >= 400),
    "body.enveloped": ("200", "the batch is the body itself", _is_success),
    "body.another_object": ("200", "the body is a batch", _is_success),
    "value.empty_string": ("200", "each text says something", _is_success),
    "time.magnitude": ("200", "times are Unix seconds of our time", _is_success),
    "time.order": ("200", "times are in the order of the states", _is_success),
    "time.window": ("200", "a batch expires when its window ends", _is_success),
}


_NEEDS: Mapping[str, Callable[[Operation], bool]] = {
    "time.magnitude": lambda operation: bool(operation.roles.timestamps),
    "time.order": lambda operation: bool(operation.roles.timestamps),
    "time.window": lambda operation: (
        None not in (operation.roles.window, operation.roles.created, operation.roles.expires)
    ),
}


def applies(rule: str, operation: Operation) -> bool:
    """Whether a standing clause is one of an operation: unsecured ones have no authentication, lists no ids."""
    needs = _NEEDS.get(rule)
    return needs is None or needs(operation)
