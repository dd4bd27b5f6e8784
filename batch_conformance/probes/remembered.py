"""Schemathesis' requests for a document, kept from one run to the next: making them takes longer than sending them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from batch_conformance.probes import batch_ids, draws, generated
from batch_conformance.probes.generated import GeneratedRequest, generate

Generate = Callable[..., tuple[GeneratedRequest, ...]]
"""``generated.generate``, or what stands in for it."""

_MOST_FILES = 32
_MAKERS = ("schemathesis", "hypothesis")


class Remembered:
    """``generate``, with what it gave before kept in a folder.

    What is kept is found by everything that decides on it: the document, the arguments, the versions of the makers and
    the code that asks them. A file that is not what was written, by its checksum, is made anew. It holds requests and
    nothing of any answer, so that no finding depends on it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, data: Mapping[str, Any], path: str, parameter: str, count: int, seed: int | None, *, plain: bool = False
    ) -> tuple[GeneratedRequest, ...]:
        """As ``generate``."""
        arguments = json.dumps([path, parameter, count, seed, plain, *_makers()])
        file = self._folder / f"{_document_key(data)}-{sha256(arguments.encode()).hexdigest()[:24]}.json"
        kept = _read(file)
        if kept is None:
            kept = generate(data, path, parameter, count, seed, plain=plain)
            with suppress(OSError):  # a cache that cannot be written is none
                self._write(file, kept)
        return kept

    def knows(self, data: Mapping[str, Any]) -> bool:
        """Whether requests for a document are kept, whatever the arguments were."""
        return any(self._folder.glob(f"{_document_key(data)}-*.json"))

    def _write(self, file: Path, requests: tuple[GeneratedRequest, ...]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps([asdict(one) for one in requests])
        whole = json.dumps({"sha256": sha256(text.encode()).hexdigest(), "requests": text})
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(whole, encoding="utf-8")
        temporary.replace(file)
        for old in sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-_MOST_FILES]:
            old.unlink(missing_ok=True)


def _document_key(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, default=repr)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _makers() -> list[str]:
    """What makes requests: versions, and the code of this project that asks for them."""
    code = [Path(str(module.__file__)).read_bytes() for module in (generated, draws, batch_ids)]
    return [platform.python_version(), *map(version, _MAKERS), sha256(b"".join(code)).hexdigest()]


def _read(file: Path) -> tuple[GeneratedRequest, ...] | None:
    """What a file holds; None where there is none, or it is not what was written."""
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
        if sha256(whole["requests"].encode()).hexdigest() != whole["sha256"]:
            return None
        return tuple(
            GeneratedRequest(**{**one, "headers": tuple((name, value) for name, value in one["headers"])})
            for one in json.loads(whole["requests"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
