"""What happens now and what was recorded are judged alike: random runs, judged live and by the code of ``validate``.

A run is recorded in two ways: with the intent of each request, as the suite writes its exchanges down, and without, as
somebody else's client does. Then it is validated whole, with its lines shuffled, and in parts that are read apart. The
findings have to be the same. What may differ, and why, is this and nothing else:

- What needs the intent of a request. A recording does not say

  - that nobody has an id: where it was answered, it is taken for one that exists (``identity.*``), and requests for
    such ids are no kind of their own that could always fail;
  - that an id still exists: batches are deleted after some weeks, so a later 404 is no change of the answer
    (``stability.answer_changed``);
  - that a credential is the valid one, where it was refused (``auth.valid_refused``).

- What a run requires, and traffic that nobody planned does not (``Ledger.missing``).

``DIFFERENTIAL_EXAMPLES=10000`` tries as many random runs, with a new seed each time.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_lines import exchange_to_dict
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, KNOWN, OTHER, QUEUED, contract, sent
from random_runs import BASE, BEGUN, Run, planned, runs, shown
from recorded_support import found
from recorded_support import validated as command
from test_recorded_ledger import told

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import judge
from batch_conformance.message import shown as message_of
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.serialization import pack, unpack
from batch_conformance.recorded.source import parts

BY_HAND = os.environ.get("DIFFERENTIAL_EXAMPLES", "")
SOME = settings(
    max_examples=int(BY_HAND or 100),
    derandomize=not BY_HAND,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
GUESS = InferredProbe(OperationUrls(contract()), credentials_recorded=True)
PAGE = b"<html><h1>503 Service Temporarily Unavailable</h1></html>"
BUSY = {"code": 50505, "message": "Model service overloaded. Please try again later.", "data": ""}
OOPS = {"code": 50000, "message": "Unknown error", "data": ""}


def line(exchange: Exchange, *, intent: bool, retries: bool = True) -> bytes:
    """An exchange as it is recorded: by the suite, by a client that knows its retries, or by one that knows nothing."""
    values = exchange_to_dict(exchange)
    if not intent:
        del values["probe"]
    if not retries:
        del values["number"], values["attempt"], values["final"]
    return json.dumps(values).encode()


def without_retries(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """The exchanges, each as a request of its own."""
    return [replace(one, number=number, attempt=0, final=True) for number, one in enumerate(exchanges)]


Pieces = Callable[[list[bytes]], tuple[list[bytes], int]]
"""Lines in an order, and how many bytes are read in one go."""


def whole(lines: list[bytes]) -> tuple[list[bytes], int]:
    return lines, 1 << 30


@st.composite
def shuffled(draw: st.DrawFn) -> Pieces:
    order = draw(st.randoms(use_true_random=False))
    return lambda lines: (_mixed(lines, order), 1 << 30)


@st.composite
def cut(draw: st.DrawFn) -> Pieces:
    size = draw(st.sampled_from([400, 1500, 4000, 12_000]))
    return lambda lines: (lines, size)


def _mixed(lines: list[bytes], order: random.Random) -> list[bytes]:
    return order.sample(lines, len(lines))


def validated(lines: list[bytes], folder: Path, pieces: Pieces = whole) -> Ledger:
    """The ledger that ``validate`` makes of a file with these lines; parts of it are read as by several processes."""
    path = folder / "run.ndjson"
    mixed, size = pieces(lines)
    path.write_bytes(b"\n".join(mixed) + b"\n")
    read: list[Recording] = []
    for part in parts([str(path)], size):
        recording = Recording(GUESS)
        recording.read(part)
        assert not recording.malformed, recording.complaints
        read.append(recording)
    first, *others = read
    for other in others:
        first.update(unpack(pack(other), contract()))
    return first.result()


def facts(findings: Iterable[Finding]) -> set[tuple[Any, ...]]:
    """What two ledgers are to have in common, whoever recorded the run."""
    return {(f.rule, f.level, f.side, f.status, f.media_type, f.pointer, f.kind, f.occurrences, f.id) for f in findings}


NEEDS_INTENT = frozenset({"stability.answer_changed", "auth.valid_refused"})
"""Rules of which a recording does not show that they are broken."""


BY_WHETHER_THE_ID_EXISTS = frozenset({"auth.not_401", "auth.checked_late"})
"""Rules of which a 404 without the valid credential breaks the former where the id exists, the latter where it does
not, and neither where the valid credential gets the same for ids that exist. That they do is known of the suite's own
requests; of an id that somebody asked for it is not, where it was answered 404."""


def without_intent(ledger: Ledger) -> dict[str, Any]:
    """What a ledger says that no intent is needed for."""
    documented = {clause.id for clause in contract().clauses if clause.rule not in BY_WHETHER_THE_ID_EXISTS}
    by_intent = NEEDS_INTENT | BY_WHETHER_THE_ID_EXISTS
    return {
        "findings": facts(finding for finding in ledger.findings if finding.rule not in by_intent),
        "clauses": {r.clause.id: (r.state, r.judged, r.broken) for r in ledger.clauses if r.clause.id in documented},
        "fields": sorted(ledger.fields, key=lambda field: (field.status, field.pointer)),
        "statuses": sorted(ledger.statuses, key=lambda status: status.status),
    }


def shows_what_exists(run: Run) -> bool:
    """Whether nobody's id was answered as if it was a batch: a recording would take it for one."""
    return not any(
        exchange.probe.subject in ("unknown", "hostile") and 200 <= (exchange.status or 0) < 300
        for exchange in run.exchanges
    )


