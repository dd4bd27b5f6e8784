"""Every way in which a target can misbehave over a whole run, and what the suite has to say of it.

``SCENARIOS`` is the table; ``run(scenario)`` runs the suite against one in a process of its own and measures it, and
``complaints`` says what was wrong with that.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import gateway
import hostile
import hostile_answers
from fork_server import run_module
from suite_support import OURS, PLAIN, PLUGINS, Outcome
from tls_support import make_certificates, server_context

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.run.writer import FORMATS

KEY = "sk-Survival7vLw3xN9tRk2mYp5bHc8dJf4gAs6"
BATCH_ID = "batch_rdyqgrcgjg"
MOST_SECONDS = 30.0
MOST_MEBIBYTES = 300.0
WAITS = 16.0
"""Seconds that a run may spend waiting for a silent target. On a machine that is busy with other things the clock says
little, so that a run is too slow only where the clock and its own computing say so."""
GIVEN_UP = 200.0
HURRIED = "tests.hurried_pytest"

Verdict = Literal["drift", "inconclusive", "conforms"]


@dataclass
class Target:
    """A target that is up: its URL, and what the suite needs to know. ``trouble`` looks at it after the run."""

    base_url: str
    key: str = KEY
    batch_ids: tuple[str, ...] = (BATCH_ID,)
    arguments: tuple[str, ...] = ()
    trouble: Callable[[], str] = field(default=lambda: "")


@dataclass(frozen=True)
class Scenario:
    """``verdict`` is the right one, ``says`` a word that the person must be told, ``module`` the program to run."""

    name: str
    start: Callable[[], contextlib.AbstractContextManager[Target]]
    verdict: Verdict
    says: str = ""
    module: str = "pytest"


@dataclass(frozen=True)
class Survived(Outcome):
    """A run's outcome, what it cost, and what was wrong with it from the target's side."""

    measured: Measured
    trouble: str

    @property
    def faults(self) -> list[str]:
        """What is wrong with how it ended, whatever the verdict."""
        found = [f"{name} is missing" for name in FORMATS if not (self.folder / name).is_file()]
        found += [f"{path.name} was left" for path in self.folder.iterdir() if path.name.startswith(".")]
        if "Traceback" in self.text or "INTERNALERROR" in self.text:
            found.append("a traceback")
        if min(self.measured.seconds, self.measured.cpu + WAITS) > MOST_SECONDS:
            found.append(f"{self.measured.seconds:.0f} s, {self.measured.cpu:.0f} s of them computing")
        if self.measured.mebibytes > MOST_MEBIBYTES:
            found.append(f"{self.measured.mebibytes:.0f} MiB")
        return [*found, self.trouble] if self.trouble else found


def complaints(scenario: Scenario, survived: Survived) -> list[str]:
    """What is wrong with a run: how it ended, its verdict, and what it says."""
    found, drift = survived.faults, survived.folder / "drift.json"
    verdict = survived.drift["verdict"] if drift.is_file() else "none"
    if verdict != scenario.verdict:
        found.append(f"the verdict is {verdict}, not {scenario.verdict}")
    if survived.code != {"drift": 1, "inconclusive": 6, "conforms": 0}[scenario.verdict]:
        found.append(f"the exit code is {survived.code}")
    if scenario.says not in survived.text:
        found.append(f"nothing is said of {scenario.says}")
    return found


def run(scenario: Scenario, folder: Path) -> Survived:
    """Run the whole suite against the scenario's target."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with scenario.start() as target:
        environment |= {"BATCH_API_KEY": target.key, "BATCH_IDS": ",".join(target.batch_ids)}
        arguments = ("--base-url", target.base_url, "--request-timeout=2", f"--reports-dir={folder}", *target.arguments)
        begun = time.monotonic()
        with _Watch() as watch:
            done = run_module(
                scenario.module,
                *PLUGINS,
                *PLAIN,
                *arguments,
                environment=environment,
                timeout=GIVEN_UP,
                started=watch.start,
            )
        measured = Measured(time.monotonic() - begun, done.cpu, watch.mebibytes)
        return Survived(done.returncode, done.stdout + done.stderr, folder, measured, target.trouble())


@dataclass(frozen=True)
class Measured:
    """What a process took: ``seconds`` of wall time, ``cpu`` seconds, and the peak of its memory in MiB."""

    seconds: float
    cpu: float
    mebibytes: float


class _Watch:
    """Looks at the memory of a process until it ends: what the kernel says afterwards counts that of its parent too."""

    def __init__(self) -> None:
        self.mebibytes = 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def start(self, pid: int) -> None:
        """Look at this process."""
        self._thread = threading.Thread(target=self._look, args=(pid,))
        self._thread.start()

    def _look(self, pid: int) -> None:
        while not self._ended.wait(0.02):
            self.mebibytes = max(self.mebibytes, _high_water(pid))


