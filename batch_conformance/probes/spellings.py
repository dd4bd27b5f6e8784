"""Spellings of a known id that are not the id: by family, the most telling of each always, others drawn by seed.

A server that strips, folds, decodes or cuts ids before it looks them up answers one of them with the batch. A made-up
id with the same letters in it would not show that, so what is odd about an id is asked for on one that exists.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from batch_conformance.probes.batch_ids import PLAIN, SpelledId, is_inferable, is_uuid, prefix_of, spell
from batch_conformance.probes.segment import decode_segment, encode_segment

_CYRILLIC = str.maketrans("aceopxyijshABCEHKMOPTX", "асеорхуіјѕһАВСЕНКМОРТХ")
_GREEK = str.maketrans("aonvpABEZHIKMNOPTYX", "αοηνρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_FOLDED = {"s": "\u017f", "k": "\u212a", "S": "\u017f", "K": "\u212a", "i": "\u0131", "I": "\u0131"}
"""Letters that become the plain ones when their case is changed (Unicode, CaseFolding.txt and SpecialCasing.txt)."""
_ZERO_O, _ONE_L = str.maketrans("0oO", "O00"), str.maketrans("1lIi", "l111")
_SHAPES = str.maketrans("5Ss2Zz8B", "S55Z22B8")
_ULID_LETTERS = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_LENGTH_OF_ULID = 26

_FEW = frozenset(
    {
        *("body_case", "first_case", "zero_for_o", "one_for_l", "shape_for_shape", "zero_after_prefix"),
        *("first_changed", "middle_changed", "half", "two_dropped", "word_added"),
    }
)
"""Spellings that are ids of the same kind: where ids are few, they may be those of other batches."""


@dataclass(frozen=True, slots=True)
class Family:
    """Spellings of one kind, as they go on the wire, by name: those that are ``always`` asked for, and ``others``.

    Of the others ``drawn`` are asked for, which ones depends on the seed.
    """

    name: str
    always: Mapping[str, str]
    others: Mapping[str, str]
    drawn: int


def families(known_id: str, *, numbers: bool = False) -> tuple[Family, ...]:
    """All families of spellings of a known id; which there are does not depend on the id, what is in them does.

    ``numbers`` says that the document has numbers for ids: then a number may be written in several ways.
    """
    return tuple(
        Family(name, _present(always, known_id), _present(others, known_id), drawn)
        for name, drawn, make in _FAMILIES
        if not (numbers and make is _zeros)
        for always, others in [make(known_id)]
    )


def spellings(known_id: str, known: Sequence[str], *, numbers: bool = False) -> tuple[SpelledId, ...]:
    """All spellings of all families, none of them another known id."""
    seen = {encode_segment(known_id)}
    found = []
    for family in families(known_id, numbers=numbers):
        for name, segment in {**family.always, **family.others}.items():
            if segment not in seen and decode_segment(segment) not in known:
                seen.add(segment)
                found.append(_spelled(name, segment))
    return tuple(found)


def chosen_names(
    known: Sequence[str], seed: int | None, *, numbers: bool = False, plain: bool = False
) -> tuple[str, ...]:
    """The names of the spellings that a plan has: those that are always asked for, and those that are drawn.

    ``plain`` says that only ids are sent that every server lets through.
    """

    def sendable(table: Mapping[str, str]) -> list[str]:
        return [name for name, segment in table.items() if not plain or PLAIN.match(segment)]

    names: list[str] = []
    for alike in zip(*(families(known_id, numbers=numbers) for known_id in known), strict=True):
        names += dict.fromkeys(name for family in alike for name in sendable(family.always))
        others = list(dict.fromkeys(name for family in alike for name in sendable(family.others)))
        drawn = Random(f"{seed}/{alike[0].name}").sample(others, min(alike[0].drawn, len(others)))
        names += sorted(drawn, key=others.index)
    return tuple(names)


def _spelled(name: str, segment: str) -> SpelledId:
    return SpelledId(name, segment, decode_segment(segment), "neighbour", spell(name, segment).crash_prone)


def _present(table: Mapping[str, str], known_id: str) -> dict[str, str]:
    few = is_inferable(known_id)
    usual = encode_segment(known_id)
    return {
        name: segment for name, segment in table.items() if segment not in ("", usual) and not (few and name in _FEW)
    }


_Tables = tuple[dict[str, str], dict[str, str]]


def _encoded(**texts: str) -> dict[str, str]:
    return {name: encode_segment(text) for name, text in texts.items() if text}


def _halves(known_id: str) -> tuple[str, str]:
    middle = len(known_id) // 2
    return known_id[:middle], known_id[middle:]


def _invisible(known_id: str) -> _Tables:
    """Letters that nobody sees, Unicode's category Cf: stripped before, after and inside of ids."""
    first, rest = _halves(known_id)
    return _encoded(
        zero_width_inside=f"{first}\u200b{rest}",
        byte_order_mark_before=f"\ufeff{known_id}",
        soft_hyphen_inside=f"{first}\u00ad{rest}",
    ), _encoded(
        zero_width_after=f"{known_id}\u200b",
        byte_order_mark_after=f"{known_id}\ufeff",
        joiner_inside=f"{first}\u200d{rest}",
        non_joiner_inside=f"{first}\u200c{rest}",
        word_joiner_inside=f"{first}\u2060{rest}",
        left_to_right_before=f"\u200e{known_id}",
        bidi_override_before=f"\u202e{known_id}",
        variation_selector_after=f"{known_id}\ufe0f",
        tag_after=f"{known_id}\U000e0041",
    )  # fmt: skip


