"""The target: sends probes, retries what is safe to retry, and records exchanges without the key.

It is the only object that knows the key. What leaves it has been redacted.
"""

from __future__ import annotations

import email.utils
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from batch_conformance import __version__
from batch_conformance.exchange.base_url import BaseUrl, BaseUrlError, parse_base_url
from batch_conformance.exchange.exchange import (
    BASE_PATH,
    SESSION_COOKIE,
    Exchange,
    Failure,
    Headers,
    Probe,
    Request,
    Response,
)
from batch_conformance.exchange.limits import Budget, BudgetExhausted, LimitError, Pacer, RateLimit
from batch_conformance.exchange.redaction import MASKED_HEADERS, REDACTED, Redactor, is_secret_name
from batch_conformance.exchange.result_urls import ResultUrls, download_of, without_query
from batch_conformance.exchange.secret import Secret, SecretBytes, SecretHeaders
from batch_conformance.exchange.transport import AwaitsBody, SizeLimits, Transmission, Transport, encode_header_value
from batch_conformance.input_error import InputError
from batch_conformance.message import Template

_TIMEOUT_OF_IS_NOT_POSSIBLE = Template(
    "target.timeout_of_is_not_possible", "a timeout of {timeout} s is not possible: allow more than 0 seconds"
)
_RETRIES_ARE_NOT_POSSIBLE_0 = Template(
    "target.retries_are_not_possible_0", "{retries} retries are not possible: 0 means none"
)
_KEY_CONTAINS_WHITE_SPACE_LINE = Template(
    "target.key_contains_white_space_line",
    "the key contains white space, line breaks or non-ASCII characters: check the variable that holds it",
)
_EXTRA_HEADER_IS_NOT_POSSIBLE = Template(
    "target.extra_header_is_not_possible",
    "the extra header {name} is not possible in HTTP: check its name and value",
)

__all__ = [
    "BaseUrl",
    "BaseUrlError",
    "BudgetExhausted",
    "Presentation",
    "Target",
    "TargetError",
    "is_repeatable",
    "parse_base_url",
]

