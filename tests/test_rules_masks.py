"""What stands for a value that is not shown, what stands for none, and what a text is by its name and its marks."""

from __future__ import annotations

from batch_conformance.rules.masks import is_mask, is_masked_segment
from batch_conformance.rules.name_patterns import is_for_people, is_id, is_reference, malformed
from batch_conformance.rules.unset import FOR_UNSET, IDS_FOR_UNSET, WORDS_FOR_UNSET, stands_for_unset

MASKS = (
    "redacted", "[REDACTED]", "<masked>", "hidden", "filtered", "scrubbed", "sanitized", "anonymized", "***", "sk-***",
    "***abc", "a" * 16 + "***" + "b" * 16, "*", "**", "xxx", "XXXX", "batch_xxx", "file-XXX",
)  # fmt: skip
VALUES = ("", "batch_a", "xx", "a*", "a**b", "redacted batch", "batch_xxxa", "a" * 17 + "***", "_xxx", "xxx_")
TEMPLATES = ("{batch_id}", "{ID}", ":id", ":batchId", ":", "<id>", "<int:id>", "<batch_id>", "[id]")
NAMES = ("batch_a", "{a b}", ":name", "<a b>", "<:id>", "[a-b]", "{}", "[" + "a" * 41 + "]")


def told(pointer: str, *texts: str) -> list[str]:
    return [malformed(pointer, text) for text in texts]


def test_a_mask_is_told_from_a_value() -> None:
    assert [text for text in MASKS if not is_mask(text)] == []
    assert [text for text in (*VALUES, *TEMPLATES) if is_mask(text) and text != ":"] == []
    assert is_mask("*" * 60)
    assert not is_mask("*" * 61)


def test_a_segment_is_masked_by_a_mask_or_by_the_parameter_of_a_route() -> None:
    assert [text for text in (*MASKS, *TEMPLATES) if not is_masked_segment(text) and text != ":"] == []
    assert [text for text in (*VALUES, *NAMES) if is_masked_segment(text)] == []
    assert [is_masked_segment(one) for one in (":ID", ":Batch_Id", "<INT:ID>")] == [True] * 3


def test_what_stands_for_no_value_is_a_text_of_the_list() -> None:
    assert [stands_for_unset(one) for one in ("null", "-1", "")] == [True] * 3
    assert [stands_for_unset(one) for one in (None, -1, 0, "batch_a", " ", "Null", [])] == [False] * 7
    assert sorted(WORDS_FOR_UNSET) == [
        "(null)", "<nil>", "<no value>", "<null>", "NULL", "NaN", "None", "nil", "null", "undefined",
    ]  # fmt: skip
    assert sorted(IDS_FOR_UNSET) == [
        "-", "-1", "0", "00000000-0000-0000-0000-000000000000", "0" * 32, "N/A", "NONE", "[]", "n/a", "none", "{}",
    ]  # fmt: skip
    assert WORDS_FOR_UNSET | IDS_FOR_UNSET | {""} == FOR_UNSET


def test_an_id_and_an_address_are_known_by_their_names() -> None:
    ids = ["/id", "/input_file_id", "/data/id", "/batchId", "/batchID", "/output_file", "/a/b_file"]
    assert [name for name in ids if not is_id(name)] == []
    assert [name for name in ("/valid", "/ID", "/identity", "id", "/file", "/url") if is_id(name)] == []
    addresses = ["/url", "/file_url", "/data/uri", "/downloadUrl", "/a/fileUri", "/fileURL"]
    assert [name for name in (*ids, *addresses) if not is_reference(name)] == []
    assert [name for name in ("/URL", "/curl", "/endpoint", "/url_of") if is_reference(name)] == []
    people = ["/detail", "/details", "/error/message", "/status_reason", "/description", "/note", "/fail_notes"]
    people += ["/error", "/last_error", "/errors", "/title", "/failureReason", "/job/errorMessage", "/lastError"]
    assert [name for name in people if not is_for_people(name)] == []
    assert [
        name
        for name in ("/messages", "/noted", "/id", "/error_file_id", "/errorFileId", "/error_file", "/error_code")
        if is_for_people(name)
    ] == []


def test_what_was_written_into_a_name_by_mistake_is_told_by_its_kind() -> None:
    assert told("/id", " a", "a ", "a\t") == ["padded"] * 3
    assert told("/id", "a\x00b", "a\u200bb") == ["control"] * 2
    assert told("/id", "a&amp;b", "a&#39;b") == ["markup"] * 2
    assert told("/x", "{{ id }}", "${file.id}", "#{id}", "<%= id %>", "%(id)s", "%s", "<batch-id>") == ["template"] * 7
    assert told("/x", "<x at 0x7f0000000000>", "0xc000123456", "(0x7f1234567890)") == ["pointer"] * 3
    printed = ["b'a'", '"a"', "Some(a)", "Optional[a]", "[object Object]", "%!s(int=3)", "&{a true}", "<class 'str'>"]
    assert told("/x", *printed) == ["repr"] * len(printed)
    assert told("/x", "<User: a>", "java.lang.Object@1f") == ["repr"] * 2


def test_a_field_of_a_format_is_a_mistake_in_an_id_or_an_address_alone() -> None:
    assert told("/id", "batch_{}", "batch_{0}", "batch_{name}") == ["template"] * 3
    assert told("/file_url", "https://a/{name}") == ["template"]
    assert told("/endpoint", "/v1/{model}/chat") == [""]
    assert told("/file_id", "{name}.jsonl", "a{b c}") == ["", ""]


def test_an_escape_is_a_mistake_in_an_id_that_is_no_path() -> None:
    assert told("/id", "a%2Fb", "a%zz", "a%2Fb/c") == ["escaped", "", ""]
    assert told("/file_url", "https://a/b%20c") == [""]
    assert told("/endpoint", "a%2Fb") == [""]


def test_what_is_unset_masked_or_plain_is_no_mistake() -> None:
    assert told("/id", "", "  ", "<nil>", "{}", "<redacted>", "batch_a", "0x", "a-b") == [""] * 8