def is_calm(run: Run) -> bool:
    """Whether every request was answered, and with no status that says busy, away or broken unless it was asked for."""
    return not any(
        exchange.failure is not None
        or (
            exchange.status != exchange.probe.forced_status
            and (exchange.status == 429 or (exchange.status or 0) >= 500)
        )
        for exchange in run.exchanges
    )


PIECES = st.one_of(st.just(whole), shuffled(), cut())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


@SOME
@given(runs(planned), PIECES)
def test_a_run_that_the_suite_recorded_is_judged_as_it_was(folder: Path, run: Run, pieces: Pieces) -> None:
    lines = [line(exchange, intent=True) for exchange in run.exchanges]
    assert told(validated(lines, folder, pieces)) == told(judge(run.exchanges, contract()))


def compare(run: Run, pieces: Pieces, retries: bool, folder: Path) -> None:
    exchanges = list(run.exchanges) if retries else without_retries(run.exchanges)
    lines = [line(exchange, intent=False, retries=retries) for exchange in exchanges]
    assert without_intent(validated(lines, folder, pieces)) == without_intent(judge(exchanges, contract()))


@SOME
@given(runs(shown, faults=False), PIECES, st.booleans())
def test_a_calm_run_that_somebody_recorded_is_judged_as_it_was(
    folder: Path, run: Run, pieces: Pieces, retries: bool
) -> None:
    assume(shows_what_exists(run) and is_calm(run))
    compare(run, pieces, retries, folder)


@SOME
@given(runs(shown), PIECES, st.booleans())
def test_a_run_that_somebody_recorded_is_judged_as_it_was(
    folder: Path, run: Run, pieces: Pieces, retries: bool
) -> None:
    assume(shows_what_exists(run))
    compare(run, pieces, retries, folder)


# What two judges once told apart, each with the smallest run that shows it.


def in_turn(*sent_ones: Exchange | tuple[Exchange, ...]) -> list[Exchange]:
    """Requests one after the other, a second apart; several together are the attempts of one."""
    made: list[Exchange] = []
    for number, one in enumerate(sent_ones):
        attempts = one if isinstance(one, tuple) else (one,)
        for attempt, exchange in enumerate(attempts):
            key = () if exchange.probe.credential == "missing" else (("Authorization", "[redacted]"),)
            request = replace(
                exchange.request,
                url=BASE + exchange.probe.path,
                headers=(*exchange.probe.headers, *key),
            )
            final = attempt == len(attempts) - 1
            moment = BEGUN + len(made)
            made.append(
                replace(
                    exchange,
                    number=number,
                    attempt=attempt,
                    final=final,
                    request=request,
                    started_at=moment,
                    elapsed=0.25,
                )
            )
    return made


def other(body: Any = None, **more: Any) -> Exchange:
    """A read of another batch."""
    return sent({**QUEUED, "id": OTHER} if body is None else body, batch_id=OTHER, **more)


def broken(status: int = 500, **more: Any) -> Exchange:
    return sent(OOPS, status, **more)


def silence(**more: Any) -> Exchange:
    return sent(b"", answered=False, failure=Failure("timeout", message_of("no complete answer within 10 s")), **more)


def page(status: int, **more: Any) -> Exchange:
    """What a gateway says for the server."""
    return sent(PAGE, status, media_type="text/html", **more)


