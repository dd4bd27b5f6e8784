"""Mutation testing of the rules and the judge: ``python bench/mutation.py reach``, then ``run``, then ``page``.

``mutants.py`` makes the mutants. pytest collects the tests once, and each mutant is tried in a fork of that process, in
which the module's functions, constants and rules are replaced by the mutant's. Of the tests those run that reach the
changed lines, then others of the module, as ``reach`` has noted down, for some CPU seconds at most. Results are
appended to ``build/mutation/results.ndjson``, and what stands there is not tried again. With ``--survivors`` what
survived is, and where that is outside of functions, in an interpreter that imports the mutant too.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import types
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest
import yaml
from hypothesis import Phase, settings
from mutants import ROOT, SEED, Mutant, mutants

PACKAGES = ("batch_conformance/rules", "batch_conformance/judge")
BUILD = ROOT / "build" / "mutation"
REACH, RESULTS = BUILD / "reach.json", BUILD / "results.ndjson"
EQUIVALENT = Path(__file__).parent / "mutation-equivalent.yaml"
"""The ids of mutants that no test could tell from the code as it is, by the reason why."""
PAGE = ROOT / "docs" / "MUTATION.md"
SAMPLE = 60
EXAMPLES = 25
"""Of a property test, so that it is a quick one."""


class Limits(NamedTuple):
    """CPU seconds: of one test, of all that reach the changed lines, and of the others that reach the module."""

    slowest: float
    of_lines: float
    of_module: float


FIRST, AGAIN = Limits(0.8, 2.5, 0.8), Limits(2.0, 12.0, 2.0)
"""Within which a mutant is tried, and within which what survived that is, with ``--survivors``."""
OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "-W", "ignore")
TESTS = (
    "test_judge_*", "test_followed", "test_results", "test_lists", "test_strict_json", "test_shape", "test_client",
    "test_*_words", "test_near_miss", "test_merging", "test_write_only", "test_recorded_ledger",
    "test_evidence_words", "test_head_check", "test_object_json", "test_leak_patterns", "test_odd_credentials",
    "test_identities", "test_rules_*", "test_members_of_one_kind",
    "test_sparing", "test_fast_path", "test_layouts", "test_live_and_recorded",
)  # fmt: skip


PAGE_TEXT = """\
# Mutation testing

How well the project's own tests hold the rules (`batch_conformance/rules/`) and the judge (`batch_conformance/judge/`):
each mutant is one small change of them, and a test has to fail. By hand, not in CI: all of it takes hours of one core.

```
pip install mutmut=={mutmut}
python bench/mutation.py reach      # which lines each test reaches; some minutes, again where tests or lines moved
python bench/mutation.py run        # {sample} mutants of each module; resumes; or: run PATH … --sample N
python bench/mutation.py run --survivors    # tries again what survived, after new tests
python bench/mutation.py run --further 6    # 6 more of each module, none of which has become a case yet
python bench/mutation.py page       # writes this page of build/mutation/results.ndjson
```

mutmut's operators make the mutants ([bench/mutants.py](../bench/mutants.py)), of what stands outside of functions too:
rules are mostly declared there, and mutmut's own runner leaves that out. Each is tried in a fork of a process that has
the tests collected ([bench/mutation.py](../bench/mutation.py)): those that reach the change, then others that reach the
module, until one fails, {first.of_lines:g} and {first.of_module:g} CPU seconds of them at most, and
{again.of_lines:g} and {again.of_module:g} where it survived and is tried again. Only quick tests in one process take
part, property tests with {examples} examples. `prove`, tests that start a server, and those of whole recordings take
too long, and kill more. Survivors of a sample were made cases, so that a mutant outside of it survives more often than
the table says: "drawn further" are mutants that were drawn after that, by what first became of each.

Not mutated: annotations, docstrings, the English of templates, the case of strings, and what a rule declares for other
parts (texts, probes, highlights, suggested overlays, which recorded traffic is spared), which tests of those hold.

## What came of it

{date}, Python {python}, mutmut {mutmut}, pytest {pytest}, seed {seed}. "tried" is a random sample of the module's
mutants, or all of them. The share is of those that are not equivalent; a mutant that does not end counts as killed.

