"""What was made though it should have been refused is cancelled, however the run ends: nothing is left to be billed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mock_support import KEY, serving
from test_making import contract, journal_of, spec

from batch_conformance.exchange.exchange import Exchange, Failure, Probe, Request
from batch_conformance.exchange.limits import Budget
from batch_conformance.exchange.target import Target
from batch_conformance.message import Message, Template
from batch_conformance.mock.drift import Drift
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.journal import JournalError
from batch_conformance.run.live.making import MakingResult, make_batches

_SILENT = Template("test.silent", "no answer came")
TAKES_ALL = Drift(
    "takes_all", "Takes whatever is asked for", "", "", "", "", "value", lambda _received, reply: reply,
    behaviour={
        "takes": frozenset({"unknown_file", "no_file", "wrong_type", "wrong_endpoint", "wrong_window"}),
        "bad_lines": "run",
    },
)  # fmt: skip
STOPPED = {"cancelling", "cancelled", "failed", "expired"}


class Flaky(Target):
    """A target that is interrupted at a request, or loses answers. ``lost`` says of a probe and its number whether."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.sent: list[Probe] = []
        self.interrupted_at = -1
        self.lost = lambda _probe, _before: False
        self.busy = lambda _probe, _before: False

    def send(self, probe: Probe, number: int, *args: Any, **more: Any) -> tuple[Exchange, ...]:
        self.sent.append(probe)
        before = sum(one.name == probe.name for one in self.sent) - 1
        if self.busy(probe, before):
            return (Exchange(number, probe, _asked(self, probe), None, failure=Failure("timeout", _SILENT())),)
        attempts = super().send(probe, number, *args, **more)
        if len(self.sent) - 1 == self.interrupted_at:
            raise KeyboardInterrupt
        if self.lost(probe, before):
            return (*attempts[:-1], Exchange(number, probe, attempts[-1].request, None, Failure("timeout", _SILENT())))
        return attempts


def _asked(target: Target, probe: Probe) -> Request:
    return Request(probe.method, f"{target.base}{probe.path}", ())


@contextmanager
def taking_all() -> Iterator[str]:
    """A mock that runs whatever is asked for; by the clock, so that nothing ends by itself within a test."""
    with serving(mock_spec=spec(), drifts=[TAKES_ALL]) as port:
        yield f"http://127.0.0.1:{port}/v1"


def run(
    url: str, target: Target, *, told: list[Message] | None = None, file: Path | None = None, **more: Any
) -> MakingResult:
    journal = more.pop("journal", None) or journal_of(url, file)
    warn = (told if told is not None else []).append
    return make_batches(target, contract(), None, journal, seconds=0.0, sleep=lambda _: None, warn=warn)


def flaky(url: str, **limits: Any) -> Flaky:
    return Flaky(url, KEY, present, retries=0, budget=Budget(**limits))


def running(url: str) -> list[dict[str, Any]]:
    """The batches of ours that nobody cancelled, but for the one of three lines, which is followed."""
    with Target(url, KEY, present) as target:
        answer = target.send(Probe("x", "list", "/batches", None, "known", query="limit=100"), 0)[-1].response
        assert answer is not None
        listed = json.loads(answer.body)["data"]
        answer = target.send(Probe("x", "files", "/files", None, "known", query="purpose=batch&limit=1000"), 1)[
            -1
        ].response
        assert answer is not None
        files = {one["id"]: one["filename"] for one in json.loads(answer.body)["data"]["data"]}
    made = [one for one in listed if "mock" in one["id"] and one["status"] not in STOPPED]
    return [one for one in made if "three-lines" not in files.get(one["input_file_id"], "")]


def requests_of_a_run() -> int:
    with taking_all() as url, flaky(url) as target:
        run(url, target)
    return len(target.sent)


def test_whatever_limit_of_requests_a_run_has_nothing_wrong_is_left_running() -> None:
    most = requests_of_a_run()
    with taking_all() as url:
        for number in range(1, most, 3):
            with flaky(url, max_requests=number) as target:
                run(url, target)
                assert target.budget.used <= number
            assert running(url) == [], number


def test_a_run_whose_time_is_up_cancels_what_it_has_to() -> None:
    most = requests_of_a_run()
    with taking_all() as url:
        for number in range(2, most, 5):
            readings = [0.0] * number * 2
            clock = iter(readings)
            with flaky(url, max_duration=10.0, clock=lambda clock=clock: next(clock, 99.0)) as target:
                run(url, target)
            assert running(url) == [], number


def test_a_run_that_is_interrupted_at_any_request_cancels_what_it_has_to() -> None:
    most = requests_of_a_run()
    with taking_all() as url:
        for number in range(0, most, 3):
            with flaky(url) as target:
                target.interrupted_at = number
                with pytest.raises(KeyboardInterrupt):
                    run(url, target)
            assert running(url) == [], number


def test_a_creation_whose_answer_is_lost_is_looked_for_and_cancelled() -> None:
    with taking_all() as url, flaky(url) as target:
        target.lost = lambda probe, _: probe.name.startswith("create_") and probe.name not in (
            "create_unknown_file_without_key", "create_three_lines", "create_one_line",
        )  # fmt: skip
        run(url, target)
        assert running(url) == []


def test_a_batch_whose_creation_was_answered_by_nobody_is_found_and_followed() -> None:
    with taking_all() as url, flaky(url) as target:
        target.lost = lambda probe, _: probe.name in ("create_three_lines", "create_one_line")
        made = run(url, target)
        assert len(made.batch_ids) == 2
        assert running(url) == []


def test_a_cancellation_that_fails_once_is_sent_again() -> None:
    told: list[Message] = []
    with taking_all() as url, flaky(url) as target:
        target.busy = lambda probe, before: probe.name.startswith("cancel_wrong_endpoint") and before == 0
        run(url, target, told=told)
        assert running(url) == []
    assert told == []


def test_what_cannot_be_cancelled_is_named_with_the_line_that_cancels_it() -> None:
    told: list[Message] = []
    with taking_all() as url, flaky(url) as target:
        target.busy = lambda probe, _: (
            probe.method == "POST" and "wrong_endpoint" in probe.name and "cancel" in probe.name
        )
        made = run(url, target, told=told)
        left = running(url)
    assert len(left) == 1
    said = [str(one) for one in told]
    assert said == [str(one) for one in made.said if "could not be cancelled" in str(one)]
    assert f"The batch {left[0]['id']} was made by this run and could not be cancelled (no answer came)" in said[0]
    assert "curl -sS -i --path-as-is --globoff --max-time 10 -X POST" in said[0]
    assert f"{url}/batches/{left[0]['id']}/cancel" in said[0]
    assert KEY not in said[0]


def test_a_journal_that_cannot_be_written_any_more_leaves_nothing_running(tmp_path: Path) -> None:
    file = tmp_path / "gone" / "batches.json"
    file.parent.mkdir()

    def at_the_end(_probe: Probe, _before: int) -> bool:
        if any(one.name == "create_wrong_endpoint" for one in target.sent):
            shutil.rmtree(file.parent, ignore_errors=True)
        return False

    with taking_all() as url, flaky(url) as target:
        target.lost = at_the_end
        with pytest.raises(JournalError):
            run(url, target, file=file)
        assert running(url) == []
