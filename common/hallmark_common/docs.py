"""The pages of docs/ that are generated from code: ``python -m hallmark_common.docs [--check]``.

What a page says is a pure function of the code; ``--check`` fails where a committed page differs.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hallmark_common.attributes import METRICS, REGISTRY
from hallmark_common.model_spec import ModelSpec
from hallmark_common.settings import Settings, variable

DOCS_DIR = Path("docs")
Schema = Mapping[str, Any]

_INTRODUCTION = """# model.yaml

What a model takes and gives. One file, `models/<name>/model.yaml`, beside `<version>/model.onnx`; `hallmark models add
PATH.onnx` writes a first one from the graph's inputs and outputs. An editor that reads JSON Schema completes and checks
it with [model-yaml.schema.json](model-yaml.schema.json). Keys that are not listed are refused.

This page is generated from `hallmark_common.model_spec`; change it there.
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
)


def render_model_schema() -> str:
    """JSON Schema (draft 2020-12) of ``model.yaml``."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ModelSpec.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def render_model_page() -> str:
    """Reference of every key of ``model.yaml``, in Markdown."""
    document = ModelSpec.model_json_schema()
    parts: Mapping[str, Schema] = {"ModelSpec": document, **document["$defs"]}
    sections = ("\n".join(_section(parts[name], title, where)) for name, title, where in _SECTIONS)
    return "\n".join([_INTRODUCTION, *sections])


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
    "model-yaml.schema.json": render_model_schema,
    "model-yaml.md": render_model_page,
    "attributes.md": render_attributes_page,
    "settings.md": render_settings_page,
}
"""Every generated page by its name in docs/."""


def main(arguments: list[str] | None = None) -> int:
    """Write every page, or with ``--check`` compare; the exit code, 1 where a page differs."""
    parser = argparse.ArgumentParser(description="Generate the reference pages in docs/.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail where a page is out of date")
    parser.add_argument("--docs-dir", type=Path, default=DOCS_DIR, help="folder of the pages")
    options = parser.parse_args(arguments)
    stale = [name for name in PAGES if _read(options.docs_dir / name) != PAGES[name]()]
    if options.check:
        for name in stale:
            sys.stderr.write(f"{options.docs_dir / name}: out of date; run python -m hallmark_common.docs\n")
        return 1 if stale else 0
    options.docs_dir.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (options.docs_dir / name).write_text(PAGES[name](), encoding="utf-8")
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
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    return f"{value.get('type', 'any')}{_bounds(value)}"


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
