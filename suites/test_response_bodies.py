"""The body of a success is the batch that the document describes, and nothing else."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("body.type", of="successes")
def test_each_value_has_its_documented_type(kept: Kept, place: str) -> None:
    """The JSON type of every value is one that its schema allows. OpenAPI 3.0, Schema Object, `type`."""
    kept(place)


@rule("body.required", of="successes")
def test_what_is_always_there_is_there(kept: Kept, place: str) -> None:
    """A property that its object requires is there. JSON Schema `required`."""
    kept(place)


@rule("body.enum", of="successes")
def test_each_value_is_one_of_its_enumeration(kept: Kept, place: str) -> None:
    """A value that is enumerated is one of those listed. JSON Schema `enum` and `const`."""
    kept(place)


@rule("body.known_value", of="successes")
def test_each_value_is_one_that_the_vendor_documents(kept: Kept, place: str) -> None:
    """A value is one of those that the vendor's guide lists, which an overlay cites."""
    kept(place)


@rule("body.format", of="successes")
def test_each_value_has_its_documented_format(kept: Kept, place: str) -> None:
    """A value has the form that its format has. JSON Schema `format`."""
    kept(place)


@rule("body.constraint", of="successes")
def test_each_value_keeps_its_constraints(kept: Kept, place: str) -> None:
    """A value keeps the bounds, lengths and patterns of its schema. JSON Schema validation."""
    kept(place)


@rule("body.impossible", of="successes")
def test_each_place_admits_a_value(kept: Kept, place: str) -> None:
    """The schema of a place admits a value at all; where it does not, the document contradicts itself."""
    kept(place)


@rule("body.undeclared", of="successes")
def test_only_documented_properties_are_there(kept: Kept, place: str) -> None:
    """An object has no property that the contract does not know: the world is closed."""
    kept(place)


@rule("body.write_only", of="successes")
def test_write_only_properties_are_not_sent_back(kept: Kept, place: str) -> None:
    """What is only ever sent to the server does not come back. OpenAPI 3.0, `writeOnly`."""
    kept(place)


@rule("body.seen")
def test_each_documented_property_is_seen(kept: Kept, place: str) -> None:
    """Some success has the property: what is never sent, the document need not promise."""
    kept(place)


@rule("body.enveloped")
def test_the_batch_is_the_body_itself(kept: Kept) -> None:
    """The batch is not wrapped in another object. The document's response schema."""
    kept()


@rule("body.another_object")
def test_the_body_is_a_batch(kept: Kept) -> None:
    """The body has the properties of a batch, not those of another kind of object."""
    kept()


@rule("value.empty_string")
def test_each_text_says_something(kept: Kept) -> None:
    """No empty text, and no word such as `None`, stands for an unset value; the vendor's examples write null."""
    kept()


@rule("value.malformed")
def test_ids_paths_and_addresses_are_plain(kept: Kept) -> None:
    """No padding, no control character, no markup, no template and no printed object is in them."""
    kept()


@rule("value.form")
def test_paths_and_durations_have_the_form_of_their_examples(kept: Kept) -> None:
    """Where the document's example is a path or a duration, the value is one."""
    kept()
