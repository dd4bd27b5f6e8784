"""Lines of user code that are right by the types of OpenAI's client. They are run, not guessed about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import CodeType
from typing import Any

from batch_conformance.message import printable


@dataclass(frozen=True)
class UserLine:
    """One line of a program: ``text`` as a person writes it; ``pointer`` is the property of the batch that it reads."""

    pointer: str
    text: str
    code: CodeType = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line that failed on a batch, and with what: ``kind`` is the name of the exception."""

    line: UserLine
    kind: str
    says: str


def _line(name: str, text: str) -> UserLine:
    return UserLine(f"/{name}", text, compile(text, f"<batch.{name}>", "exec"))


def _optional_time(name: str) -> UserLine:
    return _line(name, f"batch.{name} is not None and datetime.fromtimestamp(batch.{name}, UTC)")


LINES: tuple[UserLine, ...] = (
    _line("id", 'batch.id.startswith("batch_")'),
    _line("endpoint", 'batch.endpoint.endswith("/chat/completions")'),
    _line("input_file_id", 'batch.input_file_id.startswith("file-")'),
    _line("completion_window", 'batch.completion_window.endswith("h")'),
    _line("created_at", "datetime.fromtimestamp(batch.created_at, UTC)"),
    *(
        _optional_time(name)
        for name in (
            "in_progress_at",
            "expires_at",
            "finalizing_at",
            "completed_at",
            "failed_at",
            "expired_at",
            "cancelling_at",
            "cancelled_at",
        )
    ),
    _line("errors", "batch.errors is not None and [error.message for error in batch.errors.data or []]"),
    _line("request_counts", "batch.request_counts is not None and batch.request_counts.completed > 0"),
    _line("request_counts", "batch.request_counts is not None and batch.request_counts.total > 0"),
    _line("metadata", "batch.metadata is not None and [value.strip() for value in batch.metadata.values()]"),
    _line("model", 'batch.model is not None and batch.model.startswith("gpt-")'),
    _line("usage", "batch.usage is not None and batch.usage.total_tokens > 0"),
)
"""One line at least for each attribute of a batch that a program reads, but for those of files."""

FILE_LINES: tuple[UserLine, ...] = tuple(
    _line(name, f"batch.{name} is not None and client.files.content(batch.{name})")
    for name in ("output_file_id", "error_file_id")
)
"""The lines that fetch what came of a batch."""


def broken_by(batch: Any, client: Any, lines: tuple[UserLine, ...]) -> Iterator[FailedLine]:
    """The lines that fail on what the client returned for a batch; the first one for each property."""
    failed: set[str] = set()
    for line in lines:
        if line.pointer in failed:
            continue
        try:
            exec(line.code, {"batch": batch, "client": client, "datetime": datetime, "UTC": UTC})
        except Exception as error:  # whatever a user would see
            failed.add(line.pointer)
            yield FailedLine(line, type(error).__name__, printable(str(error))[:100].strip())
