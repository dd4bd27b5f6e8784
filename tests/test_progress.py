from __future__ import annotations

from batch_conformance.run.progress import ProgressLine


def test_a_short_run_shows_no_line_and_a_long_one_shows_where_it_is() -> None:
    now, written = [0.0], list[str]()
    line = ProgressLine(written.append, lambda: 2, width=60, clock=lambda: now[0])
    line(1, 100, "known_ids")
    assert written == []
    now[0] = 5.0
    line(50, 100, "hostile_ids")
    assert written[-1].strip() == "50/100 requests, hostile_ids, 2 findings, 5 s left"
    assert written[-1] == "\n" + written[-1][1:].ljust(59)
    line(51, 100, "hostile_ids")
    assert len(written) == 1, "no more often than a person can read"
    now[0] = 6.0
    line(100, 100, "hostile_ids")
    assert written[-1].strip() == ""