| module | mutants | tried | killed | survived | equivalent | killed of those that are not equivalent |
|---|---:|---:|---:|---:|---:|---:|
{rows}

## Survivors

Not known to be equivalent: a gap of the quick tests, or one that a slower test fills. Not all of them were tried again
since tests were added. Where one of these is changed, add the case first.

{left}
## Equivalent

No test could tell these from the code as it is (`bench/mutation-equivalent.yaml`).

{equivalent}"""


class Reach:
    """A pytest plugin that notes which lines each test reaches, and for how many seconds it runs."""

    def __init__(self) -> None:
        self.coverage = coverage.Coverage(data_file=None, include=[f"{ROOT}/{package}/*" for package in PACKAGES])
        self.seconds: dict[str, float] = {}
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        began = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - began

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data, order = self.coverage.get_data(), {name: place for place, name in enumerate(self.seconds)}
        reached, texts = {}, {}
        for file in data.measured_files():
            path = str(Path(file).relative_to(ROOT))
            by_line = data.contexts_by_lineno(file).items()
            reached[path] = {line: [order[name] for name in names if name] for line, names in by_line}
            texts[path] = Path(file).read_text("utf-8").splitlines()
        BUILD.mkdir(parents=True, exist_ok=True)
        known = json.loads(REACH.read_text("utf-8")) if REACH.exists() else []
        REACH.write_text(json.dumps([*known, {"seconds": self.seconds, "reached": reached, "texts": texts}]), "utf-8")


class FewExamples:
    """A pytest plugin that has property tests try few examples, the same in each run; that one fails is enough."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            known = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
            if known is not None:
                few = settings(
                    known,
                    max_examples=min(known.max_examples, EXAMPLES),
                    phases=(Phase.explicit, Phase.generate),
                    derandomize=True,
                    database=None,
                )
                item.obj._hypothesis_internal_use_settings = few  # type: ignore[attr-defined]


