"""The reference pages and schemas that are generated from code: ``python -m hallmark_common.docs [--check]``.

What a page says is a pure function of the code; ``--check`` fails where a committed page differs.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hallmark_common.attributes import METRICS, REGISTRY
from hallmark_common.catalogue import Metric, by_dimension, figure_key
from hallmark_common.contracts import Contract
from hallmark_common.model_spec import ModelSpec
from hallmark_common.settings import Settings, variable

Schema = Mapping[str, Any]

_MAX_CHOICES = 16
"""More are not listed in a cell of a table."""

_INTRODUCTION = """# model.yaml

What a model takes and gives. One file, `models/<name>/model.yaml`, beside `<version>/model.onnx`; `hallmark models add
PATH.onnx` writes a first one from the graph's inputs and outputs. An editor that reads JSON Schema completes and checks
it with [model-yaml.schema.json](model-yaml.schema.json). Keys that are not listed are refused.

This page is generated from `hallmark_common.model_spec`; change it there.
"""

_METRICS_INTRODUCTION = """# Metrics

What windows are measured in, and contracts are written about. A *figure* is one number of a window; its key is the name
of the metric, what it is of in brackets where it is of something, and an aggregate after a dot where it has several:
`accuracy`, `psi[carrier]`, `response_time.p95`, `stage_time[preprocess].p95`, `spread[accuracy by carrier].difference`.

Drift is also measured of the answers, as `psi[@prediction]`. A figure has a value, the number of samples that it is
made of, and an error: the most by which the value may be off. It has no value where there is nothing to tell it from,
such as the precision of what was never answered. Segments have the same figures.

Everything is kept in aggregates that merge exactly, so figures are the same however records are split over engines and
windows, and in whatever order they come. Distributions are kept in sketches (DDSketch) whose quantiles are within 0.5 %
of the value, for the rank `floor(q * (n - 1))`; sums, counts and means are exact.

This page is generated from `hallmark_common.catalogue`; change it there.
"""

_SECTIONS = (
    ("ModelSpec", "The document", ""),
    ("ImageInput", "Input: images", "input.kind: image"),
    ("TableInput", "Input: tables", "input.kind: table"),
    ("ColumnSpec", "A column of a table", "input.columns[]"),
    ("TableTensor", "A tensor made of columns", "input.tensors[]"),
    ("TensorInput", "Input: tensors", "input.kind: tensor"),
    ("TensorSpec", "A tensor", "input.tensors[]"),
    ("ClassesOutput", "Output: classes", "output.kind: classes"),
    ("ProbabilityOutput", "Output: a probability", "output.kind: probability"),
    ("NumberOutput", "Output: a number", "output.kind: number"),
    ("RawOutput", "Output: tensors as they are", "output.kind: raw"),
    ("SegmentSpec", "A dimension of segments", "segments[]"),
)

_CONTRACTS_INTRODUCTION = """# Contracts

What a consumer is owed of a model. One file each, `contracts/<name>.yaml` (`HALLMARK_CONTRACTS_DIR`); `hallmark
contracts check` says what is wrong with them, with line numbers, and `hallmark contracts import` makes them of those
of QoA4ML. The metrics are those of [metrics.md](metrics.md).

Each objective is judged in each window of event time, for each consumer, model and variant that the contract is about
(the versions that it holds for together), by the policy in `policies/`: `pass`, `violated` or `unknown`. It is unknown
while too few samples, complete records or truths are there to tell.

An editor that reads JSON Schema completes and checks a contract whose first line is
`# yaml-language-server: $schema=contract.schema.json`. Keys that are not listed are refused. The files are YAML 1.2, so
that `NO` is a text, without aliases and tags; JSON is fine too.

