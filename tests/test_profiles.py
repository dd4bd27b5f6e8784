"""Profiles as files: found, checked, refused with one line, shown; and what they make of a run's settings."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from suite_support import ROOT

from batch_conformance.contract.sources import spec_folder
from batch_conformance.exchange.profile import KnownDeviation
from batch_conformance.probes.batch_ids import learn_shape
from batch_conformance.probes.planning import build_plan
from batch_conformance.report.reference.vendors import details, listing, page
from batch_conformance.rules import REGISTRY
from batch_conformance.run.settings import settle
from batch_conformance.run.vendors import VendorError, contract_for, load_profile, profile_names

KEYED = {"BATCH_API_KEY": "sk-a-key"}
IN_DEPTH = {"siliconflow", "siliconflow-com", "openai", "azure", "groq", "dashscope", "litellm"}
MINIMAL = {
    "profile": 1,
    "title": "A vendor",
    "address": {"base_url": "https://api.example.com/v1", "source": "a page somewhere"},
    "contract": {"name": "openai", "source": "a page somewhere"},
}


def write(folder: Path, **changed: object) -> str:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, **changed}, sort_keys=False), encoding="utf-8")
    return str(path)


def test_the_vendors_of_the_audit_have_a_profile() -> None:
    files = {"moonshot", "zhipu", "deepinfra", "cerebras", "novita", "digitalocean", "nebius", "llama-stack", "aibrix"}
    assert set(profile_names()) >= IN_DEPTH | files | {"together", "mistral", "xai", "fireworks"}


def test_the_schema_of_profiles_is_a_valid_schema() -> None:
    schema = json.loads((spec_folder() / "profiles" / "profile.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_loads_and_its_contract_compiles_under_both_readings(name: str) -> None:
    profile = load_profile(name)
    for reading in ("documented", "published"):
        contract = contract_for(profile, "", reading, ())
        assert contract.chosen.path.endswith("}")
        assert len(contract.clauses) > 50
    assert profile.odd_ids(profile.id_examples) == ()
    for known in profile.deviations:
        assert known.rule in REGISTRY


@pytest.mark.parametrize("name", profile_names())
def test_every_overlay_of_a_profile_says_where_it_comes_from(name: str) -> None:
    for overlay in load_profile(name).overlays:
        data = yaml.safe_load((spec_folder() / "overlays" / overlay).read_text(encoding="utf-8"))
        assert all(len(action["description"]) > 20 for action in data["actions"])


def test_the_page_of_vendors_is_the_one_that_the_profiles_make() -> None:
    made = page([load_profile(name) for name in profile_names()])
    assert (ROOT / "docs" / "VENDORS.md").read_text(encoding="utf-8") == made


def test_every_fact_is_shown_with_its_source() -> None:
    profile = load_profile("openai")
    text = "\n".join(details(profile))
    assert all(fact.says in text and fact.source in text for fact in profile.facts)
    assert len(list(listing([profile]))) == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"title": ""}, "/title"),
        ({"colour": "red"}, 'are not allowed ("colour")'),
        ({"credential": {"style": "basic", "source": "a page somewhere"}}, "/credential/style"),
        ({"credential": {"style": "header", "source": "a page somewhere"}}, '"header" is a required property'),
        ({"address": {"base_url": "https://api.example.com/v1"}}, '"source" is a required property'),
        ({"address": {"base_url": "api.example.com", "source": "a page somewhere"}}, "/address/base_url"),
        ({"rate_limit": {"value": "0/s", "source": "a page somewhere"}}, "no rate limit"),
        ({"statuses": {"9000": {"how": "by force", "source": "a page somewhere"}}}, "9000"),
        ({"ids": {"pattern": "(", "source": "a page somewhere"}}, "/ids/pattern"),
    ],
)
def test_a_profile_that_breaks_the_schema_is_refused_with_its_place(
    tmp_path: Path, changed: dict[str, object], says: str
) -> None:
    with pytest.raises(VendorError) as caught:
        load_profile(write(tmp_path, **changed))
    assert says in str(caught.value)
    assert "own.yaml:" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["- a list", "profile: [", "\x00", "profile: 1\nprofile: 1\n", ""])
def test_a_file_that_is_no_profile_is_refused_with_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VendorError) as caught:
        load_profile(str(path))
    assert "\n" not in str(caught.value)


def test_an_unknown_vendor_is_refused_with_what_may_have_been_meant() -> None:
    with pytest.raises(VendorError, match="did you mean siliconflow"):
        load_profile("SiliconFlow.cn")
    with pytest.raises(VendorError, match="batch-conformance vendors"):
        load_profile("nobody")
    with pytest.raises(VendorError, match="cannot read the profile"):
        load_profile("nowhere/own.yaml")


def test_a_vendor_brings_its_base_url_and_contract_and_options_win_over_them() -> None:
    settled = settle(KEYED, base_url=None, vendor="groq")
    assert str(settled.base_url) == "https://api.groq.com/openai/v1"
    assert settled.contract == ""
    other = settle(KEYED, base_url="http://127.0.0.1:9/v1", vendor="groq", contract="siliconflow")
    assert str(other.base_url) == "http://127.0.0.1:9/v1"
    assert other.profile is not None
    assert contract_for(other.profile, other.contract, "documented", ()).title == "SiliconFlow API"


def test_a_vendor_without_an_address_of_its_own_asks_for_the_customers() -> None:
    with pytest.raises(ValueError, match=r"--base-url, like https://RESOURCE\.openai\.azure\.com/openai/v1"):
        settle(KEYED, base_url=None, vendor="azure")


def test_the_rate_of_another_host_is_the_vendors_where_that_is_lower(tmp_path: Path) -> None:
    slow = write(tmp_path, rate_limit={"value": "60/m", "source": "a page somewhere"})
    assert str(settle(KEYED, base_url=None, vendor=slow).rate_limit) == "60/m"
    assert str(settle(KEYED, base_url=None, vendor=slow, rate_limit="2/s").rate_limit) == "2/s"
    assert settle(KEYED, base_url="http://localhost:1/v1", vendor=slow).rate_limit is None
    fast = write(tmp_path, rate_limit={"value": "1000/s", "source": "a page somewhere"})
    assert str(settle(KEYED, base_url=None, vendor=fast).rate_limit) == "5/s"


def test_only_a_vendor_that_wants_no_key_is_called_without_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no key for https://api\.example\.com/v1"):
        settle({}, base_url=None, vendor=write(tmp_path))
    keyless = write(tmp_path, credential={"style": "none", "source": "a page somewhere"})
    assert settle({}, base_url=None, vendor=keyless).key == ""


def test_a_vendors_contract_may_be_a_file_beside_its_profile(tmp_path: Path) -> None:
    document = (spec_folder() / "siliconflow-get-batch.yaml").read_text(encoding="utf-8")
    (tmp_path / "api.yaml").write_text(document, encoding="utf-8")
    (tmp_path / "more.yaml").write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.info, update: {title: Theirs}}]\n",
        encoding="utf-8",
    )
    entry = {"name": "api.yaml", "overlays": ["more.yaml"], "source": "a page somewhere"}
    contract = contract_for(load_profile(write(tmp_path, contract=entry)), "", "documented", ())
    assert contract.chosen.id == "getBatchEvaluationJob"
    assert contract.document.data["info"]["title"] == "Theirs"


def test_a_path_of_the_vendors_own_is_where_all_probes_go() -> None:
    contract = contract_for(load_profile("mistral"), "", "documented", ())
    plan = build_plan(contract, ["a1"], exploration="quick", seed=None, loopback=True)
    assert plan.counts()["generated"] > 0
    assert all(probe.path.startswith("/batch/jobs") for probe in plan.probes if probe.subject != "outside")


def test_unknown_ids_have_the_vendors_form_where_none_is_known() -> None:
    profile = load_profile("groq")
    contract = contract_for(profile, "", "documented", ())
    plan = build_plan(contract, (), exploration="quick", seed=None, loopback=True, like=profile.id_examples)
    shaped = [probe.batch_id for _, probe in plan.chapter("unknown_ids") if probe.name == "same_shape"]
    assert shaped
    assert profile.odd_ids(tuple(filter(None, shaped))) == ()
    assert learn_shape(profile.id_examples) == learn_shape(["batch_01jh6xa7reempvjyh6n3yst2zw"])


def test_a_vendor_known_to_ignore_prefer_is_not_asked_with_it() -> None:
    contract = contract_for(load_profile("siliconflow"), "", "documented", ())
    plan = build_plan(contract, ["batch_rdyqgrcgjg"], exploration="standard", seed=None, loopback=True, prefers=False)
    assert plan.counts()["statuses"] == 0
    assert not any(name == "Prefer" for probe in plan.probes for name, _ in probe.headers)


@pytest.mark.parametrize(
    ("known", "status", "answered", "covered"),
    [
        ("500", "500", 500, True),
        ("500", "503", 503, False),
        ("5XX", "500", 500, True),
        ("5XX", "404", 404, False),
        ("500", "5XX", 500, True),
        ("503", "5XX", 500, False),
        ("5XX", "default", 502, True),
        ("5XX", "default", 404, False),
        ("404", "default", 404, True),
        ("default", "default", 404, True),
        ("500", "", 500, False),
        ("", "5XX", 500, True),
    ],
)
def test_a_known_deviation_is_matched_through_ranges(known: str, status: str, answered: int, covered: bool) -> None:
    deviation = KnownDeviation("response.server_error", "a reason", "a source", status=known)
    assert deviation.covers("response.server_error", status, "", "unknown", answered) is covered
    assert not deviation.covers("response.silent", status, "", "unknown", answered)


def test_a_known_deviation_of_one_kind_covers_no_other() -> None:
    known = load_profile("litellm").known
    assert known("response.server_error", "500", "", "unknown", 500) is not None
    assert known("response.server_error", "500", "", "known", 500) is None


@pytest.mark.parametrize("name", ["aibrix", "llama-stack"])
def test_a_vendor_that_asks_for_no_credential_is_known_for_it(name: str) -> None:
    for status in ("401", ""):
        assert load_profile(name).known("auth.missing_accepted", status, "", "accepted", 200) is not None
    assert load_profile(name).known("auth.wrong_token_accepted", "401", "", "accepted", 200) is None
