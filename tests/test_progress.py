from __future__ import annotations

from functools import partial

from batch_conformance.run.live.announced import progress_line
from batch_conformance.run.progress import ProgressLine


def _told(*facts: object, language: str = "en") -> str:
    done, planned, chapter, findings, seconds = facts
    return progress_line(language, done, planned, chapter=chapter, findings=findings, seconds=seconds)  # type: ignore[arg-type]


def test_a_short_run_shows_no_line_and_a_long_one_shows_where_it_is() -> None:
    now, written = [0.0], list[str]()
    line = ProgressLine(written.append, lambda: 2, _told, width=60, clock=lambda: now[0])
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


def test_in_chinese_the_line_is_chinese_and_takes_as_many_columns() -> None:
    now, written = [0.0], list[str]()
    told = partial(_told, language="zh")
    line = ProgressLine(written.append, lambda: 2, told, width=60, clock=lambda: now[0])
    now[0] = 5.0
    line(50, 100, "hostile_ids")
    assert written[-1].strip() == "50/100 个请求，hostile_ids，2 项发现，还剩 5 秒"
    assert sum(1 + (character > "\u2e7f") for character in written[-1][1:]) == 59