USER_AGENT = f"batch-conformance/{__version__}"
RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_RETRIED_FAILURES = frozenset({"dns", "refused", "tls", "timeout", "reset", "protocol"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 2.0
_MOST_COOKIES, _LONGEST_COOKIE = 20, 4096
_FOR_PACE = 0.8
"""Of the time that is left, what a slower pace may take: the rest is for answers and for what is sent again."""


class TargetError(InputError):
    """A setting of the target that cannot be used. Its text is one line."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a credential goes into a request: header fields and a piece of query string, either of them may be empty.

    ``refused`` says that a server that keeps the contract must refuse it.
    """

    headers: Headers = field(default=(), repr=False)
    query: str = field(default="", repr=False)
    refused: bool = False


class Target:
    """One server under test. One connection at a time; not for several threads at once.

    Several of them, each in a thread of its own, keep one run's limits where they share ``budget``, ``pacer`` and
    ``turn``, the lock under which these are used.

    ``base_url`` is text or already taken apart. ``key`` is None where there is none; ``present(kind, key)`` turns a
    probe's kind of credential into a ``Presentation`` and gets an empty key then. ``timeout`` is seconds for a whole
    exchange, ``retries`` how often one may be repeated, ``max_retry_after`` the longest ``Retry-After`` in seconds that
    is waited for. ``query`` and ``headers`` go with every request. ``environ`` is where proxies are looked up.

    Raises ``TargetError``, ``BaseUrlError``, ``LimitError``, ``TrustError`` or ``ProxyError``, all of them
    ``InputError`` with one line for people.
    """

    def __init__(
        self,
        base_url: BaseUrl | str,
        key: str | None,
        present: Callable[[str, str], Presentation],
        *,
        timeout: float = 10.0,
        retries: int = 2,
        rate: RateLimit | None = None,
        budget: Budget | None = None,
        pacer: Pacer | None = None,
        turn: threading.Lock | None = None,
        max_retry_after: float = 30.0,
        query: str = "",
        headers: Headers = (),
        secrets: tuple[str, ...] = (),
        masked_headers: tuple[str, ...] = (),
        ca_bundle: str | None = None,
        insecure: bool = False,
        limits: SizeLimits | None = None,
        environ: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = parse_base_url(base_url) if isinstance(base_url, str) else base_url
        if timeout <= 0:
            raise LimitError(_TIMEOUT_OF_IS_NOT_POSSIBLE(timeout=f"{timeout:g}"))
        if retries < 0:
            raise LimitError(_RETRIES_ARE_NOT_POSSIBLE_0(retries=str(retries)))
        key = None if key is None else Secret(key)
        if key is not None and (not key.isascii() or not key.isprintable() or " " in key):
            raise TargetError(_KEY_CONTAINS_WHITE_SPACE_LINE())
        for name, value in headers:
            if not name.isascii() or any(ord(c) < 33 or c == ":" for c in name) or any(c in "\r\n\0" for c in value):
                raise TargetError(_EXTRA_HEADER_IS_NOT_POSSIBLE(name=f"{name[:40]!r}"))
        self.budget = budget or Budget()
        self.insecure = insecure and self.base.scheme == "https"
        self._key = key or Secret("")
        self._present = present
        self._retries = retries
        self._pacer = pacer or Pacer(rate, sleep=sleep)
        self._turn = turn or threading.Lock()
        self.max_retry_after = max_retry_after
        self._query = query.lstrip("?&")
        self._headers = SecretHeaders(headers)
        self._sleep = sleep
        self._rested_at: float | None = None
        self._cookies: dict[str, Secret] = {}
        self._urls: ResultUrls | None = None
        self._timeout, self._trust = timeout, (ca_bundle, insecure)
        self._transport = Transport(
            self.base,
            timeout=timeout,
            limits=limits,
            ca_bundle=ca_bundle,
            insecure=insecure,
            environ=os.environ if environ is None else environ,
        )
        own = (value for name, value in headers if is_secret_name(name))
        secrets = (self._key, *self._transport.secrets, *secrets, *own)
        self._redactor = Redactor(secrets, (*MASKED_HEADERS, *masked_headers))

    def __repr__(self) -> str:
        return f"Target({str(self.base)!r})"

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return self.base.is_loopback

    @property
    def retries(self) -> int:
        """How often a request may be repeated."""
        return self._retries

    @property
    def has_key(self) -> bool:
        """Whether it was given a key."""
        return bool(self._key)

    @property
    def redactor(self) -> Redactor:
        """Cleans other text of this run's secrets before it is shown. It does not give them away."""
        return self._redactor

    def close(self) -> None:
        """Close the connection. Sending opens another."""
        self._transport.close()

    def send(
        self,
        probe: Probe,
        number: int,
        body: bytes = b"",
        may_repeat: Callable[[Exchange], bool] = lambda _: True,
        awaits_body: AwaitsBody = lambda _status, _fields: True,
    ) -> tuple[Exchange, ...]:
        """Send a probe and return all attempts in order; the last one is final. ``number`` is its place in the plan.

        GET and HEAD are repeated after connection failures, timeouts and 429, 502, 503, 504, unless that was asked for,
        and as long as ``may_repeat`` says so of the attempt. ``awaits_body`` is as for ``Transport.send``.
        Whatever the server does ends as an exchange. Raises ``BudgetExhausted`` where not even the first attempt could
        be sent, and ``ValueError`` for a probe that is no HTTP request. A request with a ``body`` changes something at
        the target, so it goes out on a connection of its own and never twice.
        """
        if body:
            self._transport.close()
            probe = replace(probe, headers=(*probe.headers, ("Content-Length", str(len(body)))))
        self.rest(probe.wait)
        presentation = self._present(probe.credential, self._key)
        url = self._url(probe, presentation)
        headers = self._compose(probe, presentation)
        request = self._request(probe.method, url, headers, presentation, self._marked(probe, presentation))
        if body:
            request = replace(request, body=self._redactor.redact_bytes(body))
        target = SecretBytes(encode_header_value(Secret(url[len(self.base.origin) :])))
        repeatable = is_repeatable(probe)
        attempts: list[Exchange] = []
        shown = self._shown(probe)
        self._await_turn()
        while True:
            attempt = len(attempts)
            started_at = time.time()
            outcome = self._transport.send(
                probe.method, target, headers, self._may_resend, body, awaits_body=awaits_body
            )
            pause = self._pause(outcome, attempt, probe.forced_status) if repeatable else None
            response, failure, reflections = self._cleaned(outcome)
            exchange = Exchange(
                number=number,
                probe=shown,
                request=request,
                response=response,
                failure=failure,
                attempt=len(attempts),
                started_at=started_at,
                elapsed=outcome.elapsed,
                reflections=reflections,
            )
            if pause is None or not may_repeat(exchange):
                return (*attempts, exchange)
            self._sleep(pause)
            try:
                self._await_turn()
            except BudgetExhausted:
                return (*attempts, exchange)
            attempts.append(replace(exchange, final=False))

    def keep_result_urls(self) -> None:
        """From now on know the URLs of results that are answered, to ``fetch`` them, and show none with its query."""
        self._urls = self._urls or ResultUrls(self.base.origin)

    def fetch(self, shown: str, probe: Probe, number: int) -> Exchange | None:
        """Fetch a URL that was answered, as it is shown, without the key; None where it must not be fetched.

        ``probe`` says what the request is for; its path is that of the URL. A redirect is an answer like any other.
        Raises ``BudgetExhausted``.
        """
        whole = self._urls.whole(shown) if self._urls is not None else Secret(shown)
        found = download_of(whole, from_loopback=self.is_loopback)
        if found is None:
            return None
        ca_bundle, insecure = self._trust
        with Target(
            found.base,
            None,
            lambda _kind, _key: Presentation(),
            timeout=self._timeout,
            retries=self._retries,
            budget=self.budget,
            pacer=self._pacer,
            turn=self._turn,
            secrets=(self._key, *found.secrets),
            ca_bundle=ca_bundle,
            insecure=insecure,
            sleep=self._sleep,
        ) as other:
            other.keep_result_urls()
            sent = other.send(replace(probe, path=found.path, query=found.query), number)[-1]
        return without_query(sent)

    def rest(self, wait: float) -> None:
        """Sleep for what is left of a probe's ``wait``: what other requests took of it since is not waited again.

        Raises ``BudgetExhausted`` where the run ends before.
        """
        now = time.monotonic()
        if wait > 0:
            left = wait if self._rested_at is None else self._rested_at + wait - now
            if left > 0:
                self.pause(left)
        if wait > 0 or self._rested_at is None:
            self._rested_at = time.monotonic()

    @property
    def interval(self) -> float:
        """Seconds from one request to the next, by the rate that is kept; 0 where none is."""
        return self._pacer.interval

    def slow_down(self, interval: float, requests: int) -> None:
        """Keep so many seconds between requests from now on, or as many as leave time for so many of them."""
        with self._turn:
            left = max(0.0, self.budget.seconds_left - self._pacer.due())
            fits = left * _FOR_PACE / max(1, requests)
            self._pacer.slow_down(max(self._pacer.interval, min(interval, fits)))

    def pause(self, seconds: float) -> None:
        """Wait before something is sent; raise ``BudgetExhausted`` at once where nothing may be sent afterwards."""
        refusal = self.budget.refusal(seconds)
        if refusal:
            raise BudgetExhausted(refusal)
        self._sleep(seconds)

    def _await_turn(self) -> None:
        """Wait for the pace, then count the request, so that time spent waiting is seen by the budget."""
        with self._turn:
            refusal = self.budget.refusal(self._pacer.due())
            if refusal:
                raise BudgetExhausted(refusal)
            self._pacer.wait()
            self.budget.take()

    def _may_resend(self) -> bool:
        """A request repeated because the kept-alive connection had been closed is one more to the server."""
        with self._turn:
            if not self.budget.allows():
                return False
            self.budget.take()
            return True

    def _url(self, probe: Probe, presentation: Presentation) -> Secret:
        query = Secret("&".join(part for part in (self._query, probe.query.lstrip("?"), presentation.query) if part))
        url = f"{self.base}{probe.path}"
        # A path that brings its own question mark (an unencoded hostile id) already has a query.
        separator = "&" if "?" in probe.path else "?"
        return Secret(f"{url}{separator}{query}" if query else url)

    def _compose(self, probe: Probe, presentation: Presentation) -> Headers:
        """The header fields in order; the probe's own take the place of the run's and of ours of the same name."""
        own = SecretHeaders((*presentation.headers, *self._filled(probe.headers)))
        taken = {name.lower() for name, _ in own}
        given = SecretHeaders((*(pair for pair in self._headers if pair[0].lower() not in taken), *own))
        names = {name.lower() for name, _ in given}
        # Without Accept-Encoding a server may compress as it likes; a plain answer is the one to judge.
        ours = (("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"))
        return SecretHeaders((*(pair for pair in ours if pair[0].lower() not in names), *given))

    def _filled(self, headers: Headers) -> Headers:
        """The headers with the cookies that the server has set, if any, and the base URL's path in their places."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        filled = (
            (name, cookies if value == SESSION_COOKIE else value.replace(BASE_PATH, self.base.path))
            for name, value in headers
        )
        return tuple((name, value) for name, value in filled if value or name.lower() != "cookie")

    def _keep_cookies(self, headers: Headers) -> None:
        """Remember the cookies that a response sets (RFC 6265 section 5.2, without the attributes)."""
        for name, value in headers:
            if name.lower() == "set-cookie" and len(self._cookies) < _MOST_COOKIES:
                pair = value.partition(";")[0].strip()
                cookie, separator, held = pair.partition("=")
                if separator and cookie and len(pair) <= _LONGEST_COOKIE and pair.isascii() and pair.isprintable():
                    self._cookies[cookie.strip()] = Secret(held.strip())

    def _marked(self, probe: Probe, presentation: Presentation) -> Mapping[str, str]:
        """The values, by header name, of a refused credential that has the whole key in it, a mark in the key's place.

        They are made of the mark and never had the key; what of a credential is odd is evidence worth reading.
        """
        if not presentation.refused or not self._key:
            return {}
        return {name: value for name, value in self._present(probe.credential, REDACTED).headers if REDACTED in value}

    def _request(
        self, method: str, url: str, headers: Headers, presentation: Presentation, marked: Mapping[str, str]
    ) -> Request:
        redactor = self._redactor
        shown = []
        for name, value in headers:
            # A credential that only resembles one is evidence worth reading, unless it is close to the key.
            plain = presentation.refused and (name, value) in presentation.headers and not redactor.resembles(value)
            kept = str(value) if plain else marked.get(name) or str(redactor.redact_header(name, value))
            shown.append((name, kept))
        base = str(self.base)
        return Request(method, base + redactor.redact_url(Secret(url[len(base) :])), tuple(shown))

    def _shown(self, probe: Probe) -> Probe:
        """The probe as it may be kept: somebody may have given the key in place of an id."""
        path, batch_id = self._redactor.redact_url(probe.path), probe.batch_id
        batch_id = None if batch_id is None else self._redactor.redact_text(batch_id)
        if (path, batch_id) == (probe.path, probe.batch_id):
            return probe
        return replace(probe, path=path, batch_id=batch_id)

    def _pause(self, outcome: Transmission, attempt: int, forced: int | None) -> float | None:
        """Seconds to wait before the next attempt, or None where there is none."""
        if attempt >= self._retries:
            return None
        pause = float(min(_FIRST_BACKOFF * 2**attempt, _LONGEST_BACKOFF))
        if outcome.failure is not None:
            if not outcome.transient or outcome.failure.kind not in _RETRIED_FAILURES:
                return None
        elif outcome.response is not None and outcome.response.status in RETRIED_STATUSES - {forced}:
            asked = retry_after(outcome.response.header("Retry-After"), time.time())
            if asked is not None and asked > self.max_retry_after:
                return None
            pause = max(pause, asked or 0.0)
        else:
            return None
        return pause if self.budget.allows(pause) else None

    def _cleaned(self, outcome: Transmission) -> tuple[Response | None, Failure | None, tuple[str, ...]]:
        """What came, cleaned of secrets, and where in it the key was."""
        response: Response | None = None
        failure: Failure | None = None
        reflections: tuple[str, ...] = ()
        if outcome.response is not None:
            self._keep_cookies(outcome.response.headers)
            answered = self._urls.take(outcome.response) if self._urls is not None else outcome.response
            response, reflections = self._redactor.redact_response(answered)
        if outcome.failure is not None:
            failure = Failure(outcome.failure.kind, outcome.failure.detail.mapped(self._redactor.redact_text))
        return response, failure, reflections


def is_repeatable(probe: Probe) -> bool:
    """Whether a probe may be sent again: it changes nothing."""
    return probe.method in _SAFE_METHODS


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a ``Retry-After`` asks to wait, in either form (RFC 9110 10.2.3); None where it says nothing.

    ``now`` is Unix seconds; a date in the past is 0.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        # An absurd number is still a number: it is longer than any limit.
        return float(text) if len(text) < 16 else float("inf")
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
