"""Judges a response around its body: status, media type, the headers that HTTP asks for, framing, methods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batch_conformance.exchange.exchange import Response
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting
from batch_conformance.rules.refusal import is_of_a_query, is_turned_away, leads_to_normal_form

_HTTP_ERRORS = frozenset({400, 401, 403, 404, 405, 406, 410, 414, 429, 431})
_LIMIT_STATUSES = frozenset({414, 431})
_METHOD_REFUSALS = frozenset({404, 405, 501})
_ACCEPTED = frozenset({"valid", "lower_case_scheme"})
"""Credentials that a server has to accept."""

_NOBODYS = frozenset({"unknown", "neighbour", "hostile", "recorded"})
"""Subjects that may well be the ids of no batch."""

_NEVER = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
"""What the client names in order to exclude it (RFC 9110 section 12.4.2)."""

_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""ASCII is UTF-8 in which nothing but ASCII stands."""

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)


def judge_response(sighting: Sighting) -> Iterator[Deviation]:
    """Everything about one response but its body's content."""
    answer = sighting.answer
    if answer is None:
        yield from _framing_without_answer(sighting)
        return
    if not sighting.covered:
        yield from _method(sighting, answer)
    elif not leads_to_normal_form(sighting):
        yield from _status(sighting, answer)
        yield from _media_type(sighting, answer)
    yield from _framing(sighting, answer)
    yield from _encoding(sighting, answer)


