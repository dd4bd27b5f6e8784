"""A pause lasts as long as it was asked to, whatever is done in it."""

from __future__ import annotations

import threading
import time

import pytest

from batch_conformance.report.page import template
from batch_conformance.report.run import html
from batch_conformance.run.live.pauses import Pauses


@pytest.fixture
def slept(monkeypatch):
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_each_pause_does_one_chore_and_then_sleeps_what_is_left(slept):
    done: list[str] = []
    pauses = Pauses([lambda: done.append("first"), lambda: done.append("second")])
    pauses.sleep(60)
    assert done == ["first"]
    pauses.sleep(60)
    pauses.sleep(60)
    assert done == ["first", "second"]
    assert all(59 < seconds <= 60 for seconds in slept)
    assert len(slept) == 3


def test_a_chore_that_takes_longer_than_its_pause_leaves_nothing_to_sleep(slept):
    now = time.monotonic()
    Pauses([lambda: time.monotonic() - now]).sleep(0.0)
    assert slept == [0.0]


def test_what_is_always_to_do_is_done_after_the_chore_until_the_pause_ends(slept):
    done: list[object] = []
    pauses = Pauses([lambda: done.append("chore")])
    pauses.meanwhile = done.append
    now = time.monotonic()
    pauses.sleep(60)
    pauses.sleep(60)
    assert done[0] == "chore"
    assert all(now + 59 < until < now + 90 for until in done[1:])
    assert len(done) == 3


def test_other_threads_only_sleep(slept):
    done: list[object] = []
    pauses = Pauses([lambda: done.append("chore")], done.append)
    thread = threading.Thread(target=pauses.sleep, args=(60,))
    thread.start()
    thread.join()
    assert not done
    assert len(slept) == 1


def test_a_chore_that_fails_does_not_end_the_run(slept):
    pauses = Pauses([lambda: 1 / 0, lambda: 1 / 0])
    pauses.sleep(1)
    pauses.sleep(1)
    assert len(slept) == 2


def test_the_chores_of_the_page_are_all_of_its_templates():
    for chore in html.CHORES:
        chore()
    environment = template("drift.html.j2").environment
    assert environment.cache is not None
    loaded = {name for _, name in environment.cache}
    parts = {name for name in environment.list_templates() if name.endswith(".j2")}
    assert loaded >= parts - {"diff.html.j2", "matrix.html.j2", "proof.html.j2", "trend.html.j2"}
