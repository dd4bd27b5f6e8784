"""Compares what two schemas admit of one value: narrower, wider, or something else.

What they admit is compared, not how they say it: a bound, a list or an alternative may be written in many ways.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from batch_conformance.contract.change import ChangeKind
from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.constraints import Bound, Constraints
from batch_conformance.contract.decimals import is_multiple
from batch_conformance.contract.schema import ALL_TYPES, KNOWN_VALUES, Property
from batch_conformance.contract.value_space import ValueSpace, assertions, covering, is_within, union
from batch_conformance.message import Listing, Message, Template, shown, type_named

_MAY_BE_ABSENT = Template("diff.may_be_absent", "may be absent")
_IS_ALWAYS_THERE = Template("diff.is_always_there", "is always there")
_ANY_TYPE = Template("diff.any_type", "any type")
_OPEN = Template("diff.open", "further properties may come")
_CLOSED = Template("diff.closed", "no further property comes")
_ANY_VALUE = Template("diff.any_value", "any value")
_NO_VALUE = Template("diff.no_value", "no value")
_ONE_OF = Template("diff.one_of", "one of {values}")
_ONE_OF_MANY = Template("diff.one_of_many", "one of {values} and {number} more")
_OR = Template("diff.or", "{first}; or {second}")
_MORE_ALTERNATIVES = Template("diff.more_alternatives", "{number} more alternatives")

_INTEROPERABLE = 2**53 - 1
"""The integers that every reader of JSON agrees on (RFC 8259 section 6): a bound from there on says nothing."""

_SHOWN_VALUES = 12
_SHOWN_ALTERNATIVES = 3
_SHOWN_TEXT = 80
_MOST_COUNTED = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """One statement that two schemas make differently of the same value; ``came`` are the values that are new.

    ``keyword`` is the one that the statement is made by; ``old`` and ``new`` are in words, None for nothing said.
    """

    keyword: str
    kind: ChangeKind
    old: Message | None
    new: Message | None
    came: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The rule that breaking the statement breaks."""
        return rule_of(self.keyword)


def compare_places(old: Property, new: Property) -> Iterator[Difference]:
    """Every difference between two schemas of one value; whether it must be there is one of them."""
    before, after = _admitted_types(old), _admitted_types(new)
    if before != after:
        yield _types(before, after)
    if old.required != new.required:
        words = (_MAY_BE_ABSENT(), _IS_ALWAYS_THERE())
        kind: ChangeKind = "tightened" if new.required else "loosened"
        yield Difference("required", kind, words[old.required], words[new.required])
    yield from dict.fromkeys(_between_spaces(old, new))
    if before & after - {"null"}:
        yield from _as_written(old, new)


def type_words(types: frozenset[str]) -> Message:
    """``integer or null``; ``any type`` where nothing is said."""
    if types == ALL_TYPES:
        return _ANY_TYPE()
    names = sorted(types - {"integer"} if "number" in types else types, key=lambda name: (name == "null", name))
    return shown(Listing(tuple(map(type_named, names)), "or"))


def _admitted_types(place: Property) -> frozenset[str]:
    """The types of the values that are admitted: a list of values narrows them as a ``type`` does."""
    return frozenset(_comparable(place.space)) or place.types


def _types(old: frozenset[str], new: frozenset[str]) -> Difference:
    kind: ChangeKind = "tightened" if new < old else "loosened" if new > old else "changed"
    return Difference("type", kind, type_words(old), type_words(new), tuple(sorted(new - old)))


def _between_spaces(old: Property, new: Property) -> Iterator[Difference]:
    """What is admitted differently of the values of each type that both admit."""
    before, after = _comparable(old.space), _comparable(new.space)
    keyword = "enum" if "enum" in old.keywords | new.keywords else KNOWN_VALUES
    both = before.keys() & after.keys() - {"null"}
    number_seen = False
    for kind in sorted(both, key=lambda name: (name != "number", name)):
        if kind == "integer" and number_seen:
            continue  # the same again, rounded
        for one in _between_alternatives(before[kind], after[kind], kind, keyword):
            number_seen = number_seen or kind == "number"
            yield one


