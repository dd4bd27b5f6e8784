"""Plain reads of an operation's batches: those that are like one that was judged are only counted.

Two exchanges are alike when their requests, the headers that are judged, the members of the body and their types, and
the state of the batch are the same. Whatever else decides on a deviation (values, times, counts) is checked by compiled
checks, which only ever say that all is well. Where they do not, the rules that they stand for are asked (``alike``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import escape, unescape
from batch_conformance.exchange.exchange import Response
from batch_conformance.judge.judge import Judge, Judged
from batch_conformance.judge.log import UP, body_facts
from batch_conformance.observation.strict_json import surely_has_each_key_once
from batch_conformance.recorded.alike import AlikeReads, Kind, Rules, Signature, alike_reads, kind_of, signature
from batch_conformance.recorded.heads import Heads, Key, RequestFacts, ResponseFacts, pairs_of, remember
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import LineError
from batch_conformance.rules.results import MISSING
from batch_conformance.rules.times import AHEAD, SECONDS_OF_SKEW

_MOST_ALIKE = 4_000
_MOST_POLLED = 50_000
"""Batches of which the last read is remembered: half a kilobyte each."""
_MOST_ITEMS = 8
"""Items of an array that are told apart; a body with more is looked at in full."""

_SURELY_DECIMAL = 2.0**53
"""A number that is less was written with a point or an exponent, where it is no integer to the faster parser.

One that is more may be an integer that is too long for that, and not for the other.
"""
_PLAIN_TYPES = frozenset({str, int, bool, type(None)})

_Keyed = tuple[Key, dict[str, Any]]
"""What a body is like, and the body."""


@dataclass(slots=True)
class FastPathCounts:
    """Counts of the fast path: exchanges by what comes before the id, and those without a credential.

    ``keeps_lines`` says that lines have to be kept where they may be evidence, because they cannot be read again.
    """

    bases: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    without_credential: int = 0
    keeps_lines: bool = False


_Last = tuple[int, ResponseFacts, RequestFacts, Kind, int, tuple[Any, ...], str, float]
"""The last read of a batch: a hash of its body, what was answered and asked, what these came to, the strong tag, and
the latest of its times that have passed.

