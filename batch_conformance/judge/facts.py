"""What a run shows as a whole, on which it depends whether a deviation of one exchange is told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batch_conformance.exchange.exchange import RECORDED
from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.authentication import has_key, is_let_in, must_be_refused, rule_of_credential
from batch_conformance.judge.form import form_of
from batch_conformance.judge.identity import is_success
from batch_conformance.judge.response import accepts_documented
from batch_conformance.judge.sighting import Sighting, told_of

_WIDEST = ("auth.missing_accepted", "auth.wrong_token_accepted")
"""Holes that let everything else in too, the widest first."""
_PLAIN_IDS = frozenset({"known", "unknown", "recorded"})
"""Subjects whose ids nothing is odd about."""


class Facts:
    """What was seen of a run; two of them add up to one, in any order.

    They are few, and bounded by what a suite plans: of recorded traffic no ids are kept.
    """

    def __init__(self) -> None:
        self.real = False
        self.any_id = False
        self.let_in: set[str] = set()
        """Rules of credentials that had to be refused, and were answered with success."""
        self.answers_valid = False
        self.succeeded = False
        """Whether a GET with the valid credential was answered with success."""
        self.asked_unknown = False
        """Whether there is an answer to the request for an id that nobody has."""
        self.asked_without = False
        """Whether there is an answer to a request without a credential."""
        self.refused: set[str] = set()
        self.unknown_get: set[str] = set()
        """Statuses that ids that nobody has were answered with."""
        self.valid_gets: set[tuple[str, str]] = set()
        """Statuses other than of success that plain reads with the valid credential got, and for which subject."""
        self.own_forms: set[tuple[str, ...]] = set()
        """The forms in which plain ids were refused that the valid credential, or one that was recorded, asked for."""
        self.query_taken = False
        """Whether the valid credential was answered with success where the query string had the key too."""
        self._errors: set[int] = set()
        """Server errors that the valid credential got."""
        self._key_answered = False
        """Whether it got anything else, or nothing at all."""
        self._door_answers = False
        """Whether a credential that had to be refused was."""
        self._known: set[str] = set()
        self._near: set[str] = set()

    def add(self, sighting: Sighting) -> None:
        """Take in what one exchange shows."""
        exchange, probe = sighting.exchange, sighting.exchange.probe
        status = exchange.status or 0
        if probe.subject == "known" and probe.chapter != RECORDED and probe.batch_id:
            self._known.add(probe.batch_id)
        if sighting.authorised and probe.method == "GET" and sighting.answer is not None and 200 <= status < 300:
            self.succeeded = True
        if exchange.failure is None and 0 < status < 500 and status != 429 and not sighting.forced:
            self.asked_unknown = self.asked_unknown or (sighting.authorised and probe.subject == "unknown")
            self.asked_without = self.asked_without or probe.credential == "missing"
        if sighting.batch is not None and probe.subject == "known" and not sighting.forced:
            self.real = True
        if is_success(sighting) and sighting.authorised:
            self.any_id = self.any_id or probe.subject == "unknown"
            if probe.subject == "neighbour" and probe.batch_id:
                self._near.add(probe.batch_id)
        if sighting.answer is not None and exchange.final:
            self._add_answer(sighting, status)
        if must_be_refused(sighting) and exchange.failure is None:
            self._door_answers = self._door_answers or (400 <= status < 500 and status != 429)
        elif has_key(sighting) and exchange.final and not sighting.forced:
            is_error = exchange.failure is None and 500 <= status <= 599
            self._errors |= {status} if is_error else set()
            self._key_answered = self._key_answered or not is_error

    def _add_answer(self, sighting: Sighting, status: int) -> None:
        """Take in what came of the last attempt."""
        probe = sighting.exchange.probe
        if is_let_in(sighting):
            self.let_in.add(rule_of_credential(sighting))
        if probe.credential == "also_in_query" and 200 <= status < 300:
            self.query_taken = True
        if is_plain_read(sighting) and status >= 300:
            if sighting.authorised:
                self.valid_gets.add((str(status), probe.subject))
            if probe.subject in _PLAIN_IDS and status < 500 and status != 429:
                self.own_forms.add(form_of(sighting))
        if sighting.authorised and probe.forced_status is None:
            self.answers_valid = self.answers_valid or 200 <= status < 300 or status == 404
            if status == 401:
                self.refused.add(probe.subject)
            if probe.subject == "unknown" and not sighting.contract.operation.breaks_its_schema(probe.batch_id):
                self.unknown_get.add(str(status))

    def update(self, other: Facts) -> None:
        """Add what another one saw."""
        self.real = self.real or other.real
        self.any_id = self.any_id or other.any_id
        self.let_in |= other.let_in
        self.answers_valid = self.answers_valid or other.answers_valid
        self.succeeded = self.succeeded or other.succeeded
        self.asked_unknown = self.asked_unknown or other.asked_unknown
        self.asked_without = self.asked_without or other.asked_without
        self.refused |= other.refused
        self.unknown_get |= other.unknown_get
        self.valid_gets |= other.valid_gets
        self.own_forms |= other.own_forms
        self.query_taken = self.query_taken or other.query_taken
        self._errors |= other._errors
        self._key_answered = self._key_answered or other._key_answered
        self._door_answers = self._door_answers or other._door_answers
        self._known |= other._known
        self._near |= other._near

    def tells(self, bucket: Bucket) -> bool:
        """Whether deviations that are told under a condition are told, now that all is known."""
        return not bucket or _CONDITIONS[bucket[0]](self, *bucket[1:])

    @property
    def behind_the_door(self) -> str:
        """The server errors that every request with the valid credential got, where others were refused; else empty.

        What refuses credentials works, and what is behind it is broken, whatever is asked of it: one cause.
        """
        broken = self._door_answers and not self._key_answered
        return " or ".join(map(str, sorted(self._errors))) if broken else ""

    def continues(self, asked: str) -> bool:
        """Whether an id begins with a known one, and what follows known ids is not looked at."""
        known = tuple(self._known)
        ignored = any(near.startswith(known) and near.replace("_", "").isalnum() for near in self._near)
        return ignored and asked.startswith(known)

    def widest(self) -> str | None:
        """The rule of the widest hole in authentication, where there is one that others follow from."""
        return next((rule for rule in _WIDEST if rule in self.let_in), None)


def is_plain_read(sighting: Sighting) -> bool:
    """Whether nothing but the id is odd about a read, with the valid credential as far as anybody knows."""
    probe = sighting.exchange.probe
    plain = probe.method == "GET" and not probe.query and probe.forced_status is None
    return plain and probe.credential in ("valid", "recorded") and accepts_documented(sighting)


_CONDITIONS: Mapping[str, Callable[..., bool]] = {
    "unless_real": lambda facts: not facts.real,
    "unless_any_id": lambda facts: not facts.any_id,
    "unless_let_in": lambda facts: not facts.let_in,
    "if_widest": lambda facts, rule: facts.widest() in (None, rule),
    "if_refused": lambda facts, subject: facts.answers_valid and subject in told_of(facts.refused),
    "if_scheme_refused": lambda facts, subject: facts.answers_valid and subject not in facts.refused,
    "unless_valid_gets": lambda facts, status, subject: (status, subject) not in facts.valid_gets,
    "if_form_is_own": lambda facts, *form: form in facts.own_forms,
    "unless_form_is_own": lambda facts, *form: form not in facts.own_forms,
    "if_query_taken": lambda facts: facts.query_taken,
    "unless_unknown_gets": lambda facts, status: status not in facts.unknown_get,
    "if_continues": lambda facts, asked: not facts.any_id and facts.continues(asked),
    "unless_continues": lambda facts, asked: not facts.any_id and not facts.continues(asked),
}
