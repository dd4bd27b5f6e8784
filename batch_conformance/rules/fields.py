"""Rules about the fields that HTTP itself defines: each keeps its grammar, and is sent once where it may be but once.

The grammars are those for senders, as far as leaving them harms somebody: white space around separators, empty list
elements and a separator at the end are admitted, and so is the form that invalid ``Expires`` values take on purpose.
"""

from __future__ import annotations

import re
from calendar import monthrange, timegm
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from batch_conformance.exchange.exchange import Response
from batch_conformance.findings.finding import Finding
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import Highlight
from batch_conformance.rules.rule import Broken, Rule, always, is_answered

_FORM = Template("response.field_syntax.expected", "{name}: {form} ({source})")
_VALUE = Template("response.field_syntax.observed", "{name}: {value}")
_ONCE = Template("response.field_repeated.expected", "one {name}")
_TIMES = Template("response.field_repeated.observed", "{count} of them: {values}")

_DATE_FORM = Template("field.date", 'a date such as "Sun, 06 Nov 1994 08:49:37 GMT"')
_SECONDS_FORM = Template("field.seconds", "whole seconds")
_LENGTH_FORM = Template("field.length", "one decimal number")
_ETAG_FORM = Template("field.etag", 'a tag in double quotes, with W/ before it where it is weak: "33a64df5"')
_DIRECTIVES_FORM = Template("field.directives", "directives separated by commas, ages in whole seconds without quotes")
_NAMES_FORM = Template("field.names", "names separated by commas")
_CHALLENGES_FORM = Template("field.challenges", 'challenges such as Bearer realm="api", error="invalid_token"')
_MEDIA_TYPE_FORM = Template("field.media_type", "type/subtype; name=value")
_RANGE_FORM = Template("field.range", "a range such as bytes 0-499/1234")
_LINK_FORM = Template("field.link", 'links such as <https://example.com/2>; rel="next"')

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_OWS = r"[ \t]*+"
_PARAMETER = rf"{_TOKEN}{_OWS}={_OWS}(?:{_TOKEN}|{_QUOTED})"
_DAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (" + "|".join(_MONTHS) + r") ([0-9]{4}) ")
_MINUTE = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])")
_SECOND = re.compile(":([0-5][0-9]|60) GMT")
_DIGITS = re.compile(r"[0-9]+")
_NO_DATE = re.compile(r"-?[0-9]+")
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\uffff]*"')
_DIRECTIVE = re.compile(rf"({_TOKEN})(?:=({_TOKEN}|{_QUOTED}))?")
_ELEMENT = re.compile(rf'{_OWS}((?:[^",]|{_QUOTED})*+){_OWS}(?:,|$)')
_NAMES = re.compile(rf"(?:{_TOKEN})?(?:{_OWS},{_OWS}(?:{_TOKEN})?)*+")
_MEDIA_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})((?:{_OWS};{_OWS}(?:{_PARAMETER})?)*+)")
_MEDIA_TYPE_NAME = re.compile(rf"{_TOKEN}/{_TOKEN}")
_RANGE = re.compile(rf"bytes (?:[0-9]+-[0-9]+/(?:[0-9]+|\*)|\*/[0-9]+)|(?!bytes\b){_TOKEN} .*")
_LINK = re.compile(rf"<[^<>]*>(?:{_OWS};{_OWS}(?:{_TOKEN}(?:{_OWS}={_OWS}(?:{_TOKEN}|[^\s\",;]+|{_QUOTED}))?)?)*+")
_LINK_BREAK = re.compile(r",(?=[ \t,]*<)")
_SCHEME = re.compile(
    rf"({_TOKEN})(?: +([A-Za-z0-9._~+/-]+=*)(?=[ \t]*(?:,|$))| +(?={_TOKEN}{_OWS}=)|(?=[ \t]*(?:,|$)))"
)
_PARAMETER_NEXT = re.compile(rf"{_PARAMETER}(?=[ \t]*(?:,|$))")
_SEPARATOR = re.compile(r"[ \t]*(?:,[ \t]*)+")
_AGES = frozenset({"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"})
_LONGEST = 4000
"""Longer values are not looked at."""
_MASKED = re.compile(r"\*{3,}|redacted|masked|filtered", re.IGNORECASE)
"""What recorders put in the place of values."""


def is_fixdate(value: str) -> bool:
    """Whether a value is an IMF-fixdate of a day that there is (RFC 9110 section 5.6.7)."""
    return moment_of_fixdate(value) is not None


def moment_of_fixdate(value: str) -> int | None:
    """The Unix seconds of an IMF-fixdate; None where a value is none, or of a day that there is not."""
    # Most answers of a recording have a Date of their own, but there are few days, minutes and seconds.
    day, minute, second = _day(value[:17]), _minute(value[17:22]), _second(value[22:])
    return None if day is None or minute is None or second is None else day + minute + second


