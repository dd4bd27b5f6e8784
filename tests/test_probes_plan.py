from __future__ import annotations

import functools
import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probes_support import KNOWN, contract

from batch_conformance.exchange.exchange import UNKNOWN_QUERY, Probe
from batch_conformance.probes.batch_ids import PLAIN
from batch_conformance.probes.chapters import CHAPTERS, POLLING_SECONDS
from batch_conformance.probes.credentials import KINDS, is_refused, parts_of
from batch_conformance.probes.odd_requests import AGENTS
from batch_conformance.probes.plan import CHAPTER_NAMES, LIMITS, Plan, PlanError, describe
from batch_conformance.probes.planning import build_plan
from batch_conformance.probes.segment import NO_SUCH_ID
from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS

DRAWN = {"comma", "equals", "scheme_preceded", "scheme_letter", "reversed", "undefined_word", "marks_dropped"}
EXPLORATIONS = ("quick", "standard", "thorough")


def planned(known=KNOWN, exploration="standard", seed=None, loopback=True, of=None, **options) -> Plan:
    return build_plan(of or contract(), known, exploration=exploration, seed=seed, loopback=loopback, **options)


_PLANNED = functools.cache(planned)


def plan(known=KNOWN, exploration="standard", seed=None, loopback=True, of=None, **options) -> Plan:
    """The plan for these arguments, made once where it is for the usual contract."""
    if of is not None:
        return planned(known, exploration, seed, loopback, of, **options)
    return _PLANNED(known, exploration, seed, loopback, **options)


def reads(planned: Plan) -> list[tuple[int, Probe]]:
    """Ordinary reads of batches that exist: their answers are what the contract says most about."""
    return [
        (number, probe)
        for number, probe in enumerate(planned.probes)
        if probe.subject == "known"
        and probe.method == "GET"
        and probe.forced_status is None
        and not is_refused(probe.credential)
    ]


def refused_count(probes: tuple[Probe, ...]) -> int:
    return sum(is_refused(probe.credential) for probe in probes)


def standard() -> Plan:
    """The plan that most of what follows is about; made when it is asked for, as workers that need none import this."""
    return plan()


def test_the_chapters_come_in_their_order():
    assert CHAPTER_NAMES == (
        "known_ids", "unknown_ids", "authentication", "representations", "statuses", "identity", "hostile_ids",
        "methods", "odd_requests", "lifecycle", "generated", "client",
    )  # fmt: skip


def test_the_preflight_reads_a_known_id():
    first = standard().probes[0]
    assert (first.chapter, first.batch_id, first.credential) == ("known_ids", KNOWN[0], "valid")


def test_without_a_known_id_the_preflight_reads_an_unknown_one_with_the_key():
    first = plan(known=()).probes[0]
    assert (first.chapter, first.subject, first.credential) == ("unknown_ids", "unknown", "valid")


@pytest.mark.parametrize("exploration", EXPLORATIONS)
@pytest.mark.parametrize("known", [(), KNOWN[:1], KNOWN, tuple(f"batch_{number:010}" for number in range(500))])
@pytest.mark.parametrize("loopback", [True, False])
def test_every_plan_keeps_its_limits(exploration, known, loopback):
    planned = plan(known, exploration, loopback=loopback, unsafe=True)
    assert 0 < len(planned.probes) <= LIMITS[exploration]
    assert refused_count(planned.probes) <= (len(KINDS) + 3 if loopback else 12)
    assert sum(planned.counts().values()) == len(planned.probes)
    assert bool(planned.counts()["known_ids"]) == bool(known)


def test_a_standard_plan_leaves_room_for_retries():
    assert 300 <= len(standard().probes) <= 0.96 * LIMITS["standard"]


def test_two_fifths_of_a_standard_plan_are_ordinary_reads_of_known_ids():
    for known in (KNOWN[:1], KNOWN[:3], KNOWN):
        planned = plan(known)
        assert len(reads(planned)) >= max(150, 0.4 * len(planned.probes))


@pytest.mark.parametrize("period", [2, 3, 5, 7, 10, 20, 25])
def test_a_fault_in_every_nth_answer_meets_known_ids_whatever_the_phase(period):
    expected = len(reads(standard())) / period
    for phase in range(period):
        met = sum(number % period == phase for number, _ in reads(standard()))
        assert met >= max(5, expected / 2), (period, phase)


def test_every_chapter_has_a_builder_in_the_order_of_the_plan():
    assert tuple(CHAPTERS) == CHAPTER_NAMES


