"""Standing clauses: what holds for any contract, by HTTP, by bearer authentication, and by common sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batch_conformance.contract.operation import Operation
from batch_conformance.judge.authentication import must_be_refused
from batch_conformance.judge.response import accepts_documented
from batch_conformance.judge.sighting import Sighting


def _conclusive(sighting: Sighting) -> bool:
    status = sighting.exchange.status or 0
    return sighting.exchange.failure is None and 0 < status < 500 and status != 429


def _refused(sighting: Sighting) -> bool:
    """Whether the credential was what an answer refused: a 404 for an id that nobody has says nothing of it."""
    status = sighting.exchange.status
    return status in (400, 401, 403) or (status == 404 and sighting.exchange.probe.subject == "known")


def _credential(*kinds: str) -> Callable[[Sighting], bool]:
    """Refused in any way: where a wider hole lets everything in, nothing was seen of the narrower ones."""
    return lambda s: s.exchange.probe.credential in kinds and _conclusive(s) and _refused(s)


def _subject(*subjects: str) -> Callable[[Sighting], bool]:
    return lambda s: s.authorised and s.exchange.probe.subject in subjects and _conclusive(s)


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


def _is_traversal(sighting: Sighting) -> bool:
    probe = sighting.exchange.probe
    return probe.subject == "hostile" and ".." in (probe.batch_id or "") and _conclusive(sighting)


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
    "auth.missing_accepted": (
        "401",
        "a request without credentials is refused",
        _credential("missing", "empty", "empty_header"),
    ),
    "auth.wrong_token_accepted": (
        "401",
        "a made-up token is refused",
        _credential("wrong", "nearly", "nearly_cut", "nearly_longer", "other_case"),
    ),
    "auth.scheme_accepted": (
        "401",
        "other schemes are refused",
        _credential("malformed", "no_scheme", "wrong_scheme", "wrong_scheme_token"),
    ),
    "auth.elsewhere_accepted": (
        "401",
        "a key elsewhere is refused",
        _credential("elsewhere_header", "elsewhere_query"),
    ),
    "auth.not_401": (
        "401",
        "a refused credential gets 401",
        lambda s: must_be_refused(s) and s.method == "GET" and _conclusive(s) and _refused(s),
    ),
    "auth.valid_refused": (
        "401",
        "the valid token is accepted for every id",
        lambda s: s.authorised and _conclusive(s),
    ),
    "auth.lower_case_refused": (
        "401",
        "the scheme has no case",
        lambda s: s.exchange.probe.credential == "lower_case_scheme" and _conclusive(s),
    ),
    "auth.checked_late": (
        "401",
        "credentials are checked before the id",
        lambda s: (
            s.exchange.probe.credential in ("missing", "wrong")
            and s.exchange.probe.subject == "unknown"
            and s.exchange.status in (400, 401, 403)
        ),
    ),
    "identity.other_batch": ("200", "the batch asked for is the batch answered", _is_success),
    "identity.unknown_answered": ("", "an id that nobody has is not answered", _subject("unknown")),
    "identity.neighbour_answered": ("", "a similar id is not answered", _subject("neighbour")),
    "identity.traversal_answered": (
        "",
        "an encoded path is not followed",
        _is_traversal,
    ),
    "identity.list_answered": (
        "",
        "an empty id is not answered",
        lambda s: s.exchange.probe.subject == "outside" and s.exchange.probe.batch_id is None and _conclusive(s),
    ),
    "identity.spelling_redirected": ("", "another spelling of an id is not redirected", _subject("equivalent")),
    "time.magnitude": ("200", "times are Unix seconds of our time", _is_success),
    "time.order": ("200", "times are in the order of the states", _is_success),
    "time.window": ("200", "a batch expires when its window ends", _is_success),
}


def _has_id(operation: Operation) -> bool:
    return bool(operation.parameter)


_NEEDS: Mapping[str, Callable[[Operation], bool]] = {
    "auth.checked_late": _has_id,
    "identity.unknown_answered": _has_id,
    "identity.neighbour_answered": _has_id,
    "identity.traversal_answered": _has_id,
    "identity.list_answered": _has_id,
    "identity.spelling_redirected": _has_id,
    "identity.other_batch": lambda operation: operation.roles.identity is not None,
    "time.magnitude": lambda operation: bool(operation.roles.timestamps),
    "time.order": lambda operation: bool(operation.roles.timestamps),
    "time.window": lambda operation: (
        None not in (operation.roles.window, operation.roles.created, operation.roles.expires)
    ),
}


def applies(rule: str, operation: Operation) -> bool:
    """Whether a standing clause is one of an operation: unsecured ones have no authentication, lists no ids."""
    if rule.startswith("auth.") and not operation.secured:
        return False
    needs = _NEEDS.get(rule)
    return needs is None or needs(operation)