This page is generated from `hallmark_common.contracts.model`; change it there.
"""

_CONTRACT_SECTIONS = (
    ("Contract", "The document", ""),
    ("ModelRef", "The model", "model"),
    ("Objective", "An objective", "objectives[]"),
    ("Budget", "An error budget", "objectives[].budget"),
    ("Validity", "When a contract holds", "valid"),
    ("Silence", "A silence", "silences[]"),
    ("Stakeholder", "A stakeholder", "stakeholders[]"),
)


def render_model_schema() -> str:
    """JSON Schema (draft 2020-12) of ``model.yaml``."""
    return _schema_text(ModelSpec.model_json_schema())


def render_contract_schema() -> str:
    """JSON Schema (draft 2020-12) of a contract."""
    return _schema_text(Contract.model_json_schema())


def _schema_text(document: Schema) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def render_model_page() -> str:
    """Reference of every key of ``model.yaml``, in Markdown."""
    return _page(_INTRODUCTION, ModelSpec.model_json_schema(), _SECTIONS)


def render_contracts_page() -> str:
    """Reference of every key of a contract, in Markdown."""
    return _page(_CONTRACTS_INTRODUCTION, Contract.model_json_schema(), _CONTRACT_SECTIONS)


def _page(introduction: str, document: Schema, sections: Sequence[tuple[str, str, str]]) -> str:
    """A page with a section for each part of a schema; the first is the document itself."""
    parts: Mapping[str, Schema] = {sections[0][0]: document, **document["$defs"]}
    return "\n".join(
        [introduction, *("\n".join(_section(parts[name], title, where)) for name, title, where in sections)]
    )


def render_attributes_page() -> str:
    """Reference of every attribute and metric of our own, in Markdown."""
    attributes = [(f"`{a.name}`", a.type, a.unit, a.on, a.description) for a in REGISTRY.values()]
    metrics = [(f"`{m.name}`", m.unit, m.by, m.description) for m in METRICS.values()]
    return "\n".join(
        [
            "# Attributes and metrics\n",
            "What the spans of Hallmark carry beside the semantic conventions of OpenTelemetry for RPC, HTTP and",
            "resources, and the counters of our own. Generated from `hallmark_common.attributes`; change it there.\n",
            *_table(("attribute", "type", "unit", "on", "meaning"), attributes),
            *_table(("counter", "unit", "by", "meaning"), metrics),
        ]
    )


def render_metrics_page() -> str:
    """Reference of every metric of quality, in Markdown."""
    return "\n".join([_METRICS_INTRODUCTION, *(_metrics_section(*each) for each in by_dimension().items())])


def _metrics_section(dimension: str, metrics: Iterable[Metric]) -> str:
    head = ("figure", "unit", "better", "aggregates", "least samples", "what it is, and its formula", "source")
    rows = [
        (
            _figures(metric),
            metric.unit,
            "" if metric.direction == "none" else metric.direction,
            ", ".join(metric.aggregates),
            str(metric.least),
            f"{metric.description} `{metric.formula}`{' Needs truth.' if metric.needs_truth else ''}",
            metric.source,
        )
        for metric in metrics
    ]
    return "\n".join([f"## {dimension.capitalize()}\n", *_table(head, rows)])


def _figures(metric: Metric) -> str:
    """How its figures are named; an aggregate is still to be added where it has such."""
    of = "KEY by DIMENSION" if metric.of == "figure" else metric.of
    names = [metric.name] if metric.of_optional else []
    return ", ".join(f"`{name}`" for name in [*names, figure_key(metric.name, of)])


def render_settings_page() -> str:
    """Reference of every setting, in Markdown."""
    rows = [
        (f"`{variable(name)}`", f"`{_shown_default(field.default)}`", field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings\n",
            "Environment variables of all services and of the `hallmark` command. Generated from",
            "`hallmark_common.settings`; change it there.\n",
            *_table(("variable", "default", "meaning"), rows),
        ]
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/model-yaml.schema.json": render_model_schema,
    "docs/model-yaml.md": render_model_page,
    "docs/contracts.md": render_contracts_page,
    "contracts/contract.schema.json": render_contract_schema,
    "docs/attributes.md": render_attributes_page,
    "docs/metrics.md": render_metrics_page,
    "docs/settings.md": render_settings_page,
}
"""Every generated page and schema by its path in the project."""


def main(arguments: list[str] | None = None) -> int:
    """Write every page, or with ``--check`` compare; the exit code, 1 where a page differs."""
    parser = argparse.ArgumentParser(description="Generate the reference pages and schemas.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail where a page is out of date")
    parser.add_argument("--root", type=Path, default=Path(), help="folder of the project")
    options = parser.parse_args(arguments)
    stale = [name for name in PAGES if _read(options.root / name) != PAGES[name]()]
    if options.check:
        for name in stale:
            sys.stderr.write(f"{options.root / name}: out of date; run python -m hallmark_common.docs\n")
        return 1 if stale else 0
    for name in stale:
        (options.root / name).parent.mkdir(parents=True, exist_ok=True)
        (options.root / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _section(part: Schema, title: str, where: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{' '.join(part['description'].split())}{f' (`{where}`)' if where else ''}\n"
    required = part.get("required", ())
    rows = []
    for name, value in part["properties"].items():
        default = "required" if name in required else f"`{json.dumps(value.get('default'), ensure_ascii=False)}`"
        rows.append((f"`{name}`", _type(value), default, value.get("description", "")))
    yield from _table(("key", "type", "default", "meaning"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _shown_default(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) or " "


def _type(value: Schema) -> str:
    """The type of a key as a reader wants it: its alternatives, its bounds."""
    choices = [choice for choice in value.get("anyOf", value.get("oneOf", ())) if choice.get("type") != "null"]
    if choices:
        return " or ".join(_type(choice) for choice in choices)
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if len(value.get("enum", ())) > _MAX_CHOICES:
        return f"{value['type']}, one of {len(value['enum'])}"
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    kinds = value.get("type", "any")
    return f"{kinds if isinstance(kinds, str) else ' or '.join(kinds)}{_bounds(value)}"


def _bounds(value: Schema) -> str:
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "to {}",
        "exclusiveMaximum": "below {}",
        "pattern": "matching `{}`",
    }
    found = [text.format(value[key]) for key, text in words.items() if key in value]
    return f" {' '.join(found)}" if found else ""


if __name__ == "__main__":
    sys.exit(main())