def test_every_known_id_is_read_several_times_with_pauses_in_between():
    elapsed, seen = 0.0, {}
    for probe in standard().probes:
        elapsed += probe.wait
        if probe.subject == "known" and probe.method == "GET" and probe.credential == "valid":
            seen.setdefault(probe.batch_id, []).append(elapsed)
    assert set(seen) == set(KNOWN)
    assert elapsed == pytest.approx(POLLING_SECONDS, abs=0.04)
    for moments in seen.values():
        assert len(moments) >= 8
        # No stretch of the run is without a read of this batch.
        assert max(after - before for before, after in itertools.pairwise(moments)) < POLLING_SECONDS / 3
        assert moments[0] < POLLING_SECONDS / 7
        assert moments[-1] > POLLING_SECONDS * 0.85


@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_the_same_arguments_make_the_same_plan(exploration):
    assert planned(exploration=exploration, seed=5) == planned(exploration=exploration, seed=5)


def test_another_process_makes_the_same_plan():
    script = "from test_probes_plan import standard; print(ascii(standard().probes))"
    folders = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONHASHSEED": "4711"}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environ)
    assert done.stdout.strip() == ascii(standard().probes)


@pytest.mark.parametrize("exploration", EXPLORATIONS)
@pytest.mark.parametrize("loopback", [True, False])
def test_another_seed_sends_other_requests_under_the_same_names_but_for_odd_ids(exploration, loopback):
    seeds = (None, 0) if exploration == "thorough" else (None, 0, 1, 2, 3)
    plans = [plan(exploration=exploration, seed=seed, loopback=loopback) for seed in seeds]
    # Of the forms of a credential a few are drawn, where few may be refused in the place of usual ones.
    odd = {"identity", "hostile_ids"}
    lasting = [
        [one for one in made.probes if one.credential not in DRAWN and (loopback or not is_refused(one.credential))]
        for made in plans
    ]
    named = [[(one.chapter, one.name * (one.chapter not in odd), one.credential) for one in made] for made in lasting]
    assert len({tuple(one if loopback else sorted(one)) for one in named}) == 1
    unknown = [{probe.path for probe in one.probes if probe.chapter == "unknown_ids"} for one in plans]
    assert all(not one & other for one in unknown for other in unknown if one is not other)


@pytest.mark.parametrize("exploration", EXPLORATIONS)
@pytest.mark.parametrize("known", [(), KNOWN])
@pytest.mark.parametrize("loopback", [True, False])
def test_every_plan_asks_once_with_a_parameter_that_no_document_has(exploration, known, loopback):
    asked = [probe for probe in plan(known, exploration, loopback=loopback).probes if probe.query == UNKNOWN_QUERY]
    assert [(probe.credential, probe.subject) for probe in asked] == [("valid", "known" if known else "unknown")]


def test_names_are_stable_words():
    assert all(re.fullmatch(r"[a-z0-9_]+", probe.name) for probe in plan(exploration="thorough").probes)


@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_every_path_fits_on_the_wire(exploration):
    for probe in plan(exploration=exploration).probes:
        # Whether a guard knows other paths to a batch is asked without a credential, and of no other request.
        other = probe.credential == "other_path"
        assert re.fullmatch(r"/[!-~]*" if other else r"/batches(;v=1)?/[!-~]*", probe.path, re.IGNORECASE)
        assert not set("?#") & set(probe.path)
        for name, value in probe.headers:
            assert name.isascii()
            assert value == value.strip()


def test_subjects_are_true_to_the_ids():
    for probe in plan(exploration="thorough").probes:
        if probe.subject in ("known", "equivalent"):
            assert probe.batch_id in KNOWN
        elif probe.subject == "outside":
            assert probe.batch_id in (None, ".", "..", *KNOWN)
        else:
            assert probe.batch_id not in KNOWN


@pytest.mark.parametrize("exploration", ["quick", "standard"])
def test_a_remote_server_is_not_attacked_without_being_asked(exploration):
    planned = plan(exploration=exploration, loopback=False, has_key=True)
    for probe in planned.probes:
        assert probe.credential != "elsewhere_query"
        if probe.subject not in ("equivalent", "outside"):
            assert PLAIN.match(probe.path.removeprefix("/batches/")), probe


def test_a_thorough_plan_attacks_a_remote_server_but_keeps_the_key_out_of_the_query():
    planned = plan(exploration="thorough", loopback=False)
    assert {"escape_not_hex", "utf8_invalid_byte", "nul"} <= {probe.name for probe in planned.probes}
    assert "elsewhere_query" not in {probe.credential for probe in planned.probes}


