"""Sample batches as pure values: at least one in every state, and one that progresses while it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from batch_conformance.mock import pages

Style = Literal["omit", "null"]
"""How an unset value of a batch is written: left out (conforms to the document as published), or as null (as the
vendor writes it)."""

FIELDS: tuple[str, ...] = tuple(pages.RETRIEVED.body)
"""The documented properties of a batch, in the document's order."""

UNSET_AS_NULL: frozenset[str] = frozenset(name for name, value in pages.RETRIEVED.body.items() if value is None)
"""The properties that the vendor's retrieve page shows as null."""

_CREATED = 1741685413
_HOUR = 3600


@dataclass(frozen=True)
class Step:
    """What a batch looks like from ``after`` seconds after it was first read; unset properties are left out."""

    after: float
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """One batch. ``note`` says for people what is special about it. ``steps`` are in order, the first after 0 s."""

    id: str
    note: str
    steps: tuple[Step, ...]

    @property
    def progresses(self) -> bool:
        """Whether it changes while it is watched."""
        return len(self.steps) > 1

    def step_at(self, elapsed: float) -> int:
        """The number of the step that it is in, ``elapsed`` seconds after it was first read."""
        return max(number for number, step in enumerate(self.steps) if number == 0 or step.after <= elapsed)

    def at(self, elapsed: float = 0.0, style: Style = "omit") -> dict[str, Any]:
        """Its properties as they are sent, in the document's order, ``elapsed`` seconds after it was first read."""
        fields = self.steps[self.step_at(elapsed)].fields
        if style == "null":
            fields = {**dict.fromkeys(UNSET_AS_NULL), **fields}
        return {name: fields[name] for name in FIELDS if name in fields} | dict(fields)


def make_sample_batches() -> tuple[Batch, ...]:
    """All sample batches, the same at every call; the batch of the vendor's retrieve page comes first."""
    return (*_from_pages(), *_finished(), *_under_way(), *_odd_metadata(), _progressing())


def _note(english: str) -> str:
    """Marks what is said of a batch for the catalogue of translations."""
    return english


def _batch(batch_id: str, note: str, fields: Mapping[str, Any]) -> Batch:
    return Batch(batch_id, note, (Step(0.0, fields),))


def _transcribed(page: pages.VendorPage, batch_id: str, note: str, **changed: Any) -> Batch:
    """A batch as a page shows it, without its nulls and without what the document does not declare."""
    shown = {**page.body, "id": batch_id, **changed}
    return _batch(batch_id, note, {name: shown[name] for name in FIELDS if shown.get(name) is not None})


def _fields(batch_id: str, status: str, counts: tuple[int, int, int], window: int = 24, **late: Any) -> dict[str, Any]:
    """A batch's properties. ``counts`` are total, completed, failed; ``window`` is in hours; ``late`` is what more."""
    total, completed, failed = counts
    return {
        "id": batch_id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": [],
        "input_file_id": _file(batch_id),
        "completion_window": f"{window}h",
        "status": status,
        "created_at": _CREATED,
        "expires_at": _CREATED + window * _HOUR,
        "request_counts": {"total": total, "completed": completed, "failed": failed},
        "metadata": {"description": "nightly eval job"},
        **late,
    }


def _file(batch_id: str, turn: int = 0) -> str:
    letters = batch_id.removeprefix("batch_")[::-1]
    return "file-" + letters[turn:] + letters[:turn]


def _times(**seconds: int) -> dict[str, int]:
    """Timestamps given as seconds after the creation."""
    return {f"{name}_at": _CREATED + offset for name, offset in seconds.items()}


def _from_pages() -> tuple[Batch, ...]:
    return (
        _transcribed(pages.RETRIEVED, "batch_rdyqgrcgjg", _note("in_queue, as the retrieve page shows it")),
        _transcribed(pages.CREATED, "batch_kvmtzqwhua", _note("in_queue, as the create page shows it")),
        _transcribed(pages.LISTED, "batch_lpxdnwoyse", _note("in_queue, as the list page shows it")),
        # The guide's expiry is 28135 s after the creation of a batch with a window of 24 h: left out as a slip.
        _transcribed(pages.GUIDE, "batch_guzirtkxbe", _note("validating, as the guide shows it"), expires_at=None),
    )


