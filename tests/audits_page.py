"""Reads ``docs/AUDITS.md``: which findings an audit has there, and the bytes that show each of them.

A finding begins with its rule, status, pointer and level in bold, ``**`body.type` 404, must.**``; the next block of
``http`` shows it: a request, an empty line and the response. ``BATCH`` stands for the id of a batch, ``FILE`` for that
of its input, ``KEY`` for the valid key and ``…`` for what varies or does not matter; the chunks of a response are put
together. A request that has a body has it after an empty line of its own. ``UPLOADED`` and ``MADE`` are the ids of a
file and of a batch: what a response has in their place is what later requests of the audit have there.
"""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from real_servers import KEY, ROOT
from suite_support import Outcome

PAGE = ROOT / "docs" / "AUDITS.md"
NOTHING = "(no byte: the connection ends)"
Label = tuple[str, str, str, str]
_HEAD = re.compile(
    r"\*\*`(?P<rule>[a-z_]+\.[a-z0-9_]+)`(?:\s+(?P<status>[0-9][0-9X]{2}))?(?:\s+`(?P<pointer>/[^`]*)`)?,\s+"
    r"(?P<level>must|should)\.?\*\*"
)
_BLOCK = re.compile(
    r"^```http\n(?P<request>(?:(?!^```$).)*?)\n\n(?P<response>(?:HTTP/1\.1 |\(no byte)(?:(?!^```$).)*?)\n```$",
    re.DOTALL | re.MULTILINE,
)
_IDS = ("UPLOADED", "MADE")
_PATIENCE = 15.0
"""Seconds in which a read of a batch that was made shows what the page shows: servers run it in the background."""


@dataclass(frozen=True)
class Exchange:
    """What a finding is shown with: the request as it is sent, and the response with ``…`` for what varies."""

    request: str
    response: str


@dataclass(frozen=True)
class Section:
    """One audit: its findings as (level, rule, status, pointer), and those that no bytes show."""

    findings: Counter[Label]
    unshown: frozenset[Label]
    exchanges: tuple[Exchange, ...]


def section(title: str, page: Path = PAGE) -> Section:
    """The audit under this heading, up to the next heading; KeyError if there is none."""
    parts = re.split(r"(?m)^#{2,3} (.*)$", page.read_text("utf-8"))
    text = dict(zip(parts[1::2], parts[2::2], strict=True))[title]
    findings: Counter[Label] = Counter()
    waiting: list[Label] = []
    exchanges = []
    for found in sorted([*_HEAD.finditer(text), *_BLOCK.finditer(text)], key=lambda match: match.start()):
        if found.re is _BLOCK:
            exchanges.append(Exchange(found["request"], found["response"]))
            waiting = []
        else:
            label = (found["level"], found["rule"], found["status"] or "", found["pointer"] or "")
            findings[label] += 1
            waiting.append(label)
    return Section(findings, frozenset(waiting), tuple(exchanges))


def rows(page: Path = PAGE) -> dict[str, tuple[int, int]]:
    """How many ``must`` and ``should`` the table on top says of each audit, by the text of the first column."""
    table = re.findall(r"(?m)^\| ([^|]+?) \|.*\| *(\d+) \| *(\d+) \|$", page.read_text("utf-8"))
    return {name: (int(must), int(should)) for name, must, should in table}


def answer(exchange: Exchange, base_url: str, batch_id: str) -> str:
    """The response to this request, sent as it stands with Host and Connection added; its lines end in LF.

    To a request with a body Content-Length is added; the lines of a form end in CRLF, as those of the head do.
    """
    address = urlsplit(base_url)
    assert address.hostname is not None
    named = exchange.request.replace("BATCH", batch_id).replace("KEY", KEY)
    if "FILE" in named:
        named = named.replace("FILE", _input_of(base_url, batch_id))
    head, _, content = named.partition("\n\n")
    is_form = "multipart/form-data" in head
    body = (content.replace("\n", "\r\n") + "\r\n" if is_form else content).encode()
    sent = head.splitlines()
    sent.insert(1, f"Host: {address.netloc}")
    if not head.startswith(("GET", "HEAD")):
        sent.append(f"Content-Length: {len(body)}")
    received = bytearray()
    with (
        socket.create_connection((address.hostname, address.port or 80), timeout=60) as connection,
        suppress(ConnectionResetError),
    ):
        connection.sendall("\r\n".join([*sent, "Connection: close", "", ""]).encode() + body)
        while more := connection.recv(65536):
            received += more
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(_chunks(body))
    return b"\n\n".join([head, body]).decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def _input_of(base_url: str, batch_id: str) -> str:
    """The id of the file that a batch was made of."""
    headers = {"Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(f"{base_url}/batches/{batch_id}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(json.load(response)["input_file_id"])


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        yield rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            return


def matches(exchange: Exchange, received: str, batch_id: str) -> bool:
    """Whether a response is what the page shows: ``…`` is any text of one line, and any lines where it stands alone."""
    return ids_in(exchange.response.replace("BATCH", batch_id), received) is not None


def ids_in(shown: str, received: str) -> dict[str, str] | None:
    """The ids that a response has where the page has a name for one; None where it is not what the page shows."""
    if shown == NOTHING:
        return None if received.strip() else {}
    lines = [
        "(?s:.*)" if line == "…" else "[^\n]*".join(re.escape(part) for part in line.split("…"))
        for line in shown.splitlines()
    ]
    pattern = "\n".join(lines)
    for name in _IDS:
        before, there, after = pattern.partition(name)
        if there:
            pattern = f'{before}(?P<{name}>[^"\\n]+){after.replace(name, f"(?P={name})")}'
    found = re.fullmatch(pattern, received.rstrip("\n"))
    return found.groupdict() if found is not None else None


def hold(title: str, outcome: Outcome, sometimes: Set[str] = frozenset()) -> None:
    """Assert that a run found what the page says of this audit, as often, and nothing else of any weight.

    ``sometimes`` are rules that the page says to be broken in some runs only, or a rule and a kind of its findings.
    """
    expected = section(title)
    findings = [
        finding
        for finding in outcome.drift["findings"]
        if not sometimes & {finding["rule"], f"{finding['rule']} {finding['kind']}"}
    ]
    weighty = [finding for finding in findings if finding["level"] != "info"]
    found = Counter(tuple(finding[name] for name in ("level", "rule", "status", "pointer")) for finding in weighty)
    assert found == expected.findings
    levels = Counter(level for level, *_ in found.elements())
    assert rows()[title] == (levels["must"], levels["should"])
    assert outcome.drift["verdict"] == "drift"
    assert not expected.unshown


def hold_bytes(title: str, base_url: str, batch_id: str) -> None:
    """Assert that the server answers each request that the page shows for this audit with the response there."""
    ids: dict[str, str] = {}
    for exchange in section(title).exchanges:
        made_here = {name: value for name, value in ids.items() if name in exchange.request}
        asked = exchange
        for name, value in made_here.items():
            asked = Exchange(asked.request.replace(name, value), asked.response.replace(name, value))
        deadline = time.monotonic() + (_PATIENCE if "MADE" in made_here and asked.request.startswith("GET") else 0)
        while True:
            received = answer(asked, base_url, batch_id)
            found = ids_in(asked.response.replace("BATCH", batch_id), received)
            if found is not None or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        assert found is not None, f"{asked.request}\n\n{received}"
        ids |= found
