"""SECURITY.md says what is so."""

from __future__ import annotations

import re
from importlib.metadata import distribution

from packaging.requirements import Requirement
from suite_support import ROOT

from batch_conformance.contract.document import MAX_BYTES
from batch_conformance.contract.tree import MAX_ALIASED, MAX_DEPTH
from batch_conformance.exchange.transport import SizeLimits

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed(name: str, found: dict[str, str]) -> dict[str, str]:
    """Everything that a package needs at run time, by name, with its version."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and _plain(requirement.name) not in found:
            found[_plain(requirement.name)] = distribution(requirement.name).version
            _needed(requirement.name, found)
    return found


def test_every_package_of_a_run_is_listed_in_its_tested_version():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {_plain(name): version for name, _, version in (line.partition("==") for line in lines) if version}
    listed = dict(re.findall(r"\b([a-z][a-z0-9-]*) (\d[\w.]*\d|\d)[,.]", PAGE.replace("\n", " ")))
    for name in _needed("batch-conformance", {}):
        assert listed.get(name) == pinned[name], name


def test_the_bounds_are_those_of_the_code():
    limits = SizeLimits()
    bounds = PAGE.partition("## Bounds")[2].replace("\n", " ")
    assert f"{limits.body >> 20} MiB of body" in bounds
    assert f"{limits.head >> 10} KiB of headers in {limits.fields} fields" in bounds
    assert f"{limits.interim} interim responses and {limits.pieces} chunks" in bounds
    assert f"{limits.spare >> 20} MiB beyond their first {limits.small >> 10} KiB" in bounds
    assert f"contracts {MAX_BYTES >> 20} MiB and {MAX_DEPTH} levels" in bounds
    assert f"may add {MAX_ALIASED // 1000} 000 values" in bounds
