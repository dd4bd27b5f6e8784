"""What a recorded exchange was sent for, as far as it shows: what the judge takes, or why it takes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

from batch_conformance.exchange.exchange import (
    BATCHES,
    BESIDE_THE_PLAN,
    RECORDED,
    Exchange,
    Headers,
    Probe,
    Request,
    Subject,
)
from batch_conformance.exchange.redaction import MASKED_HEADERS, Redactor
from batch_conformance.message import Message
from batch_conformance.observation.observation import at
from batch_conformance.recorded.line import RecordedExchange, json_of
from batch_conformance.recorded.operation_urls import OperationUrl, OperationUrls
from batch_conformance.rules.masks import is_masked_segment

NotJudgedReason = Literal["elsewhere", "other_method", "conditional", "cached", "no_response", "beside_the_plan"]
"""Why an exchange is not judged.

It is another operation's, of another method, an answer to a condition or of the client's cache, or none was recorded;
or a run of ours sent it after its plan, and did not judge it with the others either.
"""

PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
"""Segments of letters that RFC 3986 section 2.3 leaves unreserved."""

_CONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"})
_SWITCHING_PROTOCOLS = 101
_CONDITIONAL = frozenset({206, 304, 412, 416})
NEGOTIATION = frozenset({"accept", "accept-charset", "accept-encoding", "accept-language", "prefer"})
_PREFERRED = re.compile(r"\s*code\s*=\s*\"?(\d{3})\"?\s*", re.IGNORECASE)
_KEY_IN_QUERY = re.compile(r"(?:^|&)(?:api[_-]?key|key|token|access_token)=[^&]", re.IGNORECASE)
_SECRET_IN_QUERY = re.compile(r"(?:^|&)(?:api[_-]?key|key|token|access_token)=([^&]+)", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]{12,4096}")
_NO_SECRET = re.compile(r"\W*(?:redacted|masked|hidden|removed|filtered|x+|\**)\W*", re.IGNORECASE)


@dataclass(frozen=True)
class InferredProbe:
    """Takes recorded exchanges for what they are.

    ``credential_headers`` are lower-case names of headers that carry credentials. ``credentials_recorded`` says that
    the recording leaves none of them out, so that a request without one had none.
    """

    urls: OperationUrls
    credential_headers: frozenset[str] = frozenset(MASKED_HEADERS)
    credentials_recorded: bool = False

    def exchange(self, recorded: RecordedExchange, number: int) -> Exchange | NotJudgedReason:
        """The exchange that is to be judged, without any secret; or why there is none."""
        unanswered = recorded.response is None and recorded.failure is None
        if recorded.probe is not None and not unanswered:
            return self._of_a_run(recorded, recorded.probe, number)
        place = self.urls.place(recorded.url, recorded.method)
        names = {name.lower() for name, _ in recorded.request_headers}
        status = recorded.response.status if recorded.response else 0
        if place is None or (status == _SWITCHING_PROTOCOLS and "upgrade" in names):
            return "elsewhere"
        if unanswered:
            return "no_response"
        if not place.operation.takes(recorded.method):
            return "other_method"
        conditional = status in _CONDITIONAL and (not names or names & _CONDITIONS or recorded.from_cache)
        if conditional or recorded.from_cache:
            return "conditional" if conditional else "cached"
        return self._made(recorded, self._probe(recorded, place, names), number)

    def _of_a_run(self, recorded: RecordedExchange, probe: Probe, number: int) -> Exchange | NotJudgedReason:
        """What a run of ours recorded: what made batches is judged by that run, which knows what was asked for."""
        if probe.chapter == BESIDE_THE_PLAN:
            return "beside_the_plan"
        if probe.chapter == BATCHES and recorded.method not in ("GET", "HEAD"):
            return "other_method"
        return self._made(recorded, probe, number) if self.urls.holds(recorded.url) else "elsewhere"

    def _probe(self, recorded: RecordedExchange, place: OperationUrl, names: set[str]) -> Probe:
        status = recorded.response.status if recorded.response else 0
        is_plain = PLAIN.fullmatch(place.segment) or not place.operation.parameter
        subject: Subject = "recorded" if is_plain else "hostile"
        if 200 <= status < 300:
            subject = "known"  # whoever was answered asked for what there is
        credential = self._credential(recorded, place, names)
        name = recorded.method + (" of an odd id" if subject == "hostile" else "")
        return Probe(
            RECORDED,
            name + (" without a credential" if credential == "missing" else ""),
            place.path,
            _batch_id(recorded, place),
            subject,
            recorded.method,
            tuple((name, value) for name, value in recorded.request_headers if name.lower() in NEGOTIATION),
            place.query,
            credential,
            _forced(recorded.request_headers),
        )

    def _credential(self, recorded: RecordedExchange, place: OperationUrl, names: set[str]) -> str:
        """The kind of credential: nobody knows whether one that was refused was valid, nor which were cut out."""
        sent = recorded.credential == "sent" or self._has_credential(recorded.request_headers, place.query)
        if not sent and (recorded.credential == "none" or (self.credentials_recorded and bool(names))):
            return "missing"
        refused = recorded.response is not None and recorded.response.status in (401, 403)
        return "recorded" if refused else "valid"

    def asked(self, headers: Headers) -> tuple[Headers, Redactor, bool, bool] | None:
        """What the headers of the request of a plain read come to, where it was answered.

        Those that negotiate, what redacts the exchange, whether there is a secret, and whether there was a credential;
        None where the request is no plain one.
        """
        credential = self._has_credential(headers, "")
        if _forced(headers) is not None or (self.credentials_recorded and not credential):
            return None
        secrets = tuple(self.secrets(headers))
        redactor = _redactor(secrets, self.credential_headers)
        accept = tuple((name, value) for name, value in headers if name.lower() in NEGOTIATION)
        return redactor.redact_headers(accept), redactor, bool(secrets), credential

    def lacks_credential(self, recorded: RecordedExchange) -> bool:
        """Whether no credential was recorded with a request, for whatever reason."""
        query = recorded.url.partition("?")[2]
        return recorded.credential != "sent" and not self._has_credential(recorded.request_headers, query)

    def _has_credential(self, headers: Headers, query: str) -> bool:
        named = any(name.lower() in self.credential_headers and value.strip() for name, value in headers)
        return named or _KEY_IN_QUERY.search(query) is not None

    def _made(self, recorded: RecordedExchange, probe: Probe, number: int) -> Exchange:
        redactor = _redactor(tuple(self.secrets(recorded.request_headers)), self.credential_headers)
        response, reflections = recorded.response, recorded.reflections
        if response is not None:
            response, seen = redactor.redact_response(response)
            reflections = tuple(dict.fromkeys((*reflections, *seen)))
        return Exchange(
            number,
            replace(
                probe,
                path=redactor.redact_text(probe.path),
                query=redactor.redact_url(f"?{probe.query}")[1:] if probe.query else "",
                headers=redactor.redact_headers(probe.headers),
            ),
            Request(
                recorded.method,
                redactor.redact_url(recorded.url),
                redactor.redact_headers(recorded.request_headers),
            ),
            response,
            recorded.failure,
            recorded.attempt,
            recorded.final,
            recorded.started_at,
            recorded.elapsed,
            reflections,
        )

    def without_secrets(self, message: Message, recorded: RecordedExchange) -> Message:
        """What is said of a recorded exchange without the credentials that were recorded with it."""
        redactor = _redactor(tuple(self.secrets(recorded.request_headers)), self.credential_headers)
        return message.mapped(redactor.redact_text)

    def query_secrets(self, url: str) -> Iterator[str]:
        """Credentials in the query of a URL, as they were sent and decoded."""
        for found in _SECRET_IN_QUERY.finditer(url.partition("?")[2]):
            yield from dict.fromkeys((found[1], unquote(found[1])))

    def secrets(self, headers: Headers) -> Iterator[str]:
        """Credentials that were recorded as they were sent."""
        for name, value in headers:
            if name.lower() in self.credential_headers:
                yield from (token for token in _TOKEN.findall(value) if not _NO_SECRET.fullmatch(token))


def _batch_id(recorded: RecordedExchange, place: OperationUrl) -> str | None:
    """The id that was asked for: where the URL has it masked that of the answer, and None where that has none either.

    Of one that is not known nothing is compared.
    """
    asked, pointer = place.batch_id, place.operation.roles.identity
    if asked is None or not is_masked_segment(asked):
        return asked
    if recorded.response is None or not 200 <= recorded.response.status < 300 or pointer is None:
        return None
    try:
        answered = at(json_of(recorded.response.body), pointer)
    except ValueError:
        return None
    if not isinstance(answered, str) or not answered or is_masked_segment(unquote(answered)):
        return None
    return answered


@lru_cache(maxsize=256)
def _redactor(secrets: tuple[str, ...], masks: frozenset[str]) -> Redactor:
    return Redactor(secrets, masks)


def _forced(headers: Headers) -> int | None:
    """The status that was asked for with ``Prefer: code=NNN``."""
    parts = (part for name, value in headers if name.lower() == "prefer" for part in value.split(","))
    return next((int(found[1]) for part in parts if (found := _PREFERRED.fullmatch(part))), None)
