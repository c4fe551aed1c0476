"""`hallmark models list`: what is in the models folder."""

from typing import Any

from hallmark_cli import options, output
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.model_spec import ModelSpec, load_models, versions_of
from hallmark_common.settings import load_settings

app = make_app()


@app.command(cls=Command)
def models_list(as_json: options.Json = False) -> None:
    """List the models in the models folder (HALLMARK_MODELS_DIR).

    Nothing needs to run for it.
    """
    folder = load_settings().models_dir
    rows = [row(spec, versions_of(folder / name)) for name, spec in load_models(folder).items()]
    if as_json:
        output.write_json({"models": rows})
        return
    width = max(len(str(entry["name"])) for entry in rows)
    for entry in rows:
        kinds = f"{entry['input_kind']} → {entry['output_kind']}"
        versions = ", ".join(entry["versions"])
        output.stdout().print(
            f"{entry['name']:<{width}}  {kinds:<22}  version {versions}  {entry['title']}", markup=False
        )


def row(spec: ModelSpec, versions: tuple[str, ...]) -> dict[str, Any]:
    """One model as JSON, with the field names of ``ModelDescription``."""
    return {
        "name": spec.name,
        "title": spec.title,
        "default_version": spec.default_version,
        "versions": list(versions),
        "variant": spec.variant,
        "input_kind": spec.input.kind,
        "output_kind": spec.output.kind,
    }
