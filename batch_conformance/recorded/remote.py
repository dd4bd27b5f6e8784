"""Files that are named by a path, or by a URL that fsspec knows, such as ``s3://bucket/traffic/*.ndjson.gz``."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, TypeVar

from batch_conformance.message import Template
from batch_conformance.recorded.source_error import SourceError

_NEEDS_FSSPEC_INSTALL_BATCH_CONFORMANCE = Template(
    "remote.needs_fsspec_install_batch_conformance", "{path} needs fsspec: install batch-conformance[remote]"
)
_CANNOT_READ = Template("remote.cannot_read", "cannot read {path}: {reason}")

_Answer = TypeVar("_Answer")


def is_remote(path: str) -> bool:
    """Whether a name is a URL."""
    return "://" in path


def open_file(path: str) -> io.BufferedReader:
    """The file, open for reading. Raises ``OSError`` and ``SourceError``."""
    if not is_remote(path):
        return open(path, "rb")  # noqa: PTH123 - a name that is text, which the caller closes
    system, inside = _system(path)
    return io.BufferedReader(_Remote(path, _asked(path, lambda: system.open(inside, "rb"))))


def size_of(path: str) -> int:
    """The size of a file in bytes. Raises ``OSError`` and ``SourceError``."""
    if not is_remote(path):
        return os.stat(path).st_size  # noqa: PTH116 - one call for a name that is text
    system, inside = _system(path)
    return int(_asked(path, lambda: system.size(inside)) or 0)


def remote_files(pattern: str) -> list[str]:
    """The files of a URL, a glob of URLs or a remote folder, sorted. Raises ``SourceError``."""
    system, inside = _system(pattern)

    def files() -> list[str]:
        found = system.glob(inside) if any(sign in inside for sign in "*?[") else [inside]
        inner = [path for each in found for path in (system.find(each) if system.isdir(each) else [each])]
        return sorted(system.unstrip_protocol(path) for path in inner if system.isfile(path))

    return _asked(pattern, files)


def _system(path: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
    except ImportError:
        raise SourceError(_NEEDS_FSSPEC_INSTALL_BATCH_CONFORMANCE(path=str(path))) from None
    found: tuple[Any, str] = _asked(path, lambda: url_to_fs(path))
    return found


class _Remote(io.RawIOBase):
    """A remote file, whose library may raise anything at any time. Raises ``SourceError``."""

    def __init__(self, path: str, file: Any) -> None:
        super().__init__()
        self._path = path
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """As the library can."""
        return bool(self._file.seekable())

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = _asked(self._path, lambda: self._file.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        return int(_asked(self._path, lambda: self._file.seek(offset, whence)))

    def tell(self) -> int:
        """The byte that is read next."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close the connection, too."""
        self._file.close()
        super().close()


def _asked(path: str, do: Callable[[], _Answer]) -> _Answer:
    """What a file system answers. What its library raises, of whatever type, is about the file or the way to it."""
    try:
        return do()
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise SourceError(_CANNOT_READ(path=str(path), reason=str(reason))) from None
