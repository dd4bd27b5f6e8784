"""Odd requests, of which a server may refuse each in any way: what is asked is whether it answers, and with what.

What one answer decides is not asked again. All the headers that only a proxy may set stand in one request; only where
that is answered does the runner look which of them it was. So do the parameters of one kind.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from batch_conformance.exchange.exchange import ODD_REQUESTS, SESSION_COOKIE, Headers, Probe
from batch_conformance.probes.credentials import KINDS
from batch_conformance.probes.plan import JSON
from batch_conformance.probes.segment import NO_SUCH_ID, encode_segment
from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS

if TYPE_CHECKING:
    from batch_conformance.probes.chapters import Setting

_ADMIN = "admin"
_LOOPBACK = "127.0.0.1"
PROXY_HEADERS: Headers = (
    ("X-Forwarded-User", "admin"),
    ("X-Remote-User", "admin"),
    ("Remote-User", "admin"),
    ("X-Authenticated-User", "admin"),
    ("X-Authenticated-Userid", "1"),
    ("X-User-Id", "1"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("X-Client-IP", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1;by=127.0.0.1"),
    ("X-Original-URL", "/health"),
    ("X-Rewrite-URL", "/health"),
    ("X-Forwarded-Method", "OPTIONS"),
    ("X-Internal-Request", "true"),
    ("X-Api-Key", ""),
    # Who the client is, by proxies that sign users in: oauth2-proxy, Kong, Grafana's, Cloudflare, Google, Azure, AWS.
    *((name, _ADMIN) for name in ("X-Auth-Request-User", "X-Consumer-Username", "X-Consumer-Custom-Id")),
    *(
        (name, _ADMIN)
        for name in ("X-WebAuth-User", "X-ProxyUser", "X-Amzn-Oidc-Identity", "X-Ms-Client-Principal-Name")
    ),
    *(
        (name, "admin@localhost")
        for name in (
            *("X-Forwarded-Email", "X-Auth-Request-Email", "Cf-Access-Authenticated-User-Email"),
            *("X-Goog-Authenticated-User-Email", "Tailscale-User-Login"),
        )
    ),
    *((name, _ADMIN) for name in ("X-Forwarded-Groups", "X-Roles", "X-User-Role", "X-Scope-Orgid", "X-Tenant-Id")),
    # That a certificate of the client's was verified: nginx, HAProxy, Envoy.
    *((name, "SUCCESS") for name in ("X-Ssl-Client-Verify", "Ssl-Client-Verify", "X-Client-Verify")),
    ("X-Forwarded-Client-Cert", 'Hash=00;Subject="CN=admin"'),
    # Where it is, by content delivery networks and load balancers.
    *((name, _LOOPBACK) for name in ("True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP", "X-Originating-IP")),
    *((name, _LOOPBACK) for name in ("X-Remote-IP", "X-Remote-Addr", "X-Envoy-External-Address")),
    *((name, "localhost") for name in ("X-Forwarded-Host", "X-Forwarded-Server", "X-Host")),
    *((name, "/health") for name in ("X-Forwarded-Uri", "X-Envoy-Original-Path")),
    *((name, "true") for name in ("X-Internal", "X-Envoy-Internal", "X-Authenticated", "X-Admin", "X-Debug")),
    ("X-Forwarded-Proto", "https"),
    ("Via", "1.1 localhost"),
    *((name, "true") for name in ("X-Test", "X-Health-Check", "X-Bypass-Auth")),
    *((name, _ADMIN) for name in ("X-Service-Name", "X-Caller", "X-Auth-User", "X-User", "X-Username", "X-Account-Id")),
    # What the request looks like where a monitor, or a page of the house, makes it (CWE-290, CWE-293).
    ("User-Agent", "kube-probe/1.34 ELB-HealthChecker/2.0 GoogleHC/1.0"),
    ("Referer", "http://localhost/admin"),
    ("Cookie", SESSION_COOKIE),
)
"""What a proxy says of a client that it let in, of where it is and of what it asked for: a server that takes it from
anybody lets in who says so (CWE-290, CWE-348). And the cookie that the server has given to whoever asked before."""

_ALWAYS = (
    "joined",
    "tab",
    "colon",
    "quoted",
    "scheme_same_length",
    "scheme_longer",
    "scheme_api_key",
    "percent_encoded",
    "full_width",
    "nearly_first",
    "nearly_preceded",
    "key_and_more",
    "other_scheme_first",
    "null_word",
    "unsigned_token",
    "injected_token",
    "long_token",
)
_DRAWN = ("comma", "equals", "scheme_preceded", "scheme_letter", "reversed", "undefined_word", "marks_dropped")
_DRAWN_COUNT = 1
DRAWN_KINDS = 3
"""How many of the credentials that are refused on another machine are drawn by the seed."""
_WRONG_IN_A_ROW = 2
"""How often the wrong token is shown once more, after the chapter on authentication: some servers let in at the third
or fourth try, or once it is cached."""

AGENTS: Mapping[str, str] = {
    "openai_python": "OpenAI/Python 1.109.1",
    "openai_node": "OpenAI/JS 5.23.2",
    "python_requests": "python-requests/2.32.5",
    "curl": "curl/8.14.1",
    "go": "Go-http-client/1.1",
    "java": "Java-http-client/21.0.8",
    "okhttp": "okhttp/4.12.0",
    "browser": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
"""What common clients say that they are, each by the name that it has in reports."""

ORIGIN = "https://origin-of-nobody.example"
_QUERIES: Mapping[str, tuple[Headers, str]] = {
    "callback_parameter": ((), "callback=cb&jsonp=cb"),
    "format_parameter": ((), "format=xml&output=xml"),
    "debug_parameter": ((("Origin", ORIGIN),), "_=1&debug=true&verbose=1&pretty=1"),
}
"""Parameters that no document has and that frameworks know; each with what else is in the request."""

UNGUARDED = (
    "admin=true&debug=true&internal=true&test=true&auth=false&preview=true&role=admin&user=admin&username=admin"
    "&access_token=&api_key=&key=&token=null&signature=null"
)
"""Parameters for which a guard may step aside, and credentials that are there and empty (CWE-1390)."""

CLIENTS_OWN: Headers = (
    ("X-Requested-With", "XMLHttpRequest"),
    ("X-Request-Id", "5a1f0c1e-0000-4000-8000-000000000000"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "a=1"),
    ("baggage", "a=1"),
    ("Sec-Fetch-Mode", "cors"),
    ("Sec-Fetch-Site", "same-site"),
    ("Priority", "u=1, i"),
    ("DNT", "1"),
    ("Pragma", "no-cache"),
    ("Referer", "https://console.example/batches"),
)
"""What browsers, tracers and client libraries put into any request by themselves: it changes nothing of an answer."""

OVERRIDING = "_method=DELETE&method=DELETE&httpMethod=DELETE&x-http-method-override=DELETE"
"""Parameters by which frameworks let a request ask for another method."""

OVERRIDES: Headers = (
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-HTTP-Method", "DELETE"),
    ("X-Method-Override", "DELETE"),
)


def odd_requests(setting: Setting, drawn: Sequence[str] = ()) -> Iterator[Probe]:
    """The odd requests of a plan; of a quick one none. ``drawn`` are ``drawn_kinds``, where few may be refused."""
    if setting.exploration == "quick":
        return
    yield from _agents(setting)
    if setting.authenticates and setting.loopback:
        yield from _odd_credentials(setting, (*odd_kinds(setting), *("wrong",) * _WRONG_IN_A_ROW))
        yield from _without_credential(setting)
    elif setting.authenticates:
        yield from _odd_credentials(setting, tuple(kind for kind in drawn if kind in ODD_CREDENTIALS))
    yield from _with_the_key(setting)
    if setting.unsafe:
        yield from _methods(setting)


def odd_kinds(setting: Setting) -> tuple[str, ...]:
    """The odd forms of a credential that this plan asks with: the most telling, and some that the seed draws."""
    drawn: tuple[str, ...] = _DRAWN
    if setting.exploration != "thorough":
        drawn = tuple(random.Random(f"odd credentials {setting.seed}").sample(_DRAWN, _DRAWN_COUNT))
    wanted = (*_ALWAYS, *(kind for kind in _DRAWN if kind in drawn))
    style = setting.style
    return tuple(kind for kind in wanted if setting.has_key and (style == "bearer" or not KINDS[kind].bearer_only))


def draws_kinds(setting: Setting) -> bool:
    """Whether some kinds of credential are drawn: where few may be refused, another run asks with others."""
    few = not setting.loopback and setting.seed is not None and setting.exploration != "quick"
    return few and setting.has_key and setting.most_refused > DRAWN_KINDS


def drawn_kinds(setting: Setting, usual: Sequence[str]) -> tuple[str, ...]:
    """The kinds that the seed draws out of the less telling of the usual ones and the odd ones."""
    possible = (kind for kind in (*_ALWAYS, *_DRAWN) if not KINDS[kind].loopback_only)
    odd = tuple(kind for kind in possible if setting.style == "bearer" or not KINDS[kind].bearer_only)
    among = (*dict.fromkeys(usual), *odd)
    return tuple(random.Random(f"kinds of credential {setting.seed}").sample(among, min(DRAWN_KINDS, len(among))))


def _odd_credentials(setting: Setting, kinds: Sequence[str]) -> Iterator[Probe]:
    spare = setting.unknown(len(kinds), ODD_REQUESTS)
    ids = setting.known_in_turn(len(kinds)) or spare
    make = setting.known_probe if setting.known else setting.unknown_probe
    for kind, batch_id in zip(kinds, ids, strict=True):
        # One wrong token for one id: what counts tries may count them by both.
        asked = (setting.known or spare)[0] if kind == "wrong" else batch_id
        yield make(ODD_REQUESTS, f"credential_{kind}", asked, credential=kind)


def _without_credential(setting: Setting) -> Iterator[Probe]:
    """A batch that is there, without a credential: by other paths to it, and with what only a proxy may say."""
    if not setting.known:
        return
    batch_id = setting.known[0]
    path = setting.path_of(encode_segment(batch_id))
    for name, spelled in other_paths(path).items():
        yield Probe(ODD_REQUESTS, f"path_{name}", spelled, batch_id, "outside", headers=JSON, credential="other_path")
    yield setting.known_probe(ODD_REQUESTS, "parameters", batch_id, credential="parameters", query=UNGUARDED)
    headers = (*JSON, *(pair for pair in PROXY_HEADERS if setting.style != "header" or pair[1]))
    yield setting.known_probe(ODD_REQUESTS, "proxy_headers", batch_id, headers, credential="proxy_headers")


def other_paths(path: str) -> dict[str, str]:
    """Other paths by which frameworks find what is at a path, and for which a guard may not."""
    first = next((place for place, letter in enumerate(path) if letter.isalpha()), None)
    found = {
        "doubled_slash": f"/{path}",
        "doubled_slash_inside": "//".join(path.rsplit("/", 1)),
        "trailing_slash": f"{path}/",
        "dot_segment": f"/.{path}",
        "encoded_dot": f"/%2e{path}",
        "parameter": f"{path};v=1",
        "suffix": f"{path}.json",
    }
    if first is not None:
        end = path.find("/", first)
        segment = path[first : end if end >= 0 else len(path)]
        found["escaped_letter"] = f"{path[:first]}%{ord(path[first]):02X}{path[first + 1 :]}"
        if end >= 0 and segment.upper() != segment:
            found["upper_case"] = path[:first] + segment.upper() + path[end:]
    return found


def _with_the_key(setting: Setting) -> Iterator[Probe]:
    """What else may be odd about a read with the valid credential."""
    make = setting.known_probe if setting.known else setting.unknown_probe
    ids = setting.known or tuple(setting.unknown(1, f"{ODD_REQUESTS}/key"))
    for number, (name, (headers, query)) in enumerate(_QUERIES.items()):
        yield make(ODD_REQUESTS, name, ids[number % len(ids)], (*JSON, *headers), query=query)
    if setting.known:
        yield make(ODD_REQUESTS, "range", ids[0], (*JSON, ("Range", "bytes=0-9")))
        yield make(ODD_REQUESTS, "clients_own", ids[-1], (*JSON, *CLIENTS_OWN))


def _agents(setting: Setting) -> Iterator[Probe]:
    """Plain reads under the names of common clients, each twice: in the place of as many plain ones."""
    if not setting.known:
        return
    wanted = [*AGENTS.items()] * 2
    # The second time each asks for the next id.
    ids = [*setting.known_in_turn(len(AGENTS)), *setting.known_in_turn(len(AGENTS) + 1)[1:]]
    for (name, agent), batch_id in zip(wanted, ids, strict=True):
        yield setting.known_probe(ODD_REQUESTS, f"agent_{name}", batch_id, (*JSON, ("User-Agent", agent)))


AGENT_READS = 2 * len(AGENTS)
"""How many reads of known ids are sent under the name of a common client."""


def _methods(setting: Setting) -> Iterator[Probe]:
    """Methods that change nothing by RFC 9110, one that nobody has, and headers that ask for another; for an id that
    cannot exist."""
    for method in ("OPTIONS", *(("TRACE",) if setting.loopback else ()), "FETCH"):
        if method not in setting.declared:
            yield setting.unknown_probe(ODD_REQUESTS, f"{method.lower()}_impossible", NO_SUCH_ID, method=method)
    headers = (*JSON, *OVERRIDES)
    yield setting.unknown_probe(ODD_REQUESTS, "override_impossible", NO_SUCH_ID, headers, query=OVERRIDING)
