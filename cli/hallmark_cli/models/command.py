"""`hallmark models`: add and list."""

from hallmark_cli.lazy import Lazy, LazyGroup
from hallmark_cli.typer_app import make_app


class ModelsCommands(LazyGroup):
    """The commands of `hallmark models`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "add": Lazy("hallmark_cli.models.add", "Add an ONNX file, with a model.yaml that already serves."),
        "list": Lazy("hallmark_cli.models.list", "List the models in the models folder (HALLMARK_MODELS_DIR)."),
    }


app = make_app(ModelsCommands)


@app.callback()
def models() -> None:
    """Add models and list them."""
