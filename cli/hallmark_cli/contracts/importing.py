"""`hallmark contracts import FILE`: a contract of QoA4ML, or of its tutorials, becomes one of Hallmark."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from hallmark_cli import options, output
from hallmark_cli.contracts.checking import model_of
from hallmark_cli.contracts.contract_yaml import contract_yaml
from hallmark_cli.contracts.draft import Draft
from hallmark_cli.contracts.fitting import Imported, fitted
from hallmark_cli.contracts.naming import contract_names, valid_contract_name
from hallmark_cli.contracts.reading import read_draft
from hallmark_cli.errors import CliError
from hallmark_cli.render.text import counted
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.contracts.document import read_document
from hallmark_common.contracts.model import EVERYONE, Contract
from hallmark_common.contracts.problem import problems_of, spelled
from hallmark_common.model_spec import MODEL_FILE, ModelSpec
from hallmark_common.settings import Settings, load_settings

app = make_app()


@app.command(cls=Command)
def contracts_import(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The contract, JSON or YAML.")],
    *,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write; the contracts folder where unset.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model that it is about; the only one there is where unset.")
    ] = None,
    consumer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who is owed it; the consumers that it names where unset.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the contract; made of the file name where unset.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Make a contract of one of QoA4ML, or of the form of its tutorials.

    What cannot be carried over is named on stderr, and in the file. A contract is written for each consumer.
    """
    settings = load_settings()
    draft = read_draft(path)
    spec = _model(model, settings)
    imported = fitted(draft, spec, settings)
    for left in imported.left:
        output.note(f"not carried over: {left}")
    if not imported.objectives:
        raise CliError(f"{path}: nothing of it could be carried over; docs/contracts.md says how to write a contract")
    consumers = (consumer,) if consumer else draft.consumers or (EVERYONE,)
    names = contract_names(_base_name(name, path, draft), consumers)
    folder = to or settings.contracts_dir
    heads = (_head(names[each], each, draft, spec) for each in consumers)
    texts = [contract_yaml(head, imported.objectives, imported.left, f"{path.name}, {draft.form}") for head in heads]
    files = write_all(
        {folder / f"{names[each]}.yaml": _checked(text, path) for each, text in zip(consumers, texts, strict=True)}
    )
    if as_json:
        output.write_json(_to_dict(files, imported))
        return
    for file in files:
        output.stdout().print(f"wrote {file}: {counted(len(imported.objectives), 'objective')}", markup=False)


def _model(name: str | None, settings: Settings) -> ModelSpec:
    known = sorted(path.parent.name for path in settings.models_dir.glob(f"[!._]*/{MODEL_FILE}"))
    if name is None and len(known) != 1:
        raise CliError(f"which model is it about? choose with --model; there are {', '.join(known) or 'none'}")
    return model_of(name or known[0], settings.models_dir)


def _base_name(given: str | None, path: Path, draft: Draft) -> str:
    if given is not None and valid_contract_name(given) != given:
        raise CliError(
            f"--name {given!r}: use lower-case letters, digits and -, such as {valid_contract_name(given)!r}"
        )
    made = given or valid_contract_name(draft.title) or valid_contract_name(path.stem)
    if not made:
        raise CliError(f"{path}: no name can be made of it; choose one with --name")
    return made


def _head(name: str, consumer: str, draft: Draft, spec: ModelSpec) -> dict[str, Any]:
    """The keys before the objectives, in the order in which people read them."""
    head: dict[str, Any] = {"name": name, "version": "1"}
    if draft.title:
        head["title"] = draft.title
    if draft.stakeholders:
        head["stakeholders"] = draft.stakeholders
    return head | {"consumer": consumer, "model": {"name": spec.name}}


def _checked(text: str, path: Path) -> str:
    """Text that certainly is a contract; :class:`CliError` where something of the original cannot stand in one."""
    try:
        Contract.model_validate(read_document(text).data)
    except ValidationError as error:
        first = next(problems_of(error, Contract))
        message = f"{spelled(first.where)}: {first.message}"
        raise CliError(f"{path}: {message}; choose with --consumer or --name, or mend the file") from None
    return text


def write_all(texts: Mapping[Path, str]) -> list[Path]:
    """Write new files, all or none; :class:`CliError` where one is there or cannot be written."""
    for file in texts:
        if file.exists():
            raise CliError(f"{file}: is there; remove it, or choose another --name or --to")
    written: list[Path] = []
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            written.append(file)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        for file in written:
            file.unlink(missing_ok=True)
        raise CliError(f"{error.filename}: {error.strerror}; nothing was written") from None
    return written


def _to_dict(files: list[Path], imported: Imported) -> dict[str, Any]:
    return {
        "files": [str(file) for file in files],
        "objectives": [dict(objective.keys) for objective in imported.objectives],
        "left": [{"where": left.where, "why": left.why} for left in imported.left],
    }
