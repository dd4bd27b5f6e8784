"""Says whether two JUnit files have the same suites and cases: ``python tests/same_junit.py ONE OTHER``."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET


def cases(path: str) -> list[tuple[str | None, ...]]:
    """Suite, class, name and outcome of every case, in order."""
    return [
        (suite.get("name"), case.get("classname"), case.get("name"), *(child.tag for child in case))
        for suite in ET.parse(path).getroot()
        for case in suite.iter("testcase")
    ]


if __name__ == "__main__":
    one, other = (cases(path) for path in sys.argv[1:3])
    if not one or one != other:
        sys.exit(f"{sys.argv[1]} and {sys.argv[2]} differ: {sorted(set(one) ^ set(other), key=str)[:5]}")
    print(f"{len(one)} cases, the same in both")
