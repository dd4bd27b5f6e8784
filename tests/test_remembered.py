"""Plans and Schemathesis' requests, kept between runs: they are the same as made anew, or they are made anew."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from suite_support import ROOT, run_suite

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.exchange.exchange import Headers
from batch_conformance.probes import remembered
from batch_conformance.probes.generated import GeneratedRequest, GenerationError, generate
from batch_conformance.probes.planning import build_plan
from batch_conformance.probes.remembered import Remembered
from batch_conformance.report.language import language

DATA = shipped_contract().document.data
PATH, PARAMETER = "/batches/{batch_id}", "batch_id"


class Counted:
    """``generate``, and how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *arguments: Any, **more: Any) -> tuple[GeneratedRequest, ...]:
        self.calls += 1
        return generate(*arguments, **more)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    maker = Counted()
    monkeypatch.setattr(remembered, "generate", maker)
    return maker


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("seed", [None, 7])
def test_what_is_kept_equals_what_is_made_anew(tmp_path: Path, counted: Counted, seed: int | None, plain: bool) -> None:
    arguments = (DATA, PATH, PARAMETER, 12, seed)
    first, second = (Remembered(tmp_path)(*arguments, plain=plain) for _ in range(2))
    assert first == second == generate(*arguments, plain=plain)
    assert counted.calls == 1


WISHES: dict[str, Any] = {"exploration": "standard", "seed": None, "loopback": True, "max_requests": 90}


@pytest.mark.parametrize(("known", "seed"), [(("batch_rdyqgrcgjg", "batch_kvmtzqwhua"), None), ((), 7)])
def test_a_plan_that_is_kept_equals_the_one_that_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: tuple[str, ...], seed: int | None
) -> None:
    anew = build_plan(shipped_contract(), known, **{**WISHES, "seed": seed})
    first = Remembered(tmp_path).plan(shipped_contract(), known, **{**WISHES, "seed": seed})
    monkeypatch.setattr(remembered, "build_plan", None)
    again = Remembered(tmp_path).plan(shipped_contract(), known, **{**WISHES, "seed": seed})
    for plan in (first, again):
        assert (plan.probes, plan.exploration, plan.seed) == (anew.probes, anew.exploration, anew.seed)
        for code in ("en", "zh"):
            assert list(map(language(code).render, plan.notes)) == list(map(language(code).render, anew.notes))
    assert anew.notes