class Trials:
    """A pytest plugin that tries mutants in place of running the tests that were collected."""

    def __init__(self, chosen: list[str], again: bool, sample: int, further: int) -> None:
        self.chosen, self.again, self.sample, self.further, self.limits = chosen, again, sample, further, FIRST
        self.notes = json.loads(REACH.read_text("utf-8"))
        self.seconds = {name: took for note in self.notes for name, took in note["seconds"].items()}
        self.lines = Counter[str]()
        for note in self.notes:
            names = list(note["seconds"])
            self.lines.update({names[test]: count for test, count in _counted(note["reached"]).items()})
        self.pipe = -1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.pipe >= 0:
            os.write(self.pipe, report.nodeid.encode())
            os._exit(1)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items, done = {item.nodeid: item for item in session.items}, results()
        self._forget_others(items)
        again = {
            one for one, note in done.items() if self.again and note["outcome"] == "survived"
        } - equivalent().keys()
        gc.collect()
        gc.freeze()  # a collection in a fork would copy every page of it
        for path in self.chosen:
            module, drawn = mutants(path)
            outcome, test = self._try(module.code, path, self._selected(path, range(0), "", items))
            if outcome != "survived":
                raise SystemExit(f"{path}: without any change {test or 'the tests'} failed")
            new = [mutant for mutant in drawn if mutant.id not in done][: self.further]
            for mutant in new if self.further else drawn[: self.sample]:
                if mutant.id not in done or mutant.id in again:
                    self.limits = AGAIN if mutant.id in again else FIRST
                    selected = self._selected(path, mutant.lines, mutant.users, items)
                    self._note(mutant, module.deep_replace(*mutant.nodes).code, selected)  # type: ignore[arg-type]
        return True

    def _forget_others(self, items: Mapping[str, pytest.Item]) -> None:
        """Keep of what ``reach`` noted down only what is about the chosen modules, and tests that there are."""
        for note in self.notes:
            names = list(note["seconds"])
            for path in (path for path in note["reached"] if path in self.chosen):
                reached = note["reached"][path]
                for line, tests in reached.items():
                    reached[line] = [names[test] for test in tests if names[test] in items]
        self.seconds = {name: took for name, took in self.seconds.items() if name in items}

    def _note(self, mutant: Mutant, code: str, selected: list[pytest.Item]) -> None:
        outcome, test = self._try(code, mutant.module, selected)
        if outcome == "survived" and self.again and not mutant.inside:
            outcome = "survived" if passes_fresh(mutant.module, code, selected) else "killed"
        note = {name: getattr(mutant, name) for name in ("id", "module", "old", "new")}
        note |= {"line": mutant.lines.start, "outcome": outcome, "test": test, "tests": len(selected)}
        note |= {"further": True} if self.further else {}
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(note, ensure_ascii=False) + "\n")

    def _selected(self, path: str, lines: range, users: str, items: Mapping[str, pytest.Item]) -> list[pytest.Item]:
        """Tests that are new since ``reach``, those that reach the lines, and others of the module."""
        text = (ROOT / path).read_text("utf-8").splitlines()
        used = re.compile(rf"\b({users or 'none of them'})\b")
        others_text = (one.read_text("utf-8") for package in PACKAGES for one in (ROOT / package).glob("*.py"))
        using = [one for one in others_text if users and users[0] != "_" and used.search(one)]
        rules = re.compile("|".join(re.findall(r'\bid="([a-z_0-9.]+)"', "\n".join([*text, *using]))) or "no rule")
        there = {text[line - 1] for line in lines} | {line for line in text if used.search(line)}
        at_lines, others = {name for name in self.seconds if used.search(name)}, set[str]()
        at_lines |= {name for name in self.seconds if users and rules.search(name)}
        at_lines |= {name for name in self.seconds if users and used.search(_names_in(items.get(name)))}
        for note in self.notes:
            texts = note["texts"].get(path, ())
            for line, tests in note["reached"].get(path, {}).items():
                (at_lines if texts[int(line) - 1] in there else others).update(tests)
        chosen = [name for name in items if name not in self.seconds and (rules.search(name) or "[" not in name)]
        for tests, most in ((at_lines, self.limits.of_lines), (others - at_lines, self.limits.of_module)):
            took = 0.0
            for name in self._in_order(tests, rules):
                if name in items and self.seconds[name] <= self.limits.slowest and took < most:
                    took += self.seconds[name]
                    chosen.append(name)
        return [items[name] for name in chosen]

    def _in_order(self, tests: set[str], rules: re.Pattern[str]) -> list[str]:
        """By turns those that reach the fewest lines, and those of the module's rules, of each function in turn."""
        count, turns = Counter[str](), {}
        for name in sorted(tests, key=lambda one: self.seconds[one]):
            count[name.partition("[")[0]] += 1
            turns[name] = (not rules.search(name), count[name.partition("[")[0]])
        orders = (sorted(turns, key=self.lines.__getitem__), sorted(turns, key=turns.__getitem__))
        return list(dict.fromkeys(name for pair in zip(*orders, strict=True) for name in pair))

    def _try(self, code: str, path: str, items: list[pytest.Item]) -> tuple[str, str]:
        """What becomes of a mutant in a fork (survived, killed or timeout), and the test that failed."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self.pipe = writing
            limit(20 + sum(self.limits))
            try:
                replace_module(path.removesuffix(".py").replace("/", "."), code)
            except BaseException:
                os._exit(1)
            for item, following in zip(items, [*items[1:], None], strict=False):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            test = pipe.read().decode()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return ("survived" if status == 0 else "killed" if status > 0 else "timeout"), test


def _counted(reached: Mapping[str, Mapping[str, Sequence[int]]]) -> Counter[int]:
    """How many lines each test reaches."""
    return Counter(test for by_line in reached.values() for tests in by_line.values() for test in tests)


def _names_in(item: pytest.Item | None) -> str:
    """The names outside of a test function that it uses: of what no line is run, such as a default of a class."""
    return " ".join(getattr(getattr(item, "function", None), "__code__", _names_in.__code__).co_names)


def limit(seconds: float) -> None:
    """Have this process say nothing, and end after so many CPU seconds."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(int(seconds * 10))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def replace_module(name: str, code: str) -> None:
    """Have all that was imported from a module be that of other code: functions, classes, rules and constants."""
    module, fresh = sys.modules[name], types.ModuleType(name)
    fresh.__dict__.update(__file__=module.__file__, __package__=module.__package__)
    sys.modules[name] = fresh  # dataclasses look their module up
    try:
        exec(compile(code, str(module.__file__), "exec"), fresh.__dict__)
    finally:
        sys.modules[name] = module
    users = [one for one in list(sys.modules.values()) if isinstance(one, types.ModuleType)]
    for key, new in fresh.__dict__.items():
        old = module.__dict__.get(key)
        if not key.startswith("__") and old is not new and not _become(old, new, name):
            for user in users:
                if user is module or user.__dict__.get(key) is old:
                    user.__dict__[key] = new


