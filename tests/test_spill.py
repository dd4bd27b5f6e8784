"""Rows in files: what whole exchanges come back as, and that reading them runs no code."""

from __future__ import annotations

import json
from array import array
from pathlib import Path

import pytest

from batch_conformance.exchange.exchange import Exchange, Failure, Probe, Request, Response
from batch_conformance.exchange.spill import Spill, merged
from batch_conformance.message import shown

PROBE = Probe("recorded", "GET", "/batches/batch_1", "batch_1", "known", headers=(("Accept", "*/*"),))
EXCHANGE = Exchange(
    7,
    PROBE,
    Request("GET", "/batches/batch_1", PROBE.headers),
    Response(502, (("Server", "a \udc80 b"),), b"\x00\xff<html>"),
    failure=Failure("timeout", shown("no answer")),
    started_at=1.5,
)
ROW = (1.5, 7, 0, 0.25, True, 9, PROBE, (), (502, "text/html", None, 1 << 60, 1), EXCHANGE)


def test_whole_exchanges_come_back_from_a_file_as_they_went() -> None:
    spill = Spill()
    spill.put([("batch_1", [ROW]), ("batch_2", [(1.0, 2, "plain"), array("d", (1.0, 2.0, 0.5))])])
    assert list(spill.of("batch_1")) == [[ROW]]
    assert list(spill.of("batch_2")) == [[(1.0, 2, "plain"), array("d", (1.0, 2.0, 0.5))]]


@pytest.mark.parametrize("goes", [1, 3])
def test_rows_come_by_key_also_from_a_file_that_was_taken_over(goes: int, tmp_path: Path) -> None:
    keys = ["b", "é", "a", "\udc80", "z"]
    spill = Spill(tmp_path / "rows.sqlite")
    for go in range(goes):
        spill.put([(key, [(go, key)]) for key in keys])
    spill.index()
    spill.close()
    taken = Spill.taken_over(tmp_path / "rows.sqlite")
    expected = [(key, [(go, key)]) for key in ("a", "b", "z", "é", "\udc80") for go in range(goes)]
    assert list(merged([taken])) == expected
    assert list(taken.of("z")) == [[(go, "z")] for go in range(goes)]
    assert list(merged([taken])) == expected


def test_a_whole_exchange_in_a_file_is_json_and_no_pickle() -> None:
    spill = Spill()
    spill.put([("batch_1", [ROW])])
    ((_, data, _),) = spill.rows()
    assert json.loads(data[1:])[0]["tuple"][0] == 1.5
