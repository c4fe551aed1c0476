"""The held-out requests that a model ships with: one gzip JSON-lines file, one instance a line."""

import base64
import binascii
import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.preprocess.v1.preprocess_pb2 import Images, Input
from hallmark_cli.errors import CliError
from hallmark_cli.payload import timestamp
from hallmark_common.model_spec import MODEL_FILE, parse_model_spec
from hallmark_common.settings import variable


@dataclass(frozen=True, slots=True)
class Sample:
    """One request, the truth as text where it is known, and when its event happened where that is known."""

    input: Input
    truth: str | None
    event_time: Timestamp | None


def read_samples(models_dir: Path, model: str) -> list[Sample]:
    """The sample that model.yaml names; :class:`CliError` says which file or line is wrong."""
    folder = models_dir / model
    if not models_dir.is_dir():
        setting = variable("models_dir")
        raise CliError(f"{models_dir}: no such folder; set {setting} to the folder that holds the models")
    if not (folder / MODEL_FILE).is_file():
        names = ", ".join(sorted(path.parent.name for path in models_dir.glob(f"*/{MODEL_FILE}"))) or "none"
        raise CliError(f"{models_dir}: holds no model {model!r}; there is: {names}")
    name = parse_model_spec(folder / MODEL_FILE).sample
    if name is None:
        raise CliError(f"{folder / MODEL_FILE}: declares no sample to replay; set sample to a .jsonl.gz file")
    return parse_samples(folder / name)


def parse_samples(path: Path) -> list[Sample]:
    """Read one sample file."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            samples = [_parse(line, f"{path}: line {number}") for number, line in enumerate(file, 1)]
    except FileNotFoundError:
        raise CliError(f"{path}: no such file; build the model again with its build.py") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error):
        raise CliError(f"{path}: is not a gzip file of JSON lines; build the model again with its build.py") from None
    if not samples:
        raise CliError(f"{path}: holds no request; build the model again with its build.py")
    return samples


def _parse(line: str, where: str) -> Sample:
    try:
        entry = json.loads(line)
        truth, moment = entry.get("truth"), entry.get("event_time")
        return Sample(
            _to_input(entry["input"]),
            None if truth is None else str(truth),
            None if moment is None else timestamp(f"{where}: event_time", str(moment)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        raise CliError(f"{where}: is no request, expected an object with input, truth and event_time") from None


def _to_input(body: dict[str, Any]) -> Input:
    if "image_png_base64" in body:
        return Input(images=Images(files=[base64.b64decode(body["image_png_base64"], validate=True)]))
    return Input(json=json.dumps(body["instances"]).encode())
