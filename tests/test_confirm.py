"""Before a new finding fails a run, what showed it is asked again (``--confirm``): what is gone then fails nothing."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from answering import BATCH, NOT_FOUND, SHOWN, Answer, Asked, Said, answering
from small_server import BATCH_ID, KEY
from suite_support import run_suite

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.findings.baseline import Baseline
from batch_conformance.findings.baseline_file import rewrite
from batch_conformance.findings.finding import Finding
from batch_conformance.probes.credentials import is_refused
from batch_conformance.report.run import drift_json, github, html, markdown, sarif, terminal
from batch_conformance.report.run.groups import failing
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.audit import Audit
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import SettingsError, settle

WAIT = 37.0
A_STRING = Said(200, {**BATCH, "created_at": "1741685413"})
A_PROPERTY_MORE = Said(200, {**BATCH, "surprise": 1})
BOTH = Said(200, {**BATCH, "created_at": "1741685413", "surprise": 1})


class Run:
    """An audit of a server that answers reads in one way until the pause of ``--confirm``, and then in another."""

    def __init__(self, before: Answer, after: Answer, **given: Any) -> None:
        self.slept: list[float] = []
        answers = [before]

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            if seconds == WAIT:
                answers.append(after)

        def answer(asked: Asked) -> Said | None:
            return answers[-1](asked)

        self.ahead = 0.0
        """Seconds that the clock of the run is ahead."""
        with answering(answer) as server:
            settings = settle({"BATCH_API_KEY": KEY}, base_url=server.base_url, batch_ids=[BATCH_ID], confirm=WAIT)
            settings = replace(settings, **{"exploration": "quick", **given})
            audit = begin(
                settings, seed=None, command="pytest", sleep=sleep, clock=lambda: time.monotonic() + self.ahead
            )
            try:
                self.ask(audit)
                self.audit = audit
                self.report: RunReport = audit.report()
                self.requests = len(server.asked)
            finally:
                audit.close()

    def ask(self, audit: Audit) -> None:
        audit.runner.send()
        wanted = audit.to_confirm()
        if wanted:
            audit.confirm(wanted)

    def finding(self, pointer: str) -> Finding:
        return next(
            one for one in self.report.ledger.findings if one.pointer == pointer and one.level in ("must", "should")
        )

    @property
    def notes(self) -> str:
        return "\n".join(map(str, self.report.notes))


def shows(said: Said) -> Answer:
    return lambda asked: said if asked.has_key and asked.is_known else None


def test_a_drift_that_goes_away_is_reported_and_fails_nothing() -> None:
    run = Run(shows(A_STRING), shows(SHOWN))
    assert run.finding("/created_at").again == "not_seen"
    assert (run.report.verdict, run.report.exit_code, failing(run.report)) == ("drift", 0, ())
    assert str(run.report.exit_reason) == "1 finding seen once, and not when asked for again (--confirm)"
    assert str(run.report.sentence) == "Drift: 1 finding (1 must), 1 of them not seen again."
    assert "1 finding to confirm, asked again 37 s later" in run.notes
    assert "0 seen again, 1 not seen again" in run.notes
    assert run.slept.count(WAIT) == 1


def test_a_drift_that_stays_fails_the_run_and_is_said_to_be_confirmed() -> None:
    run = Run(shows(A_STRING), shows(A_STRING))
    assert run.finding("/created_at").again == "seen"
    assert run.report.exit_code == 1
    assert "1 seen again, 0 not seen again" in run.notes


def test_of_two_drifts_the_one_that_stays_fails_the_run() -> None:
    run = Run(shows(BOTH), shows(A_PROPERTY_MORE))
    assert run.finding("/created_at").again == "not_seen"
    assert run.finding("/surprise").again == "seen"
    assert run.report.exit_code == 1
    assert [one.pointer for one in failing(run.report)] == ["/surprise"]


def test_every_report_says_both() -> None:
    report = Run(shows(BOTH), shows(A_PROPERTY_MORE)).report
    seen, not_seen = "seen again when asked for again 37 s later", "seen once, and not when asked for again 37 s later"
    for text in (
        terminal.render(report, width=200),
        html.render(report),
        github.annotate(report),
        sarif.render(report),
    ):
        assert seen in text
        assert not_seen in text
    for text in (seen, not_seen):
        assert markdown.escape(text) in markdown.render(report)
    chinese = replace(report, language="zh")
    for text in (terminal.render(chinese, width=200), html.render(chinese), markdown.render(chinese)):
        assert "37 秒后再问" in text
        assert "asked for again" not in text
    said = {one["pointer"]: one["confirmation"] for one in drift_json.read_drift(drift_json.render(report))["findings"]}
    assert said["/created_at"] == {"again": "not_seen", "after_s": WAIT, "requests": 3, "why": ""}
    assert said["/surprise"]["again"] == "seen"


def test_what_is_asked_again_counts_as_requests_and_tells_nothing_new() -> None:
    run = Run(shows(A_STRING), shows(A_PROPERTY_MORE))
    assert {one.pointer for one in failing(run.report)} == set()
    assert run.report.run.requests == run.requests
    assert len(run.report.asked_again) == 3
    assert not {one.order for one in run.report.asked_again} & {one.order for one in run.report.ledger.exchanges}


def test_nothing_is_asked_again_where_nothing_would_fail() -> None:
    for given in ({"fail_on": "never"}, {"confirm": None}):
        run = Run(shows(A_STRING), shows(SHOWN), **given)
        assert WAIT not in run.slept
        assert run.finding("/created_at").again is None
    assert WAIT not in Run(shows(SHOWN), shows(SHOWN)).slept


def test_a_state_that_has_passed_cannot_be_asked_for_again_and_counts() -> None:
    earlier = {**BATCH, "status": "in_progress", "completed_at": None, "finalizing_at": None, "output_file_id": None}
    run = Run(shows(Said(200, {**earlier, "created_at": "1741685413"})), shows(SHOWN))
    made = run.finding("/created_at").confirmation
    assert made is not None
    assert (made.again, str(made.why)) == ("not_asked", "the batch was no longer in the state that showed it")
    assert run.report.exit_code == 1
    assert "so it counts: the batch was no longer" in terminal.render(run.report, width=200)


@pytest.mark.parametrize("after", [NOT_FOUND, Said(503, {"code": 50300, "message": "busy", "data": ""})])
def test_an_answer_that_could_not_show_it_does_not_acquit(after: Said) -> None:
    run = Run(shows(A_STRING), shows(after), retries=0)
    made = run.finding("/created_at").confirmation
    assert made is not None
    assert made.again == "not_asked"
    assert run.report.exit_code == 1


def test_what_several_answers_show_together_counts() -> None:
    def later(asked: Asked) -> Said | None:
        shown = Said(200, {**BATCH, "created_at": 1741685413 - asked.number})
        return shown if asked.has_key and asked.is_known else None

    run = Run(later, shows(SHOWN))
    assert run.report.exit_code == 1
    assert {one.again for one in failing(run.report)} == {"not_asked"}
    assert "could not be asked for again, so it counts: it shows in several answers together" in terminal.render(
        run.report, width=300
    )


def test_one_kind_of_request_that_breaks_the_server_is_asked_for_again() -> None:
    broken = Said(500, {"code": 50000, "message": "Internal error", "data": ""})

    def breaks_at_unknown(asked: Asked) -> Said | None:
        return broken if asked.has_key and not asked.is_known and asked.method == "GET" else None

    given: dict[str, Any] = {"retries": 0, "exploration": "standard", "max_requests": 500}
    run = Run(breaks_at_unknown, lambda _: None, **given)
    assert {one.again for one in run.report.ledger.findings if one.rule == "response.server_error"} == {"not_seen"}
    stays = Run(breaks_at_unknown, breaks_at_unknown, **given)
    assert {one.again for one in stays.report.ledger.findings if one.rule == "response.server_error"} == {"seen"}


def test_the_duration_of_the_run_holds() -> None:
    class Late(Run):
        def ask(self, audit: Audit) -> None:
            audit.runner.send()
            self.ahead = 290.0
            audit.confirm(audit.to_confirm())

    run = Late(shows(A_STRING), shows(SHOWN))
    made = run.finding("/created_at").confirmation
    assert made is not None
    assert made.again == "not_asked"
    assert run.report.exit_code == 1
    assert WAIT not in run.slept


def test_the_number_of_requests_holds() -> None:
    class Spent(Run):
        def ask(self, audit: Audit) -> None:
            audit.runner.send()
            while audit.target.budget.allows():
                audit.target.budget.take()
            audit.confirm(audit.to_confirm())

    run = Spent(shows(A_STRING), shows(SHOWN))
    assert run.finding("/created_at").again == "not_asked"
    assert not run.report.asked_again


def test_where_few_requests_are_left_each_finding_gets_one() -> None:
    class Nearly(Run):
        def ask(self, audit: Audit) -> None:
            audit.runner.send()
            while audit.target.budget.used < 58:
                audit.target.budget.take()
            audit.confirm(audit.to_confirm())

    def before(asked: Asked) -> Said | None:
        return Said(404, {"gone": 1}) if asked.has_key and not asked.is_known else shows(A_STRING)(asked)

    run = Nearly(before, lambda _: None, retries=0)
    assert len(run.report.asked_again) == 2
    again = {(one.status, one.pointer): one.again for one in run.report.ledger.findings if one.again}
    assert again[("200", "/created_at")] == "not_seen"
    assert "not_seen" in {outcome for (status, _), outcome in again.items() if status == "404"}


def test_no_more_refused_credentials_are_sent_than_a_run_may_send(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_door(asked: Asked) -> Said | None:
        return SHOWN if asked.is_known else NOT_FOUND

    monkeypatch.setattr(BaseUrl, "is_loopback", property(lambda _: False))  # on this machine nobody is locked out
    run = Run(open_door, open_door)
    sent = [*run.audit.runner.exchanges, *run.report.asked_again]
    assert sum(is_refused(one.probe.credential) for one in sent) <= 12
    assert run.report.exit_code == 1
    assert "not_seen" not in {one.again for one in run.report.ledger.findings}


def test_no_entry_of_a_baseline_is_written_for_what_was_not_seen_again() -> None:
    report = Run(shows(BOTH), shows(A_PROPERTY_MORE)).report
    made = rewrite(Baseline("baseline.yaml"), report.ledger.findings, (), date(2026, 1, 1))
    assert made.added == 1
    assert "surprise" in made.text
    assert "created_at" not in made.text


def test_it_is_within_the_duration_of_the_run() -> None:
    with pytest.raises(SettingsError, match="--confirm 301 is not possible: give a number from 0 to 300"):
        settle({}, base_url=None, confirm=301.0)
    with pytest.raises(SettingsError, match="--confirm -1 is not possible"):
        settle({}, base_url=None, confirm=-1.0)


def test_the_item_of_a_drift_that_stays_fails_and_that_of_one_that_is_gone_passes(tmp_path: Path) -> None:
    sent = 0

    def answer(asked: Asked) -> Said | None:
        gone = sent and asked.number > sent
        return shows(A_PROPERTY_MORE if gone else BOTH)(asked)

    arguments = ("--exploration=quick", f"--batch-id={BATCH_ID}", "-p", "no:cacheprovider")
    with answering(answer) as server:
        plain = run_suite(tmp_path, *arguments, f"--base-url={server.base_url}", env={"BATCH_API_KEY": KEY})
        assert plain.code == 1
        assert "2 failed" in plain.text
        requests = len(server.asked)
    sent = requests
    with answering(answer) as server:
        confirmed = run_suite(
            tmp_path, *arguments, f"--base-url={server.base_url}", "--confirm=0.1", env={"BATCH_API_KEY": KEY}
        )
    assert confirmed.code == 1
    assert "1 failed" in confirmed.text
    assert "2 findings to confirm: what showed it is asked again in 0.1 s." in confirmed.text
    assert "seen once, and not when asked for again 0.1 s later: it fails nothing" in confirmed.text.replace(
        "\n    ", " "
    )
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    by_name = {case.get("name"): case for case in cases}
    gone = by_name["test_each_value_has_its_documented_type[200-created_at]"]
    assert gone.find("failure") is None
    assert any("not when asked for again" in (one.get("value") or "") for one in gone.iter("property"))
    (failed,) = [case for case in by_name.values() if case.find("failure") is not None]
    assert "surprise" in (failed.find("failure").text or "")  # type: ignore[union-attr]
