"""Batch ids as clients and attackers write them: plain, near a known one, spelled differently, hostile.

Every one has a stable name, the path segment exactly as it goes on the wire, and the id that the segment decodes to.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote_to_bytes

from hypothesis import strategies as st

from batch_conformance.exchange.exchange import BASE_PATH, Headers, Subject
from batch_conformance.probes.segment import decode_segment, encode_segment

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
"""Ids that every server, proxy and gateway lets through untouched."""

_LOWER, _UPPER, _DIGITS, _HEX = string.ascii_lowercase, string.ascii_uppercase, string.digits, "0123456789abcdef"
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEPARATORS = str.maketrans("-_", "_-")
_PARAMETER = re.compile(r"\{[^{}]*\}|[^{}]+")
_PREFIX = re.compile(r"[A-Za-z]{1,16}[_-]")

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)

_SAFE_BITS = 40
"""An id drawn from so many is nobody's but for one chance in a million, even where a million batches exist."""

_MAY_EXIST = frozenset({"last_dropped", "last_changed", "one_added", "without_prefix", "first_dropped", "doubled"})
"""Neighbours that are ids of the same kind: where ids are short, they may be those of other batches."""


@dataclass(frozen=True, slots=True)
class SpelledId:
    """An id with a stable name. ``segment`` is ASCII, as sent; ``batch_id`` is what it decodes to.

    ``crash_prone`` marks bytes that are known to kill real servers: broken percent escapes and invalid UTF-8.
    """

    name: str
    segment: str
    batch_id: str | None
    subject: Subject
    crash_prone: bool = False

    @property
    def plain(self) -> bool:
        """Whether it may be sent to a server that nobody allowed us to attack."""
        return not self.crash_prone and PLAIN.match(self.segment) is not None


def spell(name: str, segment: str) -> SpelledId:
    """The hostile id that an ASCII segment makes; dot segments (RFC 3986 section 5.2.4) are no id at all."""
    decoded = decode_segment(segment)
    if decoded in (".", ".."):
        return SpelledId(name, segment, decoded, "outside")
    return SpelledId(name, segment, decoded, "hostile", _is_crash_prone(segment))


def _is_crash_prone(segment: str) -> bool:
    if _BROKEN_ESCAPE.search(segment):
        return True
    try:
        unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return True
    return False


@dataclass(frozen=True, slots=True)
class IdShape:
    """The look of a service's ids: a prefix, then letters of an alphabet with separators in their places."""

    prefix: str
    alphabet: str
    body: tuple[str, ...]
    """One entry per character: a separator that stays, or an empty string for a letter to be drawn."""

    def strategy(self, change: int = 0) -> st.SearchStrategy[str]:
        """Ids of this shape, longer or shorter by ``change`` characters."""
        body = self.body + ("",) * change if change >= 0 else self.body[: max(1, len(self.body) + change)]
        parts = [st.just(mark) if mark else st.sampled_from(self.alphabet) for mark in body]
        return st.tuples(*parts).map(lambda letters: self.prefix + "".join(letters))


def learn_shape(known: Sequence[str]) -> IdShape:
    """The shape of the known ids; lacking any, ``batch_`` and ten lower-case letters, as in the vendor's examples."""
    sample = known[0] if known and known[0] else "batch_" + "x" * 10
    prefix = prefix_of(sample)
    bodies = [identifier.removeprefix(prefix) for identifier in known] or [sample.removeprefix(prefix)]
    letters = set("".join(bodies)) - set("-_.")
    separators = tuple(letter if letter in "-_." else "" for letter in sample.removeprefix(prefix))
    return IdShape(prefix, _alphabet(letters), separators if "" in separators else ("",) * 10)


def widened(shape: IdShape) -> IdShape:
    """The shape, longer where ids of it are so few that one drawn at random may well be somebody's."""
    lacking = math.ceil(_SAFE_BITS / math.log2(len(shape.alphabet))) - shape.body.count("")
    return replace(shape, body=shape.body + ("",) * max(0, lacking))


def prefix_of(identifier: str) -> str:
    """What stands before the first separator of an id, and the separator; empty where it is no word."""
    found = _PREFIX.match(identifier)
    return found.group() if found and len(identifier) > found.end() else ""


