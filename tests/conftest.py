"""The project's own tests: any warning is an error."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Contract
    from batch_conformance.run.prove.drift_runner import DriftRunner

# How long an example takes depends on what else the machine does; no test is about time.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

HERE = Path(__file__).parent


def _pass(_number: int, _frame: object) -> None:
    return


# Background jobs of shells, and much of CI, begin with these ignored, and what a test starts would inherit that. A
# handler that does nothing leaves this process as it is, and what it starts has the system's own.
for _number in (signal.SIGINT, signal.SIGHUP) if threading.current_thread() is threading.main_thread() else ():
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _pass)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """With ``-n auto``, half as many workers again as there are cores: much of what tests do is waiting.

    They wait for polls, pauses between retries and time-outs of processes that they have started.
    """
    count = yield
    return count if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") else count + count // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``-n``, a worker that has nothing left takes tests from one that waits."""
    from xdist.scheduler import WorkStealingScheduling  # noqa: PLC0415 - there only where this is called

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole runs against hostile servers and servers of other makers come last: what fails sooner is known sooner.

    With several workers they come first: they mostly wait, and one worker does so beside the others, which compute. Of
    these, what waits the longest begins first.
    """
    items.sort(key=lambda item: _turn(item, first=hasattr(config, "workerinput")))
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("error"))


def _turn(item: pytest.Item, *, first: bool) -> int:
    """The place of a test among the others; ``first`` puts what waits before them."""
    if not any(item.get_closest_marker(name) for name in ("real", "survival")):
        return 0
    turn = 1 if item.get_closest_marker("waits") else 2
    return turn - 3 if first else turn


def pytest_collection_finish() -> None:
    """Keep the collector of garbage from looking at thousands of items again and again: they stay until the end.

    After that a collection of all that is left would come after each few thousand objects: a twentieth of all CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 100)


@pytest.fixture(scope="session")
def runner_for() -> Iterator[Callable[[Contract], DriftRunner]]:
    """A runner of drifts for a contract: its mock, its plan and what it finds without a drift are made once."""
    from batch_conformance.run.prove.drift_runner import DriftRunner  # noqa: PLC0415 - few processes run drifts

    made: dict[tuple[object, ...], DriftRunner] = {}
    with ExitStack() as stack:

        def runner(contract: Contract) -> DriftRunner:
            document, ids = contract.document, tuple(one.id for one in (*contract.operations, *contract.writes))
            key = (document.name, document.sha256, contract.reading, ids)
            if key not in made:
                made[key] = stack.enter_context(DriftRunner(contract))
            return made[key]

        yield runner
