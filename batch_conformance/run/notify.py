"""Notifying: a command that a person named is given the notice of a run, where there is something to tell."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.message import Message, Template
from batch_conformance.report.run.notice import has_news, render
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.run.writer import ReportError

_NOTIFY_COMMAND_THERE_IS_NO = Template(
    "notify.notify_command_there_is_no", "--notify-command: there is no program {words}"
)
_NOTIFY_COMMAND_CANNOT_BE_SPLIT = Template(
    "notify.notify_command_cannot_be_split",
    "--notify-command {command} cannot be split into words as a shell does: {why}",
)

SECONDS = 60.0
"""How long the command may take."""

_GIVEN = Template("notify.told", "Notice given to: {command}")
_NOTHING = Template("notify.nothing", "No notice was given: nothing is new")
_FAILED = Template("notify.failed", "the notice was not given: {command} ended with {code}{why}")
_TOO_LONG = Template("notify.too_long", "the notice was not given: {command} took more than {seconds} s")
_NOT_STARTED = Template("notify.not_started", "the notice was not given: {command} cannot be started ({why})")
_WHY = Template("notify.why", ": {why}")


def words_of(command: str) -> list[str]:
    """The command as the words of a program and its arguments. Raises InputError where it is none that can be run."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(_NOTIFY_COMMAND_CANNOT_BE_SPLIT(command=f"{command!r}", why=str(error))) from None
    if words and shutil.which(words[0]) is None:
        raise InputError(_NOTIFY_COMMAND_THERE_IS_NO(words=f"{words[0]!r}"))
    return words


def notify(report: RunReport, command: str, page: Path, environ: Mapping[str, str], key_env: str) -> Message:
    """Give the notice to the command on its standard input, and say so. The key of the target is not in what it gets.

    Raises ReportError where the command fails: an alarm that is not heard is worse than a report that is not written.
    """
    if not has_news(report):
        return _NOTHING()
    words = words_of(command)
    name = words[0]
    without_key = {variable: value for variable, value in environ.items() if variable != key_env}
    try:
        done = subprocess.run(
            words,
            input=render(report, str(page)).encode("utf-8", "backslashreplace"),
            env=without_key,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReportError((_TOO_LONG(command=name, seconds=SECONDS),), ()) from None
    except OSError as error:
        raise ReportError((_NOT_STARTED(command=name, why=why_no_file(error)),), ()) from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = _WHY(why=lines[-1][:200]) if lines else ""
        raise ReportError((_FAILED(command=name, code=done.returncode, why=why),), ())
    return _GIVEN(command=name)
