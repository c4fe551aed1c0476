"""Builds the model ``flights-bad``: the interface of ``flights`` and always the same answer.

It shows what quality records are for: the service is well, the data is well, only the predictions are worth nothing.
``python models/flights-bad/build.py``, after that of ``flights``, writes the same bytes again.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MODELS = FOLDER.parent
sys.path.append(str(MODELS))

# fmt: off
import numpy as np  # noqa: E402
from onnx import helper  # noqa: E402

from _build.card import digest  # noqa: E402
from _build.graph import write_graph  # noqa: E402
from _build.progress import say  # noqa: E402
from _build.sample import Request, write_sample  # noqa: E402
from _build.spec_file import write_spec  # noqa: E402
from hallmark_common.model_spec import MODEL_FILE, ModelSpec, TableInput, parse_model_spec  # noqa: E402

# fmt: on
ANSWER = 0.05
SAMPLE_STEP = 4
TITLE = "Late flights, a bad model"
DESCRIPTION = (
    "Takes what `flights` takes and always answers that the flight is 5 % likely to be late. It is here to show how a "
    "model that answers fast, without an error and wrongly looks in its quality records."
)


def main() -> None:
    """Write everything, from what ``flights`` has."""
    good = parse_model_spec(MODELS / "flights" / MODEL_FILE)
    spec = good.model_copy(update={"name": "flights-bad", "title": TITLE, "description": DESCRIPTION})
    graph = FOLDER / "1" / "model.onnx"
    write_spec(FOLDER / MODEL_FILE, spec, "build.py")
    write_constant(graph, width(spec))
    shutil.copyfile(MODELS / "flights" / "reference.json", FOLDER / "reference.json")
    write_sample(FOLDER / "sample.jsonl.gz", sample())
    say(digest(graph))


def width(spec: ModelSpec) -> int:
    """Number of features: a one-hot column has one a category."""
    assert isinstance(spec.input, TableInput)
    return sum(len(column.categories) if column.encode == "one_hot" else 1 for column in spec.input.columns)


def write_constant(path: Path, features: int) -> None:
    """Write the graph: ``features``, float32 [N, F], of which only N matters, to ``probability``, float32 [N, 1]."""
    value = helper.make_tensor("value", 1, [1], [ANSWER])
    nodes = [
        # The shape is read, not the values: not even NaN changes the answer.
        helper.make_node("Shape", ["features"], ["rows"], start=0, end=1),
        helper.make_node("ConstantOfShape", ["rows"], ["flat"], value=value),
        helper.make_node("Unsqueeze", ["flat", "axis"], ["probability"]),
    ]
    axis = {"axis": np.array([1], dtype=np.int64)}
    write_graph(path, nodes, axis, {"features": ["N", features]}, {"probability": ["N", 1]})


def sample() -> list[Request]:
    """Every fourth request of the sample of ``flights``."""
    with gzip.open(MODELS / "flights" / "sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    return [
        Request(document["input"], document["truth"], document["event_time"]) for document in documents[::SAMPLE_STEP]
    ]


if __name__ == "__main__":
    main()
