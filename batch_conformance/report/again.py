"""Commands that show a finding again, in lines that fit where they are shown."""

from __future__ import annotations

import re

from batch_conformance.findings.finding import Finding
from batch_conformance.report.groups import rule_named
from batch_conformance.report.run_report import RunReport

_WORD = re.compile(r"""(?:-[HXk] +)?(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""")
_FOLDER = re.compile(r"""\s--reports-dir(?:=|\s+)(?:'[^']*'|\S+)""")
_OF_THE_WHOLE = ("body.seen", "response.drops", "auth.valid_refused")
"""Rules that weigh what several chapters saw."""

_OF_ONE_CHAPTER = "reports/again"


def folded(command: str, width: int) -> list[str]:
    """A shell command over several lines, broken by backslashes between its arguments only.

    A word that is longer than a line stays whole, and so does a command that is cut or quoted in another way.
    """
    words = _WORD.findall(command)
    if " ".join(words) != command:
        return [command]
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 3 <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"  {word}" if lines else word)
    return [*(line + " \\" for line in lines[:-1]), *lines[-1:]]


def rerun(report: RunReport, finding: Finding) -> str:
    """The run's command, narrowed to the chapter that showed the finding.

    Where it takes the whole run to see it, that is what is given. The reports of a part go into a folder of their own,
    so that they do not take the place of the whole run's.
    """
    command, chapter = report.run.command, finding.evidence.probe.chapter
    if rule_named(finding.rule).compares or finding.rule in _OF_THE_WHOLE or not command.startswith("pytest"):
        return command
    ran = any(f"/test_{chapter}.py::" in f"/{result.name}" for result in report.chapters)
    if not ran or not chapter.isidentifier() or re.search(r"(?:^|\s)-k|::", command):
        return command
    return f"{_FOLDER.sub('', command)} -k test_{chapter} --reports-dir={_OF_ONE_CHAPTER}"
