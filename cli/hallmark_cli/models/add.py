"""`hallmark models add PATH.onnx`: a graph from anywhere becomes a model that serves."""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hallmark_cli import options, output
from hallmark_cli.errors import CliError
from hallmark_cli.models.model_yaml import example_of, model_yaml, valid_name
from hallmark_cli.models.onnx_files import external_files
from hallmark_cli.models.probe import is_batched, open_session, signature_of, working_extent
from hallmark_cli.models.signature import GraphTensor, Signature
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.model_spec import GRAPH_FILE, MODEL_FILE, parse_model_spec
from hallmark_common.settings import Settings, load_settings

SEED = 20260101
"""Of the values a graph is tried with: the same graph always gets the same model.yaml."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""As in model_spec: both become folders."""

KEPT = MODEL_FILE + ".old"

app = make_app()


@dataclass(frozen=True, slots=True)
class Added:
    """A model that was added."""

    name: str
    version: str
    folder: Path
    signature: Signature
    batched: bool
    example: dict[str, Any] | None


@app.command(cls=Command)
def models_add(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The ONNX file.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the model; made of the file name where unset.")
    ] = None,
    version: Annotated[str, typer.Option(metavar="VERSION", help="Version of the graph.")] = "1",
    force: Annotated[bool, typer.Option("--force", help=f"Replace a model; keeps {KEPT}.")] = False,
    as_json: options.Json = False,
) -> None:
    """Add an ONNX file, with a model.yaml that already serves."""
    settings = load_settings()
    added = add_model(path, name, version, settings.models_dir, force=force)
    if as_json:
        output.write_json(added_to_dict(added))
    else:
        for line in next_steps(added, settings):
            output.stdout().print(line, markup=False)


def add_model(path: Path, name: str | None, version: str, models_dir: Path, *, force: bool) -> Added:
    """Check, copy and describe a graph; all of it or nothing. :class:`CliError` says what is wrong."""
    if not path.is_file():
        raise CliError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; give the path of an ONNX file")
    name = _checked_name(path, name)
    if not VERSION.fullmatch(version):
        raise CliError(f"--version {version!r}: use letters, digits, dot, _ and -, at most 63, such as '1'")
    folder = models_dir / name
    if folder.exists() and not force:
        raise CliError(f"{folder}: there is such a model; choose another --name, or replace it with --force")
    try:
        files = external_files(path)
        models_dir.mkdir(parents=True, exist_ok=True)
        # Beside its destination, so that moving it there is one rename; a leading dot hides it from the services.
        with tempfile.TemporaryDirectory(prefix=".adding-", dir=models_dir) as staging:
            staged = Path(staging) / name
            _copy(path, files, staged / version)
            added = _describe(staged, folder, version, path)
            _put(staged, folder, version)
    except OSError as error:
        raise CliError(f"{error.filename or folder}: {error.strerror}; the model was not added") from None
    return added


def _checked_name(path: Path, name: str | None) -> str:
    made = valid_name(path.stem)
    if name is not None and not NAME.fullmatch(name):
        raise CliError(f"--name {name!r}: use lower-case letters, digits, dot, _ and -, at most 63, such as {made!r}")
    if not (name or made):
        raise CliError(f"{path}: no name can be made of the file name; choose one with --name")
    return name or made


def _copy(graph: Path, files: tuple[str, ...], destination: Path) -> None:
    destination.mkdir(parents=True)
    shutil.copyfile(graph, destination / GRAPH_FILE)
    for file in files:
        (destination / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(graph.parent / file, destination / file)


def _describe(staged: Path, folder: Path, version: str, source: Path) -> Added:
    """Load the copy, so that it is known to be complete, try it, and write model.yaml beside it."""
    session = open_session(staged / version / GRAPH_FILE, str(source))
    signature = signature_of(session, str(source))
    extent = working_extent(session, signature)
    batched = is_batched(session, signature, extent or 1, SEED)
    text = model_yaml(staged.name, version, source.name, signature, extent, batched=batched)
    (staged / MODEL_FILE).write_text(text, encoding="utf-8")
    parse_model_spec(staged / MODEL_FILE)
    example = example_of(signature, extent, batched=batched)
    return Added(staged.name, version, folder, signature, batched, example)


def _put(staged: Path, folder: Path, version: str) -> None:
    """Move a staged model to its place; where one is there, only the version and model.yaml are replaced."""
    staged.chmod(0o755)
    if not folder.exists():
        staged.rename(folder)
        return
    if (folder / version).exists():
        shutil.rmtree(folder / version)
    (staged / version).rename(folder / version)
    if (folder / MODEL_FILE).exists():
        (folder / MODEL_FILE).rename(folder / KEPT)
    (staged / MODEL_FILE).replace(folder / MODEL_FILE)


def added_to_dict(added: Added) -> dict[str, Any]:
    """What was added, as JSON."""
    return {
        "name": added.name,
        "version": added.version,
        "folder": str(added.folder),
        "inputs": [_tensor_to_dict(tensor) for tensor in added.signature.inputs],
        "outputs": [_tensor_to_dict(tensor) for tensor in added.signature.outputs],
        "batched": added.batched,
        "example": added.example,
    }


def _tensor_to_dict(tensor: GraphTensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def next_steps(added: Added, settings: Settings) -> list[str]:
    """What was added and what to do next."""
    url = f"http://{settings.host}:{settings.web_http_port}/v1/models/{added.name}:predict"
    lines = [f"added {added.name} version {added.version} in {added.folder}"]
    for role, tensors in (("input", added.signature.inputs), ("output", added.signature.outputs)):
        lines += [f"  {role:<7}{tensor.name}  {tensor.datatype} {list(tensor.shape)}" for tensor in tensors]
    lines.append("next:")
    lines.append(f"  edit {added.folder / MODEL_FILE}: labels, an image input, ranges; its comments say how")
    lines.append("  restart `make run` (or `hallmark up`), then")
    if added.example is None:
        lines.append(f"  hallmark predict {added.name} FILE.json")
    else:
        body = json.dumps(added.example).replace("'", "'\\''")
        lines.append(f"  curl -s {url} -H 'content-type: application/json' -d '{body}'")
    return lines
