"""An exchange's request as a curl command that a person can paste into a shell, the key left to a variable."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from batch_conformance.exchange.exchange import RECORDED, SESSION_COOKIE, Exchange
from batch_conformance.exchange.redaction import REDACTED

_PLAIN = re.compile(r"[A-Za-z0-9 :._/=-]*")
_WORD = re.compile(r"\w")  # would become part of the variable's name
_OURS = frozenset({"user-agent", "host"})
_SHELL: Mapping[str, str] = {
    "nearly": "${{{key}%?}}~",
    "nearly_cut": "${{{key}%?}}",
    "nearly_first": "aaaaaa${{{key}#??????}}",
    "other_case": '$(printf %s "${key}" | tr A-Za-z a-zA-Z)',
    "marks_dropped": "$(printf %s \"${key}\" | tr -d '_-')",
    "reversed": '$(printf %s "${key}" | rev)',
    "wrong_scheme": '$(printf %s:%s "${key}" "${key}" | base64 | tr -d \'\\012\')',
    "percent_encoded": '${{{key}%?}}$(printf %%%02X "\'${{{key}#"${{{key}%?}}"}}")',
    "full_width": "$(python3 -c 'import sys; k = sys.argv[1]; print(k[:-1] + chr(ord(k[-1]) + 0xFEE0))' \"${key}\")",
}
"""What a shell makes of the variable ``key`` for kinds of credential that have the key in another spelling."""


def curl_line(exchange: Exchange, key_variable: str = "BATCH_API_KEY") -> str:
    """The command, on one line, for a POSIX shell.

    The request target is sent exactly as it was (``--path-as-is``, ``--globoff``), redirects are not followed, and no
    part of the request can become anything but an argument. Wherever the key stood, the shell puts the variable in, in
    the spelling that the kind of credential has; in the place of a query that signs a URL ``SIGNED_QUERY``, and of
    cookies that the server had set ``SESSION_COOKIE``.
    """
    request = exchange.request
    variable = _SHELL.get(exchange.probe.credential, "${key}").format(key=key_variable)
    words = ["curl", "-sS", "-i", "--path-as-is", "--globoff", "--max-time", "10"]
    if request.method == "HEAD":
        words[2] = "--head"
    elif request.method != "GET":
        words += ["-X", shlex.quote(request.method)]
    names = set()
    meant = {name.lower() for name, _ in exchange.probe.headers}
    for name, value in request.headers:
        lower = name.lower()
        names.add(lower)
        if lower == "content-length" and request.body:
            continue  # curl counts it
        if (lower in _OURS and lower not in meant) or (lower == "accept-encoding" and value == "identity"):
            continue
        # A recorder that replaces the whole value takes the scheme out with the key.
        is_bare = lower == "authorization" and value.strip() == REDACTED and exchange.probe.chapter == RECORDED
        sent = f"Bearer {REDACTED}" if is_bare else value
        is_session = lower == "cookie" and ("Cookie", SESSION_COOKIE) in exchange.probe.headers
        filled = "$SESSION_COOKIE" if is_session else variable
        # To curl, "Name:" means to leave a header out and "Name;" to send it empty.
        words += ["-H", _word(f"{name}: {sent}" if sent.strip() else f"{name};", filled)]
    if "accept" not in names:
        words += ["-H", "'Accept:'"]
    words += ["--data-binary", "@-"] if request.body else []
    is_signed = request.url.partition("?")[2] == REDACTED  # what is signed in a URL of results is not the key
    words.append(_word(request.url, "$SIGNED_QUERY" if is_signed else variable))
    return _piped(request.body) + " ".join(words)


def _piped(body: bytes) -> str:
    """The beginning of a command that pipes a body into the next one, on one line and in plain ASCII."""
    if not body:
        return ""
    named = {0x5C: "\\\\", 0x0D: "\\r", 0x0A: "\\n"}
    text = "".join(named.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\0{byte:03o}") for byte in body)
    return f"printf %b {shlex.quote(text)} | "


def _word(text: str, variable: str) -> str:
    """One shell word. Only the variable is left for the shell to fill in."""
    if REDACTED not in text:
        return shlex.quote(text)
    parts = text.split(REDACTED)
    if all(_PLAIN.fullmatch(part) for part in parts) and not any(_WORD.match(part) for part in parts[1:]):
        return '"' + variable.join(parts) + '"'
    return f'"{variable}"'.join(shlex.quote(part) if part else "" for part in parts)
