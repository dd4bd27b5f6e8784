"""Reads the body of an upload: multipart/form-data (RFC 7578), byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

_MOST_PARTS = 32


class MultipartError(ValueError):
    """The body is no multipart/form-data. Its text says why."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form: ``filename`` is empty where it is no file."""

    content: bytes
    filename: str = ""


def parse_form(content_type: str, body: bytes) -> Mapping[str, FormField]:
    """The parts of a form by their names, the last one where a name is there twice. Raises ``MultipartError``."""
    header = _header("Content-Type", content_type)
    if header.get_content_type() != "multipart/form-data":
        raise MultipartError("the content is no multipart/form-data")
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise MultipartError("the Content-Type has no boundary")
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    _, *parts = (b"\r\n" + body).split(delimiter, _MOST_PARTS)
    if not parts or not parts[-1].startswith(b"--"):
        raise MultipartError("the last boundary is missing")
    return dict(_part(part) for part in parts[:-1])


def _part(text: bytes) -> tuple[str, FormField]:
    head, separator, content = text.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    said = next(
        (line.partition(":")[2].strip() for line in lines if line.lower().startswith("content-disposition:")), ""
    )
    disposition = _header("Content-Disposition", said)
    name = disposition.get_param("name", header="content-disposition")
    if not separator or not isinstance(name, str):
        raise MultipartError("a part has no name")
    filename = disposition.get_param("filename", "", header="content-disposition")
    return name, FormField(content, filename if isinstance(filename, str) else str(filename[2]))


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value.replace("\r", " ").replace("\n", " ")
    return message