def _finished() -> tuple[Batch, ...]:
    done, all_failed, failed = "batch_tbcmlxqigp", "batch_oyqkdaufwz", "batch_hsrewpmjtn"
    expired, cancelled = "batch_xeivbcgdlq", "batch_dfalgwhxcs"
    return (
        _batch(
            done,
            _note("completed, its result file named by URL"),
            _fields(done, "completed", (100, 95, 5))
            # Users report that the vendor's output_file_id is the URL from which the file is fetched.
            | {"output_file_id": f"https://results.example.com/{done}/output.jsonl", "error_file_id": _file(done, 3)}
            | _times(in_progress=3, finalizing=131, completed=133),
        ),
        _batch(
            all_failed,
            _note("completed, every request failed: an error file and no output"),
            _fields(all_failed, "completed", (9, 0, 9), error_file_id=_file(all_failed, 3))
            | _times(in_progress=0, finalizing=61, completed=61),
        ),
        _batch(
            failed,
            _note("failed at validation, with errors"),
            _fields(
                failed,
                "failed",
                (0, 0, 0),
                errors=["line 1: this is not valid JSON", "line 7: custom_id has been used already"],
            )
            | _times(failed=4),
        ),
        _batch(
            expired,
            _note("expired, with the output of what was done in time"),
            _fields(expired, "expired", (10, 1, 0), output_file_id=_file(expired, 2), error_file_id=_file(expired, 3))
            | _times(in_progress=7, expired=24 * _HOUR),
        ),
        _batch(
            cancelled,
            _note("cancelled half-way: partial counts and output"),
            _fields(cancelled, "cancelled", (8, 4, 0), window=336, output_file_id=_file(cancelled, 2))
            | _times(in_progress=5, cancelling=600, cancelled=2100),
        ),
    )


def _under_way() -> tuple[Batch, ...]:
    running, ending, stopping = "batch_wjqopfncal", "batch_znhyvserdk", "batch_qmutnzykro"
    return (
        _batch(running, "in_progress", _fields(running, "in_progress", (40, 12, 1), window=72) | _times(in_progress=9)),
        _batch(
            ending,
            "finalizing",
            _fields(ending, "finalizing", (20, 19, 1)) | _times(in_progress=2, finalizing=95),
        ),
        _batch(
            stopping,
            "cancelling",
            _fields(stopping, "cancelling", (30, 11, 0)) | _times(in_progress=6, cancelling=240),
        ),
    )


def _odd_metadata() -> tuple[Batch, ...]:
    words, large = "batch_nibzjerkvp", "batch_ucoxhtpsmy"
    unicode_metadata = {
        "description": "夜间评测任务 🚀 — Größe, ελληνικά, עברית, e\u0301",
        "团队": "模型评测",
        'quote"back\\slash/': "\u2028 \u0001 </script>",
        "customer": {"tier": 3, "tags": ["a", "b"], "trial": False},
    }
    large_metadata = {"description": "every prompt of the regression set, twice. " * 150}
    large_metadata |= {
        f"key_{number:02}": "one of sixteen labels of this batch, each as long as one may be. " * 8
        for number in range(16)
    }
    ended = _times(in_progress=1, finalizing=40, completed=42)
    return (
        _batch(
            words,
            _note("completed, metadata in many scripts"),
            _fields(words, "completed", (3, 3, 0), metadata=unicode_metadata, output_file_id=_file(words, 2)) | ended,
        ),
        _batch(
            large,
            _note("completed, large metadata"),
            _fields(large, "completed", (5000, 4999, 1), metadata=large_metadata, output_file_id=_file(large, 2))
            | {"error_file_id": _file(large, 3)}
            | ended,
        ),
    )


def _progressing() -> Batch:
    """Goes the whole way in a tenth of a second from its first read. Its times are fixed: two runs see the same.

    That is less than half of the time over which a run polls it, so that its end is seen more than once.
    """
    me = "batch_yvgfkzdlaw"
    begun, ending = _times(in_progress=1), _times(in_progress=1, finalizing=3)
    output = {"output_file_id": _file(me, 2), "error_file_id": _file(me, 3)}
    steps = (
        Step(0.0, _fields(me, "in_queue", (0, 0, 0))),
        Step(0.02, _fields(me, "in_progress", (5, 0, 0)) | begun),
        Step(0.04, _fields(me, "in_progress", (5, 2, 0)) | begun),
        Step(0.06, _fields(me, "in_progress", (5, 3, 1)) | begun),
        Step(0.08, _fields(me, "finalizing", (5, 4, 1)) | ending),
        Step(0.1, _fields(me, "completed", (5, 4, 1)) | ending | _times(completed=4) | output),
    )
    return Batch(me, _note("moves from in_queue to completed in a tenth of a second from its first read"), steps)
