"""The form of an answer: what tells one maker of refusals from another, whatever their words are."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.judge.sighting import Sighting
from batch_conformance.judge.strict_json import parse


def form_of(sighting: Sighting) -> tuple[str, ...]:
    """The form of a refusal: its media type, the JSON type of its body, and the names of its members.

    Its status belongs to it unless it is an object: an API that answers objects has the same ones for all its errors.
    """
    answer = sighting.answer
    if answer is None:
        return ()
    parsed = parse(answer.body) if answer.body and "json" in sighting.media_type else None
    value = parsed.value if parsed is not None and parsed.readable else None
    if isinstance(value, Mapping) and value:
        return (sighting.media_type, "object", *sorted(map(str, value)))
    return (sighting.media_type, type(value).__name__ if answer.body else "empty", str(answer.status))