def _as_written(old: Property, new: Property) -> Iterator[Difference]:
    """What keywords say that are compared by what is written alone."""
    for keyword in dict.fromkeys((*old.as_written, *new.as_written)):
        was, now = (_shortened(keyword, one.as_written.get(keyword)) for one in (old, new))
        if old.as_written.get(keyword) != new.as_written.get(keyword):
            # What a pattern describes is no more forbidden beside additionalProperties: false.
            opens = keyword == "patternProperties" and any(
                one.values.get("additionalProperties") is False for one in (old, new)
            )
            kind: ChangeKind = "changed" if (was and now) or opens else "tightened" if now else "loosened"
            yield Difference(keyword, kind, was, now)


def _shortened(keyword: str, text: str | None) -> Message | None:
    if text is None:
        return None
    return shown(f"{keyword} {text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + '…'}")


def _comparable(space: ValueSpace) -> ValueSpace:
    """The space without bounds that say nothing, and without what is inside a value: that is compared apart.

    What has a fraction is no multiple of a whole number, and an integer is one of 1: neither is said.
    """
    spaces: list[ValueSpace] = []
    for kind, alternatives in space.items():
        for one in alternatives:
            plain = replace(one, lower=_meant(one.lower), upper=_meant(one.upper), further=False)
            if kind == "integer":
                plain = replace(plain, multiples=frozenset(said for said in one.multiples if not is_multiple(1, said)))
            if kind != "number" or not any(said % 1 == 0 for said in one.multiples):
                spaces.append({kind: (plain,)})
    return union(spaces)


def _counted(alternatives: Sequence[Constraints]) -> tuple[Constraints, ...]:
    """Alternatives of integers where each that has two bounds near each other lists its values instead."""
    found = []
    for one in alternatives:
        lower, upper = one.range
        near = lower and upper and 0 <= upper.value - lower.value < _MOST_COUNTED
        if one.listed is None and lower and upper and near:
            values = range(int(lower.value), int(upper.value) + 1)
            found.append(replace(one, listed=tuple(value for value in values if one.admits(value))))
        else:
            found.append(one)
    return tuple(found)


def _meant(bound: Bound | None) -> Bound | None:
    return None if bound is None or abs(bound.value) >= _INTEROPERABLE else bound


def _between_alternatives(
    was: Sequence[Constraints], now: Sequence[Constraints], kind: str, keyword: str
) -> Iterator[Difference]:
    if kind == "integer" and any(one.listed is not None for one in (*was, *now)):
        was, now = union([{kind: _counted(was)}])[kind], union([{kind: _counted(now)}])[kind]
    narrower, wider = all(is_within(one, was) for one in now), all(is_within(one, now) for one in was)
    if narrower and wider:
        return
    change_kind: ChangeKind = "tightened" if narrower else "loosened" if wider else "changed"
    old, new = covering(was), covering(now)
    found = list(_between(old, new, kind, keyword, change_kind))
    if len(was) == len(now) == 1:
        yield from found
        return
    # What the alternatives have in common does not say all: what differs beside it is told as a whole.
    found = [one for one in found if change_kind in (one.kind, "changed")]
    if not found or (change_kind == "changed" and all(one.kind == "tightened" for one in found)):
        found = [Difference("anyOf", change_kind, _alternatives(was, kind), _alternatives(now, kind))]
    yield from found


def _between(
    old: Constraints, new: Constraints, kind: str, keyword: str, change_kind: ChangeKind
) -> Iterator[Difference]:
    """Statement by statement; ``change_kind`` is what all of them come to."""
    before, after = _listed(old), _listed(new)
    if before is not None or after is not None:
        yield from _values(before, after, keyword, change_kind)
    if (old.listed is None) != (new.listed is None):
        return  # what bounds the one is in the other's list
    said, says = _statements(old, kind), _statements(new, kind)
    for name in dict.fromkeys((*said, *says)):
        was, now = said.get(name), says.get(name)
        if was != now:
            kind_of_change = _direction(was, now)
            place = next(one.keyword for one in (now, was) if one is not None)
            yield Difference(place, kind_of_change, was.words if was else None, now.words if now else None)
    if old.closed != new.closed:
        words = (_OPEN(), _CLOSED())
        yield Difference(
            "additionalProperties", "tightened" if new.closed else "loosened", words[old.closed], words[new.closed]
        )