@pytest.mark.parametrize(
    "change",
    [
        {"exploration": "quick"},
        {"seed": 3},
        {"loopback": False},
        {"max_requests": 80},
        {"unsafe": True},
        {"has_key": False},
        {"style": "header"},
        {"prefers": False},
        {"like": ("batch-0",)},
        {"known": ("batch_kvmtzqwhua",)},
        {"reading": "published"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_wish_decides_on_a_plan(tmp_path: Path, change: dict[str, Any]) -> None:
    keeps, known = Remembered(tmp_path), ("batch_rdyqgrcgjg",)
    keeps.plan(shipped_contract(), known, **WISHES)
    wishes = {**WISHES, **change}
    known, contract = wishes.pop("known", known), shipped_contract(wishes.pop("reading", "documented"))
    assert keeps.plan(contract, known, **wishes).probes == build_plan(contract, known, **wishes).probes


@pytest.mark.parametrize("change", [{"method": "DELETE"}, {"path": ".example.com/"}], ids=["method", "path"])
def test_a_plan_that_somebody_wrote_into_the_cache_changes_nothing_at_the_target(
    tmp_path: Path, change: dict[str, str]
) -> None:
    keeps, known = Remembered(tmp_path), ("batch_rdyqgrcgjg",)
    planned = keeps.plan(shipped_contract(), known, **WISHES)
    (file,) = tmp_path.glob("plan-*.json")
    made = json.loads(json.loads(file.read_text(encoding="utf-8"))["made"])
    made["probes"][5] |= change
    text = json.dumps(made)
    file.write_text(json.dumps({"sha256": sha256(text.encode()).hexdigest(), "made": text}), encoding="utf-8")
    assert keeps.plan(shipped_contract(), known, **WISHES).probes == planned.probes


def test_a_plan_with_methods_that_change_something_is_made_each_time(tmp_path: Path) -> None:
    planned = Remembered(tmp_path).plan(shipped_contract(), ("batch_rdyqgrcgjg",), **WISHES, unsafe=True)
    assert "DELETE" in {probe.method for probe in planned.probes}
    assert not list(tmp_path.glob("plan-*"))


def test_a_plan_for_a_client_is_made_each_time(tmp_path: Path) -> None:
    def asks(batch_id: str) -> tuple[str, Headers]:
        return f"/batches/{batch_id}", ()

    planned = Remembered(tmp_path).plan(shipped_contract(), ("batch_rdyqgrcgjg",), **WISHES, client=asks)
    assert planned.chapter("client")
    assert not list(tmp_path.glob("plan-*"))


def test_a_key_that_was_given_for_an_id_is_not_kept(tmp_path: Path) -> None:
    key = "sk-" + "0123456789abcdef" * 3
    keep = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}", "--plan", f"--base-url={_twice()[0][1]}")
    for batch_id in (key, "batch_rdyqgrcgjg"):
        run_suite(tmp_path / "reports", *keep, f"--batch-id={batch_id}", env={"BATCH_API_KEY": key})
    kept = [file.read_text(encoding="utf-8") for file in (tmp_path / "cache").rglob("*.json")]
    assert any("batch_rdyqgrcgjg" in text for text in kept)
    assert not any(key in text for text in kept)


@pytest.mark.parametrize("change", ["document", "path", "count", "seed", "plain", "version"])
def test_whatever_decides_on_them_has_them_made_anew(
    tmp_path: Path, counted: Counted, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeps = Remembered(tmp_path)
    keeps(DATA, PATH, PARAMETER, 6, None)
    data, path, count, seed, plain = DATA, PATH, 6, None, False
    if change == "document":
        data = {**copy.deepcopy(dict(DATA)), "info": {"title": "another", "version": "1"}}
    elif change == "path":
        path = "/batches/{batch_id}/more"
        data = {**DATA, "paths": {**DATA["paths"], path: DATA["paths"][PATH]}}
    elif change == "version":
        monkeypatch.setattr(remembered, "version", lambda name: f"another {name}")
    count, seed, plain = (7 if change == "count" else count), (1 if change == "seed" else seed), change == "plain"
    keeps(data, path, PARAMETER, count, seed, plain=plain)
    assert counted.calls == 2


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"sha256": "0", "made": "[]"}', "not json", '{"made": 3}'])
def test_a_damaged_file_is_made_anew(tmp_path: Path, counted: Counted, damage: str) -> None:
    keeps = Remembered(tmp_path)
    made = keeps(DATA, PATH, PARAMETER, 6, None)
    (file,) = tmp_path.glob("*.json")
    file.write_text(damage, encoding="utf-8")
    assert keeps(DATA, PATH, PARAMETER, 6, None) == made
    assert counted.calls == 2


def test_a_request_that_was_changed_in_the_file_is_not_sent(tmp_path: Path) -> None:
    keeps = Remembered(tmp_path)
    made = keeps(DATA, PATH, PARAMETER, 6, None)
    (file,) = tmp_path.glob("*.json")
    file.write_text(file.read_text(encoding="utf-8").replace("/batches/", "/elsewhere/"), encoding="utf-8")
    assert keeps(DATA, PATH, PARAMETER, 6, None) == made


def test_what_cannot_be_made_is_an_error_each_time_and_a_folder_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Remembered(tmp_path / "file" / "below")(DATA, PATH, PARAMETER, 4, None)
    for _ in range(2):
        with pytest.raises(GenerationError):
            Remembered(tmp_path)(DATA, "/no/such/path", PARAMETER, 4, None)
    assert not list(tmp_path.glob("*.json"))


def test_no_more_than_so_many_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "generate", lambda *_, **__: ())
    for count in range(40):
        Remembered(tmp_path)(DATA, PATH, PARAMETER, count, None)
    assert len(list(tmp_path.glob("*.json"))) == 32


def test_a_second_run_sends_the_same_and_does_not_even_load_what_makes_requests(tmp_path: Path) -> None:
    keep = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}", "--exploration=standard")
    plans = [run_suite(tmp_path / name, *keep, "--plan", f"--base-url={url}").text for name, url in _twice()]
    requests = [[line for line in plan.splitlines() if line[:4].strip().isdigit()] for plan in plans]
    assert requests[0] == requests[1]
    assert any("generated/" in line for line in requests[0])
    code = (
        "import sys, pytest; pytest.main(sys.argv[1:]); "
        "print('loaded:', bool({'schemathesis.specs.openapi.schemas', 'hypothesis.strategies'} & set(sys.modules)))"
    )
    arguments = ["-p", "no:randomly", "-q", "--plan", f"--base-url={_twice()[0][1]}", *keep]
    environment = {**os.environ, "BATCH_API_KEY": "sk-x"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert "loaded: False" in done.stdout, done.stdout + done.stderr


def _twice() -> list[tuple[str, str]]:
    return [("one", "http://127.0.0.1:9/v1"), ("two", "http://127.0.0.1:9/v1")]


def test_the_files_hold_requests_alone(tmp_path: Path) -> None:
    Remembered(tmp_path)(DATA, PATH, PARAMETER, 4, None)
    (file,) = tmp_path.glob("*.json")
    requests = json.loads(json.loads(file.read_text(encoding="utf-8"))["made"])
    assert all(one.keys() == {"phase", "path", "batch_id", "query", "headers"} for one in requests)
