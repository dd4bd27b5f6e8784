"""Parquet with an exchange a row: columns are the members of a line of NDJSON, nested or with dots in their names.

``request.url`` and ``response.status`` are needed. Headers are a map, a struct, a list of pairs or of structs with a
name and a value, or their JSON; a body is text or bytes; a time is a timestamp, a number of seconds, or text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BufferedReader, BytesIO
from typing import Any

import orjson

from batch_conformance.message import Listing, Template
from batch_conformance.recorded.formats.format import (
    NO_EXCHANGE,
    NO_REQUEST,
    Found,
    RecordingFormat,
    Values,
    body_members,
    header_text,
    whole_of,
)
from batch_conformance.recorded.line import LineError

_NEEDS_PYARROW = Template("parquet.needs_pyarrow", "Parquet needs pyarrow: install batch-conformance[parquet]")
_OF_OTHER_COLUMNS = Template("parquet.of_other_columns", "no exchanges: its columns are {names}")
_UNREADABLE = Template("parquet.unreadable", "no Parquet that can be read: {why}")
_IS_BOMB = Template("parquet.is_bomb", "it unpacks to more than {times} times its size, as a compression bomb does")
_GROUP_TOO_LARGE = Template("parquet.group_too_large", "a row group of more than {most} bytes: write smaller ones")
_HAS_BOTH = Template("parquet.has_both", "it has both {part} and {name}")
_HEADERS_NO_JSON = Template("parquet.headers_no_json", "its headers are text that is no JSON")
_HEADERS_NO_PAIRS = Template("parquet.headers_no_pairs", "its headers are no list of names and values")
_AT_ONCE = 256
_MOST_OF_A_GROUP = 1 << 30
_BOMB = 100
_NO_BOMB = 64 * 1024 * 1024
_COLUMNS = ("request", "response", "failure", "started_at", "elapsed", "credential", "from_cache")
_UNITS = (("name", "value"), ("key", "value"))


def _exchanges(file: BufferedReader) -> Iterator[Found]:
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise LineError(_NEEDS_PYARROW()) from None
    try:
        opened = parquet.ParquetFile(file if file.seekable() else BytesIO(whole_of(file)))
        names = [name for name in opened.schema_arrow.names if name.partition(".")[0] in _COLUMNS]
        if not any(name in ("request", "request.url") for name in names):
            raise LineError(_OF_OTHER_COLUMNS(names=Listing(tuple(opened.schema_arrow.names[:20]))))
        _check(opened.metadata)
        for batch in opened.iter_batches(batch_size=_AT_ONCE, columns=names, use_threads=False):
            for row in batch.to_pylist():
                try:
                    yield _exchange(row)
                except LineError as error:
                    yield LineError(NO_EXCHANGE(why=error.message))
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, LineError):
            raise
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise LineError(_UNREADABLE(why=reason[0][:160])) from None


def _check(metadata: Any) -> None:
    """Raises ``LineError`` for a file that unpacks beyond all measure."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = [group.column(each) for each in range(group.num_columns)]
        packed = sum(column.total_compressed_size for column in columns)
        unpacked = sum(column.total_uncompressed_size for column in columns)
        if unpacked > max(_NO_BOMB, _BOMB * packed):
            raise LineError(_IS_BOMB(times=_BOMB))
        if unpacked > _MOST_OF_A_GROUP:
            raise LineError(_GROUP_TOO_LARGE(most=_MOST_OF_A_GROUP))


def _exchange(row: Mapping[str, Any]) -> Values:
    values = _nested(row)
    request, response = values.get("request"), values.get("response")
    if not isinstance(request, dict):
        raise LineError(NO_REQUEST())
    made: Values = {
        "request": {**request, "headers": _headers(request.get("headers")) or []},
        "started_at": _moment(values.get("started_at")),
    }
    if isinstance(response, dict):
        made["response"] = _response(response)
    for name in ("elapsed", "failure", "credential", "from_cache"):
        if values.get(name) is not None:
            made[name] = values[name]
    return made


def _response(response: dict[str, Any]) -> Values | None:
    if response.get("status") is None:
        return None
    body = response.pop("body", None)
    made = response | {"headers": _headers(response.get("headers"))}
    packed = made.get("body_base64")
    if isinstance(packed, bytes):
        made["body_base64"] = packed.decode("latin-1")
    return {**body_members(body), **made}


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """Members whose names have dots inside each other; one without a value is not there."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if value is None:
            continue
        *around, last = name.split(".")
        inner = made
        for part in around:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise LineError(_HAS_BOTH(part=part, name=name))
        is_struct = isinstance(value, dict) and last != "headers"
        inner[last] = {key: each for key, each in value.items() if each is not None} if is_struct else value
    return made


def _headers(told: Any) -> Any:
    """Headers as pairs; None where they were not recorded."""
    if isinstance(told, str | bytes):
        try:
            told = orjson.loads(told)
        except orjson.JSONDecodeError:
            raise LineError(_HEADERS_NO_JSON()) from None
    if isinstance(told, dict):
        return [[name, header_text(each)] for name, value in told.items() if value is not None for each in _each(value)]
    if not isinstance(told, list):
        return None
    return [[header_text(name), header_text(each)] for name, value in map(_pair, told) for each in _each(value)]


def _pair(told: Any) -> tuple[Any, Any]:
    if isinstance(told, dict):
        for name, value in _UNITS:
            if name in told:
                return told[name], told.get(value)
    if isinstance(told, list | tuple) and len(told) == 2:
        return told[0], told[1]
    raise LineError(_HEADERS_NO_PAIRS())


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _moment(told: Any) -> Any:
    if isinstance(told, datetime):
        return max(0.0, (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp())
    return told


PARQUET = RecordingFormat(
    "parquet", "Parquet", lambda head: head.data.startswith(b"PAR1"), of_file=_exchanges, unit="row"
)
