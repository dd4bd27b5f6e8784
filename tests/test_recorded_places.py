"""Findings of recorded traffic name the line and the time; what cannot be asked again is offered no command."""

from __future__ import annotations

import gzip
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from exchange_lines import spooled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_support import contract
from recorded_support import AUTHORIZED, BASE, line, ndjson, validated

from batch_conformance.exchange.har import har
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.serialization import pack, unpack
from batch_conformance.recorded.source import lines_before, parts

DRIFTS = {"id": "batch_rdyqgrcgjg", "object": "batch", "created_at": "1741685413"}
GUESS = InferredProbe(OperationUrls(contract()))


def drifting(**more: Any) -> dict[str, Any]:
    return line({**json.loads(line()["response"]["body"]), "created_at": "soon"}, **more)


def told(folder: Path, lines: bytes, name: str = "traffic.ndjson") -> tuple[str, dict[str, Any], str]:
    """The terminal's text, the finding about created_at, and the text for the vendor."""
    path = folder / name
    path.write_bytes(lines)
    result, drift = validated(folder / "reports", str(path))
    (finding,) = [one for one in drift["findings"] if one["pointer"] == "/created_at"]
    page = (folder / "reports" / "drift.html").read_text(encoding="utf-8")
    tickets = re.findall(r"<pre data-copy>(\*\*.*?)</pre>", page, re.DOTALL)
    return result.output, finding, html.unescape(next(one for one in tickets if "created_at" in one))


def test_a_finding_names_the_line_and_the_time_in_the_terminal_and_in_the_text_for_the_vendor(tmp_path: Path) -> None:
    lines = ndjson(line(), b"", line(batch_id="batch_2"), drifting(started_at=1741685413.25))
    output, finding, vendor_text = told(tmp_path, lines)
    place = f"{tmp_path}/traffic.ndjson:4"
    assert finding["evidence"]["source"] == place
    assert f"{place}, 2025-03-11T09:30:13Z" in re.sub(r"\n\s+", "", output)
    assert f"- Recorded: `{place}, 2025-03-11T09:30:13Z`" in vendor_text
    assert finding["evidence"]["curl"].startswith("curl ")
    page = (tmp_path / "reports" / "drift.html").read_text(encoding="utf-8")
    assert f"{place}, 2025-03-11T09:30:13Z" in page


@pytest.mark.parametrize("packed", [False, True], ids=["har", "har.gz"])
def test_in_an_archive_it_is_the_entry(tmp_path: Path, packed: bool) -> None:
    made = [spooled({**values, "probe": _PROBE, "number": n}) for n, values in enumerate([line(), drifting()])]
    archive = json.loads(json.dumps(har(made)))
    for entry in archive["log"]["entries"]:
        for own in [name for name in entry if name.startswith("_")]:
            del entry[own]
    text = json.dumps(archive).encode()
    name = "a.har.gz" if packed else "a.har"
    _, finding, _ = told(tmp_path, gzip.compress(text) if packed else text, name)
    assert finding["evidence"]["source"] == f"{tmp_path}/{name}, entry 2"


_PROBE = {
    "chapter": "known_ids", "name": "read", "path": "/batches/batch_rdyqgrcgjg", "batch_id": "batch_rdyqgrcgjg",
    "subject": "known", "method": "GET", "headers": [], "query": "", "credential": "valid", "forced_status": None,
}  # fmt: skip


def test_so_it_is_for_a_run_that_numbers_its_requests_by_itself(tmp_path: Path) -> None:
    lines = [line(), line(batch_id="batch_2"), drifting()]
    numbered = [{**values, "probe": _PROBE, "number": 9 - n} for n, values in enumerate(lines)]
    _, finding, _ = told(tmp_path, ndjson(*numbered))
    assert finding["evidence"]["source"] == f"{tmp_path}/traffic.ndjson:3"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"url": "/v1/batches/batch_rdyqgrcgjg"}, "its host was not recorded"),
        ({"asked": {"Accept": "application/json"}}, "its credential was not recorded"),
    ],
)
def test_no_command_is_offered_for_what_cannot_be_asked_again(tmp_path: Path, more: Any, reason: str) -> None:
    output, finding, vendor_text = told(tmp_path, ndjson(drifting(**more)))
    assert f"cannot be asked again: {reason}" in " ".join(output.split())
    assert "curl" not in output
    assert "curl" not in vendor_text
    assert finding["evidence"]["curl"] == ""
    page = (tmp_path / "reports" / "drift.html").read_text(encoding="utf-8")
    assert f"cannot be asked again: {reason}" in page
    assert "curl -sS" not in page


def test_a_refused_credential_of_which_nobody_knows_is_not_asked_again(tmp_path: Path) -> None:
    refused = line("Invalid token", 401)
    (tmp_path / "t.ndjson").write_bytes(ndjson(line(), refused))
    result, drift = validated(tmp_path, str(tmp_path / "t.ndjson"))
    (finding,) = [one for one in drift["findings"] if one["rule"] == "auth.challenge_missing"]
    assert finding["evidence"]["curl"] == ""
    assert "whether its credential was the valid one is not known" in " ".join(result.output.split())


def test_a_recording_without_times_names_the_line_alone(tmp_path: Path) -> None:
    values = drifting()
    del values["started_at"]
    output, _, vendor_text = told(tmp_path, ndjson(values))
    assert f"- Recorded: `{tmp_path}/traffic.ndjson:1`" in vendor_text
    assert "1970" not in output


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(["plain", "empty", "drift"]), max_size=12).map(lambda kinds: [*kinds, "drift"]),
    st.integers(200, 4000),
)
def test_the_line_is_right_in_whatever_pieces_a_file_is_read(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], piece: int
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "t.ndjson"
    made = {"plain": line(), "empty": b"", "drift": drifting(url=f"{BASE}/batches/batch_rdyqgrcgjg", asked=AUTHORIZED)}
    path.write_bytes(ndjson(*(made[kind] for kind in kinds)))
    read = Recording(GUESS)
    for part in parts([str(path)], piece):
        later = Recording(GUESS)
        later.read(part)
        read.update(unpack(pack(later), contract()))
    shown = next(one for one in read.result().findings if one.pointer == "/created_at").evidence
    assert shown.source == f"{path}:{kinds.index('drift') + 1}"


def test_lines_before_counts_those_that_begin_before_a_byte(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"ab\n\ncd\n")
    assert lines_before(str(path), [0, 1, 3, 4, 5]) == {0: 0, 1: 1, 3: 1, 4: 2, 5: 3}