def _accents(known_id: str) -> _Tables:
    """Accents: collations without regard to them, and code that takes them off."""
    first, rest = _halves(known_id)
    return _encoded(
        accent_composed=_first_changed(known_id, _accented),
        accent_combining=f"{first}\u0301{rest}",
    ), _encoded(
        accent_tower=f"{known_id}" + "\u0301" * 40,
        diaeresis=_first_changed(known_id[::-1], lambda letter: _accented(letter, "\u0308"))[::-1],
    )  # fmt: skip


def _look_alikes(known_id: str) -> _Tables:
    """Letters that look the same, or that become the same: homoglyphs, case folding, compatibility (NFKC)."""
    return _encoded(
        cyrillic=_first_changed(known_id, lambda letter: letter.translate(_CYRILLIC)),
        folded_letter=_first_changed(known_id, lambda letter: _FOLDED.get(letter, letter)),
    ), _encoded(
        cyrillic_all=known_id.translate(_CYRILLIC),
        greek=_first_changed(known_id, lambda letter: letter.translate(_GREEK)),
        circled=_first_changed(known_id, lambda letter: _moved(letter, 0x24D0, 0x24B6)),
        mathematical=_first_changed(known_id, lambda letter: _moved(letter, 0x1D41A, 0x1D400)),
        full_width_all="".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in known_id),
    )  # fmt: skip


def _case(known_id: str) -> _Tables:
    """Case of a part; a UUID's letters have no case (RFC 9562 section 4), nor has a ULID's."""
    if is_uuid(known_id) or _is_ulid(known_id):
        return {}, {}
    prefix = prefix_of(known_id)
    body = known_id.removeprefix(prefix)
    return _encoded(
        prefix_case=prefix.swapcase() + body if prefix else "",
        body_case=prefix + body.swapcase(),
    ), _encoded(first_case=known_id[:1].swapcase() + known_id[1:])  # fmt: skip


def _escapes(known_id: str) -> _Tables:
    """The first letter escaped once too often, too long (RFC 3629 section 3), or as another syntax has it."""
    letter, rest = known_id[:1], known_id[1:]
    if not letter.isascii():
        return {}, {}
    code, after = ord(letter), encode_segment(rest)
    tail = f"%{0x80 | code & 0x3F:02X}"
    return {
        "double_encoded": f"%25{code:02X}{after}",
        "overlong": f"%{0xC0 | code >> 6:02X}{tail}{after}",
        "escape_u": f"%u{code:04x}{after}",
    }, {
        "double_encoded_all": "".join(f"%25{byte:02X}" for byte in known_id.encode()),
        "triple_encoded": f"%2525{code:02X}{after}",
        "overlong_of_three": f"%E0%{0x80 | code >> 6:02X}{tail}{after}",
        "escape_u_encoded": f"%25u{code:04x}{after}",
        **_encoded(
            json_escape=f"\\u{code:04x}{rest}",
            hex_escape=f"\\x{code:02x}{rest}",
            html_decimal=f"&#{code};{rest}",
            html_hex=f"&#x{code:x};{rest}",
            quoted_printable=f"={code:02X}{rest}",
        ),
    }


def _wildcards(known_id: str) -> _Tables:
    """Wildcards of LIKE, globs and regular expressions in the place of a part."""
    cut, prefix = max(1, min(3, len(known_id) - 1)), prefix_of(known_id)
    last = known_id[-1:]
    return _encoded(
        question_for_last=known_id[:-1] + "?",
        class_for_last=f"{known_id[:-1]}[{last}]",
    ), _encoded(
        percent_before="%" + known_id[cut:],
        star_inside=known_id[: len(prefix) + 1] + "*" + known_id[len(prefix) + 3 :],
        star_before="*" + known_id[cut:],
        percent_inside=known_id[: len(prefix) + 1] + "%" + known_id[len(prefix) + 3 :],
        star_after_prefix=prefix + "*" if prefix else "",
        percent_after_prefix=prefix + "%" if prefix else "",
        underscore_for_first="_" + known_id[1:],
        dot_star=known_id[: max(1, len(known_id) - 3)] + ".*",
        anchored=f"^{known_id}$",
        alternatives=f"{known_id}|x",
        braces=f"{{{known_id},x}}",
    )  # fmt: skip


