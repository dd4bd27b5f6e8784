from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime

import hostile
import pytest
from exchanges import EXCHANGES
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_conformance.exchange.curl import curl_line
from batch_conformance.exchange.exchange import Exchange, Failure, Probe, Request, Response
from batch_conformance.exchange.har import har
from batch_conformance.message import shown

SAMPLE = Exchange(
    4,
    Probe("known_ids", "read", "/batches/a", "a", "known"),
    Request(
        "GET",
        "http://127.0.0.1:1/v1/batches/a?x=1&y=%20",
        (("User-Agent", "batch-conformance/0"), ("Authorization", "Bearer [redacted]"), ("Accept", "application/json")),
    ),
    Response(302, (("Location", "/x"), ("Content-Type", "application/json")), b"{}", "Found", wire_size=2),
    started_at=1_700_000_000.5,
    elapsed=0.25,
)

NAME_VALUE = {"name": str, "value": str}
ENTRY = {
    "startedDateTime": str,
    "time": (int, float),
    "request": {
        "method": str,
        "url": str,
        "httpVersion": str,
        "cookies": list,
        "headers": [NAME_VALUE],
        "queryString": [NAME_VALUE],
        "headersSize": int,
        "bodySize": int,
    },
    "response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": list,
        "headers": [NAME_VALUE],
        "content": {"size": int, "mimeType": str},
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
    },
    "cache": {},
    "timings": {"send": (int, float), "wait": (int, float), "receive": (int, float)},
}


def check(value, shape):
    """The members that HAR 1.2 requires, each of its type."""
    if isinstance(shape, dict):
        assert isinstance(value, dict)
        for name, inner in shape.items():
            check(value[name], inner)
    elif isinstance(shape, list):
        assert isinstance(value, list)
        for item in value:
            check(item, shape[0])
    else:
        assert isinstance(value, shape)


@settings(max_examples=100, deadline=None)
@given(st.lists(EXCHANGES, max_size=3))
def test_every_archive_has_what_har_requires(exchanges):
    log = json.loads(json.dumps(har(exchanges), allow_nan=False))["log"]
    assert log["version"] == "1.2"
    check(log["creator"], {"name": str, "version": str})
    assert len(log["entries"]) == len(exchanges)
    for entry in log["entries"]:
        check(entry, ENTRY)
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
        assert entry["time"] == sum(entry["timings"].values())


def test_an_entry_tells_its_exchange():
    (entry,) = har([SAMPLE])["log"]["entries"]
    assert entry["startedDateTime"] == "2023-11-14T22:13:20.500+00:00"
    assert entry["time"] == 250.0
    assert entry["comment"] == "known_ids: read"
    assert entry["request"]["headers"][0] == {"name": "Host", "value": "127.0.0.1:1"}
    assert entry["request"]["queryString"] == [{"name": "x", "value": "1"}, {"name": "y", "value": " "}]
    assert entry["response"]["redirectURL"] == "/x"
    assert entry["response"]["content"] == {"size": 2, "mimeType": "application/json", "text": "{}"}


def test_an_attempt_without_a_response_has_status_0_and_says_why():
    failed = replace(SAMPLE, response=None, failure=Failure("reset", shown("the connection was reset")))
    (entry,) = har([failed])["log"]["entries"]
    assert entry["response"]["status"] == 0
    assert entry["comment"] == "known_ids: read; reset: the connection was reset"


def test_bytes_that_are_no_text_stand_in_base64():
    (entry,) = har([replace(SAMPLE, response=Response(200, body=b"\xff\x00"))])["log"]["entries"]
    assert entry["response"]["content"]["text"] == "/wA="
    assert entry["response"]["content"]["encoding"] == "base64"


def test_attempts_come_in_the_order_of_sending():
    later = replace(SAMPLE, number=1, started_at=1_700_000_009.0)
    assert [entry["_number"] for entry in har([later, SAMPLE])["log"]["entries"]] == [4, 1]


# curl


def request_of(url: str = "http://127.0.0.1:1/v1/batches/a", method: str = "GET", headers=(), credential="valid"):
    probe = replace(SAMPLE.probe, credential=credential)
    return replace(SAMPLE, probe=probe, request=Request(method, url, headers))


