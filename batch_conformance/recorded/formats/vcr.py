"""Cassettes of VCR.py and of pytest-recording, in YAML or JSON: the recorded traffic of tests.

Read as vcrpy 9 writes them (``vcr/serialize.py``, ``vcr/request.py``, ``vcr/serializers/``) and as older ones did. A
cassette has no times: an exchange is put at the second that the Date of its response names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import Any

import orjson

from batch_conformance.input_error import why_no_json
from batch_conformance.message import Template
from batch_conformance.recorded.formats.format import (
    NO_TEXT_AT,
    Found,
    Head,
    RecordingFormat,
    Values,
    body_members,
    header_pairs,
    member,
    time_of_date,
    whole_of,
)
from batch_conformance.recorded.formats.yaml_values import values_of_yaml
from batch_conformance.recorded.line import LineError, json_of

_JSON = re.compile(rb'\{\s*(?:"version"\s*:\s*\d+\s*,\s*)?"interactions"\s*:\s*\[')
_YAML = re.compile(rb"^[\"']?interactions[\"']?:", re.MULTILINE)
_OF_OTHERS = re.compile(rb"^\s+(?:url|code|proto|duration):", re.MULTILINE)
"""Members of an interaction of go-vcr, which calls the rest of it as VCR.py does."""
_URI = re.compile(rb"^\s+uri:", re.MULTILINE)
_NO_CASSETTE = Template("vcr.no_cassette", "no cassette: {why}")
_NO_INTERACTIONS = Template("vcr.no_interactions", "no cassette: it has no list of interactions")
_NO_INTERACTION = Template("vcr.no_interaction", "no interaction of a cassette: {why}")
_NO_REQUEST_AND_RESPONSE = Template("vcr.no_request_and_response", "it has no request and response")
_SECOND = 1.0
"""How exactly a Date tells the time: what was answered within one second has no order."""


def _recognises(head: Head) -> bool:
    if head.text[:1] == b"{":
        return _JSON.match(head.text) is not None
    told = _YAML.search(head.text)
    return told is not None and bool(_URI.search(head.text) or not _OF_OTHERS.search(head.text))


def _exchanges(file: BufferedReader) -> Iterator[Found]:
    text = whole_of(file).removeprefix(b"\xef\xbb\xbf")
    interactions = member(_values(text), "interactions")
    if not isinstance(interactions, list):
        raise LineError(_NO_INTERACTIONS())
    begun = 0.0
    for interaction in interactions:
        try:
            made = _exchange(interaction)
        except LineError as error:
            yield LineError(_NO_INTERACTION(why=error.message))
            continue
        begun = time_of_date(made["response"]["headers"]) or begun
        yield {**made, "started_at": begun, "elapsed": _SECOND}


def _values(text: bytes) -> Any:
    if text.lstrip()[:1] != b"{":
        return values_of_yaml(text)
    try:
        return json_of(text)
    except orjson.JSONDecodeError as error:
        raise LineError(_NO_CASSETTE(why=why_no_json(error, text))) from None


def _exchange(interaction: object) -> Values:
    request, response = member(interaction, "request"), member(interaction, "response")
    if not isinstance(request, Mapping) or not isinstance(response, Mapping):
        raise LineError(_NO_REQUEST_AND_RESPONSE())
    status = response.get("status")
    body = response.get("body")
    made = body_members(body.get("string", body.get("base64_string")) if isinstance(body, Mapping) else body)
    if isinstance(body, Mapping) and "string" not in body and "base64_string" in body and "body" in made:
        made = {"body_base64": made["body"]}
    return {
        "request": {
            "method": _text(request.get("method"), "request.method"),
            "url": _text(request.get("uri"), "request.uri"),
            "headers": header_pairs(request.get("headers") or {}, "request.headers"),
        },
        "response": {
            "status": status.get("code") if isinstance(status, Mapping) else status,
            "headers": header_pairs(response.get("headers") or None, "response.headers"),
            **made,
        },
    }


def _text(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    raise LineError(NO_TEXT_AT(place=what))


VCR = RecordingFormat("vcr", "a cassette of VCR.py", _recognises, of_file=_exchanges, unit="interaction")