def forced(body: Any, status: int, media_type: str = "application/json") -> Exchange:
    prefer = (("Accept", "application/json"), ("Prefer", f"code={status}"))
    return sent(body, status, media_type=media_type, forced=status, asked=prefer, name=f"prefer_{status}")


HEAD_LENGTH = {"method": "HEAD", "name": "head_known", "headers": (("Content-Length", "7"),)}
BODY_LENGTH = (("Content-Length", str(len(json.dumps(QUEUED)))),)

TAG = (("ETag", '"33a64df5"'),)

ALIKE: dict[str, list[Exchange]] = {
    "an id that always fails": in_turn(*(one for _ in range(6) for one in (broken(), other()))),
    "an id that is always silent": in_turn(*(one for _ in range(3) for one in (silence(), other()))),
    "a kind of request that always fails": in_turn(
        sent(), *(one for _ in range(2) for one in (broken(method="HEAD", name="head_known"), sent()))
    ),
    "a gateway's page that always comes for one path": in_turn(page(503), other(), page(503), other()),
    "an outage at the end": in_turn(sent(), other(), *(page(500) for _ in range(3))),
    "a gateway's page for a status that was asked for": in_turn(
        sent(), forced(BUSY, 503), forced(PAGE, 503, "text/html")
    ),
    "a strong tag for two bodies": in_turn(
        sent(headers=TAG), sent({**QUEUED, "status": "validating"}, headers=TAG), other(headers=TAG)
    ),
    "strong tags that come again with other bodies": in_turn(
        *(
            sent({**QUEUED, "metadata": None} if n % 2 else QUEUED, headers=(*BODY_LENGTH[: n % 2], ("ETag", tag)))
            for n, tag in enumerate(('"1"', '"2"', '"2"', '"1"', '"1"'))
        )
    ),
    "a length that HEAD tells wrongly": in_turn(
        sent(headers=BODY_LENGTH),
        sent(b"", **HEAD_LENGTH),  # type: ignore[arg-type]
        sent(headers=BODY_LENGTH),
    ),
}


@pytest.mark.parametrize("run", ALIKE.values(), ids=ALIKE)
def test_a_recording_is_judged_as_what_it_is_of(run: list[Exchange], folder: Path) -> None:
    lines = [line(exchange, intent=False) for exchange in run]
    assert without_intent(validated(lines, folder)) == without_intent(judge(run, contract()))


def test_validate_exits_with_drift_where_one_batch_answers_500_six_times_of_six(tmp_path: Path) -> None:
    run = in_turn(*(one for _ in range(6) for one in (broken(), other())))
    (tmp_path / "twelve.ndjson").write_bytes(b"\n".join(line(exchange, intent=False) for exchange in run))
    result, drift = command(tmp_path / "out", str(tmp_path / "twelve.ndjson"))
    assert result.exit_code == 1
    assert found(drift) == [("response.server_error", "500", "")]


def test_the_order_of_the_lines_changes_nothing(folder: Path) -> None:
    heads = [broken(method="HEAD", name="head_known") for _ in range(2)]
    lines = [line(exchange, intent=False) for exchange in in_turn(*heads, sent(), sent())]
    assert told(validated(lines[::-1], folder)) == told(validated(lines, folder))


def test_reads_are_compared_whoever_recorded_them(folder: Path) -> None:
    run = in_turn(sent({**COMPLETED, "id": KNOWN}), sent())
    lines = [line(run[0], intent=True), line(run[1], intent=False)]
    assert facts(validated(lines, folder).findings) == facts(judge(run, contract()).findings)


def test_what_was_seen_by_anybody_was_seen(folder: Path) -> None:
    run = in_turn(sent(), other({**COMPLETED, "id": OTHER}))
    for intents in ((True, False), (False, True)):
        lines = [line(exchange, intent=intent) for exchange, intent in zip(run, intents, strict=True)]
        assert facts(validated(lines, folder).findings) == facts(judge(run, contract()).findings)


def test_of_ids_that_nobody_has_a_recording_does_not_say_that_they_are_of_a_kind(folder: Path) -> None:
    """The intent that is needed: live, every id that nobody has breaks the server; recorded, any id may be there."""
    nobodys = [broken(subject="unknown", batch_id=f"batch_nobodyhas{number}", name="same_shape") for number in range(3)]
    run = in_turn(sent(), *(one for nobody in nobodys for one in (nobody, sent())))
    lines = [line(exchange, intent=False) for exchange in run]
    assert "response.server_error" in {finding.rule for finding in judge(run, contract()).findings}
    assert "response.server_error" not in {finding.rule for finding in validated(lines, folder).findings}
