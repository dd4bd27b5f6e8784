"""Refusals of what is odd about a request, by whatever stands before the API or by the API itself."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from batch_conformance.observation.observation import Observation, derived

_GATEWAY_REFUSALS = frozenset({400, 403, 404, 405, 406, 413, 414, 431})
"""Statuses with which gateways turn odd requests away before the API sees them; 405 is what Alibaba Cloud's firewall
answers to an attack, 406 what ModSecurity does, and 413 what Sanic does to a head that is too long (it had that name,
Request Entity Too Large, before there was a 431)."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Frameworks decode an encoded slash before they route, and redirect to the path that they think was meant."""

_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
"""Ids of letters that RFC 3986 section 2.3 leaves unreserved."""

_OF_A_QUERY = frozenset({400, 403, 404, 422})
"""How a parameter is refused that no document has: RFC 6750 section 3.1 has 400 for it, and firewalls have 403."""

_IN_QUERY = ("also_in_query", "elsewhere_query", "query_")
"""How kinds of credential begin that have the key in the query string (``authentication.WHOLE``)."""

_OF_A_REFUSED_ID = frozenset({400, 404, 422})
"""How a request is refused whose path parameter is none of the schema's: 422 is what FastAPI answers."""


@derived
def is_turned_away(observation: Observation) -> bool:
    """Whether something odd was refused, or redirected, by what knows nothing of the API's document.

    Odd is a hostile id, a neighbour with letters that no id has, an id in another spelling than the usual one, and a
    status that was asked for: a mock that cannot give it says so in its own words.
    """
    if observation.api_spoke or observation.answer is None:
        return False
    probe, status = observation.exchange.probe, observation.answer.status
    is_path = any(mark in (probe.batch_id or "") for mark in "/\\")
    is_odd = probe.subject in ("hostile", "equivalent") or (probe.forced_status is not None and not observation.forced)
    is_odd = is_odd or (probe.subject == "neighbour" and not _PLAIN.fullmatch(probe.batch_id or ""))
    return (is_odd and status in _GATEWAY_REFUSALS) or (is_path and status in _REDIRECTS)


def is_refused_for_its_id(observation: Observation) -> bool:
    """Whether a read was refused whose id the schema of the path's parameter does not admit."""
    answer, asked = observation.answer, observation.exchange.probe.batch_id
    if answer is None or answer.status not in _OF_A_REFUSED_ID or not observation.covered or observation.forced:
        return False
    return observation.operation.breaks_its_schema(asked)


def is_of_a_query(observation: Observation, status: int) -> bool:
    """Whether a request was refused that had a parameter in its query which no document has.

    Of a list so is one whose query the document does not admit, or that has a cursor: it may be none of the list's.
    """
    probe = observation.exchange.probe
    if status not in _OF_A_QUERY:
        return False
    return probe.credential.startswith(_IN_QUERY) or _has_unknown_parameter(observation) or _is_refusable(observation)


def _has_unknown_parameter(observation: Observation) -> bool:
    documented = {one.name for one in observation.operation.query}
    asked = parse_qsl(observation.exchange.probe.query, keep_blank_values=True)
    return any(name not in documented for name, _ in asked)


def _is_refusable(observation: Observation) -> bool:
    operation, query = observation.operation, observation.exchange.probe.query
    if operation.listing is None or not query:
        return False
    asked = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    after = operation.listing.after
    required = {one.name for one in operation.query if one.required}
    is_cursor = after is not None and after.name in asked
    return is_cursor or not required <= asked or operation.query_flaw(query) is not None


@derived
def leads_to_normal_form(observation: Observation) -> bool:
    """Whether another spelling of an id (RFC 3986 section 6.2.2) is redirected to the one that is usual.

    Nothing else is judged of such an answer, whatever a document says of redirects, or of all statuses.
    """
    probe, answer = observation.exchange.probe, observation.answer
    location = answer.header("location") if answer is not None else None
    if probe.subject != "equivalent" or answer is None or answer.status not in _REDIRECTS or location is None:
        return False
    operation = observation.operation
    normal = operation.path.replace("{" + operation.parameter + "}", quote(probe.batch_id or "", safe=""))
    try:
        return urlsplit(urljoin(observation.exchange.request.url, location.strip())).path.endswith(normal)
    except ValueError:
        return False


@derived
def is_unquoted_text(observation: Observation) -> bool:
    """Whether a documented JSON string came as plain text without its quotes.

    True for no markup: an HTML page is no string of the API. True only where the schema admits nothing but a string.
    """
    answer, schema = observation.answer, observation.schema
    if answer is None or schema is None or not (observation.has_body or observation.lacks_body) or answer.status < 400:
        return False
    root = schema.properties[0]
    if (
        not root.types <= {"string", "null"}
        or "string" not in root.types
        or "json" not in observation.contract_media_type
    ):
        return False
    if observation.media_type not in ("", "text/plain", observation.contract_media_type):
        return False
    # Under the documented media type, null and 404 are JSON of another type.
    is_json = (
        observation.media_type == observation.contract_media_type and observation.parsed and observation.parsed.readable
    )
    is_text = observation.parsed is not None and any(one.flaw == "plain_text" for one in observation.parsed.defects)
    return not is_json and (is_text or answer.body.lstrip()[:1] not in (b"", b'"', b"{", b"[", b"<"))