def is_uuid(identifier: str) -> bool:
    """Whether an id is a UUID: its letters are read in either case (RFC 9562 section 4)."""
    return _UUID.fullmatch(identifier) is not None


def is_inferable(known_id: str) -> bool:
    """Whether ids like this one are so few, as with numbers given out in turn, that a similar one may exist too."""
    shape = learn_shape([known_id])
    return widened(shape) != shape


def _alphabet(letters: set[str]) -> str:
    if letters <= set(_HEX) and letters & set(_DIGITS) and letters & set(_LOWER):
        return _HEX
    classes = [group for group in (_LOWER, _UPPER, _DIGITS) if letters & set(group)]
    return "".join(classes) or _LOWER


def unknown_strategies(known: Sequence[str]) -> dict[str, st.SearchStrategy[str]]:
    """Plain ids that nobody has, by name: of the learned shape first, then of shapes that other services use."""
    shape = widened(learn_shape(known))
    taken = {identifier.lower() for identifier in known}

    def free(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return strategy.filter(lambda identifier: identifier.lower() not in taken)

    def letters(alphabet: str, low: int, high: int | None = None) -> st.SearchStrategy[str]:
        return st.text(alphabet=alphabet, min_size=low, max_size=high or low)

    return {
        "same_shape": free(shape.strategy()),
        "one_shorter": free(shape.strategy(-1)),
        "one_longer": free(shape.strategy(+1)),
        "twice_as_long": free(shape.strategy(len(shape.body))),
        "uuid": st.uuids(version=4).map(str),
        "prefixed_uuid": st.uuids(version=4).map(lambda value: f"batch_{value}"),
        "prefixed_hex": letters(_HEX, 32).map(lambda text: f"batch_{text}"),
        "ulid": letters("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26),
        "number": st.integers(min_value=10**9, max_value=10**12).map(str),
        "letters": free(letters(_LOWER + _UPPER + _DIGITS, 6, 40)),
    }


def neighbours(known_id: str, known: Sequence[str]) -> tuple[SpelledId, ...]:
    """Ids that differ a little from a known one, none of them known itself."""
    found = _PREFIX.match(known_id)
    prefix = found.group() if found else ""
    changed = known_id[:-1] + ("b" if known_id.endswith("a") else "a")
    table = {
        "other_case": known_id.swapcase() if not is_uuid(known_id) else "",
        "last_dropped": known_id[:-1],
        "last_changed": changed,
        "one_added": known_id + "a",
        "without_prefix": known_id.removeprefix(prefix) if prefix else "",
        "prefix_only": prefix,
        "first_dropped": known_id[1:],
        "doubled": known_id + known_id,
        "json_suffix": known_id + ".json",
        "space_after": known_id + " ",
        "space_before": " " + known_id,
        "newline_after": known_id + "\n",
        "nul_after": known_id + "\0",
        "query_encoded": known_id + "?x=1",
        "fragment_encoded": known_id + "#x",
        "wildcard_after": known_id[: max(1, len(known_id) - 3)] + "*",
        "percent_after": known_id[: max(1, len(known_id) - 3)] + "%",
        "underscore_for_last": known_id[:-1] + "_",
        "dot_for_last": known_id[:-1] + ".",
        "other_separator": known_id.translate(_SEPARATORS),
        "comma_list": known_id + "," + known_id,
        "full_width": known_id[:-1] + chr(ord(known_id[-1]) + 0xFEE0) if "!" <= known_id[-1:] <= "~" else "",
    }
    if is_inferable(known_id):
        table = {name: text for name, text in table.items() if name not in _MAY_EXIST}
    taken = set(known)
    # Servers that cut path parameters off do so at a literal semicolon only.
    wire = {"path_parameter": encode_segment(known_id) + ";v=1"}
    segments = {name: encode_segment(text) for name, text in table.items() if text} | wire
    spelled = (SpelledId(name, segment, decode_segment(segment), "neighbour") for name, segment in segments.items())
    return tuple(one for one in spelled if one.batch_id not in taken)


def equivalents(known_id: str) -> tuple[SpelledId, ...]:
    """Other spellings that RFC 3986 section 6.2.2 calls the same: escaped unreserved characters, hex in either case."""
    upper = [f"%{byte:02X}" for byte in known_id.encode()]
    escaped_last = encode_segment(known_id[:-1]) + upper[-1]
    lowered = encode_segment(known_id[:-1]) + upper[-1].lower()
    middle = len(known_id) // 2
    inner = encode_segment(known_id[:middle]) + "".join(f"%{byte:02X}" for byte in known_id[middle].encode())
    table = {
        "first_escaped": "".join(f"%{byte:02X}" for byte in known_id[0].encode()) + encode_segment(known_id[1:]),
        "all_escaped": "".join(upper),
        "all_escaped_lower_hex": "".join(upper).lower(),
        "last_escaped": escaped_last if known_id.isascii() else "",
        "last_escaped_lower_hex": lowered if known_id.isascii() else "",
        "middle_escaped": inner + encode_segment(known_id[middle + 1 :]),
    }
    seen = {encode_segment(known_id)}
    found: list[SpelledId] = []
    for name, segment in table.items():
        if segment and segment not in seen:
            seen.add(segment)
            found.append(SpelledId(name, segment, known_id, "equivalent"))
    return tuple(found)


def outside(known_id: str | None) -> tuple[SpelledId, ...]:
    """Paths beside the operation: no id at all, or something after the id, which a lenient server may well overlook."""
    found = [SpelledId("empty_id", "", None, "outside")]
    if known_id:
        segment = encode_segment(known_id)
        found += [
            SpelledId("trailing_slash", f"{segment}/", known_id, "outside"),
            SpelledId("further_segment", f"{segment}/x", known_id, "outside"),
            SpelledId("dots_with_parameter", f"x/..;/{segment}", known_id, "outside"),
        ]
    return tuple(found)


def other_paths(template: str, parameter: str) -> dict[str, str]:
    """Templates that are not the operation's, and that lenient routers take for it: its case, a parameter before."""
    before, _, after = template.rpartition("{" + parameter + "}")
    parent = before.rstrip("/")
    found = {
        "case_of_path": _PARAMETER.sub(lambda fixed: fixed[0] if fixed[0][0] == "{" else fixed[0].swapcase(), parent),
        "parameter_before": f"{parent};v=1" if parent else parent,
    }
    place = "{" + parameter + "}"
    return {name: f"{path}/{place}{after}" for name, path in found.items() if path != parent}


def query_of(batch_id: str, parameter: str) -> str:
    """A query string that names an id under all the names that a handler may look for."""
    names = dict.fromkeys((parameter, "id", "batch_id", "batchId", "ids", "batch"))
    return "&".join(f"{quote(name, safe='')}={encode_segment(batch_id)}" for name in names)


def headers_of(batch_id: str, path: str) -> Headers:
    """Headers that name another path than the request line, or an id, under names that frameworks and handlers know."""
    paths = ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Envoy-Original-Path")
    ids = ("X-Batch-Id", "Batch-Id", "X-Resource-Id", "X-Id")
    return (*((name, BASE_PATH + path) for name in paths), *((name, encode_segment(batch_id)) for name in ids))


def traversals(known_id: str) -> tuple[SpelledId, ...]:
    """Encoded slashes and dots around a known id; the slash belongs to the id and must not walk to the batch."""
    segment = encode_segment(known_id)
    table = {
        "parent_then_known": f"..%2F{segment}",
        "sibling_then_known": f"x%2F..%2F{segment}",
        "known_then_slash": f"{segment}%2F",
        "known_then_parent": f"{segment}%2F..%2F{segment}",
        "dot_then_known": f".%2F{segment}",
        "escaped_dots_then_known": f"x%2F%2E%2E%2F{segment}",
        "backslash_then_known": f"x%5C..%5C{segment}",
        "double_encoded_then_known": f"x%252F..%252F{segment}",
        "slash_then_known": f"%2F{segment}",
    }
    return tuple(spell(name, text) for name, text in table.items())


_HOSTILE_TEXT: dict[str, str] = {
    "null_word": "null",
    "undefined_word": "undefined",
    "one": "1",
    "latest_word": "latest",
    "zero": "0",
    "minus_one": "-1",
    "true_word": "true",
    "nan_word": "NaN",
    "none_word": "None",
    "star": "*",
    "space": " ",
    "very_long": "b" * 2048,
    "sql_quote": "' OR '1'='1",
    "nul": "\0",
    "unicode_cjk": "批次任务",
    "template_braces": "{{7*7}}",
    "traversal_passwd": "../../../../etc/passwd",
    "script_tag": "<script>alert(1)</script>",
    "crlf_header": "x\r\nX-Injected: 1",
    "percent_word": "100%",
    "one_kilobyte": "k" * 1024,
    "eight_kilobytes": "e" * 8192,
    "unicode_nfc": "caf\u00e9",
    "unicode_nfd": "cafe\u0301",
    "emoji": "\U0001f4a9\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "slash": "/",
    "path_shaped": "/etc/hosts",
    "tab": "\t",
    "newline": "\n",
    "escape_control": "\x1b[31m",
    "delete_control": "\x7f",
    "c0_controls": "\x01\x02\x08\x1f",
    "c1_control": "\x85",
    "no_break_space": "\u00a0",
    "zero_width": "ba\u200btch",
    "byte_order_mark": "\ufeffbatch",
    "bidi_override": "\u202eabc",
    "combining_tower": "z" + "\u0301" * 40,
    "turkish_dotless": "\u0131\u0130",
    "non_character": "\uffff",
    "highest_code_point": "\U0010ffff",
    "sql_union": "x' UNION SELECT NULL--",
    "sql_comment": "1;--",
    "sql_wildcards": "%_%",
    "template_dollar": "${7*7}",
    "template_erb": "<%= 7*7 %>",
    "log4j": "${jndi:ldap://127.0.0.1/a}",
    "shell_substitution": "$(id)",
    "shell_pipe": "|id",
    "shell_backticks": "`id`",
    "format_string": "%s%n%x",
    "python_format": "{0.__class__}",
    "traversal_windows": "..\\..\\windows\\win.ini",
    "url_shaped": "http://127.0.0.1/",
    "file_url": "file:///etc/passwd",
    "ldap_filter": "*)(uid=*",
    "xpath": "' or ''='",
    "nosql_operator": '{"$ne":null}',
    "json_array": '["a"]',
    "xml_entity": "<!DOCTYPE a>",
    "quotes": "\"'",
    "backslash": "\\",
    "semicolon": ";",
    "matrix_parameter": "x;y=1",
    "at_sign": "user@host",
    "colon": ":",
    "plus_sign": "a+b",
    "ampersand": "a&b=c",
    "question_mark": "?",
    "hash": "#",
    "tilde": "~root",
    "dot_json": "x.json",
    "dot_git": ".git",
    "leading_dash": "--help",
    "huge_number": "9" * 40,
    "exponent": "1e400",
    "infinity_word": "Infinity",
    "proto_word": "__proto__",
    "constructor_word": "constructor",
    "list_word": "list",
    "cancel_word": "cancel",
    "health_word": "health",
    "me_word": "me",
    "new_word": "new",
    "first_word": "first",
    "last_word": "last",
    "current_word": "current",
    "default_word": "default",
    "all_word": "all",
    "any_word": "any",
    "self_word": "self",
    "nil_word": "nil",
    "int32_overflow": str(2**31),
    "int64_overflow": str(2**63),
    "uint64_overflow": str(2**64),
    "uint32_overflow": str(2**32),
    "int32_underflow": str(-(2**31) - 1),
    "int64_underflow": str(-(2**63) - 1),
    "float_inexact": str(2**53 + 1),
    "long_unicode": "\u6279" * 300,
}

WORDS = (
    ("null_word", "undefined_word", "latest_word", "list_word"),
    (
        *("true_word", "nan_word", "none_word", "nil_word", "health_word", "me_word", "new_word", "first_word"),
        *("last_word", "current_word", "default_word", "all_word", "any_word", "self_word", "cancel_word"),
        *("proto_word", "constructor_word", "infinity_word"),
    ),
)
"""Names of hostile ids that are words: those of any plan, and those to draw from."""

NUMBERS = (
    ("one", "zero", "minus_one", "int32_overflow", "int64_overflow"),
    (
        *("uint64_overflow", "uint32_overflow", "int32_underflow", "int64_underflow", "float_inexact"),
        *("huge_number", "exponent"),
    ),
)
"""Names of hostile ids that are numbers: those of any plan, and those to draw from."""

ON_KNOWN = frozenset(
    {
        *("space", "tab", "newline", "no_break_space", "c1_control", "escape_control", "delete_control", "c0_controls"),
        *("zero_width", "byte_order_mark", "bidi_override", "combining_tower", "unicode_nfc", "unicode_nfd"),
        *("double_encoded_slash", "double_encoded_nul", "double_encoded_percent", "utf8_overlong_slash"),
        *("escape_unicode", "percent_word", "template_braces", "template_dollar", "template_erb"),
    }
)
"""Hostile ids of which other requests show as much and more: ``spellings`` of a known id, and expressions."""

_HOSTILE_WIRE: dict[str, str] = {
    "double_encoded_slash": "x%252Fy",
    "double_encoded_nul": "x%2500",
    "double_encoded_percent": "%2525",
    "encoded_upper_dots": "%2E%2E%2Fx",
    "raw_sub_delimiters": "a!$&'()*+,;=:@b",
    "raw_semicolon_parameter": "x;v=1",
    "raw_semicolon_first": ";v=1",
}

_DOT_SEGMENTS: dict[str, str] = {
    "one_dot": ".",
    "two_dots": "..",
    "two_dots_escaped": "%2E%2E",
    "two_dots_escaped_lower_hex": "%2e%2e",
    "one_dot_escaped": "%2e",
}

_CRASH_PRONE: dict[str, str] = {
    "escape_not_hex": "%zz",
    "utf8_invalid_byte": "%FF",
    "escape_alone": "%",
    "utf8_overlong_slash": "%C0%AF",
    "escape_cut": "%a",
    "utf8_cut": "%E6%89",
    "escape_cut_inside": "x%ay",
    "utf8_lone_continuation": "%80",
    "escape_unicode": "%u0041",
    "utf8_surrogate": "%ED%A0%80",
    "utf8_beyond_unicode": "%F4%90%80%80",
    "latin1_letter": "caf%E9",
}


def hostile_table() -> tuple[SpelledId, ...]:
    """The hand-written hostile ids, the most telling first, kinds mixed so that any beginning of it has many."""
    text = [spell(name, encode_segment(value)) for name, value in _HOSTILE_TEXT.items()]
    others = [[spell(*entry) for entry in table.items()] for table in (_CRASH_PRONE, _DOT_SEGMENTS, _HOSTILE_WIRE)]
    return tuple(_mixed([text, *others]))


def _mixed(tables: Sequence[Sequence[SpelledId]]) -> Iterator[SpelledId]:
    """All entries, each table spread evenly over the whole."""
    placed = [
        ((index + 1) / (len(table) + 1), number, entry)
        for number, table in enumerate(tables)
        for index, entry in enumerate(table)
    ]
    return (entry for _, _, entry in sorted(placed, key=lambda item: item[:2]))


def hostile_strategies(known: Sequence[str]) -> dict[str, st.SearchStrategy[SpelledId]]:
    """Endless hostile ids by name, for what no table thinks of."""
    taken = {encode_segment(identifier) for identifier in known}
    texts: dict[str, st.SearchStrategy[str]] = {
        "any_text": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
        "controls": st.text(alphabet=[chr(code) for code in (*range(32), *range(127, 160))], min_size=1, max_size=12),
        "punctuation": st.text(alphabet=string.punctuation + " ", min_size=1, max_size=20),
        "beyond_basic_plane": st.text(st.characters(min_codepoint=0x10000), min_size=1, max_size=12),
        "any_length": st.integers(min_value=65, max_value=4000).map(lambda length: "l" * length),
        "combining": st.text(st.characters(categories=("Mn", "Mc", "Lo")), min_size=2, max_size=20),
    }

    def named(name: str, strategy: st.SearchStrategy[str]) -> st.SearchStrategy[SpelledId]:
        return strategy.filter(lambda segment: segment not in taken).map(lambda segment: spell(name, segment))

    segments = {name: strategy.map(encode_segment) for name, strategy in texts.items()}
    segments["any_bytes"] = st.binary(min_size=1, max_size=12).map(
        lambda raw: "".join(f"%{byte:02X}" for byte in raw),
    )
    segments["any_escapes"] = st.text(alphabet="%0123456789abcdefxz", min_size=2, max_size=12)
    return {name: named(name, strategy) for name, strategy in segments.items()}