def _parameters(known_id: str) -> _Tables:
    """Path parameters: an encoded semicolon is data of the segment (RFC 3986 section 2.2), and never one of them."""
    segment = encode_segment(known_id)
    return {"semicolon_encoded": f"{segment}%3Bv=1"}, {
        "semicolon_alone": f"{segment};",
        "session_parameter": f"{segment};jsessionid=1",
    }


def _endings(known_id: str) -> _Tables:
    return _encoded(dot_after=f"{known_id}."), _encoded(dots_after=f"{known_id}..", xml_suffix=f"{known_id}.xml")


def _comments(known_id: str) -> _Tables:
    """Comments of SQL and of programming languages, and what comes before them in an injection (CWE-89)."""
    first, rest = _halves(known_id)
    return _encoded(
        dashes_after=f"{known_id}--x",
        comment_inside=f"{first}/**/{rest}",
        quote_and_comment=f"{known_id}' -- ",
    ), _encoded(
        comment_after=f"{known_id}/**/",
        quote_or=f"{known_id}' OR '1'='1",
        slashes_after=f"{known_id}//x",
        quote_and_hash=f"{known_id}'#",
        semicolon_and_comment=f"{known_id};--",
        markup_comment=f"{known_id}<!--x-->",
        quotes_joined=f"{first}''{rest}",
    )  # fmt: skip


def _zeros(known_id: str) -> _Tables:
    """Zeros in front, and of ids that are numbers other ways to write a number."""
    prefix = prefix_of(known_id)
    body = known_id.removeprefix(prefix)
    number = body if body.isascii() and body.isdigit() else ""
    return _encoded(
        zero_before=f"0{known_id}",
        zero_after_prefix=f"{prefix}0{body}" if prefix else "",
        plus_sign=f"{prefix}+{number}" if number else "",
    ), _encoded(
        point_zero=f"{known_id}.0" if number else "",
        digits_grouped=f"{prefix}{number[:1]}_{number[1:]}" if len(number) > 1 else "",
        arabic_digits=prefix + number.translate({ord("0") + n: 0x660 + n for n in range(10)}) if number else "",
        exponent_added=f"{known_id}e0" if number else "",
    )  # fmt: skip


def _confusables(known_id: str) -> _Tables:
    """Letters and digits that people take for each other; a ULID's decoder may take them so (Crockford's Base32)."""
    if _is_ulid(known_id):
        return {}, {}
    return _encoded(
        zero_for_o=_last_changed(known_id, _ZERO_O),
        one_for_l=_last_changed(known_id, _ONE_L),
    ), _encoded(shape_for_shape=_last_changed(known_id, _SHAPES))  # fmt: skip


def _lengths(known_id: str) -> _Tables:
    """Parts of an id that is there, and ids around it."""
    prefix = prefix_of(known_id)
    body = known_id.removeprefix(prefix)
    middle = len(prefix) + len(body) // 2
    return _encoded(other_prefix=f"task{prefix[-1]}{body}" if prefix else f"batch_{known_id}"), _encoded(
        first_changed=prefix + _other(body[:1]) + body[1:],
        middle_changed=known_id[:middle] + _other(known_id[middle : middle + 1]) + known_id[middle + 1 :],
        half=known_id[:middle] if middle > len(prefix) else "",
        two_dropped=known_id[:-2],
        word_added=f"{known_id}-copy",
        separators_dropped="" if is_uuid(known_id) else known_id.replace("-", "").replace("_", ""),
    )  # fmt: skip


def _white_space(known_id: str) -> _Tables:
    """Space of several kinds around an id, and a plus, which is a space in forms alone."""
    first, rest = _halves(known_id)
    plus = {"plus_after": f"{encode_segment(known_id)}+"}
    return _encoded(tab_before=f"\t{known_id}", no_break_space_after=f"{known_id}\u00a0") | plus, _encoded(
        ideographic_space_before=f"\u3000{known_id}",
        next_line_after=f"{known_id}\u0085",
        carriage_return_after=f"{known_id}\r",
        vertical_tab_after=f"{known_id}\v",
        line_separator_after=f"{known_id}\u2028",
        space_inside=f"{first} {rest}",
        newline_before=f"\n{known_id}",
    )  # fmt: skip


