"""``junit.xml`` of a pytest session: pytest's own writing, with the facts of the run as properties of the suite."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from _pytest.junitxml import LogXML, xml_key  # what pytest's own fixture for these properties uses; workers lack it

from batch_conformance.input_error import why_no_file
from batch_conformance.message import Message
from batch_conformance.report.run.writer import CANNOT_WRITE

NAME = "junit.xml"


class JunitFile:
    """Has pytest write its JUnit file into the folder of the reports; beside another one, where a person named that."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        """Name the file to pytest, whose own plugin has not been configured yet."""
        self._config = config
        self._path = folder / NAME
        self._others = getattr(config.option, "xmlpath", None)  # without pytest's plugin nothing is written
        if not self._others:
            config.option.xmlpath = str(self._path)

    @property
    def _writer(self) -> LogXML | None:
        return self._config.stash.get(xml_key, None)

    def read_before(self, plugin: object) -> None:
        """Have a plugin called with each report after pytest's writer, and before those that show it to people.

        Hooks are called in the order opposite to that of registration.
        """
        writer, plugins = self._writer, self._config.pluginmanager
        if writer is not None:
            plugins.unregister(writer)
        plugins.register(plugin)
        if writer is not None:
            plugins.register(writer)

    def add_properties(self, facts: Iterable[tuple[str, str]]) -> None:
        """Add properties of the suite."""
        if self._writer is not None:
            for name, value in facts:
                self._writer.add_global_property(name, value)

    def give_up(self) -> None:
        """Have nothing written, where no server was asked; what a person named is pytest's own affair."""
        writer = self._writer
        if writer is not None and not self._others:
            writer.logfile = os.devnull  # the end of the session calls it all the same
            del self._config.stash[xml_key]  # else pytest would unregister it once more
            self._config.pluginmanager.unregister(writer)

    def write(self) -> Generator[None, None, Message | None]:
        """Around pytest's writing: gives why the file could not be written, or nothing."""
        try:
            yield
            if self._others:
                shutil.copyfile(self._others, self._path)
        except OSError as error:
            return CANNOT_WRITE(file=str(error.filename or self._path), why=why_no_file(error))
        return None