def _become(old: Any, new: Any, module: str) -> bool:
    """Whether an object of a module could be made to be like another one of its kind."""
    if hasattr(old, "cache_clear") and hasattr(new, "cache_clear"):
        old.cache_clear()
        return _become(old.__wrapped__, new.__wrapped__, module)
    if type(old).__name__ == "Rule" and new is None:
        raise TypeError("the registry is imported with everything else, and takes nothing but rules")
    if type(old).__name__ == type(new).__name__ == "Rule":
        for field in fields(old):
            object.__setattr__(old, field.name, getattr(new, field.name))
        return True
    if not (isinstance(old, type | types.FunctionType) and type(old) is type(new) and old.__module__ == module):
        return False
    if isinstance(old, types.FunctionType):
        try:
            old.__code__ = new.__code__
        except ValueError:  # another number of variables from around it
            return False
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        for cell, other in zip(old.__closure__ or (), new.__closure__ or (), strict=True):
            held, given = cell.cell_contents, other.cell_contents  # what a decorator was given, or the class around it
            if not isinstance(held, type) and not _become(held, given, module):
                cell.cell_contents = given
        return True
    for key, value in new.__dict__.items():
        is_slot = isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType)
        if not is_slot and not _become(old.__dict__.get(key), value, module) and not key.startswith("__"):
            setattr(old, key, value)
    return True


def passes_fresh(path: str, code: str, items: list[pytest.Item]) -> bool:
    """Whether tests pass in an interpreter of its own, where all that imports the module gets the other code."""
    request = BUILD / f"request-{os.getpid()}.json"
    request.write_text(json.dumps({"path": path, "code": code, "tests": [item.nodeid for item in items]}), "utf-8")
    done = subprocess.run([sys.executable, __file__, "fresh", str(request)], cwd=ROOT, capture_output=True, check=False)
    return done.returncode == 0