def test_a_standard_plan_on_loopback_has_one_of_every_class_of_hostile_id():
    by_name = {probe.name: probe for _, probe in standard().chapter("hostile_ids")}
    assert {
        "null_word", "undefined_word", "list_word", "star", "very_long", "eight_kilobytes", "sql_quote", "nul",
        "int32_overflow", "int64_overflow", "unicode_cjk", "emoji", "escape_not_hex", "escape_alone",
        "utf8_invalid_byte", "one_dot", "slash", "traversal_passwd", "crlf_header", "expression_braces",
        "expression_dollar", "expression_hash", "expression_others",
    } <= set(by_name)  # fmt: skip


def test_what_is_odd_about_an_id_is_asked_of_a_known_one():
    by_name = {probe.name: probe for _, probe in standard().chapter("identity")}
    assert {
        "zero_width_inside", "byte_order_mark_before", "soft_hyphen_inside", "accent_composed", "accent_combining",
        "cyrillic", "full_width", "prefix_case", "body_case", "double_encoded", "overlong", "escape_u",
        "question_for_last", "class_for_last", "wildcard_after", "percent_after", "underscore_for_last",
        "path_parameter", "semicolon_encoded", "parameter_before", "dots_with_parameter", "case_of_path", "dot_after",
        "trailing_slash", "dashes_after", "comment_inside", "quote_and_comment", "zero_before", "zero_for_o",
        "one_for_l", "query_for_path", "query_of_another", "last_dropped", "one_added", "tab_before", "plus_after",
        "no_break_space_after", "nul_inside", "nul_after", "double_quotes", "colon_after",
    } <= set(by_name)  # fmt: skip
    unknown = plan(known=()).chapter("hostile_ids")
    assert {"space", "unicode_nfc", "unicode_nfd"} <= {probe.name for _, probe in unknown}


def test_no_number_is_called_hostile_where_batches_are_numbered():
    named = {probe.batch_id for _, probe in standard().chapter("hostile_ids")}
    numbered = {probe.batch_id for _, probe in plan(("2", "17")).chapter("hostile_ids")}
    assert {"0", "1"} <= named
    # What does not fit into 32 bits is asked for where batches are numbered as well: there it is cast.
    assert {batch_id for batch_id in numbered if batch_id.isdigit()} >= {str(2**31), str(2**63)}
    assert not any(batch_id.isdigit() and int(batch_id) < 2**31 for batch_id in numbered)


def test_only_get_and_head_are_sent_unless_allowed():
    for exploration in EXPLORATIONS:
        assert {probe.method for probe in plan(exploration=exploration).probes} == {"GET", "HEAD"}


def test_allowed_methods_are_undeclared_ones_on_an_id_that_cannot_exist():
    planned = plan(of=contract(methods=("GET", "DELETE")), unsafe=True)
    changing = [probe for probe in planned.probes if probe.method not in ("GET", "HEAD")]
    assert {probe.method for probe in changing} == {"POST", "PUT", "PATCH", "OPTIONS", "TRACE", "FETCH"}
    assert {probe.batch_id for probe in changing} == {NO_SUCH_ID}
    assert NO_SUCH_ID not in KNOWN


def test_refused_credentials_are_spread_over_kinds_and_over_known_and_unknown_ids():
    refused = [probe for probe in standard().probes if is_refused(probe.credential)]
    assert [probe.name for probe in refused if probe.method == "HEAD"] == ["missing_head_known"]
    for planned in (plan(loopback=False, seed=3), plan(loopback=False), plan(loopback=False, unsafe=True)):
        few = [probe for probe in planned.probes if is_refused(probe.credential)]
        assert len(few) == 12
        assert len({probe.credential for probe in few}) >= 10
    allowed = {probe.credential for probe in plan(unsafe=True).probes if is_refused(probe.credential)}
    # One place alone is asked for where the key was taken in one of several.
    alone = {part for kind in KINDS for part in parts_of(kind)}
    alone |= {"proxy_header", "parameter"}
    assert allowed - DRAWN == {kind for kind, entry in KINDS.items() if not entry.accepted} - alone - DRAWN
    assert allowed & DRAWN
    assert {probe.subject for probe in refused if probe.credential == "missing"} == {"known", "unknown"}
    # Where the id is one that nobody has, a credential that is let in looks like one that is refused: 404.
    over_unknown = {probe.credential for probe in refused if probe.subject == "unknown"}
    assert over_unknown == {"missing", "wrong"}


