"""Facts about the whole run, which decide whether a deviation of one exchange is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from batch_conformance.exchange.exchange import ODD_REQUESTS, RECORDED
from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.availability import Moment, moment_of
from batch_conformance.observation.form import are_alike, form_of
from batch_conformance.observation.observation import Observation, reported_subjects
from batch_conformance.rules.authentication import (
    NONE_SENT,
    OTHER_FORMS,
    OTHER_PLACES,
    OTHER_TOKENS,
    RULE_OF_CREDENTIAL,
    WHOLE,
    has_key,
    is_let_in,
    is_scheme_refused,
    must_be_refused,
)
from batch_conformance.rules.identity import is_traversal
from batch_conformance.rules.leaks import injected
from batch_conformance.rules.media_type import accepts_documented
from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS, OF_ODD_TOKENS
from batch_conformance.rules.odd_requests import agent_of, is_agent_refused
from batch_conformance.rules.rule import is_success

_SCHEMES = frozenset({"no_scheme", "wrong_scheme", "wrong_scheme_token"})
"""Credentials with another scheme, or none: who only looks whether there is an Authorization header takes them all."""
_REFUSED_READS = 2
_OTHERS = {"known": "unknown", "unknown": "known"}
_NEVER, _ALWAYS = (float("-inf"), 0, 0), (float("inf"), 0, 0)
_PLAIN_IDS = frozenset({"known", "unknown", "recorded"})
"""Subjects whose ids nothing is odd about."""
_Seen = Literal["batch", "whole answer", "injected header"]
"""What was seen at all: a batch, for whichever id and with whichever credential; an answer that came to its end; a
header of a response that a line break in an id started."""
_MARKS, _SEVERAL = frozenset(".?#,"), 3
"""What may follow an id and end it, and of how many kinds that shows that nothing is looked at that follows."""


class Facts:
    """What was seen of a run; two of them add up to one, in any order.

    They are few, and bounded by what a suite plans: of recorded traffic no ids are kept.
    """

    def __init__(self) -> None:
        self.real = self.any_id = self.answers_valid = False
        self._let_in: set[str] = set()
        """Credentials that had to be refused, and with which a GET was answered with success."""
        self._let_in_so: set[tuple[str, tuple[str, ...]]] = set()
        """Those with which it was a success with another object, and the form of that."""
        self._shown_so: set[tuple[str, ...]] = set()
        """Forms of such successes that the valid credential got for known ids."""
        self._refused_so: set[tuple[str, ...]] = set()
        """Forms of such successes that it got for ids that nobody has: some servers refuse with 200."""
        self.kept_out: set[tuple[str, str, str, str]] = set()
        """Of those with which a GET was refused: rule, credential, subject and status."""
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
        self._found: set[tuple[bool, bool]] = set()
        """Of plain GETs that were answered: whether they had no credential, and whether they were answered 404."""
        self._scheme_refused: Moment = _ALWAYS
        """When the scheme in lower case was first refused."""
        self._valid_answered: Moment = _NEVER
        """When the valid credential was last answered with a batch, or with a 404."""
        self._errors: set[int] = set()
        """Server errors that the valid credential got."""
        self._key_answered = False
        """Whether it got anything else, or nothing at all."""
        self._door_answers = False
        """Whether a credential that had to be refused was."""
        self._key_gets: set[int] = set()
        """Statuses that the valid credential got, whatever was asked with it; 0 for no answer."""
        self._door_gets: set[tuple[str, int]] = set()
        """Credentials that had to be refused, each with what a GET with it got; 0 for no answer."""
        self._heads_got: set[tuple[str, str, int]] = set()
        """Of HEADs that were answered: the credential, the subject, and the status."""
        self.seen: set[_Seen] = set()
        self._known: set[str] = set()
        self._odd_answered: set[tuple[str, str]] = set()
        """Odd ids that were answered with success, each with its subject."""
        self._agents: Counter[tuple[str, bool, str]] = Counter()
        """How many reads under the name of a common client were answered, and how many refused (True), of which id; and
        of each known id how many under no other name were answered with the batch, and how many plain ones refused."""

    def add(self, observation: Observation) -> None:
        """Take in what one exchange shows."""
        if observation.exchange.probe.chapter == ODD_REQUESTS:
            self._add_odd(observation)
        else:
            self._add_usual(observation)

    def _add_usual(self, observation: Observation) -> None:
        exchange, probe = observation.exchange, observation.exchange.probe
        status = exchange.status or 0
        if probe.subject == "known" and probe.chapter != RECORDED and probe.batch_id:
            self._known.add(probe.batch_id)
            self._agents["", False, probe.batch_id] += observation.batch is not None and observation.authorised
            self._agents["", True, probe.batch_id] += is_plain_read(observation) and is_agent_refused(observation)
        if observation.authorised and probe.method == "GET" and observation.answer is not None and 200 <= status < 300:
            self.succeeded = True
        if exchange.failure is None and 0 < status < 500 and status != 429 and not observation.forced:
            self.asked_unknown = self.asked_unknown or (observation.authorised and probe.subject == "unknown")
            self.asked_without = self.asked_without or probe.credential == "missing"
        if observation.batch is not None and probe.subject == "known" and not observation.forced:
            self.real = True
        if is_success(observation) and observation.authorised and not observation.is_another_object:
            self.any_id = self.any_id or (probe.subject == "unknown" and probe.method == "GET")
            if probe.subject in ("neighbour", "hostile") and probe.batch_id:
                self._odd_answered.add((probe.subject, probe.batch_id))
        if observation.answer is not None and exchange.final:
            self._add_answer(observation, status)
            if probe.method == "HEAD" and not observation.forced:
                self._heads_got.add((probe.credential, probe.subject, status))
        self.seen |= _seen_in(observation)
        if must_be_refused(observation) and probe.method == "GET" and exchange.final:
            self._door_gets.add((probe.credential, status if exchange.failure is None else 0))
        elif has_key(observation) and exchange.final and not observation.forced:
            self._key_gets.add(status if exchange.failure is None else 0)
        if must_be_refused(observation) and exchange.failure is None:
            self._door_answers = self._door_answers or (400 <= status < 500 and status != 429)
        elif has_key(observation) and exchange.final and not observation.forced:
            is_error = exchange.failure is None and 500 <= status <= 599
            self._errors |= {status} if is_error else set()
            self._key_answered = self._key_answered or not is_error

    def _add_odd(self, observation: Observation) -> None:
        """Take in what one of the odd requests shows: how they are refused says nothing of any other."""
        exchange, status = observation.exchange, observation.exchange.status or 0
        if must_be_refused(observation) and is_let_in(observation) and exchange.final:
            if observation.is_another_object:
                self._let_in_so.add((exchange.probe.credential, form_of(observation)))
            else:
                self._let_in.add(exchange.probe.credential)
        agent = agent_of(observation)
        if agent and (200 <= status < 300 or is_agent_refused(observation)):
            self._agents[agent, is_agent_refused(observation), exchange.probe.batch_id or ""] += 1
        self.seen |= _seen_in(observation)

    def refuses_agent(self, agent: str) -> bool:
        """Whether every read under the name of a client was refused, twice at least, of ids that others could read.

        Where an id is refused now and then, whoever asks, nothing is said of names.
        """
        read_by_others = {asked for (who, was, asked), count in self._agents.items() if not who and not was and count}
        if any(self._agents["", True, asked] for asked in read_by_others):
            return False
        of_agent = {key: count for key, count in self._agents.items() if key[0] == agent}
        refused = sum(count for (_, was, asked), count in of_agent.items() if was and asked in read_by_others)
        return refused >= _REFUSED_READS and all(was for _, was, _ in of_agent)

    def _add_answer(self, observation: Observation, status: int) -> None:
        """Take in what came of the last attempt."""
        probe = observation.exchange.probe
        if must_be_refused(observation) and probe.method == "GET":
            self._add_refusal(observation, status)
        if probe.subject in _PLAIN_IDS and probe.method == "GET" and not observation.forced and status < 500:
            self._found.add((probe.credential == "missing", status == 404))
        if is_scheme_refused(observation):
            self._scheme_refused = min(self._scheme_refused, moment_of(observation.exchange))
        if is_success(observation) and observation.authorised and observation.is_another_object:
            self._add_another_object(observation)
        if probe.credential == "also_in_query" and 200 <= status < 300:
            self.query_taken = True
        if is_plain_read(observation) and status >= 300:
            if observation.authorised:
                self.valid_gets.add((str(status), probe.subject))
            if probe.subject in _PLAIN_IDS and status < 500 and status != 429:
                self.own_forms.add(form_of(observation))
        if observation.authorised and probe.forced_status is None:
            if 200 <= status < 300 or status == 404:
                self.answers_valid = True
                self._valid_answered = max(self._valid_answered, moment_of(observation.exchange))
            if status == 401:
                self.refused.add(probe.subject)
            if probe.subject == "unknown" and not observation.operation.breaks_its_schema(probe.batch_id):
                self.unknown_get.add(str(status))

    def _add_refusal(self, observation: Observation, status: int) -> None:
        """Take in what came of a credential that had to be refused."""
        probe = observation.exchange.probe
        if is_let_in(observation) and observation.is_another_object:
            self._let_in_so.add((probe.credential, form_of(observation)))
        elif is_let_in(observation):
            self._let_in.add(probe.credential)
        elif 400 <= status < 500 and status != 429:
            self.kept_out.add((RULE_OF_CREDENTIAL[probe.credential], probe.credential, probe.subject, str(status)))

    def _add_another_object(self, observation: Observation) -> None:
        """Take in for which ids the valid credential got a success with another object than the documented one."""
        subject = observation.exchange.probe.subject
        if subject in ("known", "equivalent", "recorded"):
            self._shown_so.add(form_of(observation))
        elif subject == "unknown":
            self._refused_so.add(form_of(observation))

    def update(self, other: Facts) -> None:
        """Add what another one saw."""
        self.real = self.real or other.real
        self.any_id = self.any_id or other.any_id
        self._let_in |= other._let_in
        self._let_in_so |= other._let_in_so
        self._shown_so |= other._shown_so
        self._refused_so |= other._refused_so
        self.kept_out |= other.kept_out
        self._found |= other._found
        self._scheme_refused = min(self._scheme_refused, other._scheme_refused)
        self._valid_answered = max(self._valid_answered, other._valid_answered)
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
        self._key_gets |= other._key_gets
        self._door_gets |= other._door_gets
        self.seen |= other.seen
        self._known |= other._known
        self._heads_got |= other._heads_got
        self._odd_answered |= other._odd_answered
        self._agents += other._agents

    @property
    def let_in(self) -> set[str]:
        """Credentials that had to be refused, and with which a GET was answered as with the valid one."""
        return self._let_in | {credential for credential, form in self._let_in_so if self.lets_in_so(form)}

    def is_own(self, form: tuple[str, ...]) -> bool:
        """Whether plain ids were refused in this form: it is the API's own."""
        return any(are_alike(form, own) for own in self.own_forms)

    def lets_in_so(self, form: tuple[str, ...]) -> bool:
        """Whether a success with an object of this form is one: it is what known ids get, and no refusal."""
        return form in self._shown_so and form not in self._refused_so

    def refuses_so(self, credential: str) -> bool:
        """Whether GETs that had to be refused got a success with another object that is no answer.

        ``credential`` is the one that they had, with the valid one for ids that nobody has.
        """
        if credential == "valid":
            return bool(self._refused_so)
        return any(of == credential and not self.lets_in_so(form) for of, form in self._let_in_so)

    def is_refusal(self, form: tuple[str, ...]) -> bool:
        """Whether a success with an object of this form is what ids get that nobody has."""
        return form in self._refused_so

    def is_met(self, bucket: Bucket) -> bool:
        """Whether a condition for reporting holds, once the whole run is known."""
        return not bucket or _CONDITIONS[bucket[0]](self, *bucket[1:])

    @property
    def behind_the_door(self) -> tuple[int, ...]:
        """The server errors that every request with the valid credential got, where others were refused; else none.

        What refuses credentials works, and what is behind it is broken, whatever is asked of it: one cause.
        """
        broken = self._door_answers and not self._key_answered
        return tuple(sorted(self._errors)) if broken else ()

    @property
    def refuses_every_read(self) -> int:
        """The one refusal that all plain reads with the valid credential got, of known and of unknown ids; else 0.

        401 says that the key is none, 404 and 410 that there is no such batch, and 429 passes.
        """
        plain = {(status, subject) for status, subject in self.valid_gets if subject in _OTHERS}
        statuses = {int(status) for status, _ in plain}
        if self.succeeded or len(statuses) != 1 or {subject for _, subject in plain} != _OTHERS.keys():
            return 0
        (status,) = statuses
        return status if 400 <= status < 500 and status not in (401, 404, 410, 429) else 0

    @property
    def refuses_all(self) -> bool:
        """Whether that refusal is all that came of any request with the valid credential."""
        return self._key_gets == {self.refuses_every_read}

    @property
    def door_breaks(self) -> bool:
        """Whether all credentials that had to be refused got server errors or nothing, whichever it was."""
        broken = all(status == 0 or status >= 500 for _, status in self._door_gets)
        return broken and len({credential for credential, _ in self._door_gets}) > 1

    def continues(self, asked: str) -> bool:
        """Whether an id begins with a known one, and what follows known ids is not looked at.

        Letters after a known id are not always asked for: another batch may have such an id. Marks of several kinds
        show the same, as no one of them is what an id is cut at then.
        """
        known = tuple(self._known)
        near = [asked for subject, asked in self._odd_answered if subject == "neighbour"]
        longer = [one for one in near if one.startswith(known)]
        marks = {one.removeprefix(begin)[:1] for one in longer for begin in known if one.startswith(begin)} & _MARKS
        ignored = any(one.replace("_", "").isalnum() for one in longer) or len(marks) >= _SEVERAL
        return ignored and asked.startswith(known)

    @property
    def follows_paths(self) -> bool:
        """Whether an encoded path was followed that is no known id with more after it, which is overlooked."""
        followed = (asked for subject, asked in self._odd_answered if subject == "hostile" and is_traversal(asked))
        return any(not self.continues(asked) for asked in followed)

    @property
    def heads_alike(self) -> bool:
        """Whether HEAD gets one success for a known id, for one that nobody has, and without the valid credential."""
        statuses = {status for _, _, status in self._heads_got}
        asked = {subject for credential, subject, _ in self._heads_got if credential == "valid"}
        refused = {credential for credential, _, _ in self._heads_got} - {"valid"}
        alike = len(statuses) == 1 and all(200 <= status < 300 for status in statuses)
        return alike and {"known", "unknown"} <= asked and bool(refused)

    def refuses_scheme(self, status: str, subject: str) -> bool:
        """Whether the scheme in lower case was refused, and not the client: ``Bearer`` was answered afterwards."""
        no_lock_out = self._valid_answered > self._scheme_refused
        return no_lock_out and (status, subject) not in self.valid_gets and subject not in self.refused

    @property
    def nowhere(self) -> bool:
        """Whether every plain read was answered 404, with and without a credential: as where nothing is served."""
        return (True, True) in self._found and all(missed for _, missed in self._found)

    def explains(self, credential: str) -> bool:
        """Whether a wider hole in authentication lets in what ``credential`` does."""
        odd = ODD_CREDENTIALS.get(credential)
        if odd is not None and odd.wider & self.let_in:
            return True
        if credential in NONE_SENT:
            return False
        if "missing" in self.let_in:
            return True
        if credential in OTHER_PLACES:
            return self._is_named_otherwise(credential)
        turned_away = {kind for _, kind, asked, got in self.kept_out if (got, asked) not in self.valid_gets}
        any_token = not self.let_in.isdisjoint(OTHER_TOKENS) and turned_away.isdisjoint(OTHER_TOKENS)
        is_form = credential in OTHER_FORMS or (odd is not None and odd.rule == "auth.scheme_accepted")
        if not is_form or not any_token:
            return False
        return credential in OF_ODD_TOKENS or _SCHEMES.isdisjoint(turned_away)

    def _is_named_otherwise(self, credential: str) -> bool:
        """Whether the places in which a key is taken are named by other credentials: those with all, or each alone."""
        parts = {part for part, whole in WHOLE.items() if whole == WHOLE.get(credential, credential)}
        taken = parts & self.let_in
        return taken == parts if credential in parts else bool(taken) and taken != parts

    def learns(self, rule: str, credential: str, subject: str) -> bool:
        """Whether a 404 for ids of this subject, without the valid credential, tells which ids exist.

        Where those that exist are answered 404 as well, nobody learns anything; and where such a credential gets a
        batch, that is the hole.
        """
        if "missing" in self.let_in or credential in self.let_in:
            return False
        other = _OTHERS.get(subject, subject)
        of_rule = {(kind, status) for of, kind, asked, status in self.kept_out if of == rule and asked == other}
        seen = {status for kind, status in of_rule if kind == credential}
        if not seen and subject == "unknown":
            seen = {status for _, status in of_rule}
        return bool(seen - {"404", "410"}) and (subject == other or seen.isdisjoint({"404", "410"}))


