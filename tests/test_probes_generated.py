from __future__ import annotations

import copy
import subprocess
import sys

import pytest
from hypothesis.internal import charmap
from probes_support import document

from batch_conformance.probes.batch_ids import PLAIN
from batch_conformance.probes.generated import UTF8, GenerationError, generate

PATH, ID = "/batches/{batch_id}", "batch_id"


def test_schemathesis_fills_the_number_that_was_asked_for_without_repetition():
    found = generate(document(), PATH, ID, 30, None)
    assert len({request.path for request in found}) == len(found) == 30
    assert {request.phase for request in found} == {"coverage", "fuzzing"}
    assert all(request.path.startswith("/batches/") and request.path.isascii() for request in found)
    assert all(" " not in request.path and request.path.isprintable() for request in found)


def test_the_documents_own_examples_come_first():
    data = document()
    data["paths"][PATH]["get"]["parameters"][0]["example"] = "batch_of_the_document"
    first = generate(data, PATH, ID, 5, None)[0]
    assert (first.phase, first.path) == ("examples", "/batches/batch_of_the_document")


def test_the_same_seed_repeats_and_another_does_not():
    first, second = generate(document(), PATH, ID, 20, 1), generate(document(), PATH, ID, 20, 2)
    assert first == generate(document(), PATH, ID, 20, 1)
    assert len({request.path for request in first} & {request.path for request in second}) <= 5


def test_the_document_is_left_as_it_was():
    data = document()
    before = copy.deepcopy(data)
    generate(data, PATH, ID, 5, None)
    generate(data, PATH, ID, 5, None, plain=True)
    assert data == before


def test_a_restricted_id_is_generated_as_restricted():
    found = generate(document(pattern="^batch_[a-f]{4}$"), PATH, ID, 10, None)
    assert len(found) == 10
    assert all(len(request.batch_id) == 10 and request.batch_id.startswith("batch_") for request in found)


def test_plain_ids_can_be_asked_for():
    found = generate(document(), PATH, ID, 10, None, plain=True)
    assert len(found) == 10
    assert all(PLAIN.match(request.batch_id) for request in found)


def test_query_and_header_parameters_of_the_document_are_filled():
    data = document()
    data["paths"][PATH]["get"]["parameters"] += [
        {"name": "view", "in": "query", "required": True, "schema": {"type": "string", "enum": ["full", "brief"]}},
        {"name": "X-Trace", "in": "header", "required": True, "schema": {"type": "string", "enum": ["on"]}},
    ]
    found = generate(data, PATH, ID, 10, None)
    assert {request.query for request in found} == {"view=full", "view=brief"}
    assert {("X-Trace", "on")} <= {pair for request in found for pair in request.headers}


def test_no_credential_is_generated():
    found = generate(document(), PATH, ID, 30, None)
    assert not any(name.lower() == "authorization" for request in found for name, _ in request.headers)


def test_an_openapi_3_1_document_works_too():
    data = document(type=["string"])
    data["openapi"] = "3.1.0"
    assert len(generate(data, PATH, ID, 10, None)) == 10


def test_a_document_that_allows_no_id_is_refused_in_one_line():
    with pytest.raises(
        GenerationError, match=r"^Schemathesis cannot generate requests for GET /batches/\{batch_id\}: \S"
    ):
        generate(document(allOf=[{"enum": ["a"]}, {"enum": ["b"]}]), PATH, ID, 5, None)


def test_a_configuration_file_in_the_folder_has_no_say(tmp_path, monkeypatch):
    expected = generate(document(), PATH, ID, 10, None)
    (tmp_path / "schemathesis.toml").write_text("[generation]\nmode = 'negative'\nallow-x00 = false\n")
    monkeypatch.chdir(tmp_path)
    assert generate(document(), PATH, ID, 10, None) == expected


def test_what_hypothesis_is_told_of_utf8_is_what_it_would_find_out():
    encodable, odd = charmap.intervals_from_codec("utf-8")
    assert encodable.intervals == UTF8
    assert odd.intervals == ()


STRUCK = """
import os, signal, sys
from batch_conformance.probes.generated import load

class Late:
    def find_spec(self, name, *_):
        if name == "schemathesis.specs.openapi.schemas":
            os.kill(os.getpid(), signal.SIGTERM)
            print("struck")

def interrupt(*_):
    print("schemathesis.specs.openapi.schemas" in sys.modules and "imported")
    sys.exit(0)

signal.signal(signal.SIGTERM, interrupt)
sys.meta_path.insert(0, Late())
load()
print("never came")
"""


def test_a_signal_waits_until_schemathesis_is_imported():
    done = subprocess.run([sys.executable, "-c", STRUCK], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["struck", "imported"]


@pytest.mark.parametrize("restricted", [{"minLength": 50}, {"minLength": 3, "maxLength": 8}, {"maxLength": 4}])
def test_a_length_leaves_plain_ids_to_generate(restricted: dict[str, int]) -> None:
    made = generate(document(**restricted), "/batches/{batch_id}", "batch_id", 8, None, plain=True)
    assert made
    least, most = restricted.get("minLength", 1), restricted.get("maxLength", 99)
    assert all(least <= len(request.batch_id) <= most for request in made)
