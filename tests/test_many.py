"""Many audits side by side: each on its own, none spoils another, and one matrix in the end."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from suite_support import ROOT, WITHOUT_PLUGINS

from batch_conformance.cli import main
from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.sources import load_contract
from batch_conformance.message import shown
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.options import options_of
from batch_conformance.run.audits.audit_file import AuditFileError, load_audit_file
from batch_conformance.run.audits.audit_schema import audit_schema
from batch_conformance.run.audits.processes import ManyAudits, exit_code
from batch_conformance.run.audits.progress import AuditOutcome, LineProgress

QUICK = {"exploration": "quick"}


def _write(folder: Path, content: Any) -> Path:
    path = folder / "audit.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def _command(file: Path, reports: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "batch_conformance", "audit", str(file), f"--reports-dir={reports}", *arguments]


def _audit(file: Path, reports: Path, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(file, reports, *arguments),
        cwd=ROOT,
        env={**os.environ, **WITHOUT_PLUGINS, **env},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def hanging() -> Iterator[str]:
    """A socket that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.fixture
def closed() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/v1"


def _target(name: str, mock: EmbeddedMock, **given: Any) -> dict[str, Any]:
    key_env = "KEY_OF_" + name.upper().replace("-", "_")
    return {"name": name, "base_url": mock.base_url, "key_env": key_env, "batch_ids": list(mock.batch_ids), **given}


