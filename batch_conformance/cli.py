"""The command line: ``batch-conformance``."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from batch_conformance import __version__
from batch_conformance.command_language import asked_language, rendered_in
from batch_conformance.command_options import Among, command_options, run_help
from batch_conformance.findings.gate import EXIT_DRIFT, EXIT_FAULT, EXIT_INTERRUPTED, EXIT_USAGE
from batch_conformance.input_error import InputError, fault, why_no_file
from batch_conformance.near_miss import nearest
from batch_conformance.usage_errors import show

if TYPE_CHECKING:
    from batch_conformance.contract.choice import Operations
    from batch_conformance.contract.contract import Reading
    from batch_conformance.message import Message
    from batch_conformance.run.first_run import Pipeline


class _Commands(click.Group):
    """Ends with the exit codes of the suite: 4 for wrong usage, 2 when interrupted (click's own are 2 and 1).

    The mock is imported where it is asked for: what it takes to serve is a tenth of what a run takes to start.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted([*super().list_commands(ctx), "mock"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name != "mock":
            return super().get_command(ctx, cmd_name)
        from batch_conformance.mock.command import mock  # noqa: PLC0415

        return mock

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run the command that the arguments name, and exit."""
        given = arguments[0] if arguments else settings.get("args")
        language = asked_language(sys.argv[1:] if given is None else list(given))
        try:
            code = super().main(*arguments, **{**settings, "standalone_mode": False})
        except click.ClickException as error:
            show(error, language)
            code = EXIT_USAGE if isinstance(error, click.UsageError) else error.exit_code
        except click.Abort:
            code = EXIT_INTERRUPTED
        except Exception as error:
            traceback.print_exc()
            click.echo(rendered_in(fault(error), language), err=True)
            code = EXIT_FAULT
        sys.exit(code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="batch-conformance")
def main() -> None:
    """Does a server keep the published contract of GET /batches/{batch_id}?"""


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Audit a target: takes every option of pytest and of the suite (run --help lists the suite's)."""
    if {"-h", "--help"} & set(arguments):
        click.echo(run_help(), nl=False)
        return
    import pytest  # noqa: PLC0415 - the other commands do without

    from batch_conformance.resources import pytest_arguments  # noqa: PLC0415

    sys.exit(pytest.main(pytest_arguments(arguments, Path.cwd())))


@main.command()
@click.argument("documents", nargs=-1, required=True)
@command_options("check")
def check(
    *,
    documents: tuple[str, ...],
    reading: Reading,
    operation: str,
    overlays: tuple[Path, ...],
    against: str,
    face: str,
    language: str,
) -> None:
    """Say where DOCUMENTS (names, files or URLs) contradict themselves; exit 1 if one does.

    With --against=HEAD also where a client of the file as it was committed would break.
    """
    from batch_conformance.contract.choice import OperationChoice  # noqa: PLC0415
    from batch_conformance.report.document_check import as_json, as_text  # noqa: PLC0415
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.run.check import check_document  # noqa: PLC0415

    try:
        choice = OperationChoice(operation)
        found = [check_document(source, reading, overlays, choice, against) for source in documents]
    except InputError as error:
        _refuse(error, language)
    click.echo(as_json(found) if face == "json" else as_text(found, language_of(language)), nl=False)
    sys.exit(EXIT_DRIFT if any(one.fails for one in found) else 0)


@main.command()
@click.argument("old")
@click.argument("new")
@command_options("diff")
def diff(
    *,
    old: str,
    new: str,
    reading: Reading,
    operation: str,
    operations: Operations,
    overlays: tuple[Path, ...],
    face: str,
    output: Path | None,
    language: str,
) -> None:
    """Compare two contracts (names, files or URLs) clause by clause; exit 1 if a client of OLD would break.

    --operation holds for both; by its operationId, the operation may have moved to another path.
    """
    from batch_conformance.contract.choice import choice_of  # noqa: PLC0415
    from batch_conformance.contract.diff import diff_contracts  # noqa: PLC0415
    from batch_conformance.contract.operation_role import ROLES  # noqa: PLC0415
    from batch_conformance.report.contract_diff import FORMATS  # noqa: PLC0415
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.run.contracts import open_contract  # noqa: PLC0415

    try:
        choice = choice_of(operation, operations=operations, roles=ROLES)
        found = diff_contracts(*(open_contract(source, reading, overlays, choice) for source in (old, new)))
    except InputError as error:
        _refuse(error, language)
    _deliver(FORMATS[face](found, language_of(language)), output, language)
    sys.exit(EXIT_DRIFT if found.breaking else 0)


@main.command()
@click.argument("vendor", required=False)
@command_options("vendors")
def vendors(vendor: str | None, *, markdown: bool, language: str) -> None:
    """List the vendors that have a profile, or say all that is known of one (a name or a file)."""
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.report.reference.vendors import details, listing, page  # noqa: PLC0415
    from batch_conformance.run.vendors import load_profile, profile_names  # noqa: PLC0415

    try:
        profiles = [load_profile(name) for name in ((vendor,) if vendor else profile_names())]
    except InputError as error:
        _refuse(error, language)
    spoken = language_of(language)
    if markdown:
        click.echo(page(profiles, spoken), nl=False)
        return
    for line in details(profiles[0], spoken) if vendor else listing(profiles, spoken):
        click.echo(line)


@main.command()
@click.argument("file", default="audit.yaml", type=click.Path(path_type=Path))
@command_options("audit")
def audit(
    *, file: Path, reports_dir: Path, parallel: int | None, previous: Path | None, language: str, init: bool
) -> None:
    """Audit every target of an audit.yaml side by side, each on its own, and lay the results out as a matrix.

    \b
    FILE, in YAML (docs/AUDIT.md); options are those of `run`, without dashes:
      parallel: 8                 # how many at once
      options: {fail-on: must}    # for every target
      targets:
        - name: groq
          vendor: groq            # or base_url, or both
          key_env: GROQ_API_KEY   # the name of the variable
          batch_ids: [batch_1]
        - name: staging
          base_url: https://staging.example.com/v1
          options: {contract: api.yaml, operation: "GET /v1/batches/{id}"}
    """
    from batch_conformance.run.audits.command import perform_audits, write_example  # noqa: PLC0415

    try:
        if init:
            click.echo(rendered_in(write_example(file), language))
            return
        sys.exit(perform_audits(file, reports_dir, parallel, previous, sys.stdout, language=language))
    except InputError as error:
        _refuse(error, language)
    except OSError as error:
        _cannot_write(error, reports_dir, language)


@main.command()
@click.argument("name", type=Among(("audit", "baseline", "profile", "exchange", "drift", "matrix")))
def schema(name: str) -> None:
    """Print the JSON Schema of a file: audit.yaml, a baseline or a profile; a line of NDJSON; drift.json, matrix.json.

    Overlays are OpenAPI Overlays, whose schema the OpenAPI Initiative publishes (https://spec.openapis.org/overlay/).
    """
    from batch_conformance.schemas import SCHEMAS  # noqa: PLC0415

    click.echo(json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False))


@main.command()
@command_options("init")
def init(
    *,
    base_url: str,
    vendor: str,
    contract: str,
    key_env: str,
    batch_ids: tuple[str, ...],
    pipeline: Pipeline,
    language: str,
) -> None:
    """Begin here: try one request, then write audit.yaml and a pipeline into this folder.

    On a terminal it asks for what is not given.
    """
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.run.first_run import FirstRun, try_one_request, write_files  # noqa: PLC0415

    text, render = language_of(language).text, language_of(language).render
    if sys.stdin.isatty() and not (base_url or vendor):
        base_url = click.prompt(text("Base URL, such as https://api.siliconflow.cn/v1"))
        key_env = click.prompt(text("Environment variable that holds the key"), default=key_env)
        ids = text("Ids of batches that exist, with blanks between them")
        asked = click.prompt(ids, default="", show_default=False)
        batch_ids = (*batch_ids, *asked.split())
    try:
        if not (base_url or vendor):
            needed = text("init needs a target: --base-url=URL, or --vendor=NAME (`batch-conformance vendors`)")
            _give_up(needed, EXIT_USAGE)
        wanted = FirstRun(base_url, vendor, key_env, batch_ids, pipeline, contract)
        click.echo(render(try_one_request(wanted, os.environ)))
        for line in write_files(wanted, Path(), render):
            click.echo(render(line))
    except InputError as error:
        _refuse(error, language)
    except OSError as error:
        _cannot_write(error, Path(), language)


@main.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
@command_options("matrix")
def matrix(*, reports: tuple[Path, ...], reports_dir: Path, previous: Path | None, language: str) -> None:
    """Lay REPORTS (drift.json files, or their folders) out as one matrix: targets by rules and by clauses."""
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.report.matrix.files import (  # noqa: PLC0415
        collect,
        read_previous,
        sources_of,
        write_matrix,
    )
    from batch_conformance.report.matrix.matrix import build_matrix, summary_line  # noqa: PLC0415

    spoken = language_of(language)
    try:
        former = read_previous(previous) if previous else None
        audits = collect(sources_of(reports), reports_dir)
        found = build_matrix(audits, former)
        written = write_matrix(found, reports_dir, spoken)
    except InputError as error:
        _refuse(error, language)
    except OSError as error:
        _cannot_write(error, reports_dir, language)
    click.echo(f"{summary_line(found, spoken)}\n{spoken.text('Matrix: {file}', file=written[1])}")
    unread = [spoken.render(audited.reason) for audited in audits if audited.drift is None and audited.reason]
    if unread:
        _give_up("\n".join(unread), EXIT_USAGE)


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@command_options("client")
def client(*, files: tuple[Path, ...], contract: str, operation: str, face: str, language: str) -> None:
    """Say what OpenAI's Python client makes of recorded answers (HAR, or NDJSON of exchanges); sends nothing."""
    from batch_conformance.client.reader import ClientReader  # noqa: PLC0415
    from batch_conformance.client.recording import recorded  # noqa: PLC0415
    from batch_conformance.contract.choice import OperationChoice  # noqa: PLC0415
    from batch_conformance.findings.finding import mask_findings  # noqa: PLC0415
    from batch_conformance.judge.judge import judge  # noqa: PLC0415
    from batch_conformance.recorded.recording import MOST_COMPLAINTS  # noqa: PLC0415
    from batch_conformance.report.client import FORMATS  # noqa: PLC0415
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.report.text import unjudged_bodies  # noqa: PLC0415
    from batch_conformance.run.contracts import open_contract  # noqa: PLC0415

    try:
        reader, opened = ClientReader(), open_contract(contract, choice=OperationChoice(operation))
        unread: list[Message] = []
        exchanges = recorded(files, opened, unread.append)
    except InputError as error:
        _refuse(error, language)
    spoken = language_of(language)
    if unread:
        click.echo(spoken.render(unjudged_bodies(len(unread), unread[:MOST_COMPLAINTS])), err=True)
    ledger = reader(judge(exchanges, opened), opened)
    ledger = replace(ledger, findings=mask_findings(ledger.findings, opened.private))
    click.echo(FORMATS[face](ledger, reader.sdk.version, reader.error_classes(ledger, opened), spoken), nl=False)


@main.command()
@command_options("prove")
def prove(
    *,
    contract: str,
    operation: str,
    operations: Operations,
    groups: tuple[str, ...],
    names: tuple[str, ...],
    jobs: int | None,
    seed: int | None,
    reports_dir: Path,
    listing: bool,
    language: str,
) -> None:
    """Prove the suite: every drift of the catalogue is found at its clause, and nothing that conforms is accused."""
    from batch_conformance.run.prove.command import ProofOptions, perform_proof  # noqa: PLC0415
    from batch_conformance.run.prove.prove import default_jobs  # noqa: PLC0415

    try:
        options_of_proof = ProofOptions(contract, groups, names, seed, operation, operations, language)
        sys.exit(perform_proof(options_of_proof, jobs or default_jobs(), reports_dir, listing=listing))
    except InputError as error:
        _refuse(error, language)
    except KeyboardInterrupt:
        from batch_conformance.report.language import language as language_of  # noqa: PLC0415

        _give_up(language_of(language).text("interrupted: no proof was written"), EXIT_INTERRUPTED)
    except OSError as error:
        _cannot_write(error, reports_dir, language)


@main.command()
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@command_options("validate")
def validate(*, sources: tuple[str, ...], reports_dir: Path, jobs: int, dask: str | None, **options: Any) -> None:
    """Validate recorded traffic, in any format of docs/VALIDATE.md: files, folders, globs, gzip, and - for stdin."""
    from batch_conformance.run.validate.command import perform_validation  # noqa: PLC0415
    from batch_conformance.run.validate.validate import ValidationOptions  # noqa: PLC0415

    try:
        options["form"] = options.pop("face")
        validation_options = ValidationOptions(sources=sources, **_common(options))
        sys.exit(perform_validation(validation_options, reports_dir, jobs=jobs, dask=dask))
    except InputError as error:
        _refuse(error, options["language"])


@main.command()
@command_options("record")
def record(
    *,
    base_url: str,
    host: str,
    port: int,
    output: Path,
    request_timeout: float,
    ca_bundle: str | None,
    insecure: bool,
    reports_dir: Path,
    **options: Any,
) -> None:
    """Record what passes to --base-url through a proxy on this machine, judge it as it comes, and report in the end."""
    from batch_conformance.run.record.command import RecordOptions, perform_recording  # noqa: PLC0415
    from batch_conformance.run.validate.validate import ValidationOptions  # noqa: PLC0415

    try:
        validation_options = ValidationOptions(sources=(), base_url=base_url, **_common(options))
        recorded = RecordOptions(validation_options, output, host, port, request_timeout, ca_bundle, insecure)
        sys.exit(perform_recording(recorded, reports_dir))
    except InputError as error:
        _refuse(error, options["language"])


@main.command()
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@command_options("infer")
def infer(
    *,
    sources: tuple[str, ...],
    base_url: str,
    contract: str,
    operation: str | None,
    overlays: tuple[Path, ...],
    face: str,
    output: Path | None,
    language: str,
) -> None:
    """Print the OpenAPI document of what recorded traffic shows, or an overlay that adds that to --contract."""
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.run.infer.infer import NEEDS_CONTRACT, infer_document, infer_overlay  # noqa: PLC0415
    from batch_conformance.run.validate.validate import ValidationOptions  # noqa: PLC0415

    try:
        if contract:
            options = ValidationOptions(
                sources,
                base_url,
                contract=contract,
                operation=operation or "",
                overlays=overlays,
                form=face,
                language=language,
            )
            inferred = infer_overlay(options)
        elif operation or overlays:
            raise InputError(NEEDS_CONTRACT())
        else:
            inferred = infer_document(sources, face, base_url, language)
    except InputError as error:
        _refuse(error, language)
    for note in inferred.notes:
        click.echo(language_of(language).render(note), err=True)
    _deliver(inferred.text, output, language)


def _common(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a validation, those that name files of comparison together."""
    from batch_conformance.run.comparison import Files  # noqa: PLC0415

    files = Files(
        baseline=options.pop("baseline"),
        write_baseline=options.pop("write_baseline"),
        reason=options.pop("baseline_reason").strip(),
        strict=options.pop("strict_baseline"),
        previous=options.pop("previous"),
        history=options.pop("history"),
    )
    return {**options, "files": files, "command": shlex.join(("batch-conformance", *sys.argv[1:]))}


@main.command()
@click.argument("histories", nargs=-1, required=True, type=click.Path(path_type=Path))
@command_options("trend")
def trend(*, histories: tuple[Path, ...], output: Path, language: str) -> None:
    """Show what the runs of HISTORIES (files that --history wrote) came to over time, as a page and in lines."""
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.report.trend.page import render_page, render_text  # noqa: PLC0415
    from batch_conformance.report.trend.trend import build_trend  # noqa: PLC0415
    from batch_conformance.run.trend import read_history  # noqa: PLC0415

    try:
        targets = build_trend(read_history(histories))
    except InputError as error:
        _refuse(error, language)
    _deliver(render_page(targets, language_of(language)), output, language)
    click.echo(render_text(targets, language_of(language)), nl=False)


@main.command()
@click.argument("shell", type=Among(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a SHELL complete this command: put it where the shell reads completions."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main, {}, "batch-conformance", "_BATCH_CONFORMANCE_COMPLETE").source())


@main.command()
@click.argument("rule", required=False)
@command_options("explain")
def explain(rule: str | None, *, markdown: bool, language: str) -> None:
    """Say what a RULE means, why it matters, what to do and how to accept it; without one, list them all."""
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.report.reference.rules import explanation, in_chapters, page  # noqa: PLC0415
    from batch_conformance.rules import REGISTRY  # noqa: PLC0415

    in_language = language_of(language)
    if markdown:
        click.echo(page(language=in_language), nl=False)
    elif rule is None:
        width = max(map(len, REGISTRY))
        for known in in_chapters(REGISTRY.values()):
            click.echo(f"{known.id:<{width}}  {known.level:<6}  {in_language.rule_texts(known).title}")
    elif rule in REGISTRY:
        click.echo(explanation(REGISTRY[rule], in_language))
    else:
        text = in_language.text
        family = [known for known in REGISTRY if rule.split(".")[0] in known or rule in known]
        near = [nearest(rule, REGISTRY)] if nearest(rule, REGISTRY) else family[:5]
        hint = text("; `batch-conformance explain` lists them")
        if re.fullmatch("[0-9a-f]{12}", rule):
            hint = text(": it is the id of a finding, and its rule stands beside it, such as body.type")
        elif near:
            hint = text("; did you mean {word}?", word=", ".join(near))
        _give_up(text("there is no rule {rule}", rule=repr(rule)) + hint, EXIT_USAGE)


def _refuse(error: InputError, language: str = "en") -> NoReturn:
    """End for wrong input, said in a language given by its code."""
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415

    _give_up(language_of(language).render(error.message), EXIT_USAGE)


def _cannot_write(error: OSError, folder: Path, language: str) -> NoReturn:
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415
    from batch_conformance.report.run.writer import CANNOT_WRITE  # noqa: PLC0415

    problem = CANNOT_WRITE(file=str(error.filename or folder), why=why_no_file(error))
    _give_up(language_of(language).render(problem), EXIT_FAULT)


def _give_up(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


def _deliver(text: str, output: Path | None, language: str) -> None:
    """Write ``text`` to a file, whole or not at all, or to the terminal; ``language`` is that of complaints."""
    from batch_conformance.report.run.writer import write_text  # noqa: PLC0415

    if output is None:
        click.echo(text, nl=False)
        return
    try:
        write_text(output, text)
    except OSError as error:
        _cannot_write(error, output, language)