def _high_water(pid: int) -> float:
    """The most memory that a process ever had resident, in MiB; 0 where it has just gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _serving(behaviour: str | hostile.Behaviour) -> Callable[[], contextlib.AbstractContextManager[Target]]:
    @contextlib.contextmanager
    def start() -> Iterator[Target]:
        with hostile.serve(behaviour) as server:
            yield Target(server.base_url)

    return start


def _through(fate: Callable[[], gateway.Fate]) -> Callable[[], contextlib.AbstractContextManager[Target]]:
    """A conforming mock, behind a gateway with that fate."""

    @contextlib.contextmanager
    def start() -> Iterator[Target]:
        with EmbeddedMock() as mock, gateway.before(mock.base_url, fate()) as (_, base_url):
            yield Target(base_url, mock.key, mock.batch_ids)

    return start


@cache
def certificates() -> dict[str, Path]:
    """Certificates that last as long as this process."""
    folder = tempfile.TemporaryDirectory(prefix="survival-")
    _KEPT.append(folder)
    return make_certificates(Path(folder.name))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _over_tls(name: str, *options: str) -> Callable[[], contextlib.AbstractContextManager[Target]]:
    @contextlib.contextmanager
    def start() -> Iterator[Target]:
        files = certificates()
        arguments = tuple(option.format(ca=files["ca.pem"]) for option in options)
        with hostile.serve("good", server_context(files, name)) as server:
            untrusted = "--insecure" not in options and name != "good"
            yield Target(
                server.base_url,
                arguments=arguments,
                trouble=lambda: "the key went to a server that was not trusted" if untrusted and server.heads else "",
            )

    return start


@contextlib.contextmanager
def _redirecting() -> Iterator[Target]:
    """To another origin: nobody may come there."""
    with hostile.serve("good") as other:
        away = hostile_answers.redirect_to(other.base_url.removesuffix("/v1"))
        with hostile.serve(away) as server:
            yield Target(server.base_url, trouble=lambda: "a redirect was followed" if other.heads else "")


@contextlib.contextmanager
def _on_ipv6() -> Iterator[Target]:
    with hostile.serve("good", address="::1") as server:
        yield Target(server.base_url)


_OF_HOSTILE: Mapping[str, Verdict] = dict.fromkeys(hostile.BEHAVIOURS, "drift") | dict.fromkeys(
    (
        "refuse",
        "reset_before_status",
        "close_before_status",
        "reset_in_headers",
        "close_in_headers",
        "reset_in_body",
        "close_in_chunk",
        "silence",
        "silence_in_headers",
        "silence_in_body",
        "drip",
        "drip_head",
        "interim_drip",
    ),
    "inconclusive",
)

SCENARIOS: tuple[Scenario, ...] = (
    *(Scenario(name, _serving(name), verdict) for name, verdict in _OF_HOSTILE.items()),
    *(
        Scenario(name, _serving(behaviour), "inconclusive" if name.startswith(("rate_", "over")) else "drift")
        for name, behaviour in hostile_answers.ANSWERS.items()
    ),
    Scenario("redirect_to_another_origin", _redirecting, "drift", "302"),
    Scenario("certificate_expired", _over_tls("old", "--ca-bundle={ca}"), "inconclusive", "expired"),
    Scenario("certificate_for_another_name", _over_tls("other", "--ca-bundle={ca}"), "inconclusive", "mismatch"),
    Scenario("certificate_signed_by_itself", _over_tls("self"), "inconclusive", "--ca-bundle"),
    Scenario("certificate_of_a_private_ca_given", _over_tls("good", "--ca-bundle={ca}"), "drift"),
    Scenario("certificate_expired_but_insecure", _over_tls("old", "--insecure"), "drift", "not verified"),
    Scenario("on_ipv6", _on_ipv6, "drift"),
    Scenario("dies_half_way", _through(lambda: gateway.between(150, 10_000, "reset")), "inconclusive", "went away"),
    Scenario("dies_and_comes_back", _through(lambda: gateway.between(100, 103, "reset")), "conforms", "repeated"),
    Scenario("closes_after_each_response", _through(lambda: gateway.always("close")), "conforms"),
    Scenario("answers_one_request_late", _through(lambda: gateway.always("stale")), "drift"),
    Scenario("resets_every_request_once_up", _through(lambda: gateway.between(1, 10_000, "reset")), "inconclusive"),
    Scenario("overloaded_half_way", _through(lambda: gateway.between(150, 10_000, "503")), "inconclusive", "503"),
    Scenario("limits_half_way", _through(lambda: gateway.between(150, 10_000, "429")), "inconclusive", "429", HURRIED),
    Scenario("a_bad_week", _through(lambda: gateway.flaky(1)), "conforms", module=HURRIED),
)

WAITING = (
    "rate_limited_for_a_second",
    "limits_half_way",
    "silence_in_body",
    "drip",
    "a_bad_week",
    "answers_one_request_late",
    "overloaded",
    "overloaded_half_way",
    "reset_in_body",
    "close_in_chunk",
    "silence",
    "silence_in_headers",
    "drip_head",
    "interim_drip",
    "dies_half_way",
    "content_length_too_long",
)
"""The scenarios in which a run waits for longer than it computes, the longest first."""
