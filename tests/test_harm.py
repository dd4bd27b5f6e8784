"""What a run costs a server, counted by the server."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

import gateway
import hostile
import hostile_answers
import pytest
from gateway import Seen
from suite_support import Outcome, run_suite

from batch_conformance import __version__
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.odd_requests import AGENTS, PROXY_HEADERS

MOST_REFUSED = 12
MOST_REFUSED_HERE = 50
"""On this machine nobody is locked out of an account, and more forms of a credential are tried."""
LIMITS = {"quick": 60, "standard": 400}


@pytest.fixture(scope="module")
def mock() -> Iterator[EmbeddedMock]:
    with EmbeddedMock() as mock:
        yield mock


def asked(
    mock: EmbeddedMock, folder: Path, *arguments: str, fate: gateway.Fate | None = None
) -> tuple[Outcome, list[Seen]]:
    """A run against the mock on this machine, and every request that it made."""
    with gateway.before(mock.base_url, fate or gateway.always("pass")) as (seen, base_url):
        env = {"BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
        return run_suite(folder, "--base-url", base_url, *arguments, env=env), seen.log


def asked_remotely(mock: EmbeddedMock, folder: Path, *arguments: str) -> tuple[Outcome, list[Seen]]:
    """A run against the mock as a host far away, which the environment's proxy leads to."""
    with gateway.before(mock.base_url, gateway.always("pass")) as (seen, base_url):
        proxy = base_url.removesuffix("/v1")
        env = {
            "BATCH_API_KEY": mock.key,
            "BATCH_IDS": ",".join(mock.batch_ids),
            "HTTP_PROXY": proxy,
            "NO_PROXY": "",
            "no_proxy": "",
            "http_proxy": "",
        }
        return run_suite(folder, "--base-url=http://batches.invalid/v1", *arguments, env=env), seen.log


def refused(log: Sequence[Seen], key: str) -> list[Seen]:
    """The requests whose credential a server must refuse."""
    valid = re.compile(rf"bearer {re.escape(key)}", re.IGNORECASE)
    return [seen for seen in log if not valid.fullmatch(seen.header("Authorization") or "")]


def test_a_standard_run_stays_within_what_it_said_it_would_send(mock, tmp_path):
    outcome, log = asked(mock, tmp_path)
    assert outcome.code == 0, outcome.text
    assert len(log) == outcome.drift["run"]["requests"] <= LIMITS["standard"]
    assert len(log) <= outcome.drift["run"]["planned"]
    assert {seen.method for seen in log} <= {"GET", "HEAD"}
    assert 1 <= len(refused(log, mock.key)) <= MOST_REFUSED_HERE
    agents = {f"batch-conformance/{__version__}", *AGENTS.values(), dict(PROXY_HEADERS)["User-Agent"]}
    assert {seen.header("User-Agent") for seen in log} == agents


@pytest.mark.parametrize("workers", ["2", "3"])
def test_several_workers_together_stay_within_it_too(mock, tmp_path, workers):
    outcome, log = asked(mock, tmp_path, "-n", workers)
    assert outcome.code == 0, outcome.text
    assert len(log) == outcome.drift["run"]["requests"] <= LIMITS["standard"]
    assert len(refused(log, mock.key)) <= MOST_REFUSED_HERE


def test_what_a_bad_network_makes_repeat_counts_against_the_limit(mock, tmp_path):
    bad = gateway.flaky(3, resets=0.3, unavailable=0.1)
    outcome, log = asked(mock, tmp_path, "--max-requests=80", fate=bad)
    assert len(log) <= 80
    assert outcome.drift["run"]["requests"] <= 80


def test_a_host_far_away_is_asked_little_plainly_and_slowly(mock, tmp_path):
    outcome, log = asked_remotely(mock, tmp_path)
    assert outcome.code == 0, outcome.text
    assert len(log) <= LIMITS["quick"]
    assert {seen.method for seen in log} <= {"GET", "HEAD"}
    assert len(refused(log, mock.key)) <= MOST_REFUSED
    plain = re.compile(r"http://batches\.invalid/v1/batches/[A-Za-z0-9_%.~-]*")
    assert [seen.path for seen in log if not plain.fullmatch(seen.path.partition("?")[0])] == []
    assert [seen.path for seen in log if set("<>'\"\0/\\;") & set(unquote(seen.path.rpartition("/batches/")[2]))] == []
    # Five a second: so many requests take so many seconds at least.
    assert outcome.drift["run"]["duration_s"] >= (len(log) - 1) / 5


def test_far_away_the_key_is_in_no_url_and_in_no_header_but_its_own(mock, tmp_path):
    _, log = asked_remotely(mock, tmp_path, "--exploration=thorough", "--max-requests=400", "--rate-limit=1000/s")
    assert len(log) > LIMITS["quick"]
    for seen in log:
        assert mock.key not in unquote(seen.path)
        assert [name for name, value in seen.headers if mock.key in value and name.lower() != "authorization"] == []
    assert len(refused(log, mock.key)) <= MOST_REFUSED


def test_other_methods_are_sent_only_when_asked_for_and_only_for_ids_that_cannot_exist(mock, tmp_path):
    outcome, log = asked(mock, tmp_path, "--allow-unsafe-methods")
    assert outcome.code == 0, outcome.text
    unsafe = [seen for seen in log if seen.method not in ("GET", "HEAD")]
    assert unsafe
    known = {seen.path for seen in log if seen.path.rpartition("/")[2] in mock.batch_ids}
    assert known
    for seen in unsafe:
        assert seen.path not in known
        # Nothing that could be an id, or a path that leads to another resource.
        assert not any(batch_id.lower() in unquote(seen.path).lower() for batch_id in mock.batch_ids)
        assert len(seen.path.removeprefix("/v1/batches/")) > 20
        assert "/" not in seen.path.removeprefix("/v1/batches/")


def test_a_redirect_takes_the_key_nowhere(tmp_path):
    with hostile.serve("good") as other:
        away = hostile_answers.redirect_to(other.base_url.removesuffix("/v1"))
        with hostile.serve(away) as server:
            run_suite(tmp_path, "--base-url", server.base_url, env={"BATCH_API_KEY": "sk-x", "BATCH_IDS": "batch_a"})
            assert server.requests > 0
        assert other.requests == 0


def test_a_limit_is_waited_out_and_one_for_too_long_ends_the_run(mock, tmp_path):
    outcome, _ = asked(mock, tmp_path / "short", "--exploration=quick", fate=gateway.between(10, 13, "429"))
    assert outcome.code == 0, outcome.text
    assert "waited out" in " ".join(outcome.drift["notes"])
    with hostile.serve(hostile_answers.ANSWERS["rate_limited_for_a_day"]) as server:
        env = {"BATCH_API_KEY": "sk-x", "BATCH_IDS": "batch_a"}
        outcome = run_suite(tmp_path / "long", "--base-url", server.base_url, env=env)
        assert server.requests <= 10
    assert outcome.code == 6
    assert "--rate-limit" in outcome.text


def test_nothing_is_asked_twice_without_a_reason(mock, tmp_path):
    """What is planned more than once is planned so; a run on a good day repeats nothing beside it."""
    outcome, log = asked(mock, tmp_path)
    har = json.loads((outcome.folder / "exchanges.har").read_text(encoding="utf-8"))["log"]["entries"]
    assert all(entry["_attempt"] == 0 for entry in har)
    assert Counter(entry["_number"] for entry in har).most_common(1)[0][1] == 1
    assert len(har) == len(log)