def test_targets_are_audited_side_by_side_and_every_failure_is_contained(
    tmp_path: Path, hanging: str, closed: str
) -> None:
    with ExitStack() as stack:
        good = stack.enter_context(EmbeddedMock())
        bad = stack.enter_context(EmbeddedMock(drifts=["created_at_string"]))
        targets = [
            _target("good", good),
            _target("drifting", bad),
            {"name": "closed", "base_url": closed, "key_env": "KEY_OF_GOOD"},
            {"name": "hanging", "base_url": hanging, "key_env": "KEY_OF_GOOD", "options": {"request-timeout": 1}},
            {"name": "stuck", "base_url": hanging, "key_env": "KEY_OF_GOOD", "timeout": 12},
            {"name": "misspelt", "base_url": good.base_url, "options": {"contract": "no-such-contract"}},
        ]
        stuck = {"options": {"request-timeout": 60, "retries": 9}}
        targets[4] |= stuck
        file = _write(tmp_path, {"options": QUICK, "targets": targets})
        keys = {"KEY_OF_GOOD": good.key, "KEY_OF_DRIFTING": bad.key}
        done = _audit(file, tmp_path / "reports", env=keys)
    assert done.returncode == 4, done.stdout + done.stderr  # the misspelt contract; the others are in the matrix
    values = json.loads((tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8"))
    verdicts = {vendor["name"]: vendor["verdict"] for vendor in values["vendors"]}
    assert verdicts == {
        "good": "conforms",
        "drifting": "drift",
        "closed": "inconclusive",
        "hanging": "inconclusive",
        "stuck": verdicts["stuck"],
        "misspelt": "no report",
    }
    assert verdicts["stuck"] in ("inconclusive", "no report")
    assert "stopped after 12 s" in done.stdout
    assert "no-such-contract" in done.stdout
    assert values["sentence"] in done.stdout
    created = next(row for row in values["clauses"] if row["key"].endswith("/created_at body.type"))
    assert created["cells"][:2] == ["kept", "must"]
    everything = (
        done.stdout
        + done.stderr
        + "".join(path.read_text("utf-8", "replace") for path in (tmp_path / "reports").rglob("*") if path.is_file())
    )
    assert good.key not in everything
    assert bad.key not in everything


def test_a_second_audit_says_what_changed_since_the_first(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    for drifts in ([], ["created_at_string"]):
        with EmbeddedMock(drifts=drifts) as mock:
            file = _write(tmp_path, {"targets": [_target("one", mock, options=QUICK)]})
            previous = (f"--previous={tmp_path / 'former.json'}",) if drifts else ()
            done = _audit(file, reports, *previous, env={"KEY_OF_ONE": mock.key})
        assert done.returncode == (1 if drifts else 0), done.stdout + done.stderr
        (reports / "matrix.json").replace(tmp_path / ("former.json" if not drifts else "now.json"))
    changes = json.loads((tmp_path / "now.json").read_text(encoding="utf-8"))["changes"]
    assert ("one", "", "conforms", "drift") in {(c["vendor"], c["row"], c["before"], c["after"]) for c in changes}


def test_a_report_of_a_former_audit_does_not_pass_for_one_of_this(tmp_path: Path) -> None:
    stale = tmp_path / "reports" / "gone" / "drift.json"
    stale.parent.mkdir(parents=True)
    stale.write_text('{"verdict": "conforms", "sentence": "all is well"}', encoding="utf-8")
    target = {"name": "gone", "base_url": "http://127.0.0.1:9/v1", "options": {"contract": "no-such-contract"}}
    done = _audit(_write(tmp_path, {"targets": [target]}), tmp_path / "reports", env={"BATCH_API_KEY": "sk-x"})
    assert done.returncode == 4
    assert "no-such-contract" in done.stdout
    assert "all is well" not in done.stdout


def test_an_interrupted_audit_keeps_what_it_has_and_leaves_nothing_running(tmp_path: Path, hanging: str) -> None:
    options = {"request-timeout": 60}
    targets = [{"name": name, "base_url": hanging, "options": options} for name in ("one", "two", "three")]
    file = _write(tmp_path, {"parallel": 2, "targets": targets})
    command = _command(file, tmp_path / "reports")
    environment = {**os.environ, **WITHOUT_PLUGINS, "BATCH_API_KEY": "sk-x"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as done:
        deadline = time.monotonic() + 60
        while not (tmp_path / "reports" / "two" / "output.txt").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)
        done.send_signal(signal.SIGINT)
        printed, _ = done.communicate(timeout=120)
    assert done.returncode == 2, printed.decode()
    values = json.loads((tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8"))
    assert [vendor["name"] for vendor in values["vendors"]] == ["one", "two", "three"]
    assert "interrupted before it began" in printed.decode()


def test_on_a_terminal_a_table_is_drawn(tmp_path: Path) -> None:
    target = {"name": "closed-one", "base_url": "http://127.0.0.1:9/v1", "options": {"retries": 0}}
    file = _write(tmp_path, {"targets": [target]})
    ours, theirs = pty.openpty()
    environment = {**os.environ, **WITHOUT_PLUGINS, "BATCH_API_KEY": "sk-x", "TERM": "xterm", "COLUMNS": "120"}
    command = _command(file, tmp_path / "reports")
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs, stdin=theirs) as done:
        os.close(theirs)
        printed = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            printed += chunk
        done.wait(60)
    os.close(ours)
    text = printed.decode("utf-8", "replace")
    assert done.returncode == 6, text
    assert "closed-one" in text
    assert "What it came to" in text
    assert "inconclusive" in text


def test_an_audit_is_given_its_own_key_and_nobody_elses(tmp_path: Path) -> None:
    targets = [
        {"name": "a", "base_url": "http://127.0.0.1:9", "key_env": "KEY_A"},
        {"name": "b", "base_url": "http://127.0.0.1:9", "key_env": "KEY_B"},
    ]
    file = load_audit_file(_write(tmp_path, {"targets": targets}))
    environ = {"KEY_A": "sk-a", "KEY_B": "sk-b", "BATCH_IDS": "x", "PYTEST_ADDOPTS": "-x", "PATH": "/bin"}
    audits = ManyAudits(file, tmp_path, environ)
    given = audits.environment_of(file.targets[0])
    assert {name: given.get(name) for name in environ} == {
        "KEY_A": "sk-a",
        "KEY_B": None,
        "BATCH_IDS": None,
        "PYTEST_ADDOPTS": None,
        "PATH": "/bin",
    }


def test_options_of_the_file_hold_for_every_target_that_does_not_say_otherwise(tmp_path: Path) -> None:
    content = {
        "options": {"exploration": "quick", "discover": True, "retries": 1},
        "targets": [
            {
                "name": "a",
                "base_url": "http://127.0.0.1:9",
                "batch_ids": ["-x"],
                "options": {"retries": 0, "discover": False, "overlay": ["a.yaml", "b.yaml"]},
            }
        ],
    }
    (target,) = load_audit_file(_write(tmp_path, content)).targets
    assert target.arguments == (
        *("--api-key-env=BATCH_API_KEY", "--base-url=http://127.0.0.1:9", "--batch-id=-x"),
        *("--exploration=quick", "--retries=0", "--overlay=a.yaml", "--overlay=b.yaml"),
    )


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("kill -9 $$", ("no report", -9, "ended by SIGKILL (see output.txt)")),
        ("exit 9", ("no report", 9, "ended with exit code 9 and without a word (see output.txt)")),
        ("exit 0", ("no report", 3, "ended with exit code 0 and without a word (see output.txt)")),
        ("""echo ERROR: none; echo '{"fault": "it broke"}' > "$3"; exit 3""", ("no report", 3, "it broke")),
        ("""echo '{"usage_error": "what is asked' > "$3"; exit 4""", ("no report", 4, "ended with exit code 4 and")),
        ("""echo '{"of_a_later_version": 1}' > "$3"; exit 3""", ("no report", 3, "ended with exit code 3 and")),
    ],
)
def test_a_process_that_ends_in_its_own_way_is_told_by_what_it_handed_over_or_by_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, outcome: tuple[str, int, str]
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    file = load_audit_file(_write(tmp_path, {"targets": [ONE]}))
    (ended,) = ManyAudits(file, tmp_path / "reports", os.environ).perform(LineProgress(io.StringIO(), 1))
    assert (ended.verdict, ended.code) == outcome[:2]
    assert str(ended.reason).startswith(outcome[2])


ONE = {"name": "a", "base_url": "http://127.0.0.1:9"}
WRONG: dict[str, tuple[Any, str]] = {
    "no targets": ({"targets": []}, "targets is empty"),
    "an unknown field": ({"targets": [{**ONE, "colour": "red"}]}, "`colour` is not known"),
    "targets misspelt": ({"target": [ONE]}, "did you mean `targets`?"),
    "a target without a name": ({"targets": [{"base_url": "http://x"}]}, "name is missing"),
    "a target that is a text": ({"targets": ["http://x"]}, "one of targets must be a mapping, and is a text"),
    "targets by name": ({"targets": {"one": ONE}}, "targets is a list"),
    "one id alone": ({"targets": [{**ONE, "batch_ids": "batch_1"}]}, "batch_ids is a list"),
    "a key instead of its name": ({"targets": [{**ONE, "api_key": "sk-secret-1"}]}, "environment variable"),
    "a key in place of a name": ({"targets": [{**ONE, "key_env": "sk-secret-1"}]}, "never the key itself"),
    "neither address nor vendor": ({"targets": [{"name": "a"}]}, "needs a base_url, or a vendor"),
    "a name that leaves its folder": ({"targets": [{**ONE, "name": "../a"}]}, "letters, digits"),
    "a name twice": ({"targets": [ONE, {**ONE, "name": "A"}]}, "given twice"),
    "no address": ({"targets": [{**ONE, "base_url": "ftp://x"}]}, "ftp"),
    "an unknown vendor": ({"targets": [{"name": "a", "vendor": "nobody"}]}, "no vendor 'nobody'"),
    "an option of its own place": ({"targets": [ONE], "options": {"base-url": "x"}}, "write `base_url:` beside"),
    "an option that the command has": ({"targets": [ONE], "options": {"reports-dir": "x"}}, "give it to the command"),
    "an option of one run": ({"targets": [ONE], "options": {"notify-command": "x"}}, "it is for one run alone"),
    "an option with dashes": ({"targets": [ONE], "options": {"--retries": 1}}, "did you mean `retries`?"),
    "an option with an underscore": ({"targets": [ONE], "options": {"fail_on": "must"}}, "did you mean `fail-on`?"),
    "an option of pytest": ({"targets": [ONE], "options": {"maxfail": 1}}, "`maxfail` is no option of `run`"),
    "an option in place of a key": ({"targets": [{**ONE, "retries": 1}]}, "options stand under `options:`"),
    "a key in place of an option": ({"targets": [{**ONE, "options": {"key_env": "A"}}]}, "write `key_env:` beside"),
    "a key with a dash": ({"targets": [{"name": "a", "base-url": "http://x"}]}, "did you mean `base_url`?"),
    "an option that is a mapping": ({"targets": [ONE], "options": {"retries": {"a": 1}}}, "and is a mapping"),
    "a number out of bounds": ({"targets": [ONE], "options": {"retries": 99}}, "a whole number from 0 to 10"),
    "no number": ({"targets": [ONE], "options": {"max-duration": "soon"}}, "must be a number above 0, and is a text"),
    "a text that YAML reads as a number": ({"targets": [ONE], "options": {"create": 4}}, "put it in quotes"),
    "a value that is not listed": ({"targets": [ONE], "options": {"fail-on": "musst"}}, "did you mean `must`?"),
    "an empty text": ({"targets": [ONE], "options": {"create": ""}}, "a text that is not empty"),
    "no mapping": ([1], "the file must be a mapping, and is a list"),
    "no YAML": ("targets: [", "neither YAML nor JSON"),
    "nothing": ("", "empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_line_with_its_place_and_exit_code_4(tmp_path: Path, name: str) -> None:
    content, words = WRONG[name]
    path = _write(tmp_path, content)
    done = CliRunner().invoke(main, ["audit", str(path), "--reports-dir", str(tmp_path / "reports")])
    assert done.exit_code == 4
    assert words in done.output
    assert str(path) in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert "sk-secret-1" not in done.output
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["targets:", "  - name: b", "    base_url: ftp://x"], "audit.yaml:3: b: "),
        (["options:", "  retries: 1", "  fail_on: must", "targets: []"], "audit.yaml:3: `fail_on` is no option"),
        (["parallel: 0", "targets:", "- name: a", "  vendr: groq"], "audit.yaml:4: `vendr` is not known"),
        (["parallel: 0", "timeout: 0", "targets: []"], "audit.yaml:1: parallel must be"),
    ],
)
def test_the_place_is_the_line_of_the_key_in_the_file(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(AuditFileError, match=re.escape(words)):
        load_audit_file(_write(tmp_path, "\n".join(lines)))


def test_the_schema_of_the_file_has_each_option_as_the_table_has_it() -> None:
    schema = audit_schema()
    Draft202012Validator.check_schema(schema)
    options = schema["$defs"]["options"]["properties"]
    assert options.keys() - {"hypothesis-seed"} == {
        option.name for option in options_of("run") if option.audit_file == "options"
    }
    assert options["fail-on"] == {
        "type": "string",
        "enum": ["must", "should", "never"],
        "default": "should",
        "description": "the lowest level of a finding that fails the run",
    }
    assert (options["retries"]["minimum"], options["retries"]["maximum"]) == (0, 10)
    assert options["request-timeout"]["exclusiveMinimum"] == 0


def test_every_option_that_the_schema_admits_is_one_that_the_suite_takes(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    samples = {"integer": 3, "number": 3.5, "boolean": True, "string": "x"}
    given = {
        name: schema["enum"][0] if "enum" in schema else samples.get(str(schema["type"]), ["x", "y"])
        for name, schema in audit_schema()["$defs"]["options"]["properties"].items()
    }
    (target,) = load_audit_file(_write(tmp_path, {"targets": [ONE], "options": given})).targets
    _, unknown = pytestconfig._parser.parse_known_and_unknown_args(list(target.arguments))
    assert unknown == []


def test_a_file_that_is_not_there_and_reports_that_cannot_be_written_are_said_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["audit", str(tmp_path / "none.yaml")])
    assert (done.exit_code, len(done.output.strip().splitlines())) == (4, 1)
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    file = _write(tmp_path, {"targets": [ONE]})
    done = CliRunner().invoke(main, ["audit", str(file), "--reports-dir", str(tmp_path / "reports")])
    assert (done.exit_code, len(done.output.strip().splitlines())) == (3, 1)


@pytest.mark.parametrize(
    ("codes", "code"),
    [((0, 0), 0), ((0, 6), 6), ((6, 1), 1), ((1, 2), 2), ((1, 3), 3), ((3, 4, 0), 4), ((-9, 1), 3), ((), 0)],
)
def test_one_exit_code_speaks_for_all(codes: tuple[int, ...], code: int) -> None:
    assert exit_code([AuditOutcome("a", "drift", one, shown("x"), 0.0) for one in codes]) == code


def test_the_audit_file_that_the_help_shows_can_be_used(tmp_path: Path) -> None:
    lines = CliRunner().invoke(main, ["audit", "--help"]).output.partition("without dashes:")[2].splitlines()
    shown = "\n".join(line.removeprefix("    ") for line in lines[1 : lines.index("Options:")])
    file = load_audit_file(_write(tmp_path, shown))
    assert [target.name for target in file.targets] == ["groq", "staging"]
    assert any(argument.startswith("--operation=GET /v1/batches/{") for argument in file.targets[1].arguments)


def test_a_target_may_be_audited_in_all_its_reads(tmp_path: Path) -> None:
    contract = load_contract("siliconflow-batch-api", choice=OperationChoice(operations="read"))
    with ExitStack() as stack:
        mocks = {
            name: stack.enter_context(EmbeddedMock(mock_spec=mock_spec_of(contract), drifts=drifts))
            for name, drifts in (("whole", ()), ("greedy", ("list_limit_ignored",)))
        }
        options = {"contract": "siliconflow-batch-api", "operations": "read"}
        targets = [_target(name, mock, options=options) for name, mock in mocks.items()]
        file = _write(tmp_path, {"targets": targets})
        env = {target["key_env"]: mock.key for target, mock in zip(targets, mocks.values(), strict=True)}
        done = _audit(file, tmp_path / "out", env=env)
    assert done.returncode == 1, done.stdout + done.stderr
    matrix = json.loads((tmp_path / "out" / "matrix.json").read_text("utf-8"))
    assert [vendor["verdict"] for vendor in matrix["vendors"]] == ["conforms", "drift"]
    (row,) = [row for row in matrix["rules"] if row["key"] == "list listing.limit"]
    assert row["cells"] == ["kept", "should"]
    assert row["operation"] == "list"
