"""Conditions under which a deviation of one exchange is reported: what else the run has to show, or not to show.

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
UNLESS_NOWHERE: Bucket = ("unless_nowhere",)
"""Told unless every plain read was answered 404, without a credential too: the operation is not there."""
IF_QUERY_TAKEN: Bucket = ("if_query_taken",)
"""Told where the key in the query string does no harm beside the valid credential: the query is not what is refused."""


def unless_explained(credential: str) -> Bucket:
    """Told unless a wider hole in authentication lets this credential in as well."""
    return ("unless_explained", credential)


def if_learnt(rule: str, credential: str, subject: str) -> Bucket:
    """Told where a 404 for ids of this subject, without the valid credential, tells which ids exist.

    It does where ids of the other subject are refused in another way; ``rule`` is the one of ``credential``.
    """
    return ("if_learnt", rule, credential, subject)


def unless_learnt(rule: str, credential: str, subject: str, status: int) -> Bucket:
    """Told where ``if_learnt`` is not, unless the valid credential gets this status for ids of this subject too."""
    return ("unless_learnt", rule, credential, subject, str(status))


def if_refused(subject: str) -> Bucket:
    """Told where the valid credential, refused for ids of this subject, was answered elsewhere."""
    return ("if_refused", subject)


def if_scheme_refused(status: int, subject: str) -> Bucket:
    """Told where the valid credential in its usual form does not get this status for ids of this subject.

    It must have been answered after the other form was refused: else the client may be locked out for a while.
    """
    return ("if_scheme_refused", str(status), subject)


def if_agent_refused(agent: str) -> Bucket:
    """Told where all reads under the name of this client were refused, and reads under another name were answered."""
    return ("if_agent_refused", agent)


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
    """Told where ``if_form_is_own`` is not, unless the operation is not there."""
    return ("unless_form_is_own", *form)


def unless_refused_so(form: tuple[str, ...], then: Bucket) -> Bucket:
    """Told under ``then``, unless ids that nobody has get a success in this form: it is how the server refuses."""
    return ("unless_refused_so", "\n".join(form), *then)


def if_whole(then: Bucket) -> Bucket:
    """Told under ``then`` where any answer came to its end: else it is an outage, whatever the heads say."""
    return ("if_whole", *then)


def if_batch_seen(then: Bucket) -> Bucket:
    """Told under ``then`` where anybody got a batch: a success without one lets nobody in, nor finds anything."""
    return ("if_batch_seen", *then)


def unless_injected(then: Bucket) -> Bucket:
    """Told under ``then``, unless a line break in an id was seen to start a header.

    Who copies ids into headers as they are breaks messages with other control characters too.
    """
    return ("unless_injected", *then)


IF_HEADS_ALIKE: Bucket = ("if_heads_alike",)
"""Told where every HEAD gets one success, whatever it asks for and with whichever credential."""


def unless_heads_alike(then: Bucket) -> Bucket:
    """Told under ``then``, unless every HEAD gets one success: its status lets nobody in and finds nothing."""
    return ("unless_heads_alike", *then)


def unless_path_decoded(then: Bucket) -> Bucket:
    """Told under ``then``, unless an encoded path was followed.

    Who decodes a path before it is split also takes other encoded delimiters for delimiters, and may decode again.
    """
    return ("unless_path_decoded", *then)


def unless_any_refused_so(credential: str, then: Bucket) -> Bucket:
    """Told under ``then``, unless what is refused with this credential gets a success with another object by GET.

    HEAD has no body that would say so.
    """
    return ("unless_any_refused_so", credential, *then)


def if_let_in_so(form: tuple[str, ...], then: Bucket) -> Bucket:
    """Told under ``then`` where the valid credential gets a success in this form for known ids, and not for others."""
    return ("if_let_in_so", "\n".join(form), *then)


def if_continues(asked: str) -> Bucket:
    """Told where an id is found whatever letters follow it, and ``asked`` begins with such an id."""
    return ("if_continues", asked)


def unless_continues(asked: str) -> Bucket:
    """Told where ``if_continues`` is not, unless any id was answered."""
    return ("unless_continues", asked)
