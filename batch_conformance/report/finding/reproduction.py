"""Commands that show a finding again, in lines that fit where they are shown."""

from __future__ import annotations

import re
import shlex

from batch_conformance.findings.finding import Finding
from batch_conformance.report.items.item import Items
from batch_conformance.report.run.run_report import RunReport

_WORD = re.compile(r"""(?:-[HXk] +)?(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""")
_FOLDER = re.compile(r"""\s--reports-dir(?:=|\s+)(?:'[^']*'|\S+)""")
_OF_A_PART = "reports/again"


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


def rerun(report: RunReport, finding: Finding, items: Items) -> str:
    """The run's command, narrowed to the test of ``items``, which are the report's, that the finding fails.

    A run that selected its tests is repeated as it was. The reports of a part go into a folder of their own, so that
    they do not take the place of the whole run's.
    """
    command = report.run.command
    if not command.startswith(("pytest", "batch-conformance run")) or re.search(r"(?:^|\s)-k|::", command):
        return command
    item = items.of(finding)
    return f"{_FOLDER.sub('', command)} {shlex.quote(item.node_id)} --reports-dir={_OF_A_PART}"
