"""The check of documents: where they contradict themselves, and what they break of the committed version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from suite_support import ROOT

from batch_conformance.cli import main

PUBLISHED = ROOT / "spec" / "siliconflow-get-batch.yaml"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository that holds a document that does not contradict itself."""
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Batches", "version": "1"},
        "paths": {
            "/batches/{batch_id}": {
                "get": {
                    "operationId": "retrieve",
                    "parameters": [{"name": "batch_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {
                        "200": {
                            "description": "a batch",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "required": ["id"],
                                        "properties": {"id": {"type": "string"}, "made": {"type": "integer"}},
                                    }
                                }
                            },
                        }
                    },
                }
            }
        },
    }
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "openapi.yaml").write_text(yaml.safe_dump(document), "utf-8")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "as it is")):
        who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)
    return tmp_path


def _properties(file: Path) -> tuple[dict[str, object], dict[str, object]]:
    """The document, and the properties of its 200, to be changed in place."""
    document = yaml.safe_load(file.read_text("utf-8"))
    operation = document["paths"]["/batches/{batch_id}"]["get"]
    return document, operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]


def test_the_contradictions_of_the_published_document_are_told_with_file_and_line() -> None:
    done = check("siliconflow")
    assert done.exit_code == 1
    first, *others = done.output.splitlines()
    assert first == "siliconflow: it contradicts itself in 13 places, and leaves 24 places open"
    assert len(others) == 13
    lines = PUBLISHED.read_text("utf-8").splitlines()
    for line in others:
        where = line.split()[0]
        assert where.startswith("spec/siliconflow-get-batch.yaml:")
        told = lines[int(where.split(":")[1]) - 1]
        assert "example: null" in told or "default: false" in told


def test_a_document_that_does_not_contradict_itself_passes(repository: Path) -> None:
    done = check(repository / "api" / "openapi.yaml")
    assert done.exit_code == 0, done.output
    assert "it contradicts itself nowhere" in done.output


def test_several_documents_are_checked_and_one_that_fails_fails_all(repository: Path) -> None:
    done = check(repository / "api" / "openapi.yaml", "siliconflow")
    assert done.exit_code == 1
    assert done.output.count("it contradicts itself") == 2


def test_what_breaks_a_client_of_the_committed_version_fails(repository: Path) -> None:
    file = repository / "api" / "openapi.yaml"
    assert check("--against=HEAD", file).exit_code == 0
    document, properties = _properties(file)
    properties["made"] = {"type": "string"}
    file.write_text(yaml.safe_dump(document), "utf-8")
    done = check("--against=HEAD", file)
    assert done.exit_code == 1
    assert "✖ breaking" in done.output
    assert "/made" in done.output
    assert check(file).exit_code == 0


def test_beside_a_committed_version_only_new_contradictions_count(repository: Path) -> None:
    file = repository / "api" / "openapi.yaml"
    file.write_bytes(PUBLISHED.read_bytes())
    who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "commit", "-qam", "as published"], cwd=repository, check=True)
    assert check("--against=HEAD", file).exit_code == 0
    text = file.read_text("utf-8")
    assert text.count("example: 1741685413") >= 1
    file.write_text(text.replace("example: 1741685413", "example: yesterday", 1), "utf-8")
    done = check("--against=HEAD", file)
    assert done.exit_code == 1
    assert "it contradicts itself in 1 place, which it did not in" in done.output
    assert check("--against=HEAD~1", file).exit_code == 1


def test_a_file_that_was_not_committed_yet_breaks_nobody(repository: Path) -> None:
    new = repository / "api" / "new.yaml"
    new.write_bytes((repository / "api" / "openapi.yaml").read_bytes())
    assert check("--against=HEAD", new).exit_code == 0


@pytest.mark.parametrize("revision", ["no-such-branch", "--help", "HEAD~99", ""], ids=str)
def test_a_revision_that_git_does_not_know_is_one_clear_line(repository: Path, revision: str) -> None:
    done = check(f"--against={revision}", repository / "api" / "openapi.yaml")
    if not revision:
        assert done.exit_code == 0
        return
    assert done.exit_code == 4
    assert done.output.startswith(f"git knows no {revision!r} for ")
    assert done.output.count("\n") == 1


def test_a_file_outside_of_a_repository_has_no_revisions(tmp_path: Path) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_bytes(PUBLISHED.read_bytes())
    done = check("--against=HEAD", file)
    assert done.exit_code == 4
    assert "not a git repository" in done.output
    assert done.output.count("\n") == 1


def test_without_git_it_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    done = check("--against=HEAD", repository / "api" / "openapi.yaml")
    assert (done.exit_code, done.output) == (4, "--against needs git, which is not installed\n")


def test_for_machines_it_is_json_with_the_places_that_are_left_open() -> None:
    done = check("siliconflow", "--format=json")
    found = json.loads(done.output)
    (document,) = found["documents"]
    assert (found["format"], document["fails"], document["diff"]) == ("batch-conformance-check/1", True, None)
    levels = [finding["level"] for finding in document["findings"]]
    assert (levels.count("should"), levels.count("info")) == (13, 24)


def test_the_hooks_of_pre_commit_do_what_their_commands_say(repository: Path) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    file = repository / "api" / "openapi.yaml"
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert program == "batch-conformance"
        assert CliRunner().invoke(main, [*arguments, str(file)]).exit_code == 0
    assert {hook["id"] for hook in hooks} == {"batch-conformance-check", "batch-conformance-diff"}
