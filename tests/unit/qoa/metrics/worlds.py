"""Worlds: models with records of all kinds, made up by a seed or of real flights, and what they were trained on."""

import gzip
import json
import random
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.model_spec import ModelSpec, parse_model_spec
from hallmark_common.profile import CategoryProfile, NumberProfile, Profile, load_profile
from hallmark_qoa.metrics.context import ModelContext

MODELS = Path("models")
PRICE = 0.04
SECONDS = 60.0
STAGES = ("web", "preprocess", "inference")
STATUSES = ("UNAVAILABLE", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "INTERNAL", "CANCELLED", "RESOURCE_EXHAUSTED")
T0_S = 1_790_000_000

TABLE = {
    "kind": "table",
    "columns": [
        {"name": "size", "dtype": "number"},
        {"name": "level", "dtype": "integer", "nullable": True, "default": 0},
        {"name": "kind", "dtype": "category", "categories": ["a", "b", "c"], "encode": "one_hot"},
        {"name": "flag", "dtype": "boolean"},
        {"name": "who", "dtype": "category", "encode": "ordinal", "categories": ["x"], "record": "hash"},
        {"name": "note", "dtype": "category", "encode": "ordinal", "categories": ["x"], "record": "none"},
    ],
}
SEGMENTS = [{"name": "kind", "column": "kind"}, {"name": "level", "column": "level", "edges": [2, 4]}]
OUTPUTS: dict[str, dict[str, Any]] = {
    "probability": {"kind": "probability", "label": "late", "negative_label": "on time"},
    "number": {"kind": "number"},
    "classes": {"kind": "classes", "labels": ["0", "1", "2"]},
}


@dataclass(frozen=True, eq=False)
class World:
    """A model, what is known of its training data, and records."""

    spec: ModelSpec
    profile: Profile
    records: list[QualityRecord]
    trained: dict[str, list[float]] = field(default_factory=dict)
    """Raw training values of number columns, where they are known."""

    @cached_property
    def context(self) -> ModelContext:
        """As the engine has it."""
        return ModelContext.of(self.spec, self.profile, PRICE)


def made_up(output: str, seed: int, count: int) -> World:
    """A table model with everything that may go wrong, or for classes an image model."""
    rng = random.Random(seed)
    trained = {"size": [rng.gauss(10, 3) for _ in range(2000)], "level": [float(rng.randrange(6)) for _ in range(2000)]}
    is_image = output == "classes"
    if is_image:
        trained = {
            name: [rng.betavariate(4, 4) for _ in range(2000)] for name in ("brightness", "contrast", "sharpness")
        }
    if output == "number":
        trained["value"] = [rng.gauss(0, 5) for _ in range(2000)]
    given = {"kind": "image", "width": 28, "height": 28} if is_image else TABLE
    segments = [{"name": "size", "image": "size", "edges": [20, 40]}] if is_image else SEGMENTS
    spec = ModelSpec.model_validate({"name": "m", "input": given, "output": OUTPUTS[output], "segments": segments})
    records = [_record(rng, index, output) for index in range(count)]
    return World(spec, _profile(trained, output), records, trained)


def flights(count: int) -> World:
    """Real flights, each with an answer made up."""
    rng = random.Random(count)
    with gzip.open(MODELS / "flights" / "sample.jsonl.gz", "rt") as lines:
        samples = [json.loads(line) for _, line in zip(range(count), lines, strict=False)]
    records = []
    for index, sample in enumerate(samples):
        record = _served(rng, index)
        rows = sample["input"]["instances"]
        _describe(record, rows, rng)
        _answer(record, "probability", len(rows), rng)
        if rng.random() < 0.8:
            record.truth.value = sample["truth"]
            record.truth.observed_at.seconds = record.event_time.seconds + rng.randrange(9000)
        records.append(record)
    spec = parse_model_spec(MODELS / "flights" / "model.yaml")
    return World(spec, load_profile(MODELS / "flights" / "reference.json"), records)


def number_profile(values: list[float]) -> NumberProfile:
    """As a build of a model makes it."""
    quantiles = np.quantile(values, np.linspace(0, 1, 101))
    with np.errstate(over="ignore"):
        std = min(float(np.std(values)), 1e300)
    return NumberProfile(
        missing_ratio=0, minimum=min(values), maximum=max(values), mean=float(np.mean(values)),
        std=std, median=float(quantiles[50]), iqr=float(quantiles[75] - quantiles[25]),
        quantiles=tuple(quantiles.tolist()),
    )  # fmt: skip


def _profile(trained: dict[str, list[float]], output: str) -> Profile:
    columns: dict[str, Any] = {name: number_profile(values) for name, values in trained.items() if name != "value"}
    if "size" in trained:
        columns["kind"] = CategoryProfile(missing_ratio=0, frequencies={"a": 0.6, "b": 0.395, "c": 0.005})
        columns["flag"] = CategoryProfile(missing_ratio=0, frequencies={"true": 0.3, "false": 0.7})
    answers: dict[str, Any] = {
        "probability": {"label": CategoryProfile(missing_ratio=0, frequencies={"late": 0.25, "on time": 0.75})},
        "classes": {"label": CategoryProfile(missing_ratio=0, frequencies={"0": 0.5, "1": 0.3, "2": 0.2})},
        "number": {"value": number_profile(trained["value"])} if "value" in trained else {},
    }[output]
    return Profile(rows=2000, columns=columns, answers=answers)