@lru_cache(4096)
def _day(text: str) -> int | None:
    """The Unix seconds of the midnight of a day."""
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    day, month, year = int(match[1]), _MONTHS.index(match[2]) + 1, int(match[3])
    is_one = year > 0 and 0 < day <= monthrange(year, month)[1]
    return timegm((year, month, day, 0, 0, 0)) if is_one else None


@lru_cache(4096)
def _minute(text: str) -> int | None:
    """The seconds of a day at which a minute begins."""
    match = _MINUTE.fullmatch(text)
    return None if match is None else 3600 * int(match[1]) + 60 * int(match[2])


@lru_cache(4096)
def _second(text: str) -> int | None:
    """The second of a minute; 60 is that of a leap."""
    match = _SECOND.fullmatch(text)
    return None if match is None else int(match[1])


def _is_expires(value: str) -> bool:
    return _NO_DATE.fullmatch(value) is not None or is_fixdate(value)


def _is_number(value: str) -> bool:
    return _DIGITS.fullmatch(value) is not None


def _is_length(value: str) -> bool:
    """Whether a value is one number; the same one several times is what recipients may take for it (RFC 9110 8.6)."""
    numbers = {part.strip() for part in value.split(",")}
    return len(numbers) == 1 and all(map(_is_number, numbers))


def _is_etag(value: str) -> bool:
    return _ETAG.fullmatch(value) is not None


def _are_directives(value: str) -> bool:
    """Whether a value is a list of cache directives (RFC 9111 section 5.2); a semicolon at its end does no harm."""
    return all(map(_is_directive, _elements(value.rstrip("; \t"))))


def _elements(value: str) -> Iterator[str]:
    at = 0
    while at < len(value):
        match = _ELEMENT.match(value, at)
        if match is None:
            yield value[at:]
            return
        at = match.end()
        if match[1].strip(" \t"):
            yield match[1].strip(" \t")


def _is_directive(element: str) -> bool:
    match = _DIRECTIVE.fullmatch(element)
    if match is None:
        return False
    return match[1].lower() not in _AGES or (match[2] is not None and _is_number(match[2]))


def _are_names(value: str) -> bool:
    return _NAMES.fullmatch(value.strip(" \t")) is not None


def _is_media_type(value: str) -> bool:
    """Whether the parameters of a media type are well formed: that of the type itself is judged by the document."""
    name = value.partition(";")[0].strip(" \t")
    return _MEDIA_TYPE_NAME.fullmatch(name) is None or _MEDIA_TYPE.fullmatch(value.strip(" \t")) is not None


def _is_range(value: str) -> bool:
    return _RANGE.fullmatch(value) is not None


def _are_links(value: str) -> bool:
    links = (part.strip(" \t,") for part in _LINK_BREAK.split(value))
    return all(_LINK.fullmatch(link) for link in links if link)


def _are_challenges(value: str) -> bool:
    return schemes(value) is not None