class _Fresh(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module from other code, and as a plugin of pytest leaves out all tests but some."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        super().__init__(request["path"].removesuffix(".py").replace("/", "."), str(ROOT / request["path"]))
        self.code, self.tests = request["code"], set(request["tests"])

    def find_spec(self, fullname: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        found = importlib.util.spec_from_file_location(fullname, self.path, loader=self)
        return found if fullname == self.name else None

    def get_code(self, *_: Any) -> types.CodeType:
        return compile(self.code, self.path, "exec")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.tests]


def try_fresh(file: str) -> int:
    fresh = _Fresh(json.loads(Path(file).read_text("utf-8")))
    sys.meta_path.insert(0, fresh)
    limit(60 + sum(AGAIN))
    return pytest.main(
        [*OPTIONS, "-x", *sorted({name.partition("::")[0] for name in fresh.tests})], plugins=[fresh, FewExamples()]
    )


def results() -> dict[str, dict[str, Any]]:
    """The last result of each mutant, by its id."""
    lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else ()
    return {note["id"]: note for note in map(json.loads, lines)}


def further_results() -> dict[str, dict[str, Any]]:
    """What first became of the mutants that ``--further`` drew, by id: no case was written for any of them yet."""
    lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else ()
    return {note["id"]: note for note in reversed([*map(json.loads, lines)]) if note.get("further")}


def equivalent() -> dict[str, str]:
    """The ids of mutants that no test could tell from the code as it is, each with the reason why."""
    return {one: reason for reason, ids in yaml.safe_load(EQUIVALENT.read_text("utf-8")).items() for one in ids}


def page(modules: Sequence[str]) -> str:
    """docs/MUTATION.md: what became of the mutants that were tried."""
    reasons = equivalent()
    found, rows, alive, same = results(), [], [], Counter[str]()
    totals = {package: Counter[str]() for package in PACKAGES}
    last, further = further_results(), {package: Counter[str]() for package in PACKAGES}
    for path in modules:
        made = {one.id: one for one in mutants(path)[1]}
        tried = {one: found[one]["outcome"] for one in made if one in found}
        count = Counter("equivalent" if one in reasons and tried[one] == "survived" else tried[one] for one in tried)
        count["killed"] += count.pop("timeout", 0)
        totals[str(Path(path).parent)].update(count, made=len(made), tried=len(tried))
        first = (last[one]["outcome"] for one in made if one in last)
        further[str(Path(path).parent)].update("survived" if one == "survived" else "killed" for one in first)
        rows.append(_row(f"`{path.removeprefix('batch_conformance/')}`", len(made), len(tried), count))
        for one in (name for name in tried if tried[name] == "survived"):
            same[reasons.get(one, "")] += 1
            change = f"{path.removeprefix('batch_conformance/')}:{made[one].lines.start}: {_change(made[one])}"
            alive.append((reasons.get(one, ""), change))
    sums = [_row(f"**{name}**", one["made"], one["tried"], one) for name, one in totals.items()]
    sums += [_row(f"{name}, drawn further", totals[name]["made"], one.total(), one) for name, one in further.items()]
    alike = [
        f"- {reason} ({same[reason]})\n" + "".join(f"  - {change}\n" for why, change in alive if why == reason)
        for reason in sorted(same)
        if reason
    ]
    return PAGE_TEXT.format(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        python=".".join(map(str, sys.version_info[:3])),
        mutmut=version("mutmut"),
        pytest=version("pytest"),
        seed=SEED,
        sample=SAMPLE,
        examples=EXAMPLES,
        first=FIRST,
        again=AGAIN,
        rows="\n".join([*sums, *rows]),
        left="".join(f"- {change}\n" for why, change in alive if not why) or "None.\n",
        equivalent="".join(alike) or "None.\n",
    )


def _row(name: str, made: int, tried: int, count: Mapping[str, int]) -> str:
    counted = tried - count["equivalent"]
    share = f"{count['killed'] / counted:.0%}" if counted else "-"
    return f"| {name} | {made} | {tried} | {count['killed']} | {count['survived']} | {count['equivalent']} | {share} |"


def _change(mutant: Mutant) -> str:
    """A change as a line of Markdown: of long code the lines that differ."""
    old, new = mutant.old.splitlines(), mutant.new.splitlines()
    if max(len(old), len(new)) > 1:
        old, new = ([line for line in one if line not in other] for one, other in ((old, new), (new, old)))
    before, after = (" ".join(map(str.strip, one)).replace("`", "'")[:120] for one in (old, new))
    return f"`{before}` → `{after or '(nothing)'}`"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("reach", "run", "fresh", "page"))
    parser.add_argument("paths", nargs="*", help="modules, or of `reach` files of tests; all where there are none")
    parser.add_argument("--survivors", action="store_true", help="try again what survived")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants of each module (default: %(default)s)")
    parser.add_argument("--further", type=int, default=0, help="mutants of each module that were not tried before")
    given = parser.parse_args()
    files = sorted({str(path) for name in TESTS for path in (ROOT / "tests").glob(f"{name}.py")})
    modules = [
        str(path.relative_to(ROOT)) for package in PACKAGES for path in sorted((ROOT / package).glob("[a-z]*.py"))
    ]
    if given.step == "reach":
        return pytest.main([*OPTIONS, *(given.paths or files)], plugins=[Reach(), FewExamples()])
    if given.step == "run":
        trials = Trials(given.paths or modules, given.survivors, given.sample, given.further)
        return pytest.main([*OPTIONS, *files], plugins=[trials, FewExamples()])
    if given.step == "fresh":
        return try_fresh(given.paths[0])
    if given.step == "page":
        PAGE.write_text(page(modules), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    os.chdir(ROOT)
    os.environ.pop("BATCH_API_KEY", None)
    sys.exit(main())