@dataclass(frozen=True, slots=True)
class _Statement:
    """An assertion other than a list: ``alone`` is what it admits, by itself."""

    keyword: str
    words: Message
    alone: Constraints = field(compare=False)


def _statements(one: Constraints, kind: str) -> dict[str, _Statement]:
    """The assertions by the part of the constraints that they are."""
    found: dict[str, _Statement] = {}
    parts = {
        "lower": Constraints(lower=one.lower),
        "upper": Constraints(upper=one.upper),
        "least": Constraints(least=one.least),
        "most": Constraints(most=one.most),
        "multiples": Constraints(multiples=one.multiples),
        "patterns": Constraints(patterns=one.patterns),
        "formats": Constraints(formats=one.formats),
        "unique": Constraints(unique=one.unique),
    }
    for name, alone in parts.items():
        said = list(assertions(alone, kind))
        if said:
            keyword = said[0][0]
            words = tuple(f"{keyword} {json.dumps(value, ensure_ascii=False)}" for _, value in said)
            found[name] = _Statement(keyword, shown(Listing(words, "and")), alone)
    return found


def _direction(old: _Statement | None, new: _Statement | None) -> ChangeKind:
    if old is None or new is None:
        return "tightened" if old is None else "loosened"
    if old.alone.contains(new.alone):
        return "tightened"
    return "loosened" if new.alone.contains(old.alone) else "changed"


def _values(
    before: Sequence[str] | None, after: Sequence[str] | None, keyword: str, change_kind: ChangeKind
) -> Iterator[Difference]:
    if before is None or after is None:
        yield Difference(keyword, change_kind, _listing(before), _listing(after))
        return
    came = [value for value in after if value not in before]
    went = [value for value in before if value not in after]
    if came and went:
        # Told apart: what came can break a client, what went cannot.
        kept = [value for value in before if value in after]
        yield Difference(keyword, "tightened", _listing(before), _listing(kept), ())
        yield Difference(keyword, "loosened", _listing(kept), _listing(after), tuple(came))
    elif came or went:
        yield Difference(keyword, "loosened" if came else "tightened", _listing(before), _listing(after), tuple(came))


def _listed(one: Constraints) -> list[str] | None:
    """The values that are listed, as JSON texts."""
    values = one.known if one.listed is None else one.listed
    return None if values is None else [json.dumps(value, ensure_ascii=False) for value in values]


def _listing(values: Iterable[str] | None) -> Message:
    if values is None:
        return _ANY_VALUE()
    listed = list(values)
    some = Listing(tuple(listed[:_SHOWN_VALUES]))
    if len(listed) > _SHOWN_VALUES:
        return _ONE_OF_MANY(values=some, number=len(listed) - _SHOWN_VALUES)
    return _ONE_OF(values=some) if listed else _NO_VALUE()


def _alternatives(alternatives: Sequence[Constraints], kind: str) -> Message:
    """What the alternatives say, in words."""
    described: list[Message] = []
    for one in alternatives[:_SHOWN_ALTERNATIVES]:
        values = _listed(one)
        parts = [statement.words for statement in _statements(one, kind).values()]
        listed = (*([_listing(values)] if values is not None else []), *parts)
        described.append(shown(Listing(listed)) if listed else _ANY_VALUE())
    more = len(alternatives) - _SHOWN_ALTERNATIVES
    if more > 0:
        described.append(_MORE_ALTERNATIVES(number=more))
    return reduce(lambda first, second: _OR(first=first, second=second), described)
