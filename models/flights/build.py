"""Builds the model ``flights``: declaration, graph, reference profile, sample, and the figures of its card.

``python models/flights/build.py`` writes the same graph again, byte for byte, on the same kind of machine with the same
versions. ``--validate`` leaves out one training month after the other, tells how the others foresee it and writes
nothing: settings are chosen by that alone, July to December give the final figures only.
"""

import argparse
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.append(str(FOLDER.parent))

# fmt: off
import numpy as np  # noqa: E402
from data import Flights, load  # noqa: E402
from figures import figures  # noqa: E402
from interface import LATE, ON_TIME, declare, declare_input  # noqa: E402
from network import export, fit  # noqa: E402
from sklearn.metrics import brier_score_loss, roc_auc_score  # noqa: E402

from _build.card import digest, write_figures  # noqa: E402
from _build.graph import run_graph  # noqa: E402
from _build.progress import say  # noqa: E402
from _build.sample import Request, write_sample  # noqa: E402
from _build.spec_file import write_spec  # noqa: E402
from hallmark_common.model_spec import MODEL_FILE, TableInput  # noqa: E402
from hallmark_preprocess.findings import Findings  # noqa: E402
from hallmark_preprocess.profile import profile_rows, write_profile  # noqa: E402
from hallmark_preprocess.table import check_table  # noqa: E402
from hallmark_preprocess.table_encode import encode_table  # noqa: E402

# fmt: on
SAMPLE_SEED = 1
SAMPLE_SIZE = 2000
CHUNK = 10_000
GRAPH = FOLDER / "1" / "model.onnx"


def main() -> None:
    """Build, or with ``--validate`` only try."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validate", action="store_true", help="foresee each training month from the five others")
    training, held_out = load()
    if parser.parse_args().validate:
        validate(training)
    else:
        build(training, held_out)


def validate(training: Flights) -> None:
    """AUC and Brier score of each training month, foreseen by members trained on the other months."""
    features = encode(declare_input(training), training)
    for month in np.unique(training.month):
        there = training.month == month
        members = fit(features[~there], training.late[~there])
        odds = np.mean([_log_odds(member.predict_proba(features[there])[:, 1]) for member in members], axis=0)
        answer, late = 1 / (1 + np.exp(-odds)), training.late[there]
        say(f"month {month}: AUC {roc_auc_score(late, answer):.4f}, Brier {brier_score_loss(late, answer):.4f}")


def build(training: Flights, held_out: Flights) -> None:
    """Write everything that comes from the data."""
    columns = declare_input(training)
    write_spec(FOLDER / MODEL_FILE, declare(columns, training), "build.py")
    export(fit(encode(columns, training), training.late), GRAPH)
    profile = profile_rows(columns, training.rows)
    write_profile(FOLDER / "reference.json", profile, [answer(late) for late in training.late])
    write_sample(FOLDER / "sample.jsonl.gz", requests(held_out))
    probability = run_graph(GRAPH, encode(columns, held_out))[:, 0]
    text = figures(probability, held_out.late, held_out.month, float(training.late.mean()))
    write_figures(FOLDER / "README.md", text)
    say(f"held out: AUC {roc_auc_score(held_out.late, probability):.4f}; {digest(GRAPH)}")


def encode(declared: TableInput, flights: Flights) -> np.ndarray:
    """The tensor that serving would feed for these flights, float32 [N, F]."""
    chunks = [flights.rows[start : start + CHUNK] for start in range(0, len(flights.rows), CHUNK)]
    return np.concatenate([_encode(declared, chunk) for chunk in chunks])


def _encode(declared: TableInput, rows: tuple[dict[str, object], ...]) -> np.ndarray:
    findings = Findings()
    checked = check_table(declared, rows, findings)
    findings.raise_rejected()
    (tensor,) = encode_table(declared, checked, declared.tensors, findings).values()
    return tensor


def requests(held_out: Flights) -> list[Request]:
    """About SAMPLE_SIZE flights in the order of departure: of each month, late or not, its share of all of them."""
    random = np.random.default_rng(SAMPLE_SEED)
    picked: list[int] = []
    for month in np.unique(held_out.month):
        for late in (False, True):
            there = np.flatnonzero((held_out.month == month) & (held_out.late == late))
            share = round(SAMPLE_SIZE * len(there) / len(held_out.late))
            picked += random.choice(there, share, replace=False).tolist()
    sample = held_out.pick(np.sort(picked))
    return [
        Request({"instances": [row]}, answer(late), f"{np.datetime_as_string(departure, 's')}Z")
        for row, late, departure in zip(sample.rows, sample.late, sample.departure, strict=True)
    ]


def answer(late: bool) -> str:
    """The answer in the words of the declaration."""
    return LATE if late else ON_TIME


def _log_odds(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


if __name__ == "__main__":
    main()