def schemes(value: str) -> tuple[str, ...] | None:
    """The schemes of the challenges in a WWW-Authenticate value, in lower case; None where it does not parse.

    RFC 9110 section 11.6.1: a list of challenges, each of them a scheme, with a token68 or a list of parameters.
    """
    found: list[str] = []
    at, value, separated = 0, value.strip(" \t,"), True
    while at < len(value):
        parameter = _PARAMETER_NEXT.match(value, at)
        if parameter is not None and found:
            at, opens = parameter.end(), False
        else:
            scheme = _SCHEME.match(value, at) if separated else None
            if scheme is None:
                return None
            found.append(scheme[1].lower())
            at, opens = scheme.end(), scheme[0].endswith(" ")
        separator = _SEPARATOR.match(value, at)
        if separator is None and at < len(value) and not opens:
            return None
        at, separated = (separator.end() if separator else at), separator is not None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of responses that a standard defines: what its values look like, and which section says so."""

    name: str
    form: Template
    source: str
    is_well_formed: Callable[[str], bool]


FIELDS = {
    field.name.lower(): field
    for field in (
        Field("Date", _DATE_FORM, "RFC 9110 section 6.6.1", is_fixdate),
        Field("Expires", _DATE_FORM, "RFC 9111 section 5.3", _is_expires),
        Field("Last-Modified", _DATE_FORM, "RFC 9110 section 8.8.2", is_fixdate),
        Field("Age", _SECONDS_FORM, "RFC 9111 section 5.1", _is_number),
        Field("ETag", _ETAG_FORM, "RFC 9110 section 8.8.3", _is_etag),
        Field("Cache-Control", _DIRECTIVES_FORM, "RFC 9111 section 5.2", _are_directives),
        Field("Vary", _NAMES_FORM, "RFC 9110 section 12.5.5", _are_names),
        Field("Allow", _NAMES_FORM, "RFC 9110 section 10.2.1", _are_names),
        Field("WWW-Authenticate", _CHALLENGES_FORM, "RFC 9110 section 11.6.1", _are_challenges),
        Field("Content-Length", _LENGTH_FORM, "RFC 9110 section 8.6", _is_length),
        Field("Content-Type", _MEDIA_TYPE_FORM, "RFC 9110 section 8.3", _is_media_type),
        Field("Content-Range", _RANGE_FORM, "RFC 9110 section 14.4", _is_range),
        Field("Link", _LINK_FORM, "RFC 8288 section 3", _are_links),
    )
}
"""The fields whose grammar is checked, by their names in lower case."""

SINGLETONS = {
    name.lower(): name
    for name in ("Date", "ETag", "Content-Type", "Content-Length", "Last-Modified", "Age", "Retry-After", "Location")
}
"""The fields of which a response has but one, as they are written, by their names in lower case."""


def is_well_formed(name: str, value: str) -> bool:
    """Whether a value keeps the grammar of a field; ``name`` is in lower case. What a recorder masked does."""
    field = FIELDS.get(name)
    value = value.strip(" \t")
    if field is None or len(value) > _LONGEST or field.is_well_formed(value):
        return True
    # An empty challenge is a missing one, which has a rule of its own.
    return (name == "www-authenticate" and not value) or _MASKED.search(value) is not None


def _check_syntax(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    seen: set[str] = set()
    for name, value in answer.headers if answer is not None and answer.headers_complete else ():
        lower = name.lower()
        if lower not in seen and not is_well_formed(lower, value):
            seen.add(lower)
            field = FIELDS[lower]
            # In double quotes it would look right, where those are what is missing.
            observed = shown(Private(f"`{value.strip()[:60]}`"))
            yield Broken(
                _FORM(name=field.name, form=field.form(), source=field.source),
                _VALUE(name=field.name, value=observed),
                lower,
                status="",
            )


def _check_repeated(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or not answer.headers_complete:
        return
    for lower, count in Counter(name.lower() for name, _ in answer.headers).items():
        if count > 1 and lower in SINGLETONS and not _is_list_field(lower, answer):
            values = Private(", ".join(value.strip()[:40] for value in _values(lower, answer))[:90])
            name = SINGLETONS[lower]
            yield Broken(_ONCE(name=name), _TIMES(count=count, values=shown(values)), lower, status="")


def _values(name: str, answer: Response) -> list[str]:
    return [value for other, value in answer.headers if other.lower() == name]


def _is_list_field(name: str, answer: Response) -> bool:
    """Whether the copies do no harm, or differ in what a rule of its own tells: two lengths, or two media types.

    The same length twice is one that recipients may take (RFC 9110 section 8.6); so is the same Content-Type.
    """
    values = {value.strip() for value in _values(name, answer)}
    if name == "content-length":
        return True
    kinds = {value.partition(";")[0].strip().lower() for value in values}
    return name == "content-type" and (len(values) == 1 or len(kinds) > 1)


def _at_field(finding: Finding) -> Highlight:
    return Highlight(headers=frozenset((finding.kind,)))


SYNTAX = Rule(
    id="response.field_syntax",
    title="A field of the head is not in the form that HTTP gives it",
    level="should",
    side="server",
    why="Caches, clients and gateways read it, and each does something else with what it cannot parse.",
    remedy="Let the framework or the HTTP server write the field, from a date, a number or a list.",
    source="RFC 9110 section 2.2",
    breaks="ETag: 33a64df5",
    keeps='ETag: "33a64df5"',
    clauses=always(Template("response.field_syntax.clause", "the fields that HTTP defines keep its grammar")),
    exercised=is_answered,
    check=_check_syntax,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=_at_field,
    covers=(*((name, "its grammar") for name in FIELDS), ("immutable", "as any directive")),
)

REPEATED = Rule(
    id="response.field_repeated",
    title="A field that may stand once is sent twice",
    level="should",
    side="server",
    why="Which of the two counts is up to each client and gateway, and they differ.",
    remedy="Set the field in one place: in the application, or in what stands before it.",
    source="RFC 9110 section 5.3",
    breaks='ETag: "a" and ETag: "b" in one response',
    keeps="Set-Cookie, Link or Vary twice",
    clauses=always(Template("response.field_repeated.clause", "a field that is no list is sent once")),
    exercised=is_answered,
    check=_check_repeated,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=_at_field,
    covers=tuple((name, "sent once") for name in sorted(SINGLETONS)),
)

RULES = (SYNTAX, REPEATED)
