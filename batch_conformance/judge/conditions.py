"""Conditions under which a deviation of one exchange is told of: what else the run has to show, or not to show.

Each is a bucket of a tally; ``judge.facts.Facts`` says in the end which of them hold.
"""

from __future__ import annotations

from batch_conformance.findings.fold import Bucket

ALWAYS: Bucket = ()
"""Told whatever else a run shows."""
UNLESS_REAL: Bucket = ("unless_real",)
"""Told unless a batch that exists was read."""
UNLESS_ANY_ID: Bucket = ("unless_any_id",)
"""Told unless an id that nobody has was answered with success: who answers any id answers similar ones too."""
UNLESS_LET_IN: Bucket = ("unless_let_in",)
"""Told unless a credential that had to be refused was let in."""
IF_QUERY_TAKEN: Bucket = ("if_query_taken",)
"""Told where the key in the query string does no harm beside the valid credential: the query is not what is refused."""


def if_widest(rule: str) -> Bucket:
    """Told where no wider hole in authentication than that of ``rule`` was seen."""
    return ("if_widest", rule)


def if_refused(subject: str) -> Bucket:
    """Told where the valid credential, refused for ids of this subject, was answered elsewhere."""
    return ("if_refused", subject)


def if_scheme_refused(subject: str) -> Bucket:
    """Told where the valid credential was answered, and for ids of this subject not refused in its usual form."""
    return ("if_scheme_refused", subject)


def unless_unknown_gets(status: int) -> Bucket:
    """Told unless ids that nobody has, and that the document admits, get this status: it is judged by their answers."""
    return ("unless_unknown_gets", str(status))


def unless_valid_gets(status: int, subject: str) -> Bucket:
    """Told unless the valid credential gets this status for ids of this subject: it is not what was refused then."""
    return ("unless_valid_gets", str(status), subject)


def if_form_is_own(form: tuple[str, ...]) -> Bucket:
    """Told where plain ids are refused in this form (``form.form_of``): it is the API's own, and no gateway's."""
    return ("if_form_is_own", *form)


def unless_form_is_own(form: tuple[str, ...]) -> Bucket:
    """Told where ``if_form_is_own`` is not."""
    return ("unless_form_is_own", *form)


def if_continues(asked: str) -> Bucket:
    """Told where an id is found whatever letters follow it, and ``asked`` begins with such an id."""
    return ("if_continues", asked)


def unless_continues(asked: str) -> Bucket:
    """Told where ``if_continues`` is not, unless any id was answered."""
    return ("unless_continues", asked)