def _controls(known_id: str) -> _Tables:
    """Control characters: stripped, or taken for an end."""
    first, rest = _halves(known_id)
    return _encoded(nul_inside=f"{first}\0{rest}"), _encoded(
        nul_before=f"\0{known_id}",
        nul_and_more=f"{known_id}\0x",
        backspace_inside=f"{first}x\b{rest}",
        delete_inside=f"{first}\x7f{rest}",
        escape_after=f"{known_id}\x1b[0m",
        unit_separator_after=f"{known_id}\x1f",
        start_of_heading_before=f"\x01{known_id}",
    )  # fmt: skip


def _quotes(known_id: str) -> _Tables:
    """Quotes and brackets, which are taken off where a value is unpacked once too often."""
    return _encoded(double_quotes=f'"{known_id}"'), _encoded(
        single_quotes=f"'{known_id}'",
        brackets=f"[{known_id}]",
        json_list=f'["{known_id}"]',
        curly_brackets=f"{{{known_id}}}",
        angle_brackets=f"<{known_id}>",
        round_brackets=f"({known_id})",
        backquotes=f"`{known_id}`",
        backslash_before=f"\\{known_id}",
    )  # fmt: skip


def _before(known_id: str) -> _Tables:
    """Marks and names before an id, of syntaxes in which a name follows them: URNs, handles, fragments."""
    marks = {"at": "@", "hash": "#", "dollar": "$", "exclamation": "!", "plus": "+", "tilde": "~"}
    others = {f"{name}_before": f"{mark}{known_id}" for name, mark in marks.items()}
    return _encoded(colon_before=f"x:{known_id}"), _encoded(
        **others, urn=f"urn:batch:{known_id}", dot_before=f".{known_id}"
    )


def _whole(known_id: str) -> _Tables:
    """The whole id in another encoding: of global ids, of URLs that must not show it."""
    octets = known_id.encode()
    return _encoded(base64=base64.b64encode(octets).decode()), _encoded(
        hexadecimal=octets.hex(), reversed=known_id[::-1]
    )


def _marks(known_id: str) -> _Tables:
    """Marks that other syntaxes end a name with: verbs of gRPC, versions, formats, lists."""
    marks = {
        "at": "@",
        "tilde": "~",
        "greater": ">",
        "ampersand": "&",
        "equals": "=",
        "exclamation": "!",
        "dollar": "$",
    }
    others = {f"{name}_after": f"{known_id}{mark}x" for name, mark in marks.items()}
    return _encoded(colon_after=f"{known_id}:x"), _encoded(**others, comma_after=f"{known_id},x", caret=f"{known_id}^x")


def _first_changed(text: str, change: Callable[[str], str]) -> str:
    """The text with the first letter changed that a change makes another one of; empty where there is none."""
    for place, letter in enumerate(text):
        if (changed := change(letter)) != letter:
            return text[:place] + changed + text[place + 1 :]
    return ""


def _last_changed(text: str, table: Mapping[int, object]) -> str:
    """The text with the last letter of a table changed, that of a prefix only where there is no other."""
    changed = _first_changed(text[::-1], lambda letter: letter.translate(table))  # type: ignore[arg-type]
    return changed[::-1]


def _accented(letter: str, mark: str = "\u0301") -> str:
    """The one letter that a letter and an accent are composed to; the letter itself where there is none."""
    composed = unicodedata.normalize("NFC", letter + mark)
    return composed if len(composed) == 1 else letter


def _moved(letter: str, lower: int, upper: int) -> str:
    if "a" <= letter <= "z":
        return chr(lower + ord(letter) - ord("a"))
    return chr(upper + ord(letter) - ord("A")) if "A" <= letter <= "Z" else letter


def _other(letter: str) -> str:
    return "7" if letter.isdigit() and letter != "7" else "a" if letter != "a" else "b"


def _is_ulid(known_id: str) -> bool:
    return len(known_id) == _LENGTH_OF_ULID and set(known_id.upper()) <= _ULID_LETTERS


_FAMILIES: tuple[tuple[str, int, Callable[[str], _Tables]], ...] = (
    ("invisible", 1, _invisible),
    ("accents", 0, _accents),
    ("look_alikes", 1, _look_alikes),
    ("case", 0, _case),
    ("escapes", 1, _escapes),
    ("wildcards", 0, _wildcards),
    ("parameters", 0, _parameters),
    ("endings", 0, _endings),
    ("comments", 0, _comments),
    ("zeros", 0, _zeros),
    ("confusables", 0, _confusables),
    ("lengths", 0, _lengths),
    ("white_space", 0, _white_space),
    ("controls", 1, _controls),
    ("quotes", 0, _quotes),
    ("marks", 1, _marks),
    ("before", 1, _before),
    ("whole", 0, _whole),
)
"""Each family: its name, how many of its others are drawn, and what makes it."""
