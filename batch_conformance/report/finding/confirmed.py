"""What came of asking again for a finding, in words (``--confirm``)."""

from __future__ import annotations

from collections.abc import Iterable

from batch_conformance.findings.finding import Finding
from batch_conformance.message import Message, Template

_SEEN = Template("confirmed.seen", "seen again when asked for again {seconds} s later")
_NOT_SEEN = Template(
    "confirmed.not_seen", "seen once, and not when asked for again {seconds} s later: it fails nothing"
)
_NOT_ASKED = Template("confirmed.not_asked", "could not be asked for again, so it counts: {why}")


def confirmed(finding: Finding) -> Message | None:
    """What came of it; None where it was not to be asked for again."""
    made = finding.confirmation
    if made is None:
        return None
    if made.again == "not_asked":
        return _NOT_ASKED(why=made.why or "")
    return (_SEEN if made.again == "seen" else _NOT_SEEN)(seconds=f"{made.seconds:g}")


def all_confirmed(findings: Iterable[Finding]) -> tuple[Message, ...]:
    """What came of several, each wording once."""
    return tuple(dict.fromkeys(message for one in findings if (message := confirmed(one)) is not None))
