"""Messages: rendered in every language, masked by type, and a catalogue that is whole."""

from __future__ import annotations

import json
import pickle
import re
from itertools import cycle, islice

import catalogue
import polib
import pytest

from batch_conformance import message
from batch_conformance.message import (
    Count,
    Listing,
    Message,
    Noun,
    Private,
    Template,
    argument_names,
)
from batch_conformance.message_json import as_json, from_json
from batch_conformance.report.language import CHINESE, ENGLISH, LANGUAGES

CANARY = "canary-4711"
FOUND = Template("test.found", "found {what}")
SEEN = Template("test.seen", "{value}, {years} years from now")
BRACES = Template("test.braces", "an object such as {{}} of {type}")
NOUN = Noun("finding", "{n} finding", "{n} findings")
ARGUMENTS = (
    "created_at",
    7,
    1.5,
    Private(f'"{CANARY}"', "string"),
    Private(CANARY),
    FOUND(what=Private(CANARY, "integer")),
    Listing(("a", Private(CANARY), FOUND(what="b")), "or"),
    Count(1204, NOUN),
)
HOW_TO = "run `python tests/catalogue.py`, then translate what it lists in batch_conformance/locale/zh_CN.po"


def _templates() -> list[Template]:
    others = ("source", "suite", "rule.")
    return [
        Template(text.context, text.english)
        for text in catalogue.extracted()
        if text.context and not text.plural and not text.context.startswith(others)
    ]


def _filled(template: Template, start: int = 0) -> Message:
    names = sorted(argument_names(template.english))
    return template(**dict(zip(names, islice(cycle(ARGUMENTS), start, None), strict=False)))


def test_the_catalogue_has_every_text_and_no_other() -> None:
    wanted, known = {text.key for text in catalogue.extracted()}, catalogue.entries()
    assert sorted(wanted - known.keys()) == [], HOW_TO
    assert sorted(known.keys() - wanted) == [], HOW_TO


def test_every_text_is_translated_and_none_is_marked_as_changed() -> None:
    lacking = [entry.msgid for entry in catalogue.entries().values() if not entry.translated()]
    assert lacking == [], HOW_TO


def test_what_is_put_into_a_text_is_put_into_its_translation() -> None:
    for entry in catalogue.entries().values():
        for told in (entry.msgstr, *entry.msgstr_plural.values()):
            if told and entry.msgctxt not in ("source", "suite") and not str(entry.msgctxt).startswith("rule."):
                assert argument_names(told) == argument_names(entry.msgid), entry.msgid


def test_an_id_is_of_one_text() -> None:
    contexts = [text.context for text in catalogue.extracted() if text.context not in (None, "source", "suite")]
    assert sorted(contexts) == sorted(set(contexts))


def test_a_changed_english_is_noticed(tmp_path) -> None:
    changed = tmp_path / "zh_CN.po"
    old = polib.pofile(catalogue.CHINESE.read_text("utf-8"))
    entry = next(entry for entry in old if entry.msgctxt == "listing.or")
    entry.msgid = "{first} or else {second}"
    changed.write_text(str(old), "utf-8")
    catalogue.update(changed)
    fuzzy = [entry for entry in catalogue.entries(changed).values() if entry.fuzzy]
    assert [(entry.msgctxt, entry.msgid, entry.msgstr) for entry in fuzzy] == [
        ("listing.or", "{first} or {second}", "{first} 或 {second}")
    ]
    assert fuzzy[0].previous_msgid == "{first} or else {second}"


def test_the_catalogue_is_as_its_tool_writes_it(tmp_path) -> None:
    written = tmp_path / "zh_CN.po"
    written.write_text(catalogue.CHINESE.read_text("utf-8"), "utf-8")
    catalogue.update(written)
    assert written.read_text("utf-8") == catalogue.CHINESE.read_text("utf-8"), HOW_TO


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_every_template_renders_with_arguments_of_every_type(language) -> None:
    for template in _templates():
        for start in range(len(ARGUMENTS)):
            told = _filled(template, start)
            shown = language.render(told)
            assert "\n" not in shown, template.id
            assert CANARY not in language.render(told.masked())
            assert CANARY not in json.dumps(as_json(told.masked()))
            if start == 3 and argument_names(template.english):
                assert CANARY in shown, template.id