def test_where_few_may_be_refused_another_seed_asks_with_other_kinds_and_the_most_telling_are_always_asked():
    kinds = [
        {probe.credential for probe in plan(loopback=False, seed=seed).probes if is_refused(probe.credential)}
        for seed in range(12)
    ]
    always = set.intersection(*kinds)
    assert {"missing", "wrong", "nearly", "wrong_scheme", "no_scheme"} <= always
    assert len(set.union(*kinds) & ODD_CREDENTIALS.keys()) > 6
    assert not {"other_path", "proxy_headers", "parameters", "injected_token", "long_token"} & set.union(*kinds)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("exploration", ["standard", "thorough"])
def test_on_another_machine_at_most_twelve_are_refused_whatever_the_seed(seed, exploration):
    assert refused_count(plan(exploration=exploration, loopback=False, seed=seed).probes) <= 12


def test_odd_requests_ask_for_one_batch_by_other_paths_and_without_a_credential():
    asked = [probe for _, probe in standard().chapter("odd_requests") if probe.credential == "other_path"]
    assert {probe.path.replace(KNOWN[0], "ID") for probe in asked} == {
        "//batches/ID", "/batches//ID", "/batches/ID/", "/./batches/ID", "/%62atches/ID", "/BATCHES/ID",
        "/%2e/batches/ID", "/batches/ID;v=1", "/batches/ID.json",
    }  # fmt: skip


def test_common_clients_read_known_ids_twice_each_in_the_place_of_plain_reads():
    asked = [probe for _, probe in standard().chapter("odd_requests") if probe.credential == "valid"]
    agents = [dict(probe.headers).get("User-Agent") for probe in asked]
    assert Counter(agent for agent in agents if agent) == dict.fromkeys(AGENTS.values(), 2)


def test_a_quick_plan_refuses_six_times():
    assert refused_count(plan(exploration="quick").probes) == 6


def test_without_a_key_no_credential_made_from_it_is_planned():
    planned = plan(has_key=False)
    others = {probe.credential for probe in planned.probes} - {"valid"}
    assert others == {kind for kind, entry in KINDS.items() if not entry.needs_key} - {
        "valid",
        "proxy_header",
        "parameter",
    }


def test_a_contract_without_security_has_no_chapter_on_authentication_and_says_so():
    planned = plan(of=contract(secured=False))
    assert planned.chapter("authentication") == ()
    assert any("no credential" in note for note in map(str, planned.notes))


def test_a_vendor_whose_key_has_no_scheme_is_not_asked_about_schemes():
    planned = {probe.credential for probe in plan(style="header").probes}
    assert {"valid", "missing", "wrong", "nearly"} <= planned
    assert not planned & {kind for kind, entry in KINDS.items() if entry.bearer_only}


def test_a_vendor_without_authentication_is_not_asked_about_it():
    planned = plan(style="none")
    assert planned.chapter("authentication") == ()
    assert any("vendor's profile asks for no credential" in note for note in map(str, planned.notes))


def test_every_documented_status_is_forced_and_the_first_is_no_success():
    forced = [probe for _, probe in standard().chapter("statuses")]
    assert {probe.forced_status for probe in forced} == {200, 400, 401, 403, 404, 429, 500, 503, 504}
    assert forced[0].forced_status == 400
    assert all(("Prefer", f"code={probe.forced_status}") in probe.headers for probe in forced)
    assert all(probe.name == f"prefer_{probe.forced_status}" for probe in forced)


def test_status_ranges_and_default_are_not_forced():
    planned = plan(of=contract(responses={"200": None, "4XX": None, "default": None}))
    assert {probe.forced_status for probe in planned.probes} == {None, 200}


def test_no_success_is_forced_for_an_id_that_nobody_has():
    assert 200 not in {probe.forced_status for probe in plan(known=()).probes}


def test_every_representation_is_asked_of_known_ids_and_the_common_ones_of_unknown_ids():
    names = {probe.name for _, probe in standard().chapter("representations")}
    assert {
        "accept_html_known",
        "accept_html_unknown",
        "gzip_known",
        "gzip_unknown",
        "if_none_match_other_known",
    } <= names
    # A part of a batch is no representation: it is asked for once, as an odd request.
    asked = [probe.name for probe in standard().probes if "Range" in dict(probe.headers)]
    assert asked == ["range"]