def _seen_in(observation: Observation) -> set[_Seen]:
    exchange = observation.exchange
    seen: dict[_Seen, bool] = {
        "batch": observation.batch is not None,
        "whole answer": exchange.failure is None and exchange.response is not None,
        "injected header": any(injected(observation)),
    }
    return {one for one, was in seen.items() if was}


def is_plain_read(observation: Observation) -> bool:
    """Whether nothing but the id is odd about a read, with the valid credential as far as anybody knows."""
    probe = observation.exchange.probe
    plain = probe.method == "GET" and not probe.query and probe.forced_status is None
    return plain and probe.credential in ("valid", "recorded") and accepts_documented(observation)


_CONDITIONS: Mapping[str, Callable[..., bool]] = {
    "error_body": lambda _facts, _operation, _status: True,
    "unless_real": lambda facts: not facts.real,
    "unless_any_id": lambda facts: not facts.any_id,
    "unless_nowhere": lambda facts: not facts.nowhere,
    "if_batch_seen": lambda facts, *then: "batch" in facts.seen and facts.is_met(then),
    "if_heads_alike": lambda facts: facts.heads_alike and not facts.any_id,
    "unless_heads_alike": lambda facts, *then: not facts.heads_alike and facts.is_met(then),
    "unless_path_decoded": lambda facts, *then: not facts.follows_paths and facts.is_met(then),
    "if_whole": lambda facts, *then: "whole answer" in facts.seen and facts.is_met(then),
    "unless_injected": lambda facts, *then: "injected header" not in facts.seen and facts.is_met(then),
    "unless_explained": lambda facts, credential: not facts.explains(credential),
    "if_learnt": lambda facts, rule, credential, subject: facts.learns(rule, credential, subject),
    "unless_learnt": lambda facts, rule, credential, subject, status: (
        not facts.learns(rule, credential, subject)
        and not facts.nowhere
        and not facts.let_in & {"missing", credential}
        and (status, subject) not in facts.valid_gets
    ),
    "if_agent_refused": lambda facts, agent: facts.refuses_agent(agent),
    "if_refused": lambda facts, subject: facts.answers_valid and subject in reported_subjects(facts.refused),
    "if_scheme_refused": lambda facts, status, subject: facts.refuses_scheme(status, subject),
    "unless_valid_gets": lambda facts, status, subject: (status, subject) not in facts.valid_gets,
    "if_form_is_own": lambda facts, *form: facts.is_own(form) and not facts.nowhere,
    "unless_form_is_own": lambda facts, *form: not facts.is_own(form),
    "if_query_taken": lambda facts: facts.query_taken,
    "unless_unknown_gets": lambda facts, status: status not in facts.unknown_get,
    "unless_refused_so": lambda facts, form, *then: (
        not facts.is_refusal(tuple(form.split("\n"))) and facts.is_met(then)
    ),
    "unless_any_refused_so": lambda facts, credential, *then: not facts.refuses_so(credential) and facts.is_met(then),
    "if_let_in_so": lambda facts, form, *then: facts.lets_in_so(tuple(form.split("\n"))) and facts.is_met(then),
    "if_continues": lambda facts, asked: not facts.any_id and facts.continues(asked),
    "unless_continues": lambda facts, asked: not facts.any_id and not facts.continues(asked),
}
