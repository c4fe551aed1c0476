"""Builds the model ``digits``: graph, reference profile, sample, and the figures of its card.

``python models/digits/build.py`` writes the same graph again, byte for byte, on the same kind of machine with the same
versions. ``--validate`` trains on four fifths of the training digits, tells how it does on the others and writes
nothing: settings are chosen by that alone, the held-out digits give the final figures only.
"""

import argparse
import base64
import io
import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.append(str(FOLDER.parent))
# One core, chosen before jax starts its threads: sums come in the same order, and whoever builds keeps the others.
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

# fmt: off
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from data import Digits, load_split, stratified  # noqa: E402
from export import export  # noqa: E402
from network import forward  # noqa: E402
from PIL import Image  # noqa: E402
from sklearn.metrics import confusion_matrix  # noqa: E402
from training import train  # noqa: E402

from _build.card import digest, table, write_figures  # noqa: E402
from _build.graph import run_graph  # noqa: E402
from _build.progress import say  # noqa: E402
from _build.sample import Request, write_sample  # noqa: E402
from hallmark_common.model_spec import MODEL_FILE, ImageInput, parse_model_spec  # noqa: E402
from hallmark_preprocess.image import read_image  # noqa: E402
from hallmark_preprocess.profile import profile_images, write_profile  # noqa: E402

# fmt: on
SEED = 1
GRAPH = FOLDER / "1" / "model.onnx"


def main() -> None:
    """Build, or with ``--validate`` only try."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validate", action="store_true", help="train on 3,200 digits, judge on 800 others")
    if parser.parse_args().validate:
        validate()
    else:
        build()


def validate() -> None:
    """Accuracy on a fifth of the training digits that was not trained on."""
    training, _ = load_split()
    training, judged = stratified(training, len(training.labels) // 5)
    logits = forward(train(training, SEED), jnp.asarray(judged.images, jnp.float32) / 255)
    say(f"accuracy on {len(judged.labels)} digits of the training set: {accuracy(np.asarray(logits), judged):.4f}")


def build() -> None:
    """Write everything that comes from the data."""
    training, held_out = load_split()
    spec = parse_model_spec(FOLDER / MODEL_FILE).input
    assert isinstance(spec, ImageInput)
    export(train(training, SEED), GRAPH)
    files = [png(image) for image in held_out.images]
    write_sample(FOLDER / "sample.jsonl.gz", map(request, files, held_out.labels))
    profile = profile_images(spec, map(png, training.images))
    write_profile(FOLDER / "reference.json", profile, [str(label) for label in training.labels])
    raw = run_graph(GRAPH, held_out.images[:, None].astype(np.float32) / 255)
    served = run_graph(GRAPH, np.stack([read_image(file, spec)[0] for file in files]))
    write_figures(FOLDER / "README.md", figures(raw, served, held_out))
    say(f"held out: {accuracy(raw, held_out):.4f} raw, {accuracy(served, held_out):.4f} served; {digest(GRAPH)}")


def png(image: np.ndarray) -> bytes:
    """A digit as an image file; uint8 [28, 28]."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.getvalue()


def request(file: bytes, label: np.integer) -> Request:
    """A digit as a request."""
    return Request({"image_png_base64": base64.b64encode(file).decode()}, str(label))


def accuracy(logits: np.ndarray, digits: Digits) -> float:
    """Share of digits whose largest logit is that of their label."""
    return float((logits.argmax(axis=1) == digits.labels).mean())


def figures(raw: np.ndarray, served: np.ndarray, digits: Digits) -> str:
    """Accuracy both ways and, as served, the confusion matrix; Markdown."""
    counts = confusion_matrix(digits.labels, served.argmax(axis=1))
    rows = [[f"**{label}**", *(count or "·" for count in row)] for label, row in enumerate(counts)]
    return "\n\n".join(
        [
            table(
                ["held-out accuracy", f"of {len(digits.labels):,}"],
                [
                    ["through the pipeline of `model.yaml`, as served", f"{accuracy(served, digits):.1%}"],
                    ["MNIST's own 28x28 pixels fed to the graph", f"{accuracy(raw, digits):.1%}"],
                ],
            ),
            "Confusion matrix as served; rows are the truth, columns the answer:",
            table(["", *range(10)], rows),
        ]
    )


if __name__ == "__main__":
    main()