def test_a_curl_line_leaves_the_key_to_the_variable():
    assert curl_line(SAMPLE) == (
        'curl -sS -i --path-as-is --globoff --max-time 10 -H "Authorization: Bearer $BATCH_API_KEY" '
        "-H 'Accept: application/json' 'http://127.0.0.1:1/v1/batches/a?x=1&y=%20'"
    )


def test_a_curl_line_leaves_what_signs_a_url_to_a_variable_of_its_own():
    fetched = replace(SAMPLE, request=Request("GET", "https://store.example/out.jsonl?[redacted]"))
    line = curl_line(fetched)
    assert "$SIGNED_QUERY" in line
    assert "BATCH_API_KEY" not in line


def test_a_curl_line_of_head_asks_for_the_head():
    assert curl_line(request_of(method="HEAD")).startswith("curl -sS --head --path-as-is")


def test_another_name_of_the_variable_is_used():
    assert '"Authorization: Bearer $OTHER"' in curl_line(SAMPLE, "OTHER")


def test_the_credential_that_is_nearly_right_has_another_last_character():
    line = curl_line(request_of(headers=(("Authorization", "Bearer [redacted]"),), credential="nearly"))
    assert '"Authorization: Bearer ${BATCH_API_KEY%?}~"' in line


def test_a_credential_that_its_recorder_took_out_whole_gets_its_scheme_again():
    """VCR.py's filter_headers leaves nothing of the value, and a key without a scheme is refused everywhere."""
    recorded = replace(
        request_of(headers=(("authorization", "[redacted]"),)), probe=Probe("recorded", "GET", "/a", "a", "known")
    )
    assert '"authorization: Bearer $BATCH_API_KEY"' in curl_line(recorded)
    assert '"authorization: $BATCH_API_KEY"' in curl_line(request_of(headers=(("authorization", "[redacted]"),)))


def run(line: str, key: str = "k-1") -> str:
    """What a shell makes of the line: one argument per line of output, NUL-separated."""
    script = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n' + line
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run([shell, "-c", script], env={"BATCH_API_KEY": key}, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")


SHELL_TEXT = st.text(
    st.sampled_from("'\"`$(){}[]<>|&;*?!~#\\ \n\tab%0") | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=15,
)


@settings(max_examples=60, deadline=None)
@given(before=SHELL_TEXT, after=SHELL_TEXT, value=SHELL_TEXT)
def test_nothing_in_a_request_is_more_than_an_argument_to_the_shell(before, after, value):
    url = f"http://127.0.0.1:1/v1/{before}[redacted]{after}"
    exchange = request_of(url, headers=(("X-Header", f"x{value}[redacted]{after}"),))
    arguments = run(curl_line(exchange), key="a key; $(reboot) '").split("\0")[:-1]
    assert arguments[-1] == url.replace("[redacted]", "a key; $(reboot) '")
    assert f"X-Header: x{value}[redacted]{after}".replace("[redacted]", "a key; $(reboot) '") in arguments


@pytest.mark.parametrize("batch_id", ["'; rm -rf ~; '", "$(reboot)", "`reboot`", "a\nreboot\n", '"; reboot; "'])
def test_dangerous_ids_are_quoted(batch_id):
    url = f"http://127.0.0.1:1/v1/batches/{batch_id}"
    assert shlex.split(curl_line(request_of(url)))[-1] == url


@pytest.mark.skipif(not shutil.which("curl"), reason="needs the curl command")
def test_curl_sends_what_was_sent():
    path = "/v1/batches/%2e%2E/..%2f/[{a}]/../x?y=%zz"
    with hostile.serve("good") as server:
        headers = (("Authorization", "Bearer [redacted]"), ("X-Empty", ""), ("Accept-Encoding", "identity"))
        line = curl_line(request_of(f"http://127.0.0.1:{server.port}{path}", headers=headers))
        environ = {"BATCH_API_KEY": "k-1", "PATH": "/usr/bin:/bin"}
        subprocess.run(["/bin/sh", "-c", line], env=environ, capture_output=True, check=True)
        head = server.heads[0].decode()
    assert head.startswith(f"GET {path} HTTP/1.1\r\n")
    assert "\r\nAuthorization: Bearer k-1\r\n" in head
    assert "\r\nX-Empty:" in head
    assert "\r\nAccept:" not in head