def _record(rng: random.Random, index: int, output: str) -> QualityRecord:
    record = _served(rng, index)
    if record.status not in ("OK", "INVALID_ARGUMENT") or rng.random() < 0.05:
        return record
    count = 1 if output == "classes" else rng.choice((1, 1, 1, 2, 3))
    if output == "classes":
        _show(record, rng)
    else:
        _describe(record, [_row(rng) for _ in range(count)], rng)
    if record.status == "OK":
        _answer(record, output, count, rng)
        _tell(record, output, count, rng)
    return record


def _served(rng: random.Random, index: int) -> QualityRecord:
    """A request that came to some end, with all of its stages or not."""
    trace = f"{rng.getrandbits(128):032x}"
    record = QualityRecord(
        prediction_id=f"{trace}-{rng.getrandbits(64):016x}", trace_id=trace, consumer="ops", entry_stage="web"
    )
    record.model.name, record.model.version, record.model.variant = "m", rng.choice("112"), "default"
    record.event_time.seconds, record.event_time.nanos = T0_S + index % 60, rng.randrange(10**9)
    record.started_at.seconds = record.event_time.seconds + rng.randrange(30)
    record.status = rng.choice(STATUSES) if rng.random() < 0.2 else "OK"
    missing = [name for name in STAGES if rng.random() < 0.03]
    record.missing_stages.extend(missing)
    record.complete = not missing
    duration = rng.lognormvariate(3, 0.7)
    for place, name in enumerate(STAGES):
        own, before = duration * rng.uniform(0.1, 0.4), duration
        if name not in missing:
            stage = record.stages.add(name=name, duration_ms=duration, self_ms=own, status=record.status)
            stage.span_id = f"{place + 1:016x}"
            if rng.random() < 0.9:
                stage.cpu_ms = own * rng.random()
        duration = (before - own) * rng.uniform(0.7, 1.05)
    if "web" not in missing:
        record.duration_ms = record.stages[0].duration_ms
    if "inference" not in missing:
        run = record.inference
        run.queue_ms, run.batch_ms, run.compute_ms = rng.random(), rng.random() / 9, duration
        run.batch_size = rng.randrange(1, 9)
    return record


def _row(rng: random.Random) -> dict[str, Any]:
    return {
        "size": rng.choice((rng.gauss(11, 4), rng.gauss(11, 4), 1e3, 10.0)),
        "level": rng.choice((None, 0, 1, 2, 3, 4, 5, 5, 5, 9)),
        "kind": rng.choice(("a", "a", "b", "c", "z")),
        "flag": rng.choice((True, False, None)),
        "who": rng.choice(("0123456789abcdef", None)),
    }


def _describe(record: QualityRecord, rows: list[dict[str, Any]], rng: random.Random) -> None:
    data = record.data
    data.instances = len(rows)
    cells = [value for row in rows for value in row.values()]
    data.missing_ratio = sum(value is None for value in cells) / len(cells)
    data.distance = rng.random() * 3
    for name in rows[0]:
        for kind in ("range", "reference_range", "category"):
            if rng.random() < 0.03:
                data.violations.add(field=name, kind=kind, count=rng.randint(1, len(rows)))
        if rng.random() < 0.03:  # as a rule what is outside one range is outside the other
            for kind in ("range", "reference_range"):
                data.violations.add(field=name, kind=kind, count=len(rows))
    record.instances_json.extend(json.dumps(row) for row in rows)


def _show(record: QualityRecord, rng: random.Random) -> None:
    record.data.instances = 1
    image = record.data.image
    image.width, image.height = rng.choice((16, 28, 64)), rng.choice((16, 28, 64))
    image.mode, image.format = rng.choice(("L", "RGB", "strange")), "PNG"
    image.brightness, image.contrast, image.sharpness = rng.betavariate(5, 4), rng.random() / 2, rng.random() / 5


def _answer(record: QualityRecord, output: str, count: int, rng: random.Random) -> None:
    facts = record.prediction
    facts.kind, facts.count = output, count
    for _ in range(count):
        score = rng.choice((rng.random(), rng.random(), 0.5, 1.0))
        if output == "number":
            facts.values.append(rng.gauss(1, 6))
            continue
        if output == "probability":
            facts.values.append(score)
        facts.labels.append(rng.choice("012") if output == "classes" else "late" if score >= 0.5 else "on time")
        facts.confidences.append(score if output == "classes" else max(score, 1 - score))
        facts.entropies.append(rng.random())


def _tell(record: QualityRecord, output: str, count: int, rng: random.Random) -> None:
    """The truth, for most, of which some cannot be used."""
    if rng.random() < 0.2:
        return
    choices: dict[str, list[Any]] = {
        "probability": ["late", "on time", "on time", "cancelled"],
        "classes": ["0", "1", "2", "2", "other digit"],
        "number": [rng.gauss(1, 6), 1.5, "not a number"],
    }
    truths = [rng.choice(choices[output]) for _ in range(count)]
    told = truths[0] if count == 1 else rng.choice((truths, truths, truths, truths[1:], [None, *truths[1:]]))
    record.truth.value = told if isinstance(told, str) else json.dumps(told)
    record.truth.observed_at.seconds = record.event_time.seconds + rng.randrange(9000)
