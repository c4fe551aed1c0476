"""A contract in another form, whichever it is, from its file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hallmark_cli.contracts.draft import Draft
from hallmark_cli.contracts.qoa4ml import is_qoa4ml, read_qoa4ml
from hallmark_cli.contracts.tutorial import is_tutorial, read_tutorial
from hallmark_cli.errors import CliError
from hallmark_common.contracts.document import DocumentError, read_document
from hallmark_common.contracts.problem import Finding, Problem


def read_draft(path: Path) -> Draft:
    """Read a file in any form that is known; :class:`CliError` where it is in none."""
    document = _document(path)
    if is_tutorial(document):
        return read_tutorial(document)
    if is_qoa4ml(document):
        return read_qoa4ml(document)
    raise CliError(
        f"{path}: is no contract that is known; one of QoA4ML has the key `quality`, that of its tutorials `stages`"
    )


def _document(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CliError(f"{path}: {(error.strerror or 'cannot be read').lower()}; give the file to import") from None
    except UnicodeDecodeError:
        raise CliError(f"{path}: is not UTF-8; save it as UTF-8") from None
    try:
        data = _parsed(text)
    except DocumentError as error:
        raise CliError(str(Finding(path, error.place, Problem(error.where, error.message)))) from None
    if not isinstance(data, Mapping):
        raise CliError(f"{path}: holds no keys and values; give the file of a contract")
    return data


def _parsed(text: str) -> Any:
    """JSON, which may be indented by tabs and then is no YAML; else YAML."""
    try:
        return json.loads(text)
    except ValueError:
        document = read_document(text)
    if document.errors:
        raise document.errors[0]
    return document.data
