"""Odd forms of a credential, and odd requests without any: what each breaks if a server lets it in.

A credential is ``scheme SP token`` (RFC 9110 section 11.4; RFC 6750 section 2.1 has one space or more, and a token of
letters, digits and ``-._~+/=``). Each kind here changes one part of that. A server may refuse them in any way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batch_conformance.findings.finding import Level
from batch_conformance.message import Template

_MISSING, _WRONG, _SCHEME = "auth.missing_accepted", "auth.wrong_token_accepted", "auth.scheme_accepted"
_TOKEN_SCHEME = frozenset({"wrong_scheme_token"})
_OTHER_TOKENS = frozenset(
    {"wrong", "nearly", "nearly_cut", "nearly_longer", "nearly_first", "nearly_preceded", "reversed", "other_case"}
)
"""Kinds with another token than the key: who takes one of them does not compare the whole token."""


@dataclass(frozen=True, slots=True)
class OddCredential:
    """``rule`` is what is broken where it is let in, ``kind`` the stable word that tells its deviations apart.

    ``means`` says to people what was sent. With one of ``wider`` let in as well, that is the finding. ``level`` is None
    for that of the rule. ``batch_only`` says that only the batch itself is an answer to it, as something else may be
    served for such a request.
    """

    rule: str
    kind: str
    means: Template
    wider: frozenset[str] = frozenset()
    level: Level | None = None
    batch_only: bool = False


ODD_CREDENTIALS: Mapping[str, OddCredential] = {
    "joined": OddCredential(
        _SCHEME,
        "joined",
        Template("credential.joined", "the scheme and the key without a space between them"),
        frozenset({"no_scheme"}),
    ),
    # RFC 9110 section 2.2: a recipient may recover from white space that is not the one of the grammar.
    "tab": OddCredential(
        _SCHEME,
        "white space",
        Template("credential.tab", "a tab between the scheme and the key"),
        frozenset({"no_scheme"}),
        level="info",
    ),
    "colon": OddCredential(
        _SCHEME, "separator", Template("credential.colon", "a colon between the scheme and the key")
    ),
    "comma": OddCredential(
        _SCHEME, "separator", Template("credential.comma", "a comma between the scheme and the key")
    ),
    "equals": OddCredential(
        _SCHEME, "separator", Template("credential.equals", "an equals sign between the scheme and the key")
    ),
    "quoted": OddCredential(
        _SCHEME, "quoted", Template("credential.quoted", "the key in quotation marks"), _OTHER_TOKENS
    ),
    "scheme_same_length": OddCredential(
        _SCHEME,
        "other scheme",
        Template("credential.scheme_same_length", "the key under the scheme Digest"),
        _TOKEN_SCHEME,
    ),
    "scheme_longer": OddCredential(
        _SCHEME,
        "other scheme",
        Template("credential.scheme_longer", "the key under the scheme BearerX"),
        _TOKEN_SCHEME,
    ),
    "scheme_preceded": OddCredential(
        _SCHEME,
        "other scheme",
        Template("credential.scheme_preceded", "the key under the scheme XBearer"),
        _TOKEN_SCHEME,
    ),
    "scheme_letter": OddCredential(
        _SCHEME, "other scheme", Template("credential.scheme_letter", "the key under the scheme X"), _TOKEN_SCHEME
    ),
    "scheme_api_key": OddCredential(
        _SCHEME,
        "other scheme",
        Template("credential.scheme_api_key", "the key under the scheme ApiKey"),
        _TOKEN_SCHEME,
    ),
    "key_and_more": OddCredential(
        _SCHEME,
        "several",
        Template("credential.key_and_more", "the key, and another word after it"),
        frozenset({"malformed", *_OTHER_TOKENS}),
    ),
    # Some proxies join fields that came twice into one list; no sender may (RFC 9110 section 5.3).
    "other_scheme_first": OddCredential(
        _SCHEME,
        "after another",
        Template("credential.other_scheme_first", "the scheme and the key after a credential of the scheme Basic"),
        level="should",
    ),
    "percent_encoded": OddCredential(
        _SCHEME,
        "encoded",
        Template("credential.percent_encoded", "the key with a percent-encoded character"),
        _OTHER_TOKENS,
    ),
    "full_width": OddCredential(
        _SCHEME,
        "look-alike",
        Template("credential.full_width", "the key with a full-width character"),
        _OTHER_TOKENS,
    ),
    "nearly_first": OddCredential(
        _WRONG, "accepted", Template("credential.nearly_first", "the key with its first characters changed")
    ),
    "nearly_preceded": OddCredential(
        _WRONG, "accepted", Template("credential.nearly_preceded", "the key with a character before it")
    ),
    "reversed": OddCredential(_WRONG, "accepted", Template("credential.reversed", "the key backwards")),
    "marks_dropped": OddCredential(
        _WRONG, "accepted", Template("credential.marks_dropped", "the key without its hyphens and underscores")
    ),
    "null_word": OddCredential(_WRONG, "accepted", Template("credential.null_word", "the word null for a token")),
    "undefined_word": OddCredential(
        _WRONG, "accepted", Template("credential.undefined_word", "the word undefined for a token")
    ),
    "unsigned_token": OddCredential(
        _WRONG, "accepted", Template("credential.unsigned_token", "a JSON Web Token that says that it has no signature")
    ),
    "injected_token": OddCredential(
        _WRONG, "accepted", Template("credential.injected_token", "a condition of SQL for a token")
    ),
    "long_token": OddCredential(
        _WRONG, "accepted", Template("credential.long_token", "a made-up token of some thousand characters")
    ),
    "parameters": OddCredential(
        _MISSING,
        "parameters",
        Template("credential.parameters", "no Authorization header, and with the query {query}"),
        frozenset({"missing", "parameter"}),
        batch_only=True,
    ),
    "parameter": OddCredential(
        _MISSING,
        "",
        Template("credential.parameter", "no Authorization header, and with the query {query}"),
        frozenset({"missing"}),
        batch_only=True,
    ),
    "other_path": OddCredential(
        _MISSING,
        "other path",
        Template("credential.other_path", "no Authorization header, for the path {path}"),
        frozenset({"missing"}),
        batch_only=True,
    ),
    "proxy_headers": OddCredential(
        _MISSING,
        "proxy headers",
        Template("credential.proxy_headers", "no Authorization header, and with {names}"),
        frozenset({"missing", "proxy_header"}),
        batch_only=True,
    ),
    "proxy_header": OddCredential(
        _MISSING,
        "",
        Template("credential.proxy_header", "no Authorization header, and with {names}"),
        frozenset({"missing"}),
        batch_only=True,
    ),
}
"""Every odd kind by its stable name, which is that of ``probes.credentials``."""

LOOPBACK_ONLY = frozenset({"injected_token", "long_token"})
"""Kinds that are an attack by their form."""

OF_ODD_TOKENS = frozenset({"malformed", "key_and_more", "quoted", "percent_encoded", "full_width"})
"""Kinds with the scheme that is asked for and something that is no token: who takes any token takes them too."""
