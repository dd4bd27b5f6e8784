"""The body of an error is the one that the document gives to its status."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("body.type", of="errors")
def test_each_value_has_its_documented_type(kept: Kept, place: str) -> None:
    """The JSON type of every value is one that its schema allows. OpenAPI 3.0, Schema Object, `type`."""
    kept(place)


@rule("body.required", of="errors")
def test_what_is_always_there_is_there(kept: Kept, place: str) -> None:
    """A property that its object requires is there. JSON Schema `required`."""
    kept(place)


@rule("body.enum", of="errors")
def test_each_value_is_one_of_its_enumeration(kept: Kept, place: str) -> None:
    """A value that is enumerated is one of those listed. JSON Schema `enum` and `const`."""
    kept(place)


@rule("body.known_value", of="errors")
def test_each_value_is_one_that_the_vendor_documents(kept: Kept, place: str) -> None:
    """A value is one of those that the vendor's guide lists, which an overlay cites."""
    kept(place)


@rule("body.format", of="errors")
def test_each_value_has_its_documented_format(kept: Kept, place: str) -> None:
    """A value has the form that its format has. JSON Schema `format`."""
    kept(place)


@rule("body.constraint", of="errors")
def test_each_value_keeps_its_constraints(kept: Kept, place: str) -> None:
    """A value keeps the bounds, lengths and patterns of its schema. JSON Schema validation."""
    kept(place)


@rule("body.impossible", of="errors")
def test_each_place_admits_a_value(kept: Kept, place: str) -> None:
    """The schema of a place admits a value at all; where it does not, the document contradicts itself."""
    kept(place)


@rule("body.undeclared", of="errors")
def test_only_documented_properties_are_there(kept: Kept, place: str) -> None:
    """An object has no property that the contract does not know: the world is closed."""
    kept(place)


@rule("body.write_only", of="errors")
def test_write_only_properties_are_not_sent_back(kept: Kept, place: str) -> None:
    """What is only ever sent to the server does not come back. OpenAPI 3.0, `writeOnly`."""
    kept(place)


@rule("json.unquoted")
def test_texts_of_errors_are_json_strings(kept: Kept) -> None:
    """An error whose body is a string is JSON: it is in quotes. RFC 8259 section 3."""
    kept()


@rule("error.success_code")
def test_the_body_of_an_error_does_not_say_success(kept: Kept) -> None:
    """No envelope of a 4xx has the code of a success. RFC 9110 section 15.5."""
    kept()


@rule("error.json_in_string")
def test_the_text_of_an_error_is_no_json_in_a_text(kept: Kept) -> None:
    """The text of an error is encoded once. RFC 8259 section 7."""
    kept()