def test_a_probe_without_an_accept_header_is_planned():
    none = [probe for probe in standard().probes if probe.name == "accept_none_known"]
    assert [probe.headers for probe in none] == [()]


def test_a_chapter_gives_its_probes_with_their_numbers():
    for name in CHAPTER_NAMES:
        for number, probe in standard().chapter(name):
            assert standard().probes[number] is probe
            assert probe.chapter == name
    with pytest.raises(KeyError):
        standard().chapter("nonsense")


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.nested_given])
@given(st.integers(min_value=1, max_value=450), st.sampled_from([(), KNOWN[:1], KNOWN]))
def test_a_smaller_limit_cuts_the_plan_and_keeps_the_essential(limit, known):
    whole, cut = plan(known), plan(known, max_requests=limit)
    assert len(cut.probes) == min(limit, len(whole.probes))
    remaining = iter(whole.probes)
    assert all(probe in remaining for probe in cut.probes), "the order is kept"
    essential = 4 if known else 3
    assert cut.probes[:essential] == whole.probes[: min(limit, essential)]
    if limit >= 16:
        assert all(count for name, count in cut.counts().items() if whole.counts()[name])


def test_a_limit_of_four_is_one_known_one_unknown_one_without_and_one_with_a_wrong_credential():
    four = plan(max_requests=4).probes
    assert [probe.subject for probe in four[:2]] == ["known", "unknown"]
    assert [probe.credential for probe in four] == ["valid", "valid", "missing", "wrong"]


def test_a_cut_plan_says_what_it_left_out():
    assert str(plan(max_requests=50).notes[0]).endswith("requests left out: the limit is 50.")
    assert any("known ids are not read" in note for note in map(str, plan(max_requests=10).notes))


def test_a_quick_plan_reads_every_one_of_sixteen_known_ids():
    known = tuple(f"batch_{number:010}" for number in range(16))
    planned = plan(known, "quick")
    assert {probe.batch_id for _, probe in reads(planned)} == set(known)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(PlanError, match="at least 1"):
        plan(max_requests=limit)


def test_an_empty_id_is_refused():
    with pytest.raises(PlanError, match="batch id is empty"):
        plan(known=("batch_a", ""))


def test_an_id_given_twice_counts_once():
    assert plan(known=(KNOWN[0], KNOWN[0])) == plan(known=(KNOWN[0],))


def test_strange_known_ids_are_encoded_once():
    paths = {probe.path for _, probe in reads(plan(known=("a/b c%20",)))}
    assert paths == {"/batches/a%2Fb%20c%2520"}


def test_a_document_that_schemathesis_cannot_use_costs_only_its_own_chapter():
    data = contract().document.data
    data["paths"] = {}
    planned = plan(of=contract(data=data))
    assert planned.chapter("generated") == ()
    assert any("generated is left out" in note for note in map(str, planned.notes))
    assert planned.counts()["known_ids"]


def test_an_estimate_counts_pace_and_pauses():
    count = len(standard().probes)
    assert standard().estimate() == pytest.approx(POLLING_SECONDS)
    assert standard().estimate(rate=1) == pytest.approx(count)
    # Other requests take the time that polls wait for: slow answers leave nothing to wait.
    assert standard().estimate(latency=0.1) == pytest.approx(count * 0.1, abs=POLLING_SECONDS / 8)
    assert POLLING_SECONDS < standard().estimate(latency=0.0001) < POLLING_SECONDS + 0.05


def test_a_description_has_a_line_for_every_request_and_nothing_that_disturbs_a_terminal():
    lines = describe(standard())
    assert len(lines) == len(standard().probes)
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    assert f"GET     /batches/{KNOWN[0]}  [valid]  known_ids/read" in lines[0]


def test_another_template_and_parameter_are_used_as_the_contract_says():
    data = contract().document.data
    item = data["paths"].pop("/batches/{batch_id}")
    item["get"]["parameters"][0]["name"] = "id"
    data["paths"]["/v2/jobs/{id}"] = item
    planned = plan(of=contract(path="/v2/jobs/{id}", parameter="id", data=data))
    plain = [probe.path for probe in planned.probes if probe.credential != "other_path"]
    assert all(re.match("/v2/jobs(;v=1)?/", path, re.IGNORECASE) for path in plain)
    other = {probe.path for probe in planned.probes if probe.credential == "other_path"}
    assert other > {f"//v2/jobs/{KNOWN[0]}", f"/V2/jobs/{KNOWN[0]}", f"/v2/jobs//{KNOWN[0]}"}
    assert planned.counts()["generated"]
