"""Folders of models: ``<models>/<name>/model.yaml`` and ``<version>/model.onnx``."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from hallmark_common.errors import StartupError
from hallmark_common.model_spec.model import ModelSpec
from hallmark_common.spec_errors import sentence_of

MODEL_FILE = "model.yaml"
GRAPH_FILE = "model.onnx"


class ModelSpecError(StartupError):
    """A model folder that cannot be served; the message is one line: what, where, what to do."""


def parse_model_spec(path: Path) -> ModelSpec:
    """Read one ``model.yaml``; :class:`ModelSpecError` names the file and the key that is wrong."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelSpecError(f"{path}: no such file; write one or run `hallmark models add PATH.onnx`") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelSpecError(f"{path}: is not YAML in UTF-8: {' '.join(str(error).split())}") from None
    try:
        spec = ModelSpec.model_validate(document)
    except ValidationError as error:
        raise ModelSpecError(f"{path}: {sentence_of(error, ModelSpec)}; see docs/model-yaml.md") from None
    if spec.name != path.parent.name:
        raise ModelSpecError(f"{path}: name is {spec.name!r} but the folder is {path.parent.name!r}; make them equal")
    return spec


def versions_of(folder: Path) -> tuple[str, ...]:
    """Versions in a model folder: every sub-folder that holds a ``model.onnx``, numbers in numeric order."""
    found = [path.parent.name for path in folder.glob(f"*/{GRAPH_FILE}")]
    return tuple(
        sorted(found, key=lambda version: (not version.isdigit(), int(version) if version.isdigit() else 0, version))
    )


def check_graph_file(path: Path) -> None:
    """:class:`ModelSpecError` where a graph is not there or may not be read."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise ModelSpecError(f"{path}: no such file; put the graph of version {path.parent.name} there") from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> ModelSpecError:
    """What to say of a file or folder that is there and cannot be read."""
    return ModelSpecError(f"{path}: cannot be read: {(error.strerror or 'unknown error').lower()}; check what it is")


def load_models(models_dir: Path) -> dict[str, ModelSpec]:
    """Every model under a folder, by name; :class:`ModelSpecError` for the first that cannot be served."""
    if not models_dir.is_dir():
        raise ModelSpecError(
            f"{models_dir}: no such folder; set HALLMARK_MODELS_DIR to the folder that holds the models"
        )
    try:
        folders = [path for path in sorted(models_dir.iterdir()) if path.is_dir()]
    except OSError as error:
        raise unreadable(models_dir, error) from None
    specs = [parse_model_spec(path / MODEL_FILE) for path in folders if not path.name.startswith((".", "_"))]
    for spec in specs:
        check_graph_file(models_dir / spec.name / spec.default_version / GRAPH_FILE)
    if not specs:
        raise ModelSpecError(f"{models_dir}: holds no model; add one with `hallmark models add PATH.onnx`")
    return {spec.name: spec for spec in specs}