def _method(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    if sighting.method not in (*sighting.operation.methods, "HEAD") and 200 <= answer.status < 300:
        yield sighting.deviates(
            "method.undeclared_answered",
            status="",
            expected=f"405 for {sighting.method}, which the document does not declare",
            observed=f"{answer.status} {answer.reason}".rstrip(),
            kind=sighting.method,
        )


def _status(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    operation, status = sighting.operation, answer.status
    is_status = 100 <= status <= 599  # RFC 9110 section 15: there are no others, whatever a default response says
    if is_status and (sighting.documented is not None or status == 429 or status >= 500):
        return  # 429 and 5xx are weighed over the run: an outage is not drift
    if sighting.method == "HEAD" and status in _METHOD_REFUSALS:
        return
    listed = ", ".join(operation.responses)
    observed = f"{status} {answer.reason}".rstrip()
    if status == 406 and not accepts_documented(sighting):
        yield sighting.deviates(
            "response.not_acceptable", expected=f"one of {listed}", observed=observed, kind=str(status)
        )
    elif status in _LIMIT_STATUSES or is_turned_away(sighting, status):
        yield sighting.deviates(
            "response.refused_input", expected=f"one of {listed}", observed=observed, kind=str(status)
        )
    elif is_of_a_query(sighting, status) or (
        status in _HTTP_ERRORS and (not operation.lists_errors or _is_unforeseen(sighting, status))
    ):
        none_for_it = f"one of {listed}; no error is documented for it"
        yield sighting.deviates(
            "response.undocumented_error",
            expected=none_for_it if operation.lists_errors else f"one of {listed}; no error is documented",
            observed=observed,
            kind=str(status),
        )
    else:
        yield sighting.deviates("response.status", expected=f"one of {listed}", observed=observed, kind=str(status))


def _is_unforeseen(sighting: Sighting, status: int) -> bool:
    """Whether the document foresees no answer at all to what was asked, and this is the one that HTTP has for it.

    A credential that must be refused gets 401 (RFC 9110 section 15.5.2), an id that nobody has 404 (15.5.5) or 410.
    The self-check reports that the document lists neither.
    """
    operation, probe = sighting.operation, sighting.exchange.probe
    if status == 401:
        return operation.secured and (probe.credential not in _ACCEPTED or probe.subject == "recorded")
    gone = probe.subject in _NOBODYS and not any(operation.response_for(other) for other in (404, 410))
    return status in (404, 410) and gone and probe.credential in _ACCEPTED


def accepts_documented(sighting: Sighting) -> bool:
    """Whether the request's Accept admits a media type that the document gives to a success."""
    asked = next((value for name, value in sighting.exchange.probe.headers if name.lower() == "accept"), "*/*")
    ranges = {part.partition(";")[0].strip().lower() for part in asked.split(",") if not _NEVER.search(part)}
    declared = {kind for response in sighting.operation.responses.values() for kind in response.content}
    admitted = declared | {kind.partition("/")[0] + "/*" for kind in declared} | {"*/*"}
    return bool(ranges & admitted)


def _media_type(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    documented = sighting.documented
    if documented is None or not documented.content or sighting.method == "HEAD" or not answer.body.strip():
        return
    if not sighting.media_type and not answer.headers_complete:
        return
    expected = " or ".join(documented.content)
    if sighting.declared_media_type is None:
        if is_turned_away(sighting, answer.status):
            yield sighting.deviates(
                "response.refused_input",
                expected=expected,
                observed=f"{answer.status} with {sighting.media_type or 'no Content-Type'}",
                kind=str(answer.status),
            )
        elif not is_unquoted_text(sighting):
            yield sighting.deviates(
                "response.media_type",
                media_type=sighting.contract_media_type,
                expected=expected,
                observed=sighting.media_type or "no Content-Type",
                kind=sighting.media_type or "none",
            )
        return
    charset = foreign_charset(sighting)
    if charset:
        yield sighting.deviates(
            "response.charset",
            media_type=sighting.contract_media_type,
            expected="UTF-8",
            observed=f"charset={charset[:40]}",
            kind=charset[:40].lower(),
        )


def foreign_charset(sighting: Sighting) -> str:
    """The charset, other than UTF-8, that a JSON body is said to be in; empty where there is none."""
    named = _CHARSET.search((sighting.answer.header("content-type") if sighting.answer else None) or "")
    if named is None or "json" not in sighting.media_type or named[1].lower() in _UTF_8:
        return ""
    return named[1]


def refused_for_its_id(sighting: Sighting) -> Deviation:
    """What is told of all such refusals that are not as documented, whatever their status and body: one thing."""
    parameter = sighting.operation.parameter
    return sighting.deviates(
        "response.refused_input",
        status="",
        expected=f"an id that the schema of {parameter} admits, or a documented answer",
        observed=f"{sighting.answer.status if sighting.answer else 0} for an id that it does not admit",
        kind="schema",
        side="server",
    )


def is_unquoted_text(sighting: Sighting) -> bool:
    """Whether a documented JSON string came as plain text without its quotes.

    True for no markup: an HTML page is no string of the API. True only where the schema admits nothing but a string.
    """
    answer, schema = sighting.answer, sighting.schema
    if answer is None or schema is None or not (sighting.has_body or sighting.lacks_body) or answer.status < 400:
        return False
    root = schema.properties[0]
    if not root.types <= {"string", "null"} or "string" not in root.types or "json" not in sighting.contract_media_type:
        return False
    if sighting.media_type not in ("", "text/plain", sighting.contract_media_type):
        return False
    # Under the documented media type, null and 404 are JSON of another type.
    is_json = sighting.media_type == sighting.contract_media_type and sighting.parsed and sighting.parsed.readable
    is_text = sighting.parsed is not None and any(one.flaw == "plain_text" for one in sighting.parsed.defects)
    return not is_json and (is_text or answer.body.lstrip()[:1] not in (b"", b'"', b"{", b"[", b"<"))


def _framing_without_answer(sighting: Sighting) -> Iterator[Deviation]:
    failure = sighting.exchange.failure
    if failure is not None and failure.kind in ("protocol", "too_large"):
        yield sighting.deviates(
            "response.framing", status="", expected="an HTTP/1.1 response", observed=failure.detail, kind=failure.kind
        )


def _framing(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    failure = sighting.exchange.failure
    lengths = {value.strip() for value in answer.header_all("content-length")}
    if len(lengths) > 1:
        kind, observed = "two_lengths", "Content-Length " + " and ".join(sorted(lengths))
    elif lengths and answer.header("transfer-encoding"):
        kind, observed = "length_and_coding", "Content-Length and Transfer-Encoding in one message"
    elif failure is not None and failure.kind in ("protocol", "too_large"):
        kind, observed = "body", str(failure.detail)
    elif answer.trailing:
        kind, observed = "trailing", f"{answer.trailing} bytes after the end of the message"
    else:
        return
    yield sighting.deviates(
        "response.framing",
        status="",
        expected="one length for the body, and that many bytes",
        observed=observed,
        kind=kind,
    )


def _encoding(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    if answer.decode_error:
        yield sighting.deviates(
            "response.encoding",
            expected="a body in the Content-Encoding that it names",
            observed=answer.decode_error,
            kind=(answer.header("content-encoding") or "").lower()[:40],
        )
    elif answer.body and (coding := _unasked_coding(sighting, answer)):
        yield sighting.deviates(
            "response.coding_unasked",
            expected="a coding that Accept-Encoding admits, or none",
            observed=f"{coding} for {(sighting.exchange.request.header('accept-encoding') or '')[:60]}",
            kind="unasked",
        )


def _unasked_coding(sighting: Sighting, answer: Response) -> str:
    """The content coding of a body whose request did not admit it; empty where it did, or admits any."""
    coding = (answer.header("content-encoding") or "identity").strip().lower().removeprefix("x-")
    asked = sighting.exchange.request.header("accept-encoding")
    if asked is None or coding == "identity":
        return ""
    offered = {part.partition(";")[0].strip().lower() for part in asked.split(",") if not _NEVER.search(part)}
    return "" if offered & {coding, "x-" + coding, "*"} else coding[:40]
