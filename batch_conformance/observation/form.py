"""The form of an answer: what distinguishes one source of refusals from another, whatever the wording."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.observation.observation import Observation
from batch_conformance.observation.strict_json import parse


def are_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two forms are of one maker: the same, or objects that have more than half of their members in common.

    Some errors have a member whose name is another one each time.
    """
    if one == other or one[1:2] != ("object",) or one[:2] != other[:2]:
        return one == other
    names, others = set(one[2:]), set(other[2:])
    return 2 * len(names & others) > max(len(names), len(others))


def form_of(observation: Observation) -> tuple[str, ...]:
    """The form of a refusal: its media type, the JSON type of its body, and the names of its members.

    Its status belongs to it unless it is an object: an API that answers objects has the same ones for all its errors.
    """
    answer = observation.answer
    if answer is None:
        return ()
    parsed = parse(answer.body) if answer.body and "json" in observation.media_type else None
    value = parsed.value if parsed is not None and parsed.readable else None
    if isinstance(value, Mapping) and value:
        return (observation.media_type, "object", *sorted(map(str, value)))
    return (observation.media_type, type(value).__name__ if answer.body else "empty", str(answer.status))
