"""The values of a YAML text of others, without building what it must not: no object of Python, no unbounded depth.

``yaml.safe_load`` is not used: the fast one ends the process on a text that is nested some thousand times, and neither
knows the tags of Python that cassettes have.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Hashable, Iterator
from typing import Any

import yaml
from yaml.events import AliasEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent, StreamEndEvent

from batch_conformance.input_error import NESTED_TOO_DEEPLY
from batch_conformance.message import Template
from batch_conformance.recorded.line import LineError

_NO_YAML = Template("yaml_text.no_yaml", "no YAML: {what}")
_NO_YAML_AT = Template("yaml_text.no_yaml_at", "no YAML: {what} in line {line}")
_NO_BASE64 = Template("yaml_text.no_base64", "binary data that is no base64 in line {line}")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 40
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_BINARY = "tag:yaml.org,2002:binary"


def values_of_yaml(text: bytes) -> Any:
    """The values of the first document. Raises ``LineError`` for what is no YAML, or nested too deeply.

    Scalars that are written plainly are integers, booleans, null or text; those with the tag of binary data are bytes.
    Other tags make no difference. What two places share by an alias is one value.
    """
    events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
    try:
        next(events)
        if isinstance(next(events), StreamEndEvent):
            return None
        return _value(next(events), events, {}, 0)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", "") or str(error)
        raise LineError(_NO_YAML_AT(what=what, line=mark.line + 1) if mark else _NO_YAML(what=what)) from None


def _value(event: Event, events: Iterator[Event], anchors: dict[str, Any], depth: int) -> Any:
    if depth > _DEEPEST:
        raise LineError(NESTED_TOO_DEEPLY())
    if isinstance(event, AliasEvent):
        return anchors.get(event.anchor or "")
    made: Any
    if isinstance(event, ScalarEvent):
        made = _scalar(event)
    elif isinstance(event, SequenceStartEvent):
        made = [_value(inner, events, anchors, depth + 1) for inner in _until_end(events)]
    else:
        assert isinstance(event, MappingStartEvent)
        made = {}
        for inner in _until_end(events):
            key = _value(inner, events, anchors, depth + 1)
            value = _value(next(events), events, anchors, depth + 1)
            if isinstance(key, Hashable):
                made[key] = value
    if event.anchor:
        anchors[event.anchor] = made
    return made


def _until_end(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            return
        yield event


def _scalar(event: ScalarEvent) -> Any:
    text: str = event.value
    if event.tag == _BINARY:
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            line = event.start_mark.line + 1 if event.start_mark else "?"
            raise LineError(_NO_BASE64(line=line)) from None
    if event.style in (None, "") and not event.tag:
        if _INTEGER.fullmatch(text):
            return int(text)
        return _CONSTANTS.get(text.lower(), text)
    return text