def test_a_missing_or_superfluous_argument_raises_at_once() -> None:
    for wrong in ({}, {"value": 1}, {"value": 1, "years": 2, "more": 3}):
        with pytest.raises(TypeError, match=r"test\.seen takes"):
            SEEN(**wrong)


def test_messages_are_values() -> None:
    one = SEEN(value=Private("7", "integer"), years=3)
    assert one == SEEN(years=3, value=Private("7", "integer"))
    assert len({one, pickle.loads(pickle.dumps(one)), SEEN(value="8", years=3)}) == 2
    assert str(one) == one.english == "integer 7, 3 years from now"


def test_masking_keeps_the_type_and_drops_the_text() -> None:
    assert str(FOUND(what=Private('"x"', "string")).masked()) == "found string [masked]"
    assert str(FOUND(what=Private('"x"')).masked()) == "found [masked]"
    assert CHINESE.render(SEEN(value=Private('"x"', "string"), years=2).masked()).startswith("字符串 [masked]")


def test_listings_and_counts_are_rendered_in_the_language() -> None:
    told = FOUND(what=Listing(("a", Count(2, NOUN), message.type_named("null")), "or"))
    assert ENGLISH.render(told) == "found a, 2 findings or null"
    assert CHINESE.render(told) == "found a、2 项发现 或 null"
    assert (str(FOUND(what=Listing(()))), str(FOUND(what=Listing(("a",), "and")))) == ("found ", "found a")
    assert str(FOUND(what=Count(1, NOUN))) == "found 1 finding"


def test_what_came_from_elsewhere_is_one_printable_line_and_is_never_a_format() -> None:
    assert str(FOUND(what="{x}\n\x1b[31m{0.__class__}\ud800")) == "found {x}\\n\\x1b[31m{0.__class__}\\ud800"
    assert str(BRACES(type="{}")) == "an object such as {} of {}"


def test_what_machines_read_has_the_english_the_id_and_the_arguments() -> None:
    told = SEEN(value=FOUND(what=Private("7", "integer")), years=3)
    assert as_json(told) == {
        "text": "found integer 7, 3 years from now",
        "id": "test.seen",
        "arguments": {
            "value": {
                "text": "found integer 7",
                "id": "test.found",
                "arguments": {"what": {"type": "integer", "value": "7"}},
            },
            "years": 3,
        },
    }  # fmt: skip
    assert json.loads(json.dumps(as_json(_filled(FOUND, 7)))) == as_json(_filled(FOUND, 7))


def test_a_message_that_was_written_down_is_read_again_and_rendered_in_any_language() -> None:
    for argument in ARGUMENTS:
        told = FOUND(what=argument)
        again = from_json(json.loads(json.dumps(as_json(told))))
        assert str(again) == str(told)
        assert again.arguments == told.arguments
    typed = from_json({"text": "long ago {x}", "id": "time.moment", "arguments": {"time": 1, "clock": "noon"}})
    assert (str(typed), CHINESE.render(typed)) == ("long ago {x}", "1（noon）")


def test_a_message_of_another_version_is_told_as_it_was_written() -> None:
    old = {"text": "as it was", "id": "time.moment", "arguments": {"when": 1}}
    assert CHINESE.render(from_json(old)) == "as it was"
    unknown = {"text": "as it was", "id": "no.such", "arguments": {"when": 1}}
    assert CHINESE.render(from_json(unknown)) == "as it was"


@pytest.mark.parametrize("value", ["text", 7, None, [], {}, {"text": 1}, {"arguments": [], "id": "x", "text": "y"}])
def test_what_is_no_message_is_shown_as_it_is(value) -> None:
    assert str(from_json(value)) == str(value)


def test_messages_inside_messages_are_read_to_a_depth() -> None:
    deep = {"text": "x", "id": "test.found", "arguments": {}}
    for _ in range(500):
        deep = {"text": "x", "id": "test.found", "arguments": {"what": deep}}
    assert str(from_json(deep)) == "x"


def test_a_secret_is_taken_out_of_every_argument() -> None:
    for argument in ARGUMENTS:
        told = FOUND(what=argument).mapped(lambda text: text.replace(CANARY, "***"))
        assert CANARY not in json.dumps(as_json(told))


def test_ids_are_words_joined_by_dots() -> None:
    for text in catalogue.extracted():
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+|source|suite|[a-z ]+", text.context or "source"), text