Polls mostly get what the poll before got. Two texts have one hash of 64 bits, keyed anew by each process, as good as
never; the texts themselves would take ten times the memory.
"""


_Line = bytes | dict[str, Any]
"""A line, or its values."""


class _Read(NamedTuple):
    """A read as it came, and what its heads came to.

    ``before`` is what comes before the id in the URL, ``segment`` the id, ``when`` its time, number and seconds.
    ``until`` is when it was answered, by its Date; ``is_head_kept`` says that its head surely keeps the rules.
    """

    before: str
    segment: str
    text: str
    when: tuple[float, int, float]
    raw: _Line
    tag: str
    values: dict[str, Any]
    asked: RequestFacts
    answered: ResponseFacts
    until: float
    is_head_kept: bool


_made: Callable[[type[_Read], tuple[Any, ...]], _Read] = tuple.__new__
_UNREADABLE = object()
_OF_MOMENT = frozenset({AHEAD.id, MISSING.id})
"""Rules that look at when an answer was made, and are asked of every poll."""


class PlainReads:
    """Counts plain reads of an operation for a judge, and has the first of its kind explained."""

    def __init__(
        self,
        inferred: InferredProbe,
        judge: Judge,
        operation: Operation,
        taken: FastPathCounts,
        explain: Callable[[dict[str, Any], int], Judged | None],
    ) -> None:
        self._judge = judge
        self._operation = operation
        self._taken = taken
        self._explain = explain
        self._log = judge.log_of(operation)
        self._heads = Heads(inferred, operation)
        self._alike: dict[Key, AlikeReads | None] = {}
        self._last: dict[str, _Last] = {}
        self._outer: dict[Key, tuple[int, tuple[str, ...], tuple[str, ...]]] = {}
        self._inner: dict[Key, int] = {}
        self._numbers = count()
        self._state = (operation.roles.state or "")[1:]
        self._identity = (operation.roles.identity or "")[1:]
        self._places = self._split(self._log.pointers)

    @staticmethod
    def fits(operation: Operation) -> bool:
        """Whether an operation's path ends with the id, and the roles are plain members of the body."""
        plain = [operation.roles.identity, operation.roles.state]
        ends = operation.path.endswith("/{" + operation.parameter + "}")
        return ends and all(pointer is not None and pointer.count("/") == 1 for pointer in plain)

    def take(
        self, before: str, segment: str, values: dict[str, Any], when: tuple[float, int, float], raw: _Line
    ) -> bool:
        """Count a read that needs no explaining, or have it explained; false where the other path has to take it."""
        response = values["response"]
        text = response["body"]
        asked = self._heads.asked(values["request"].get("headers") or {})
        said = self._heads.answered(response["status"], response["headers"], response.get("headers_complete"))
        if asked is None or said is None:
            return False
        answered, tag, until, is_head_kept = said
        last = self._last.get(segment)
        # A key that the recording shows is looked for in every answer, whatever else it has in common with the last.
        if (
            last is not None
            and last[0] == hash(text)
            and last[1] is answered
            and last[2] is asked
            and last[6] == tag
            and is_head_kept
            and not asked.secret
            and last[7] <= until + SECONDS_OF_SKEW
        ):
            return self._count_repeated(last, segment, before, when, raw)
        return self._take_new(
            _made(_Read, (before, segment, text, when, raw, tag, values, asked, answered, until, is_head_kept))
        )

    def _take_new(self, read: _Read) -> bool:
        """Count a read that is unlike the last one of its batch, as ``take`` does."""
        before, segment, unmasked, when, raw, tag, values, asked, answered, until, is_head_kept = read
        text = unmasked
        if asked.secret:
            headers = values["response"]["headers"]
            if asked.redactor.redact_text(f"{headers}{text}") != f"{headers}{text}":
                return False
        if "=" in text and ("?" in text or "%" in text or "&" in text or "\\u0026" in text):
            text = asked.redactor.redact_bytes(text.encode()).decode()
        keyed = self._key(segment, text, answered.kind, asked.kind)
        if keyed is None:
            return False
        key, body = keyed
        alike = self._alike.get(key)
        if alike is None:
            return key not in self._alike and self._learn_alike(key, read, text, body)
        latest = alike.latest(body)
        in_doubt: Rules = {}
        kept: Signature = ()
        if not is_head_kept or latest > until + SECONDS_OF_SKEW or not alike.keeps_all(body):
            in_doubt, kept = self._told(alike, read, text, body)
        kind = alike.kinds.get(kept)
        if kind is None:
            is_new = kept not in alike.kinds and not alike.is_full()
            return is_new and self._learn_kind(alike, read, in_doubt, kept)
        size = len(text) if text.isascii() else len(text.encode())
        if size < kind.size and kind.judged.rules:
            kind.size = size  # it may be shown as evidence, and is judged in full; none that is larger can be
            return self._explained(values, when[1]) is not _UNREADABLE
        length = self._body_facts(answered, unmasked, text, tag) if tag or answered.length else None
        facts = (values["response"]["status"], answered.content_type, alike.facts(body), length, UP)
        last = (hash(unmasked), answered, asked, kind, size, facts, tag, latest)
        if not in_doubt or (is_head_kept and _OF_MOMENT.isdisjoint(in_doubt)):
            if len(self._last) >= _MOST_POLLED and segment not in self._last:
                self._last.clear()
            self._last[segment] = last
        return self._count_repeated(last, segment, before, when, raw)

    def _told(self, alike: AlikeReads, read: _Read, text: str, body: dict[str, Any]) -> tuple[Rules, Signature]:
        """The rules that a read may break, and how it breaks them."""
        is_ahead = alike.latest(body) > read.until + SECONDS_OF_SKEW
        in_doubt = alike.in_doubt(body, is_ahead=is_ahead, is_head_kept=read.is_head_kept)
        if not in_doubt:
            return in_doubt, ()
        pairs = pairs_of(read.values["response"]["headers"])
        headers = tuple(zip(*pairs, strict=True)) if pairs is not None else ()
        if not read.is_head_kept:
            headers = read.asked.redactor.redact_response(Response(200, headers, b""))[0].headers
        url = read.values["request"]["url"]
        observation = alike.observation(read.segment, url, headers, (text.encode(), body), read.when[0])
        return in_doubt, signature(in_doubt, observation)

    @staticmethod
    def _body_facts(answered: ResponseFacts, unmasked: str, text: str, tag: str) -> tuple[str, int, str] | None:
        """What ``log.body_facts`` says of a body; ``text`` is that without the signatures of URLs."""
        if answered.is_coded:
            return None
        body = unmasked.encode()
        length = answered.length if answered.length and answered.length.strip() == str(len(body)) else None
        return body_facts(length, body if text is unmasked else text.encode(), tag)

    def _count_repeated(
        self, last: _Last, segment: str, before: str, when: tuple[float, int, float], raw: _Line
    ) -> bool:
        """Count a read of which all is known but when it was."""
        _, _, asked, kind, size, facts, _, _ = last
        kind.count += 1
        taken = self._taken
        taken.bases[before] += 1
        if not asked.credential:
            taken.without_credential += 1
        kept = (raw if isinstance(raw, bytes) else orjson.dumps(raw)) if taken.keeps_lines else None
        self._log.add_plain(segment, when, (size, asked.accept, facts, kept))
        return True

    @property
    def counted(self) -> int:
        """How many exchanges were counted since the last ``flush``."""
        return sum(kind.count for kind in self._kinds())

    def flush(self) -> None:
        """Give the judge what was counted."""
        for kind in self._kinds():
            if kind.count:
                self._judge.count(kind.judged, kind.count)
                kind.count = 0

    def _kinds(self) -> Iterator[Kind]:
        for alike in self._alike.values():
            if alike is not None:
                yield from (kind for kind in alike.kinds.values() if kind is not None)

    def _key(self, segment: str, text: str, answered: int, asked: int) -> _Keyed | None:
        """What a body is like, with the body; None where it is not even read alike by every parser.

        ``answered`` and ``asked`` are the kinds of the heads.
        """
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if type(body) is not dict:
            return None
        outer = (tuple(body), tuple(map(type, body.values())))
        found = self._outer.get(outer)
        if found is None:
            found = next(self._numbers), _of_types(outer, dict, list), _of_types(outer, float)
            remember(self._outer, outer, found)
        kind, inside, decimals = found
        keys = len(body)
        identity, state = body.get(self._identity), body.get(self._state)
        inner: list[Any] = [
            answered,
            asked,
            kind,
            identity == segment or type(identity) is not str,
            state if type(state) is str else None,
        ]
        for name in decimals:
            if not abs(body[name]) < _SURELY_DECIMAL:
                return None
            inner.append(body[name].is_integer())
        for name in inside:
            value = body[name]
            if not value:
                inner.append(None)
                continue
            if type(value) is dict:
                members = (tuple(value), tuple(map(type, value.values())))
                number = self._inner.get(members)
                if number is not None:
                    keys += len(value)
                    inner.append(number)
                    continue
            shape, more = _shape(value)
            if shape is None:
                return None
            keys += more
            inner.append(shape)
            if type(value) is dict and _PLAIN_TYPES.issuperset(members[1]):
                inner[-1] = next(self._numbers)
                remember(self._inner, members, inner[-1])
        if not surely_has_each_key_once(text, keys):
            return None
        return tuple(inner), body

    def _learn_alike(self, key: Key, read: _Read, text: str, body: dict[str, Any]) -> bool:
        """Have the first of the reads that are alike explained, and remember what they have in common."""
        if len(self._alike) >= _MOST_ALIKE:
            self.flush()
            self._alike.clear()
            self._last.clear()  # they name kinds
        judged = self._explained(read.values, read.when[1])
        if judged is _UNREADABLE:
            return False
        alike = alike_reads(judged, body, self._facts_of(body)) if isinstance(judged, Judged) else None
        self._alike[key] = alike
        if alike is not None and isinstance(judged, Judged):
            in_doubt, kept = self._told(alike, read, text, body)
            alike.kinds[kept] = kind_of(judged, alike, in_doubt)
        return True

    def _learn_kind(self, alike: AlikeReads, read: _Read, in_doubt: Rules, kept: Signature) -> bool:
        """Have the first read explained that deviates in a way of its own, and remember its kind."""
        judged = self._explained(read.values, read.when[1])
        if judged is _UNREADABLE:
            return False
        alike.kinds[kept] = kind_of(judged, alike, in_doubt) if isinstance(judged, Judged) else None
        return True

    def _explained(self, values: dict[str, Any], number: int) -> Judged | object | None:
        """What was judged of a read in full; None where it is not judged, ``_UNREADABLE`` where it is no exchange."""
        try:
            return self._explain(values, number)
        except LineError:
            return _UNREADABLE

    @staticmethod
    def _split(pointers: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The pointers by the object around, in their order."""
        made: dict[str, list[str]] = {}
        for pointer in pointers:
            around, _, name = pointer.rpartition("/")
            made.setdefault(around, []).append(unescape(name))
        return tuple((around, tuple(names)) for around, names in made.items())

    def _facts_of(self, body: dict[str, Any]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
        """Makes what reads are compared by out of bodies like this one."""
        first, *nested = self._places
        fact = self._log.facts_of
        plain, free = {str, int, type(None)}, self._log.free_maps
        steps: list[tuple[str, tuple[str, ...]]] = []
        unlike = bool(first[0]) or any(
            type(body.get(name)) not in plain and not ("/" + escape(name) in free and type(body.get(name)) is dict)
            for name in first[1]
        )
        blanks: list[tuple[None, ...]] = []
        for around, names in nested:
            held = body.get(unescape(around[1:]))
            if around.count("/") != 1 or (held is not None and type(held) is not dict):
                unlike = True
            elif held is None:
                blanks.append((None,) * len(names))
            elif blanks or any(type(held.get(name)) not in plain for name in names):
                unlike = True
            else:
                steps.append((unescape(around[1:]), names))
        if unlike:
            return fact
        tail = tuple(value for blank in blanks for value in blank)
        outer = _values_of(first[1], body)
        if not steps:
            return (lambda found: outer(found) + tail) if tail else outer
        (inner, inner_names), *more = steps
        if more:
            return fact
        of_inner = _values_of(inner_names, body[inner])
        return lambda found: outer(found) + of_inner(found[inner]) + tail


def _values_of(names: tuple[str, ...], body: dict[str, Any]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """Gives the values of the members of these names of bodies that have the members of one; None for what is not."""
    if len(names) > 1 and all(name in body for name in names):
        return itemgetter(*names)
    return lambda found: tuple(map(found.get, names))


def _of_types(outer: tuple[tuple[str, ...], tuple[type, ...]], *types: type) -> tuple[str, ...]:
    """The names of those members of an object, given by names and types, that are of some types."""
    return tuple(name for name, kind in zip(*outer, strict=True) if kind in types)


def _shape(value: Any) -> tuple[Key | None, int]:
    """The members of an object, or the items of an array, and their types, and how many members there are in all.

    None where that is too much, or where one cannot be sure of a type.
    """
    if type(value) is dict:
        names, held = tuple(value), value.values()
    else:
        if not value:
            return (), 0
        if len(value) > _MOST_ITEMS:
            return None, 0
        names, held = (), value
    kinds = tuple(map(type, held))
    keys = len(names)
    if _PLAIN_TYPES.issuperset(kinds):
        return (names, kinds), keys
    if float in kinds:
        return None, 0
    inside: list[Any] = []
    for member in held:
        if type(member) is dict or type(member) is list:
            shape, more = _shape(member)
            if shape is None:
                return None, 0
            keys += more
            inside.append(shape)
    return (names, kinds, *inside), keys
